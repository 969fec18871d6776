// DiskWatch: stands at every call of the simulated disk: lets time and other fibers pass, and takes
// crash images.
#pragma once

#include <string>
#include <vector>

#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/recovery.h"
#include "sim/scheduler.h"

namespace nacre::sim {

class DiskWatch final : public io::SimObserver {
 public:
  DiskWatch(io::SimFileSystem& disk, FiberScheduler& scheduler, const Oracle& oracle,
            const Plan& plan, std::uint64_t seed)
      : disk_(disk), scheduler_(scheduler), oracle_(oracle), plan_(plan), random_(seed) {
    disk_.observe(this);
  }
  ~DiskWatch() override { disk_.observe(nullptr); }
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  void see(const Event& event) override;
  // The images so far, which are no longer kept here.
  [[nodiscard]] std::vector<Image> take_images() { return std::move(images_); }

 private:
  void pass_time(const Event& event);

  io::SimFileSystem& disk_;
  FiberScheduler& scheduler_;
  const Oracle& oracle_;
  const Plan& plan_;
  io::Random random_;
  std::vector<Image> images_;
};

}  // namespace nacre::sim
