// A write load that says what was acknowledged, and the check that all of it is there.
//
// Each writer commits transactions n = 1, 2, ... (going on where it stopped the last time), each of
//   which inserts the document "WRITER-n" into the collection and sets the writer's `last` to n in
//   the collection NAME_writers. So after any crash two things must hold for every writer:
//   DUR-1  every acknowledged n is at most `last`
//   ATOM-1 the documents are exactly 1 to `last`: no transaction is there by half
// Threads: write_load runs its writers on threads of its own; the rest is one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/database.h"

namespace nacre::cli {

struct LoadOptions {
  std::string collection = {};
  std::size_t writers = 4;
  double seconds = 5;
  std::size_t document_bytes = 200;  // about
  // Called by the writers, several at a time, after the commit of `n` returned.
  std::function<void(std::size_t writer, std::uint64_t n)> on_acknowledged = {};
  const std::atomic<bool>* stop = nullptr;
};

struct LoadResult {
  std::uint64_t commits = 0;
  double seconds = 0;
  // Of one commit, in microseconds.
  std::uint64_t median_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t longest_us = 0;
};

[[nodiscard]] Result<LoadResult> write_load(document::Database& database,
                                            const LoadOptions& options);

struct LoadCheck {
  std::uint64_t acknowledged = 0;  // lines of the protocol
  std::uint64_t documents = 0;
  std::vector<std::string> problems;
};

// `protocol` is what write_load acknowledged, a line "WRITER n" each; a last line without its end
// was cut by the crash and does not count. kInvalid names the line that is none.
[[nodiscard]] Result<LoadCheck> check_load(document::Database& database,
                                           const std::string& collection,
                                           std::string_view protocol);

}  // namespace nacre::cli
