// MemoryFileSystem: files that live in this object and die with it.
//
// For databases that are never to touch a disk. Nothing survives the process, so a sync has nothing
//   to do; what was never written, or written as zeros, takes no memory.
// Errors:  as the interface says, but no kIo and no kFull.
// Threads: internally locked.
#pragma once

#include <memory>

#include "io/file_system.h"

namespace nacre::io {

[[nodiscard]] std::unique_ptr<FileSystem> make_memory_file_system();

}  // namespace nacre::io
