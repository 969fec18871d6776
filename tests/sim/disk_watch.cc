#include "sim/disk_watch.h"

#include <utility>

namespace nacre::sim {
namespace {

constexpr std::size_t kImagesMax = 60;  // per life

}  // namespace

void DiskWatch::see(const Event& event) {
  scheduler_.mix(static_cast<std::uint64_t>(event.moment) << 8 |
                 static_cast<std::uint64_t>(event.call));
  scheduler_.mix(event.offset);
  scheduler_.mix(event.size);
  const bool changes = event.call != Call::kRead;
  if (changes && images_.size() < kImagesMax && random_.chance(1, plan_.image_chance)) {
    images_.push_back({.disk = disk_.clone(random_.next()),
                       .acknowledged = oracle_.acknowledged(),
                       .possible = oracle_.possible(),
                       .horizon = oracle_.horizon(),
                       .call = event.call});
  }
  pass_time(event);
}

void DiskWatch::pass_time(const Event& event) {
  if (scheduler_.running() == 0) return;
  if (plan_.slow_chance != 0 && random_.chance(1, plan_.slow_chance)) {
    return scheduler_.sleep((10 + random_.below(50)) * 1'000'000);
  }
  const bool waits = event.moment == Moment::kMiddle || random_.chance(1, 3);
  if (!waits) return scheduler_.yield();
  scheduler_.sleep(1 + random_.below(random_.chance(1, 10) ? 10'000 : 200));
}

}  // namespace nacre::sim
