#include "document/envelope.h"

#include "base/codec.h"
#include "base/text.h"

namespace nacre::document {
namespace {

constexpr std::uint8_t kReplacementFlag = 1;
constexpr std::size_t kBsonSizeMin = 5;  // bytes of {}

bool is_whole(Bytes bson) {
  return bson.size() >= kBsonSizeMin && load_le<std::uint32_t>(bson.data()) == bson.size() &&
         bson.back() == std::byte{0};
}

}  // namespace

void encode(const Envelope& envelope, bson::View bson, std::string& to) {
  to.clear();
  to.reserve(kEnvelopeSizeMax + bson.bytes().size());
  to.push_back(envelope.is_replacement ? static_cast<char>(kReplacementFlag) : '\0');
  append_varint(to, envelope.version);
  append_le(to, number(envelope.created));
  append_le(to, number(envelope.updated));
  append_bytes(to, bson.bytes());
}

Result<StoredDocument> decode(Bytes row) {
  Decoder in(row);
  const auto flags = in.fixed<std::uint8_t>();
  if (!flags || *flags > kReplacementFlag) {
    return fail(Code::kCorrupt, "document: flags are neither 0 nor 1");
  }
  const auto version = in.varint();
  const auto created = in.fixed<std::uint64_t>();
  const auto updated = in.fixed<std::uint64_t>();
  if (!version || *version == 0 || !created || !updated) {
    return fail(Code::kCorrupt, "document: the envelope is not whole");
  }
  const Bytes bson = in.rest();
  if (!is_whole(bson)) {
    return fail(Code::kCorrupt,
                format("document: {} bytes are not one BSON document", bson.size()));
  }
  return StoredDocument{.envelope = {.version = *version,
                                     .created = Time{*created},
                                     .updated = Time{*updated},
                                     .is_replacement = *flags == kReplacementFlag},
                        .bson = bson::View::trusted(bson)};
}

Result<bson::View> decode_bson(Bytes row) {
  constexpr std::size_t kShortEnvelope = 1 + 1 + 8 + 8;  // of a version below 128
  if (row.size() >= kShortEnvelope + kBsonSizeMin) [[likely]] {
    const auto flags = std::to_integer<std::uint8_t>(row[0]);
    const auto version = std::to_integer<std::uint8_t>(row[1]);
    const Bytes bson = row.subspan(kShortEnvelope);
    if (flags <= kReplacementFlag && version > 0 && version < 0x80 && is_whole(bson)) {
      return bson::View::trusted(bson);
    }
  }
  const StoredDocument stored = NACRE_TRY(decode(row));
  return stored.bson;
}

}  // namespace nacre::document
