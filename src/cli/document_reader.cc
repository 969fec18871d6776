#include "cli/document_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::cli {

static_assert(JsonPieces::kPadding >= JsonToBson::kPadding);

Result<std::optional<ReadDocument>> DocumentReader::next() {
  auto piece = NACRE_TRY(pieces_.next());
  if (!piece.has_value()) return std::nullopt;
  ReadDocument read{.document = {}, .place = piece->place, .reason = std::move(piece->problem)};
  if (!read.reason.empty()) return read;
  auto converted = converter_.convert(piece->text);
  if (converted.has_value()) {
    read.document = *std::move(converted);
    return read;
  }
  const JsonFault& fault = converted.error();
  const std::string_view before = piece->text.substr(0, fault.offset);
  read.place.line += static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
  read.place.offset += fault.offset;
  read.reason = fault.reason;
  return read;
}

std::string describe_problem(const std::string& file, Place place, const std::string& reason) {
  return format("{}:{}: byte {}: {}", file, place.line, place.offset, reason);
}

}  // namespace nacre::cli
