// An overlay: files as they are below, and changes to them that stay in memory.
//
// Why: a database that was not closed is recovered when it is opened, and recovery writes. With
//   what it writes in memory, whoever may only read can open any database, and leaves no trace.
// Cost:    4 KB of memory for each block written.
// Errors:  as the file system below for what is read; locking is shared there.
// Threads: as every FileSystem. What others change below after a file was opened must not happen;
//   the shared lock sees to it.
#pragma once

#include <memory>

#include "io/file_system.h"

namespace nacre::io {

// `below` must outlive it.
[[nodiscard]] std::unique_ptr<FileSystem> make_overlay_file_system(FileSystem& below);

}  // namespace nacre::io
