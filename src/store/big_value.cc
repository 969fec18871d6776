#include "store/big_value.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"

namespace nacre::store {
namespace {

constexpr std::size_t kHeadSize = 16;  // bytes: size, checksum, reserved

std::size_t chunks_of(std::uint64_t size) {
  return static_cast<std::size_t>((size + page::kExtentPayloadMax - 1) / page::kExtentPayloadMax);
}

}  // namespace

Result<BigValue> BigValue::decode(Bytes row) {
  const auto damaged = [](const std::string& rule) {
    return fail(Code::kCorrupt, "big value: " + rule);
  };
  if (row.size() < kHeadSize) return damaged(format("its row has {} bytes", row.size()));
  const auto size = load_le<std::uint64_t>(row.data());
  if (!is_big(size) || size > kValueSizeMax) {
    return damaged(
        format("size is {}, expected {} to {}", size, kInlineValueMax + 1, kValueSizeMax));
  }
  if (load_le<std::uint32_t>(row.data() + 12) != 0) return damaged("reserved bytes are not zero");
  const Bytes ids = row.subspan(kHeadSize);
  if (ids.size() != 4 * chunks_of(size)) {
    return damaged(format("row has {} bytes of chunk ids, expected {} for {} bytes", ids.size(),
                          4 * chunks_of(size), size));
  }
  return BigValue(size, load_le<std::uint32_t>(row.data() + 8), ids);
}

page::PageId BigValue::chunk(std::size_t i) const {
  return page::PageId{load_le<std::uint32_t>(ids_.data() + 4 * i)};
}

std::size_t BigValue::chunk_size(std::size_t i) const {
  return i + 1 < chunk_count() ? page::kExtentPayloadMax : size_ - i * page::kExtentPayloadMax;
}

Result<std::string> write_big_value(page::Pager& pager, tree::TreeId tree, Bytes value) {
  NACRE_CHECK(is_big(value.size()) && value.size() <= kValueSizeMax, "a big value's size");
  std::string row(kHeadSize + 4 * chunks_of(value.size()), '\0');
  auto* to = reinterpret_cast<std::byte*>(row.data());
  store_le(to, std::uint64_t{value.size()});
  store_le(to + 8, crc32c(value));
  to += kHeadSize;
  std::vector<page::PageId> written;
  for (Bytes rest = value; !rest.empty();) {
    const Bytes chunk = rest.first(std::min(rest.size(), page::kExtentPayloadMax));
    auto id = pager.write_extent(std::to_underlying(tree), chunk);
    if (!id.has_value()) {
      for (const page::PageId done : written) pager.free(done);
      return std::unexpected(std::move(id).error());
    }
    written.push_back(*id);
    store_le(to, page::number(*id));
    to += 4;
    rest = rest.subspan(chunk.size());
  }
  return row;
}

Result<> release_big_value(page::Pager& pager, Bytes row) {
  const BigValue value = NACRE_TRY(BigValue::decode(row));
  for (std::size_t i = 0; i < value.chunk_count(); ++i) {
    // Read before it is freed: what a damaged row names may be a page of somebody else.
    NACRE_TRY(pager.check_is_extent(value.chunk(i)));
  }
  for (std::size_t i = 0; i < value.chunk_count(); ++i) pager.free(value.chunk(i));
  return {};
}

Result<> read_big_value(page::Pager& pager, page::View view, Bytes row, std::uint64_t offset,
                        const SeenChunk& seen) {
  const BigValue value = NACRE_TRY(BigValue::decode(row));
  for (std::size_t i = offset / page::kExtentPayloadMax; i < value.chunk_count(); ++i) {
    const page::ExtentRef chunk = NACRE_TRY(pager.read_extent(view, value.chunk(i)));
    if (chunk.payload().size() != value.chunk_size(i)) {
      return fail(
          Code::kCorrupt,
          format("{}: page {}: chunk {} of a big value has {} bytes, expected {}", pager.path(),
                 page::number(value.chunk(i)), i, chunk.payload().size(), value.chunk_size(i)));
    }
    const std::size_t skipped = static_cast<std::size_t>(
        offset - std::min<std::uint64_t>(offset, i * page::kExtentPayloadMax) +
        (NACRE_PLANTED(value_read_from_wrong_byte) && offset % page::kExtentPayloadMax != 0 ? 1
                                                                                            : 0));
    const Bytes rest = chunk.payload().subspan(std::min(skipped, chunk.payload().size()));
    offset = (i + 1) * page::kExtentPayloadMax;
    if (rest.empty()) continue;
    const bool more = NACRE_TRY(seen(rest));
    if (!more) return {};
  }
  return {};
}

Result<> read_big_value(page::Pager& pager, page::View view, Bytes row, std::string& into) {
  const BigValue value = NACRE_TRY(BigValue::decode(row));
  into.clear();
  into.reserve(static_cast<std::size_t>(value.size()));
  NACRE_TRY(read_big_value(pager, view, row, 0, [&](Bytes chunk) -> Result<bool> {
    append_bytes(into, chunk);
    return true;
  }));
  if (crc32c(as_bytes(into)) == value.checksum()) return {};
  return fail(
      Code::kCorrupt,
      format("{}: page {}: the value that begins here has checksum {}, expected {}", pager.path(),
             page::number(value.chunk(0)), hex(crc32c(as_bytes(into))), hex(value.checksum())));
}

}  // namespace nacre::store
