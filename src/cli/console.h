// Console: where a command writes. Results go to standard output, everything said to people about
//   the work goes to standard error.
//
// Colour and progress appear only on a terminal; NO_COLOR (any value) and TERM=dumb take colour
//   away.
// Threads: one thread at a time.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nacre::cli {

enum class Style : unsigned char { kBold, kDim, kRed, kGreen, kYellow };

class Console {
 public:
  // Standard output and standard error, as the environment wants them.
  Console();

  // Exactly these bytes, to standard output.
  void print(std::string_view text);
  // One line to standard error, "nacre: " in front.
  void message(std::string_view text);
  void error(const Error& error);
  // Exactly these bytes, to standard error: for progress, which overwrites itself.
  void raw_message(std::string_view text);

  // The text in that style where standard output (or standard error) takes one.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;
  [[nodiscard]] std::string styled_message(Style style, std::string_view text) const;

  [[nodiscard]] bool message_terminal() const { return message_terminal_; }
  // Columns of the terminal that messages go to; 80 when unknown.
  [[nodiscard]] int message_columns() const;

  // Writes out what is buffered. kIo when standard output took not everything.
  [[nodiscard]] Result<> flush();

 private:
  bool output_colour_ = false;
  bool message_colour_ = false;
  bool message_terminal_ = false;
  int write_error_ = 0;  // errno of the first write that did not go through
};

}  // namespace nacre::cli
