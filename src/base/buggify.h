// NACRE_BUGGIFY("site"): true when a simulation wants the rare path of this place taken now.
//
// Why: a cache that is never full, a group that never splits and a wake-up that is never late hide
//   what happens when they are. A simulation enables some sites per seed and fires them at random.
// Rule:  both paths are correct; the rare one is only rare. Sites are named "room.what"; the
//   simulation prints how often each was fired.
// Cost:  none where NDEBUG is defined; elsewhere one thread-local load.
#pragma once

#include "base/scheduler.h"

#ifdef NDEBUG
#define NACRE_BUGGIFY(site) false
#else
#define NACRE_BUGGIFY(site) \
  (::nacre::Scheduler::current() != nullptr && ::nacre::Scheduler::current()->is_rare(site))
#endif
