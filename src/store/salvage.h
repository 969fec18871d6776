// Salvage: copies what is readable of a damaged store into a new one, and lists what is not.
//
// How: every page that the map names is looked at for itself, so a lost inner page costs nothing
// and
//   a lost leaf its own rows only; the rows of a table come from its leaves in order, and where two
//   neighbours leave a gap, that range of keys is lost. Then the commits of the log are applied, as
//   far as none is missing, so the copy is the state at one position less the rows reported lost.
// The damaged store is only read. The copy's positions begin anew.
// Errors:  kExists when the target holds a database; kCorrupt when nothing can be told apart any
//   more (no superblock is readable); kConflict when somebody has the damaged store open; else
//   those of writing the target. Damage that costs rows is no error but a line in the report.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.h"
#include "base/result.h"
#include "store/store.h"

namespace nacre::store {

struct SalvageReport {
  Position position;  // of the state that was copied
  std::uint64_t table_count = 0;
  std::uint64_t row_count = 0;     // copied from pages
  std::uint64_t commit_count = 0;  // applied from the log
  std::uint64_t lost_pages = 0;    // of the pages that the map names
  // What could not be read, with file, page and range of keys where known. Empty: all was saved.
  std::vector<std::string> losses;
};

// `options` are those of the target.
[[nodiscard]] Result<SalvageReport> salvage(std::string_view path, std::string_view target,
                                            const Options& options);

}  // namespace nacre::store
