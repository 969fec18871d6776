#include "server/wire.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace nacre::server {
namespace {

constexpr std::uint32_t kOpReply = 1;
constexpr std::uint32_t kOpQuery = 2004;
constexpr std::uint32_t kOpCompressed = 2012;
constexpr std::uint32_t kOpMsg = 2013;

constexpr std::uint32_t kChecksumPresent = 1U << 0;
constexpr std::uint32_t kMoreToCome = 1U << 1;
constexpr std::uint32_t kRequiredFlags = 0xffff;  // a receiver must know every one that is set

constexpr std::uint8_t kSectionBody = 0;
constexpr std::uint8_t kSectionSequence = 1;

constexpr std::size_t kDocumentSizeMin = 5;  // bytes: the length and the final zero
constexpr std::size_t kNameSizeMax = 255;    // bytes, of a sequence or collection name

std::unexpected<Error> broken(std::string_view field, std::string_view rule) {
  return fail(Code::kInvalid, format("message: {}: {}", field, rule));
}

// The size of the document at the start of `rest`, by its own length prefix.
Result<std::size_t> document_size(Bytes rest, std::string_view field) {
  if (rest.size() < kDocumentSizeMin) return broken(field, "ends before a document");
  const std::size_t size = load_le<std::uint32_t>(rest.data());
  if (size < kDocumentSizeMin || size > kWireDocumentSizeMax || size > rest.size()) {
    return broken(field, format("document size is {}, expected {} to {}", size, kDocumentSizeMin,
                                std::min(kWireDocumentSizeMax, rest.size())));
  }
  if (rest[size - 1] != std::byte{0}) return broken(field, "document does not end in a zero byte");
  return size;
}

Result<Bytes> take_checked_document(Decoder& in, std::string_view field) {
  const std::size_t size = NACRE_TRY(document_size(in.rest(), field));
  return *in.bytes(size);
}

Result<std::string_view> take_name(Decoder& in, std::string_view field) {
  const std::string_view text =
      as_text(in.rest().first(std::min(in.rest().size(), kNameSizeMax + 1)));
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) {
    return broken(field, format("has no zero byte in its first {} bytes", kNameSizeMax + 1));
  }
  return as_text(*in.bytes(end + 1)).substr(0, end);
}

Result<Sequence> take_sequence(Decoder& in) {
  const auto size = in.fixed<std::uint32_t>();
  if (!size) return broken("sequence size", "is cut off");
  const auto content = *size < sizeof *size ? std::nullopt : in.bytes(*size - sizeof *size);
  if (!content) {
    return broken("sequence size", format("is {}, expected 4 to {}", *size, in.rest().size() + 4));
  }
  Decoder inside(*content);
  Sequence sequence{
      .name = NACRE_TRY(take_name(inside, "sequence name")), .documents = {}, .count = 0};
  sequence.documents = inside.rest();
  for (; !inside.done(); ++sequence.count) {
    NACRE_TRY(take_checked_document(inside, "sequence document"));
  }
  return sequence;
}

Result<> add_sequence(Message& message, Sequence sequence) {
  for (const Sequence& earlier : message.sequences) {
    if (earlier.name == sequence.name) return broken("sequence name", "occurs twice");
  }
  message.sequences.push_back(sequence);
  return {};
}

Result<Message> decode_msg(Bytes bytes, Message message) {
  Decoder in(bytes.subspan(kHeaderSize));
  const auto flags = in.fixed<std::uint32_t>();
  if (!flags) return broken("flags", "are cut off");
  const std::uint32_t unknown = *flags & kRequiredFlags & ~(kChecksumPresent | kMoreToCome);
  if (unknown != 0) return broken("flags", format("required bits {} are unknown", hex(unknown)));
  message.wants_reply = (*flags & kMoreToCome) == 0;
  if ((*flags & kChecksumPresent) != 0) {
    if (in.rest().size() < sizeof(std::uint32_t)) return broken("checksum", "is cut off");
    const std::size_t covered = bytes.size() - sizeof(std::uint32_t);
    const auto stored = load_le<std::uint32_t>(bytes.data() + covered);
    const std::uint32_t computed = crc32c(bytes.first(covered));
    if (stored != computed) {
      return broken("checksum", format("is {}, expected {}", hex(stored), hex(computed)));
    }
    in = Decoder(in.rest().first(in.rest().size() - sizeof(std::uint32_t)));
  }
  bool has_body = false;
  while (const auto kind = in.fixed<std::uint8_t>()) {
    if (*kind == kSectionBody) {
      if (has_body) return broken("section of kind 0", "occurs twice");
      message.body = NACRE_TRY(take_checked_document(in, "section of kind 0"));
      has_body = true;
    } else if (*kind == kSectionSequence) {
      const Sequence sequence = NACRE_TRY(take_sequence(in));
      NACRE_TRY(add_sequence(message, sequence));
    } else {
      return broken("section kind", format("is {}, expected 0 or 1", *kind));
    }
  }
  if (!has_body) return broken("section of kind 0", "is missing");
  return message;
}

