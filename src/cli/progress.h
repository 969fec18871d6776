// Progress: one line on the terminal that says how far an import is, how fast, and how long still.
//
// Only on a terminal, at most ten times a second, and gone when the work is done.
// Threads: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/console.h"

namespace nacre::cli {

struct ProgressState {
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> bytes_total;  // unknown for a pipe
  double seconds = 0;
  std::uint64_t documents_total = 0;  // where documents are counted and not bytes
};

// "[########--------]  51 %  86,400 documents  91,000/s  8.9 MB/s  0:01 left", at most `columns`
// wide.
[[nodiscard]] std::string progress_line(const ProgressState& state, int columns);

// 1234567 as "1,234,567".
[[nodiscard]] std::string with_thousands(std::uint64_t number);
// "17.3 MB"
[[nodiscard]] std::string show_bytes(std::uint64_t bytes);
// "0.42 s", "1:03", "2:00:05"
[[nodiscard]] std::string show_seconds(double seconds);

class Progress {
 public:
  // `wanted` false: nothing is ever shown.
  Progress(Console& console, bool wanted, std::optional<std::uint64_t> bytes_total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t documents, std::uint64_t bytes);
  // Of so many documents, of whose bytes nothing is known.
  void update_of(std::uint64_t documents, std::uint64_t total);
  // Takes the line away, so that a message can be written.
  void clear();
  [[nodiscard]] double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  void show(ProgressState state);

  Console& console_;
  bool shown_;  // whether progress is shown at all
  bool on_screen_ = false;
  std::optional<std::uint64_t> bytes_total_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace nacre::cli
