#include "query/operator.h"

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {
namespace {

using error_codes::kInterrupted;
using error_codes::kMaxTimeMSExpired;

}  // namespace

Result<> Execution::step_on_trial() {
  NACRE_TRY(limits.check());
  if (*works_left <= 0) return fail(Code::kFull, kOutOfWorks, "the trial of a plan is over");
  --*works_left;
  return {};
}

Result<> Operator::next_keys(std::size_t wanted, RowKeys& into) {
  const std::size_t before = into.size();
  while (into.size() < wanted) {
    auto row = next();
    if (!row) {
      if (into.size() == before) return std::unexpected(std::move(row).error());
      return {};  // it comes again
    }
    if (!*row) return {};
    into.add((*row)->key, (*row)->text_score);
  }
  return {};
}

void Limits::set_time_limit(std::int64_t milliseconds) {
  if (milliseconds <= 0) {
    deadline_.reset();
    return;
  }
  deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

Result<> Limits::look() const {
  if (interrupted_ != nullptr && interrupted_->load(std::memory_order_relaxed)) {
    return fail(Code::kClosed, kInterrupted, "operation was interrupted");
  }
  if (deadline_ && std::chrono::steady_clock::now() > *deadline_) {
    return fail(Code::kFull, kMaxTimeMSExpired, "operation exceeded time limit");
  }
  return {};
}

}  // namespace nacre::query
