#include "cli/progress.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace nacre::cli {
namespace {

constexpr std::chrono::milliseconds kPeriod{100};
constexpr std::size_t kBarColumns = 16;

[[nodiscard]] std::string bar(double part) {
  const auto filled = static_cast<std::size_t>(std::lround(part * kBarColumns));
  return "[" + std::string(filled, '#') + std::string(kBarColumns - filled, '-') + "]";
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string show_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  value /= 1000;
  while (value >= 999.95 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return format("{:.1f} {}", value, units[unit]);
}

std::string show_seconds(double seconds) {
  if (seconds < 10) return format("{:.2f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return format("{} s", whole);
  if (whole < 3600) return format("{}:{:02}", whole / 60, whole % 60);
  return format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const ProgressState& state, int columns) {
  const double seconds = std::max(state.seconds, 1e-6);
  const auto per_second = [&](std::uint64_t count) {
    return static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
  };
  std::string line;
  std::string left;
  const bool by_documents = state.documents_total > 0;
  const std::uint64_t total = by_documents ? state.documents_total : state.bytes_total.value_or(0);
  if (total > 0) {
    const std::uint64_t done = by_documents ? state.documents : state.bytes;
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    line = format("{} {:3.0f} %  ", bar(part), std::floor(part * 100));
    // An estimate from nothing is worse than none.
    if (part > 0.01 && state.seconds > 0.5) {
      const double rest = state.seconds / part - state.seconds;
      const auto whole = static_cast<std::uint64_t>(std::ceil(rest));
      left = format("  {}:{:02} left", whole / 60, whole % 60);
    }
  }
  const std::string bytes =
      by_documents ? std::string() : format("  {}/s", show_bytes(per_second(state.bytes)));
  line += format("{} documents  {}/s{}{}", with_thousands(state.documents),
                 with_thousands(per_second(state.documents)), bytes, left);
  return line.substr(0, static_cast<std::size_t>(std::max(columns - 1, 1)));
}

Progress::Progress(Console& console, bool wanted, std::optional<std::uint64_t> bytes_total)
    : console_(console),
      shown_(wanted && console.message_terminal()),
      bytes_total_(bytes_total),
      next_(begun_ + kPeriod) {}

Progress::~Progress() { clear(); }

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begun_).count();
}

void Progress::update(std::uint64_t documents, std::uint64_t bytes) {
  show({.documents = documents, .bytes = bytes, .bytes_total = bytes_total_});
}

void Progress::update_of(std::uint64_t documents, std::uint64_t total) {
  show({.documents = documents, .bytes_total = std::nullopt, .documents_total = total});
}

void Progress::show(ProgressState state) {
  if (!shown_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + kPeriod;
  state.seconds = seconds();
  const std::string line = progress_line(state, console_.message_columns());
  console_.raw_message("\r" + line + "\x1b[K");
  on_screen_ = true;
}

void Progress::clear() {
  if (!on_screen_) return;
  console_.raw_message("\r\x1b[K");
  on_screen_ = false;
}

}  // namespace nacre::cli
