#include "base/scheduler.h"

#include <utility>

namespace nacre {

Scheduler* Scheduler::install(Scheduler* scheduler) { return std::exchange(current_, scheduler); }

}  // namespace nacre
