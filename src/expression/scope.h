// Scope: the variables that an expression may name, as its text is parsed.
//
// A variable gets a number; what it holds is found in the Environment under that number while the
// expression runs, so that no name is compared then. Scopes are values: an inner one ($map, the
// pipeline of a $lookup) is a copy with more in it.
// Invariants: variables of a scope have numbers of their own; those of expressions parsed in it
//             ($map's this) come behind them. So define everything before parsing anything.
// Threads:    plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nacre::text {
class Collator;
}  // namespace nacre::text

namespace nacre::expression {

enum class VariableId : std::uint32_t {};

class Scope {
 public:
  // From now on `name` means the new variable. The names of the system (ROOT, NOW, ...) are known
  // everywhere; CURRENT may be defined, and is then what field paths start from.
  VariableId define(std::string_view name);
  // A number that no variable of this scope, nor of those inside it, will have.
  void reserve() { ++next_; }

  [[nodiscard]] std::optional<VariableId> find(std::string_view name) const;
  // Variables so far: what an Environment needs room for.
  [[nodiscard]] std::size_t size() const { return next_; }

  // What constant comparisons are folded under: the collation of the environments to come. nullptr:
  // binary. Not owned.
  void set_collator(const text::Collator* collator) { collator_ = collator; }
  [[nodiscard]] const text::Collator* collator() const { return collator_; }

 private:
  struct Variable {
    std::string name;
    VariableId id;
  };

  std::vector<Variable> variables_;
  std::uint32_t next_ = 0;
  const text::Collator* collator_ = nullptr;
};

// Whether a user may give a variable that name ($let, $map's as, let of a command): kInvalid 9
// (FailedToParse) when it does not start with a lower-case letter or goes on with anything but
// letters, digits and underscores; characters beyond ASCII are letters.
[[nodiscard]] Result<> check_variable_name(std::string_view name);

}  // namespace nacre::expression
