#include "server/wire.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/crc32c.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using namespace std::string_literals;

const std::string kEmptyDocument = "\x05\0\0\0\0"s;

// {name: 1}
std::string command(const std::string& name) {
  std::string fields = "\x10"s + name + "\0\x01\0\0\0"s;
  std::string document;
  append_le(document, static_cast<std::uint32_t>(fields.size() + 5));
  return document + fields + "\0"s;
}

std::string framed(std::uint32_t op_code, const std::string& content) {
  std::string message;
  append_le(message, static_cast<std::uint32_t>(content.size() + kHeaderSize));
  append_le(message, std::uint32_t{77});  // request id
  append_le(message, std::uint32_t{0});
  append_le(message, op_code);
  return message + content;
}

std::string flags(std::uint32_t value) {
  std::string bytes;
  append_le(bytes, value);
  return bytes;
}

std::string sequence(const std::string& name, const std::string& documents) {
  std::string section = "\x01"s;
  append_le(section, static_cast<std::uint32_t>(4 + name.size() + 1 + documents.size()));
  return section + name + "\0"s + documents;
}

std::string with_checksum(const std::string& sections) {
  std::string message = framed(2013, flags(1) + sections + "sum!");
  const std::uint32_t sum = crc32c(as_bytes(message).first(message.size() - 4));
  store_le(reinterpret_cast<std::byte*>(message.data() + message.size() - 4), sum);
  return message;
}

std::string insert_message() {
  return framed(2013, flags(0) + "\0"s + command("insert") +
                          sequence("documents", command("a") + command("b") + kEmptyDocument));
}

std::string query_message(const std::string& collection) {
  return framed(2004,
                flags(0) + collection + "\0"s + "\0\0\0\0\xff\xff\xff\xff"s + command("hello"));
}

void expect_broken(const std::string& message, std::string_view part) {
  const auto decoded = decode_message(as_bytes(message));
  ASSERT_FALSE(decoded.has_value()) << part;
  EXPECT_EQ(decoded.error().code(), Code::kInvalid);
  EXPECT_NE(decoded.error().what().find(part), std::string::npos) << decoded.error().text();
}

TEST(Wire, AMessageCarriesItsCommandAndItsSequences) {
  const std::string bytes = insert_message();
  const auto message = decode_message(as_bytes(bytes));
  ASSERT_TRUE(message.has_value()) << message.error().text();
  EXPECT_EQ(message->request_id, 77);
  EXPECT_FALSE(message->legacy);
  EXPECT_TRUE(message->wants_reply);
  EXPECT_EQ(as_text(message->body), command("insert"));
  ASSERT_EQ(message->sequences.size(), 1U);
  EXPECT_EQ(message->sequences[0].name, "documents");
  EXPECT_EQ(message->sequences[0].count, 3U);
  Bytes rest = message->sequences[0].documents;
  EXPECT_EQ(as_text(take_document(rest)), command("a"));
  EXPECT_EQ(as_text(take_document(rest)), command("b"));
  EXPECT_EQ(as_text(take_document(rest)), kEmptyDocument);
  EXPECT_TRUE(rest.empty());
}

TEST(Wire, ASequenceMayStandBeforeTheCommand) {
  const std::string bytes =
      framed(2013, flags(0) + sequence("documents", command("a")) + "\0"s + command("insert"));
  const auto message = decode_message(as_bytes(bytes));
  ASSERT_TRUE(message.has_value()) << message.error().text();
  EXPECT_EQ(as_text(message->body), command("insert"));
}

TEST(Wire, MoreToComeAsksForNoReplyAndOptionalFlagsAreIgnored) {
  const std::string silent = framed(2013, flags(2) + "\0"s + command("insert"));
  EXPECT_FALSE(decode_message(as_bytes(silent))->wants_reply);
  const std::string exhaust = framed(2013, flags(1U << 16) + "\0"s + command("find"));
  EXPECT_TRUE(decode_message(as_bytes(exhaust))->wants_reply);
}

TEST(Wire, AChecksumIsVerified) {
  std::string bytes = with_checksum("\0"s + command("ping"));
  EXPECT_TRUE(decode_message(as_bytes(bytes)).has_value());
  bytes[25] ^= 1;  // inside the field name, so that only the checksum can tell
  expect_broken(bytes, "checksum");
}

