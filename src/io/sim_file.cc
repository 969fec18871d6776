#include <algorithm>
#include <utility>

#include "base/buggify.h"
#include "base/check.h"
#include "base/text.h"
#include "io/sim_file_internal.h"

namespace nacre::io {
namespace {

using Kind = FileChange::Kind;
using Call = SimObserver::Call;
using Moment = SimObserver::Moment;

}  // namespace

SimFile::~SimFile() {
  const std::scoped_lock lock(disk_->mutex);
  if (holds_lock_ && boot_ == disk_->boots) node_->locked = false;
}

Result<> SimFile::check_open() const {
  if (boot_ == disk_->boots) return {};
  return fail(Code::kClosed, format("{}: was opened before the power went off", path_));
}

Result<> SimFile::check_writable() const {
  NACRE_TRY(check_open());
  NACRE_CHECK(options_.mode != OpenMode::kReadOnly, "only files opened for it are written");
  if (lost_) {
    return fail(Code::kClosed,
                format("{}: a sync of this file was refused before; reopen it", path_));
  }
  return {};
}

void SimFile::check_aligned(std::uint64_t offset, Bytes bytes) const {
  if (!options_.direct) return;
  NACRE_CHECK(offset % kDirectAlignment == 0, "direct transfers are aligned in the file");
  NACRE_CHECK(bytes.size() % kDirectAlignment == 0, "direct transfers are whole blocks");
  NACRE_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0,
              "direct transfers are aligned in memory");
}

Result<> SimFile::check_powered() const {
  NACRE_TRY(check_open());
  if (disk_->powered) return {};
  return fail(Code::kClosed, format("{}: the power is off", path_));
}

Result<> SimFile::read(std::uint64_t offset, MutableBytes into) {
  check_aligned(offset, into);
  disk_->see(Moment::kBegin, Call::kRead, path_, offset, into.size());
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_open());
  NACRE_TRY(disk_->judge_read(path_));
  const SimImage& bytes = node_->data.current();
  if (offset > bytes.size() || into.size() > bytes.size() - offset) {
    return fail(Code::kIo, format("{}: ends before byte {}", path_, offset + into.size()));
  }
  bytes.read(offset, into);
  return {};
}

Result<> SimFile::write_locked(std::uint64_t offset, Bytes bytes, bool durably,
                               std::optional<FileChange>* unfinished) {
  NACRE_TRY(check_writable());
  if (bytes.empty()) return {};
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/durably);
  std::uint64_t count = bytes.size();
  if (verdict.partly) count = disk_->random.below(count);
  const std::uint64_t size = node_->data.current().size();
  if (disk_->capacity != kUnlimited && offset + count > size && verdict.effect) {
    const std::uint64_t used = disk_->root->bytes();
    const std::uint64_t room = disk_->capacity > used ? disk_->capacity - used : 0;
    if (offset + count - size > room) {
      count = size + room > offset ? size + room - offset : 0;
      verdict.durable = false;
      if (!verdict.error) verdict.error = Error(Code::kFull, format("{}: disk full", path_));
    }
  }
  if (verdict.effect && count > 0) {
    FileChange change{.kind = Kind::kData,
                      .offset = offset,
                      .size = count,
                      .bytes = std::make_shared<const std::string>(
                          to_string(bytes.first(static_cast<std::size_t>(count))))};
    if (verdict.cached) {
      node_->data.apply_to_cache(change);
    } else if (durably && verdict.durable && unfinished != nullptr) {
      node_->data.apply(change);
      *unfinished = std::move(change);
    } else if (durably && verdict.durable) {
      node_->data.apply_durably(change);
    } else {
      node_->data.apply(std::move(change));
    }
  }
  if (!verdict.error) return {};
  // Nothing of a write that did not fit was promised.
  lost_ = durably && verdict.error->code() != Code::kFull;
  return std::unexpected(std::move(*verdict.error));
}

Result<> SimFile::write(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  disk_->see(Moment::kBegin, Call::kWrite, path_, offset, bytes.size());
  Result<> written = [&] {
    const std::scoped_lock lock(disk_->mutex);
    return write_locked(offset, bytes, /*durably=*/false, nullptr);
  }();
  disk_->see(Moment::kEnd, Call::kWrite, path_, offset, bytes.size());
  return written;
}

Result<> SimFile::write_durably(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  if (disk_->observer == nullptr) {
    const std::scoped_lock lock(disk_->mutex);
    return write_locked(offset, bytes, /*durably=*/true, nullptr);
  }
  disk_->see(Moment::kBegin, Call::kDurableWrite, path_, offset, bytes.size());
  std::optional<FileChange> change;
  Result<> written = [&] {
    const std::scoped_lock lock(disk_->mutex);
    return write_locked(offset, bytes, /*durably=*/true, &change);
  }();
  disk_->see(Moment::kMiddle, Call::kDurableWrite, path_, offset, bytes.size());
  if (change.has_value()) {
    const std::scoped_lock lock(disk_->mutex);
    const Result<> powered = check_powered();
    if (powered.has_value()) {
      node_->data.apply_durably(*change);
    } else if (written.has_value()) {
      written = std::unexpected(powered.error().clone());
    }
  }
  disk_->see(Moment::kEnd, Call::kDurableWrite, path_, offset, bytes.size());
  return written;
}

Result<> SimFile::sync() {
  disk_->see(Moment::kBegin, Call::kSync, path_);
  Verdict verdict;
  std::uint64_t mark = 0;
  {
    const std::scoped_lock lock(disk_->mutex);
    NACRE_TRY(check_writable());
    verdict = disk_->judge(path_, /*is_write=*/false, /*is_sync=*/true);
    mark = node_->data.mark();
  }
  disk_->see(Moment::kMiddle, Call::kSync, path_);
  {
    const std::scoped_lock lock(disk_->mutex);
    if (verdict.durable) {
      NACRE_TRY(check_powered());
      node_->data.sync(mark);
    }
    if (verdict.lost) node_->data.lose_unsynced(mark);
    lost_ = lost_ || verdict.error.has_value();
  }
  disk_->see(Moment::kEnd, Call::kSync, path_);
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<> SimFile::resize(std::uint64_t size) {
  disk_->see(Moment::kBegin, Call::kResize, path_, size);
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  return resize_locked(size);
}

Result<> SimFile::allocate(std::uint64_t size) {
  if (NACRE_BUGGIFY("io.no_allocation")) {
    return fail(Code::kUnsupported, format("{}: space is taken by writing alone", path_));
  }
  disk_->see(Moment::kBegin, Call::kResize, path_, size);
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  return resize_locked(std::max(size, node_->data.current().size()));
}

Result<> SimFile::resize_locked(std::uint64_t size) {
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/false);
  const std::uint64_t now = node_->data.current().size();
  if (disk_->capacity != kUnlimited && size > now &&
      disk_->root->bytes() + (size - now) > disk_->capacity) {
    return fail(Code::kFull, format("{}: disk full", path_));
  }
  if (verdict.effect) {
    node_->data.apply({.kind = Kind::kResize, .offset = size, .size = 0});
  }
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<> SimFile::punch_hole(std::uint64_t offset, std::uint64_t size) {
  disk_->see(Moment::kBegin, Call::kPunch, path_, offset, size);
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/false);
  if (verdict.effect) {
    node_->data.apply({.kind = Kind::kPunch, .offset = offset, .size = size});
  }
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<std::uint64_t> SimFile::size() {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_open());
  NACRE_TRY(disk_->judge_read(path_));
  return node_->data.current().size();
}

}  // namespace nacre::io
