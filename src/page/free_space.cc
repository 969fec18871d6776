// Space that is given back: the free end of the file.
#include <algorithm>

#include "page/pager.h"

namespace nacre::page {
namespace {

// The lock is held while the file is cut, so that nobody writes where it will end; cutting a long
// end in pieces keeps that short.
constexpr std::uint64_t kCutMax = (std::uint64_t{64} << 20) / kBlockSize;  // blocks

}  // namespace

Result<> Pager::give_back_tail(std::uint64_t slack) {
  for (bool more = true; more; slack = 0) {
    const MutexLock lock(mutex_);
    if (!is_derived_) return {};
    const std::uint64_t end = std::max(blocks_.end(), durable_.file_blocks);
    const std::uint64_t blocks = NACRE_TRY(file_->size()) / kBlockSize;
    if (blocks <= end + slack) return {};
    const std::uint64_t target = blocks - end > kCutMax ? blocks - kCutMax : end;
    NACRE_TRY(file_->resize(target * kBlockSize));
    more = target > end;
  }
  return {};
}

}  // namespace nacre::page
