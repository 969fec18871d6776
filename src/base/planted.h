// Planted bugs: mistakes that the tests must catch, to test the tests.
//
// `if (NACRE_PLANTED(name))` stands where a likely mistake would be made and makes it. Only the
// preset `planted` (NACRE_PLANTED_BUGS) has them, each asleep until the environment variable
// NACRE_PLANT names it; in every other build the condition is the constant false.
// scripts/planted-bugs wakes them one by one.
#pragma once

#include <string_view>

namespace nacre {

#if defined(NACRE_PLANTED_BUGS)
[[nodiscard]] bool is_planted(std::string_view name);
#define NACRE_PLANTED(name) ::nacre::is_planted(#name)
#else
#define NACRE_PLANTED(name) false
#endif

}  // namespace nacre
