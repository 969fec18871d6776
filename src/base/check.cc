#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace nacre {

void check_broken(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check broken: %s (%s)\n", file, line, condition, why);
  std::abort();
}

}  // namespace nacre
