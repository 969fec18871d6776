// NACRE_CHECK and NACRE_DCHECK: conditions that only a defect in Nacre itself can break.
//
// Rule: bytes from disk or network are never checked this way; they become kCorrupt or kInvalid.
//   One condition per check. NACRE_CHECK is always on; NACRE_DCHECK, for what costs more than
//   O(log n), only where NDEBUG is not defined.
// Errors: a broken condition prints file, line and reason to standard error and aborts.
#pragma once

namespace nacre {

[[noreturn]] void check_broken(const char* condition, const char* why, const char* file, int line);

}  // namespace nacre

#define NACRE_CHECK(condition, why)                                 \
  do {                                                              \
    if (!(condition)) [[unlikely]] {                                \
      ::nacre::check_broken(#condition, (why), __FILE__, __LINE__); \
    }                                                               \
  } while (false)

#ifdef NDEBUG
#define NACRE_DCHECK(condition, why) \
  do {                               \
  } while (false)
#else
#define NACRE_DCHECK(condition, why) NACRE_CHECK(condition, why)
#endif
