// Arguments: the options of one command, declared once, parsed and shown in its help.
//
// Why a seam: CLI11 is named in arguments.cc only; help texts are ours, so that they read as pages.
// Errors:  parse: kInvalid says which argument is not understood and what was expected.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nacre::cli {

enum class Need : std::uint8_t { kOptional, kRequired };

// Each declaration binds a variable that outlives the parsing; what it holds before is the default.
class Arguments {
 public:
  // What the help shows, one per option.
  struct Entry {
    std::string spelling;  // "--db DIR", "FILE"
    std::string help;
    bool required = false;
    bool positional = false;
  };

  explicit Arguments(std::string command);
  ~Arguments();

  void positional(const std::string& name, std::string& target, std::string help,
                  Need need = Need::kRequired);
  // Takes all that is left.
  void positionals(const std::string& name, std::vector<std::string>& target, std::string help);
  void option(const std::string& name, const std::string& value, std::string& target,
              std::string help, Need need = Need::kOptional);
  // Whole numbers from `least` to `most`.
  void number(const std::string& name, const std::string& value, std::int64_t& target,
              std::int64_t least, std::int64_t most, std::string help);
  // One of `choices`; the value shown is "A|B".
  void choice(const std::string& name, const std::vector<std::string>& choices, std::string& target,
              std::string help);
  void flag(const std::string& name, bool& target, std::string help);

  // Fills the variables. --help (-h) is always known.
  [[nodiscard]] Result<> parse(const std::vector<std::string>& words);
  [[nodiscard]] bool help_wanted() const { return help_wanted_; }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // "nacre import FILE --db DIR [options]"
  [[nodiscard]] std::string usage() const;

 private:
  class Parser;
  [[nodiscard]] std::string missing_value(const std::vector<std::string>& words) const;

  std::string command_;
  std::vector<Entry> entries_;
  std::unique_ptr<Parser> parser_;
  bool help_wanted_ = false;
};

}  // namespace nacre::cli