Result<Message> decode_query(Bytes bytes, Message message) {
  message.legacy = true;
  Decoder in(bytes.subspan(kHeaderSize));
  if (!in.fixed<std::uint32_t>()) return broken("query flags", "are cut off");
  message.collection = NACRE_TRY(take_name(in, "query collection"));
  if (!message.collection.ends_with(".$cmd")) {
    return broken("query collection", "is not a command namespace; use OP_MSG");
  }
  if (!in.fixed<std::uint64_t>()) return broken("query skip and count", "are cut off");
  message.body = NACRE_TRY(take_checked_document(in, "query document"));
  if (!in.done()) NACRE_TRY(take_checked_document(in, "query field selector"));
  if (!in.done()) return broken("query", "goes on after its documents");
  return message;
}

Result<> check_op_code(std::uint32_t op_code) {
  if (op_code == kOpMsg || op_code == kOpQuery) return {};
  if (op_code == kOpCompressed) return broken("op code", "is OP_COMPRESSED, which was not offered");
  return broken("op code", format("is {}, expected {} or {}", op_code, kOpMsg, kOpQuery));
}

void append_header(std::string& to, std::size_t size, std::int32_t id, std::int32_t response_to,
                   std::uint32_t op_code) {
  append_le(to, static_cast<std::uint32_t>(size));
  append_le(to, static_cast<std::uint32_t>(id));
  append_le(to, static_cast<std::uint32_t>(response_to));
  append_le(to, op_code);
}

}  // namespace

Result<std::optional<std::size_t>> message_size(Bytes received) {
  Decoder in(received);
  const auto size = in.fixed<std::uint32_t>();
  if (!size) return std::nullopt;
  if (*size < kHeaderSize || *size > kMessageSizeMax) {
    return broken("size", format("is {}, expected {} to {}", *size, kHeaderSize, kMessageSizeMax));
  }
  if (received.size() < kHeaderSize) return std::nullopt;
  NACRE_TRY(check_op_code(load_le<std::uint32_t>(received.data() + 12)));
  return std::size_t{*size};
}

Result<Message> decode_message(Bytes bytes) {
  const std::optional<std::size_t> size = NACRE_TRY(message_size(bytes));
  if (size != bytes.size()) return broken("size", "is not that of the bytes at hand");
  Message message;
  message.request_id = static_cast<std::int32_t>(load_le<std::uint32_t>(bytes.data() + 4));
  const auto op_code = load_le<std::uint32_t>(bytes.data() + 12);
  return op_code == kOpMsg ? decode_msg(bytes, std::move(message))
                           : decode_query(bytes, std::move(message));
}

Bytes take_document(Bytes& rest) {
  const auto size = document_size(rest, "sequence document");
  NACRE_CHECK(size.has_value(), "decode_message has checked every document of a sequence");
  const Bytes document = rest.first(*size);
  rest = rest.subspan(*size);
  return document;
}

std::string encode_reply(const Message& request, std::int32_t reply_id, Bytes document) {
  std::string reply;
  if (request.legacy) {
    constexpr std::uint32_t kAwaitCapable = 8;
    const std::size_t size = kHeaderSize + 20 + document.size();
    reply.reserve(size);
    append_header(reply, size, reply_id, request.request_id, kOpReply);
    append_le(reply, kAwaitCapable);
    append_le(reply, std::uint64_t{0});  // cursor
    append_le(reply, std::uint32_t{0});  // starting from
    append_le(reply, std::uint32_t{1});  // documents
  } else {
    const std::size_t size = kHeaderSize + 5 + document.size();
    reply.reserve(size);
    append_header(reply, size, reply_id, request.request_id, kOpMsg);
    append_le(reply, std::uint32_t{0});  // flags
    reply.push_back(static_cast<char>(kSectionBody));
  }
  append_bytes(reply, document);
  return reply;
}

}  // namespace nacre::server
