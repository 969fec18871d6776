// Pattern: a compiled regular expression with a bound on the work one match may take.
//
// Why limits: a pattern comes from whoever sends a query, and some patterns need exponential time.
// Errors:  compile: kInvalid 51091 (bad pattern) or 51108 (bad option); matches: kInvalid 51246.
// Threads: immutable; each thread matches in a buffer of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nacre::text {

class Pattern {
 public:
  // Options: any of i, m, s, x, u.
  [[nodiscard]] static Result<Pattern> compile(std::string_view pattern, std::string_view options);

  // Requires `text` to be UTF-8, which validated BSON is.
  [[nodiscard]] Result<bool> matches(std::string_view text) const;

  // Where the first match at or behind `from` (the start of a character) lies: bytes [begin, end)
  // of the whole and of each group, in order; a group that took no part has begin kNoGroup. Empty
  // when there is no match.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  static constexpr std::size_t kNoGroup = static_cast<std::size_t>(-1);
  [[nodiscard]] Result<std::vector<Part>> find(std::string_view text, std::size_t from) const;

  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  [[nodiscard]] const std::string& options() const { return options_; }

 private:
  struct Destroy {
    void operator()(void* code) const;
  };

  std::string pattern_;
  std::string options_;                  // sorted
  std::unique_ptr<void, Destroy> code_;  // a pcre2_code
};

}  // namespace nacre::text
