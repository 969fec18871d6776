#include "base/planted.h"

#include <cstdlib>

namespace nacre {

#if defined(NACRE_PLANTED_BUGS)
bool is_planted(std::string_view name) {
  static const char* const awake = std::getenv("NACRE_PLANT");
  return awake != nullptr && name == awake;
}
#endif

}  // namespace nacre
