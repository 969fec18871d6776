// Any bytes as the stream of a connection: cut into messages and taken apart as the server does it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/codec.h"
#include "bson/validate.h"
#include "server/wire.h"

namespace {

void take_apart(nacre::Bytes bytes) {
  using namespace nacre::server;
  const auto message = decode_message(bytes);
  if (!message.has_value()) return;
  const auto inside = [&](nacre::Bytes part) {
    return part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size();
  };
  NACRE_CHECK(inside(message->body), "a message lies within its bytes");
  static_cast<void>(nacre::bson::validate(message->body));
  for (const Sequence& sequence : message->sequences) {
    std::size_t count = 0;
    for (nacre::Bytes rest = sequence.documents; !rest.empty(); ++count) {
      const nacre::Bytes document = take_document(rest);
      NACRE_CHECK(inside(document), "a document lies within its message");
      static_cast<void>(nacre::bson::validate(document));
    }
    NACRE_CHECK(count == sequence.count, "a sequence knows how many documents it has");
  }
  NACRE_CHECK(!encode_reply(*message, 1, message->body).empty(), "every message has an answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nacre::Bytes stream(reinterpret_cast<const std::byte*>(data), size);
  while (!stream.empty()) {
    const auto next = nacre::server::message_size(stream);
    if (!next.has_value() || !next->has_value() || **next > stream.size()) break;
    take_apart(stream.first(**next));
    stream = stream.subspan(**next);
  }
  // Most random sizes are wrong; the rest is worth a try with one that is right.
  if (size >= nacre::server::kHeaderSize) {
    std::string honest(reinterpret_cast<const char*>(data), size);
    auto* bytes = reinterpret_cast<std::byte*>(honest.data());
    nacre::store_le(bytes, static_cast<std::uint32_t>(size));
    nacre::store_le(bytes + 12, std::uint32_t{size % 4 == 0 ? 2004U : 2013U});
    take_apart(nacre::as_bytes(honest));
  }
  return 0;
}
