#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace nacre::cli {
namespace {

[[nodiscard]] bool colour_wanted() {
  if (std::getenv("NO_COLOR") != nullptr) return false;
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view(terminal) != "dumb";
}

[[nodiscard]] std::string_view escape_of(Style style) {
  switch (style) {
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
  }
  return {};
}

[[nodiscard]] std::string paint(bool colour, Style style, std::string_view text) {
  if (!colour) return std::string(text);
  return format("{}{}\x1b[0m", escape_of(style), text);
}

}  // namespace

Console::Console() {
  const bool colour = colour_wanted();
  message_terminal_ = ::isatty(STDERR_FILENO) == 1;
  output_colour_ = colour && ::isatty(STDOUT_FILENO) == 1;
  message_colour_ = colour && message_terminal_;
}

void Console::print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && write_error_ == 0) {
    write_error_ = errno;
  }
}

void Console::message(std::string_view text) {
  raw_message(format("{} {}\n", styled_message(Style::kBold, "nacre:"), text));
}

void Console::error(const Error& error) { message(error.text()); }

void Console::raw_message(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string Console::styled(Style style, std::string_view text) const {
  return paint(output_colour_, style, text);
}

std::string Console::styled_message(Style style, std::string_view text) const {
  return paint(message_colour_, style, text);
}

int Console::message_columns() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

Result<> Console::flush() {
  if (std::fflush(stdout) != 0 && write_error_ == 0) write_error_ = errno;
  if (write_error_ == 0) return {};
  return fail(Code::kIo, format("standard output: write returned {}", std::strerror(write_error_)));
}

}  // namespace nacre::cli