TEST(Wire, AnOldHandshakeIsAQueryOnACommandNamespace) {
  const std::string bytes = query_message("admin.$cmd");
  const auto message = decode_message(as_bytes(bytes));
  ASSERT_TRUE(message.has_value()) << message.error().text();
  EXPECT_TRUE(message->legacy);
  EXPECT_EQ(message->collection, "admin.$cmd");
  EXPECT_EQ(as_text(message->body), command("hello"));
  expect_broken(query_message("shop.orders"), "query collection");
}

TEST(Wire, EachBrokenRuleIsNamed) {
  expect_broken(framed(2013, ""), "flags");
  expect_broken(framed(2013, flags(4) + "\0"s + command("ping")), "0x4 are unknown");
  expect_broken(framed(2013, flags(0)), "section of kind 0: is missing");
  expect_broken(framed(2013, flags(0) + "\0"s + command("a") + "\0"s + command("b")), "twice");
  expect_broken(framed(2013, flags(0) + "\x02"s + command("a")), "section kind");
  expect_broken(framed(2013, flags(0) + "\0\x04\0\0\0\0"s), "document size is 4");
  expect_broken(framed(2013, flags(0) + "\0\xff\xff\xff\xff\0"s), "document size");
  expect_broken(framed(2013, flags(0) + "\0\x05\0\0\0\x01"s), "zero byte");
  expect_broken(framed(2013, flags(1)), "checksum");
  const std::string body = "\0"s + command("insert");
  expect_broken(framed(2013, flags(0) + body + "\x01\xff\xff\xff\x7f"s), "sequence size");
  expect_broken(framed(2013, flags(0) + body + "\x01\x03\0\0\0"s), "sequence size");
  expect_broken(framed(2013, flags(0) + body + "\x01\x07\0\0\0abc"s), "sequence name");
  expect_broken(framed(2013, flags(0) + body + sequence("d", "\x05\0\0"s)), "sequence document");
  expect_broken(
      framed(2013, flags(0) + body + sequence("d", command("a")) + sequence("d", command("b"))),
      "occurs twice");
  expect_broken(framed(2012, "whatever it is"), "OP_COMPRESSED");
  expect_broken(framed(2002, "insert of old"), "op code: is 2002");
}

TEST(Wire, TheSizeIsJudgedBeforeTheRestArrives) {
  const auto size_of = [](std::uint32_t size) {
    return message_size(as_bytes(flags(size)));  // four bytes, nothing more
  };
  EXPECT_FALSE(size_of(15).has_value());
  EXPECT_FALSE(size_of(kMessageSizeMax + 1).has_value());
  EXPECT_FALSE(size_of(0xffffffff).has_value());
  ASSERT_TRUE(size_of(kMessageSizeMax).has_value());
  EXPECT_FALSE(size_of(kMessageSizeMax)->has_value());

  std::string header = flags(kMessageSizeMax) + flags(1) + flags(0) + flags(2013);
  EXPECT_EQ(**message_size(as_bytes(header)), kMessageSizeMax);
  header[12] = 1;
  EXPECT_FALSE(message_size(as_bytes(header)).has_value());
}

TEST(Wire, EveryTruncationIsIncompleteOrBrokenButNeverTaken) {
  for (const std::string& whole :
       {insert_message(), query_message("a.$cmd"), with_checksum("\0"s + command("ping"))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A heap copy of exactly that size, so that the sanitizer sees any byte read beyond it.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const Bytes bytes = std::as_bytes(std::span(cut));
      EXPECT_FALSE(decode_message(bytes).has_value()) << size;
      const auto announced = message_size(bytes);
      ASSERT_TRUE(announced.has_value());
      EXPECT_EQ(announced->has_value(), size >= kHeaderSize);
      if (size < kHeaderSize) continue;
      // The same bytes with a size that agrees: the sections themselves are cut off.
      std::vector<char> honest = cut;
      store_le(reinterpret_cast<std::byte*>(honest.data()), static_cast<std::uint32_t>(size));
      const auto decoded = decode_message(std::as_bytes(std::span(honest)));
      EXPECT_TRUE(!decoded.has_value() || decoded->sequences.empty());
    }
  }
}

