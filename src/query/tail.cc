#include "query/tail.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {
namespace {

using error_codes::kBadValue;
using error_codes::kCappedPositionLost;
using error_codes::kCommandNotSupported;
using error_codes::kQueryPlanKilled;

Result<> check_request(const FindRequest& request) {
  for (const bson::Element& field : request.sort) {
    if (field.name() == "$natural" && field.as_int64() == 1) continue;
    return fail(Code::kInvalid, kBadValue,
                "cannot use tailable option with a sort other than {$natural: 1}");
  }
  if (request.limit == 0 && request.skip == 0) return {};
  return fail(Code::kUnsupported, kCommandNotSupported,
              "tailable cursors take neither skip nor limit");
}

}  // namespace

Result<Tail> Tail::open(const Scope& scope, const FindRequest& request) {
  NACRE_TRY(check_request(request));
  Tail tail;
  tail.collection_ = request.collection;
  tail.filter_ = bson::Document(request.filter);
  tail.projection_ = bson::Document(request.projection);
  tail.let_ = bson::Document(request.let);
  tail.collation_ = request.collation;
  tail.show_record_id_ = request.show_record_id;
  NACRE_TRY(tail.start(scope));
  return tail;
}

Result<> Tail::start(const Scope& scope) {
  const bson::Document natural =
      bson::Builder().begin_document("hint").append("$natural", 1).end().finish();
  run_ = NACRE_TRY(open_find(scope, {.collection = collection_,
                                     .filter = filter_,
                                     .projection = projection_,
                                     .hint = natural.find("hint"),
                                     .let = let_,
                                     .collation = collation_,
                                     .show_record_id = show_record_id_}));
  const document::CollectionInfo* info = run_->execution.reader.catalog().find(collection_);
  if (!after_.empty() && (info == nullptr || info->uuid != uuid_)) {
    run_.reset();
    return fail(Code::kNotFound, kQueryPlanKilled,
                format("collection {} was dropped while a cursor waited at its end", collection_));
  }
  scan_ = nullptr;
  if (info == nullptr) return {};  // there is nothing to find
  for (Operator* stage = run_->root.get(); stage != nullptr; stage = stage->input()) {
    if (auto* scan = dynamic_cast<CappedScan*>(stage)) scan_ = scan;
  }
  if (scan_ == nullptr) {
    run_.reset();
    return fail(Code::kInvalid, kBadValue,
                "error processing query: tailable cursor requested on non capped collection");
  }
  uuid_ = info->uuid;
  if (after_.empty()) return {};
  const auto stood_on = NACRE_TRY(run_->execution.reader.get(*info->order, as_bytes(after_)));
  if (!stood_on) {
    run_.reset();
    return fail(Code::kNotFound, kCappedPositionLost,
                "CollectionScan died due to position in capped collection being deleted.");
  }
  scan_->start_behind(after_);
  return {};
}

Result<std::optional<bson::View>> Tail::next() {
  if (run_ == nullptr) return std::nullopt;
  auto row = run_->root->next();
  if (row && *row) return (*row)->document;
  if (scan_ != nullptr && !scan_->reached().empty()) after_ = scan_->reached();
  run_.reset();
  if (!row) return std::unexpected(std::move(row).error());
  return std::nullopt;
}

Result<> Tail::go_on(const Scope& scope) {
  if (run_ != nullptr) return {};
  return start(scope);
}

void Tail::set_time_limit(std::int64_t milliseconds) {
  if (run_ != nullptr) run_->execution.limits.set_time_limit(milliseconds);
}

void Tail::pause() {
  if (run_ != nullptr) run_->root->pause();
}

}  // namespace nacre::query
