// PosixFileSystem: the files of the operating system.
//
// Direct files use O_DIRECT where the file system takes it and its page cache elsewhere (tmpfs,
//   overlays), with the same promises. write_durably is one call that returns when the device has
//   confirmed (RWF_DSYNC), or a write and an fdatasync where the kernel lacks that.
// Every file is opened O_CLOEXEC and O_NOFOLLOW. What a sync is believed to do:
// docs/format/media.md. Errors: as the interface says; ENOSPC, EDQUOT and EFBIG are kFull. Threads:
// internally locked.
#pragma once

#include <memory>

#include "io/file_system.h"

namespace nacre::io {

[[nodiscard]] std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace nacre::io