// Whatever decode_message accepts must lie inside the bytes it was given and be walkable.
void expect_sound(const Message& message, Bytes bytes) {
  const auto inside = [&](Bytes part) {
    return part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size();
  };
  EXPECT_TRUE(inside(message.body));
  EXPECT_EQ(load_le<std::uint32_t>(message.body.data()), message.body.size());
  for (const Sequence& sequence : message.sequences) {
    EXPECT_TRUE(inside(sequence.documents));
    Bytes rest = sequence.documents;
    std::size_t count = 0;
    for (; !rest.empty(); ++count) EXPECT_TRUE(inside(take_document(rest)));
    EXPECT_EQ(count, sequence.count);
  }
}

TEST(Wire, EveryFlippedBitIsRefusedOrStillSound) {
  for (const std::string& whole :
       {insert_message(), query_message("a.$cmd"), with_checksum("\0"s + command("ping"))}) {
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::vector<char> flipped(whole.begin(), whole.end());
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const Bytes bytes = std::as_bytes(std::span(flipped));
      if (const auto message = decode_message(bytes)) expect_sound(*message, bytes);
    }
  }
}

TEST(Wire, AStreamCutAnywhereGivesTheSameMessages) {
  const std::vector<std::string> messages = {insert_message(), query_message("a.$cmd"),
                                             with_checksum("\0"s + command("ping")),
                                             insert_message()};
  std::string stream;
  for (const std::string& message : messages) stream += message;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string buffer;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % 60;
      buffer += stream.substr(at, size);
      at += size;
      while (true) {
        const auto next = message_size(as_bytes(buffer));
        ASSERT_TRUE(next.has_value()) << next.error().text();
        if (!next->has_value() || **next > buffer.size()) break;
        seen.push_back(buffer.substr(0, **next));
        buffer.erase(0, **next);
      }
    }
    ASSERT_EQ(seen, messages);
    ASSERT_TRUE(buffer.empty());
  }
}

TEST(Wire, RandomBytesNeverPassUnsoundAndNeverCrash) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string model = insert_message();
  for (int round = 0; round < 20000; ++round) {
    std::vector<char> bytes(model.begin(), model.end());
    bytes.resize(kHeaderSize + random() % (model.size() - kHeaderSize + 20));
    const std::size_t from = round % 2 == 0 ? kHeaderSize : kHeaderSize + 5;
    for (std::size_t change = random() % 4; change > 0; --change) {
      if (bytes.size() <= from) break;
      bytes[from + random() % (bytes.size() - from)] = static_cast<char>(random());
    }
    store_le(reinterpret_cast<std::byte*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()));
    const Bytes view = std::as_bytes(std::span(bytes));
    if (const auto message = decode_message(view)) expect_sound(*message, view);
  }
}

TEST(WireError, CodesAreCalledByMongoDbsNames) {
  EXPECT_EQ(code_name(error_codes::kBadValue), "BadValue");
  EXPECT_EQ(code_name(error_codes::kConversionFailure), "ConversionFailure");
  EXPECT_EQ(code_name(error_codes::kIDLUnknownField), "IDLUnknownField");
  EXPECT_EQ(code_name(wire_code::kUnrecognizedStage), "Location40324");
}

TEST(Wire, RepliesNameTheirRequestAndEveryByteIsSet) {
  Message request;
  request.request_id = 0x01020304;
  const std::string reply = encode_reply(request, 9, as_bytes(kEmptyDocument));
  EXPECT_EQ(reply, "\x1a\0\0\0\x09\0\0\0\x04\x03\x02\x01\xdd\x07\0\0\0\0\0\0\0"s + kEmptyDocument);
  request.legacy = true;
  const std::string legacy = encode_reply(request, 9, as_bytes(kEmptyDocument));
  EXPECT_EQ(legacy, "\x29\0\0\0\x09\0\0\0\x04\x03\x02\x01\x01\0\0\0\x08\0\0\0"s +
                        std::string(12, '\0') + "\x01\0\0\0"s + kEmptyDocument);
}

}  // namespace
}  // namespace nacre::server
