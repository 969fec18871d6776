#include "aggregation/write_target.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

using error_codes::kCommandNotSupportedOnView;
constexpr std::size_t kBatchRows = 1000;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;

}  // namespace

Result<WriteTarget> open_target(std::string_view stage, const TargetNames& names,
                                const ParseContext& context) {
  const std::string_view name = names.collection;
  if (name.empty() || name.contains('$') || name.contains('\0') || name.starts_with('.') ||
      name.ends_with('.')) {
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                format("Invalid {} target namespace, '{}'", stage, name));
  }
  if (name.starts_with("system.")) {
    return fail(Code::kInvalid, stage == "$out" ? 17385 : 31319,
                format("Can't {} to special collection: {}", stage, name));
  }
  WriteTarget target{.database = &context.database,
                     .collection = std::string(name),
                     .bypass_validation = context.bypass_validation};
  if (!names.database.empty() && names.database != context.database.name()) {
    if (names.database == "admin" || names.database == "config" || names.database == "local") {
      return fail(Code::kInvalid, stage == "$out" ? 31321 : 31320,
                  format("{} cannot write to the database {}", stage, names.database));
    }
    if (!context.open_database) {
      return fail(Code::kUnsupported, error_codes::kCommandNotSupported,
                  format("{} to another database", stage));
    }
    target.database = NACRE_TRY(context.open_database(names.database));
  }
  const document::Snapshot now = NACRE_TRY(target.database->snapshot());
  const document::CollectionInfo* info = now.catalog().find(name);
  if (info != nullptr && info->settings.is_view) {
    return fail(Code::kInvalid, kCommandNotSupportedOnView,
                format("{} cannot write to {}: it is a view", stage, name));
  }
  if (info != nullptr && info->settings.series && stage == "$merge") {
    return fail(Code::kInvalid, kCommandNotSupportedOnView,
                format("{} cannot write to {}: it is a time series", stage, name));
  }
  return target;
}

Result<std::optional<query::Row>> WriteRows::next() {
  if (done_) return std::nullopt;
  done_ = true;
  auto ran = run();
  if (!ran) {
    abandon();
    return std::unexpected(std::move(ran).error());
  }
  return std::nullopt;
}

Result<> WriteRows::run() {
  NACRE_TRY(start());
  while (true) {
    std::vector<bson::Document> batch;
    std::size_t bytes = 0;
    bool more = true;
    while (batch.size() < kBatchRows && bytes < kBatchBytes) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      more = row.has_value();
      if (!more) break;
      batch.emplace_back(row->document);
      bytes += batch.back().bytes().size();
    }
    if (!batch.empty()) {
      // What is held of the collection while others write would only be in their way.
      input_->pause();
      NACRE_TRY(write(std::move(batch)));
    }
    if (!more) return finish();
  }
}

}  // namespace nacre::aggregation
