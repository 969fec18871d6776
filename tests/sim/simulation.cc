#include "sim/simulation.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "base/thread.h"
#include "sim/disk_watch.h"
#include "sim/recovery.h"
#include "sim/session.h"

namespace nacre::sim {
namespace {

class Simulation {
 public:
  Simulation(std::uint64_t seed, Tally& tally)
      : plan_(seed),
        random_(seed + 1),
        scheduler_(random_.next(), plan_.policy, format("NACRE_SEED={}", seed)),
        clock_(scheduler_),
        disk_(random_.next()),
        tally_(tally) {
    if (random_.chance(1, 4)) disk_.tear_with_garbage();
    plan_.options.file_system = &disk_;
    plan_.options.clock = &clock_;
  }

  Outcome run() {
    std::uint64_t left = plan_.operations;
    for (std::uint64_t life = 0; life < plan_.lives && violations_.empty(); ++life) {
      const std::uint64_t now = left / (plan_.lives - life);
      left -= now;
      live(now);
    }
    if (violations_.empty()) check_end();
    ++tally_.seeds;
    tally_.switches += scheduler_.switches();
    return {.trace_hash = scheduler_.trace_hash(),
            .violation = violations_.empty() ? std::string() : violations_.front(),
            .rare_paths = scheduler_.rare_paths()};
  }

 private:
  enum class End : std::uint8_t { kClose, kAbandon, kPowerCut };

  void live(std::uint64_t operations);
  void run_sessions(Life& life, std::uint64_t operations);
  void end(Life& life, End how);
  void check_images(std::vector<Image> images);
  void reopen_without_faults(bool power_was_cut);
  void check_end();
  [[nodiscard]] txn::Options recovery_options() const {
    txn::Options options = plan_.options;
    options.background_thread = false;
    return options;
  }

  Plan plan_;
  io::Random random_;
  FiberScheduler scheduler_;
  SimClock clock_;
  io::SimFileSystem disk_;
  Tally& tally_;
  Oracle oracle_;
  std::vector<std::string> violations_;
  std::unique_ptr<txn::Database> database_;
};

void Simulation::run_sessions(Life& life, std::uint64_t operations) {
  life.operations_left = operations;
  const std::uint64_t count = 1 + random_.below(plan_.sessions);
  life.sessions_left = count;
  std::vector<Thread> fibers;
  for (std::uint64_t i = 0; i < count; ++i) {
    fibers.emplace_back("session", [&life, seed = random_.next()] {
      Session(life, seed).run();
      --life.sessions_left;
    });
  }
  for (std::uint64_t i = random_.below(3); i > 0; --i) {
    fibers.emplace_back("follower", [&life, seed = random_.next()] { follow(life, seed); });
  }
  for (Thread& fiber : fibers) fiber.join();
}

void Simulation::end(Life& life, End how) {
  if (how == End::kClose) {
    const auto closed = database_->close();
    if (closed.has_value()) {
      oracle_.acknowledge(oracle_.submitted());
    } else if (!life.may_fail) {
      life.fail("closing: " + closed.error().text());
    }
  }
  database_.reset();
}

void Simulation::live(std::uint64_t operations) {
  const auto how = static_cast<End>(random_.below(3));
  Life life{.scheduler = scheduler_,
            .clock = clock_,
            .oracle = oracle_,
            .plan = plan_,
            .tally = tally_,
            .violations = violations_};
  scheduler_.on_note([&](std::string_view event, std::uint64_t n) { life.note(event, n); });
  std::vector<Image> images;
  {
    DiskWatch watch(disk_, scheduler_, oracle_, plan_, random_.next());
    scheduler_.run([&] {
      if (how == End::kPowerCut) {
        disk_.cut_power_after(random_.below(operations * 2 + 10), 1 + random_.below(4));
        life.may_fail = true;
      }
      if (plan_.inject(disk_, random_)) life.may_fail = true;
      auto opened = txn::Database::open(kPath, plan_.options);
      if (!opened.has_value()) {
        if (!life.may_fail) life.fail("opening: " + opened.error().text());
        return;
      }
      database_ = std::move(*opened);
      life.database = database_.get();
      life.returned = number(database_->snapshot().position());
      run_sessions(life, operations);
      end(life, how);
    });
    images = watch.take_images();
  }
  scheduler_.on_note(nullptr);
  tally_.faults += disk_.faults_hit();
  check_images(std::move(images));
  // Nobody knows of a failed sync what it left; and a process that goes on after one is another.
  const bool cut = how == End::kPowerCut || disk_.faults_hit() > 0 || random_.chance(1, 4);
  disk_.clear_faults();
  disk_.limit_capacity(~std::uint64_t{0});
  if (violations_.empty()) reopen_without_faults(cut);
}

void Simulation::check_images(std::vector<Image> images) {
  Recovery recovery{
      .oracle = oracle_, .options = recovery_options(), .tally = tally_, .violations = violations_};
  for (const Image& image : images) {
    if (!violations_.empty()) return;
    recovery.check(image, random_, plan_.has_silent_damage);
  }
}

// The main run goes on with what its last life left.
void Simulation::reopen_without_faults(bool power_is_cut) {
  if (power_is_cut) {
    disk_.reboot();
    ++tally_.crashes;
  } else {
    ++tally_.reopenings;
  }
  const auto opened = txn::Database::open(kPath, recovery_options());
  if (!opened.has_value()) {
    violations_.push_back("reopening: " + opened.error().text());
    return;
  }
  const txn::Snapshot snapshot = (*opened)->snapshot();
  const std::uint64_t position = number(snapshot.position());
  if (position < oracle_.acknowledged() || position > oracle_.submitted()) {
    violations_.push_back(format("reopened at position {}, acknowledged was {}, submitted {}",
                                 position, oracle_.acknowledged(), oracle_.submitted()));
    return;
  }
  ++tally_.states_read;
  if (const auto wrong = check_rows(snapshot, oracle_, false); !wrong.empty()) {
    violations_.push_back("reopened: " + wrong);
  }
  if (plan_.keeps_history()) {
    if (number((*opened)->horizon()) < oracle_.horizon()) {
      violations_.push_back(format("HIST-6: reopened with the horizon at {}, it was at {}",
                                   number((*opened)->horizon()), oracle_.horizon()));
    }
    const auto wrong = check_past(**opened, oracle_, random_, tally_.past_reads);
    if (!wrong.empty()) violations_.push_back("reopened: " + wrong);
  }
  oracle_.truncate(position);
}

void Simulation::check_end() {
  const auto opened = txn::Database::open(kPath, recovery_options());
  if (!opened.has_value()) {
    violations_.push_back("opening at the end: " + opened.error().text());
    return;
  }
  if (number((*opened)->snapshot().position()) != oracle_.submitted()) {
    violations_.push_back("commits were lost between two openings");
    return;
  }
  const auto report = (*opened)->verify();
  ++tally_.verified;
  if (!report.has_value()) violations_.push_back("verify: " + report.error().text());
  if (report.has_value() && !report->problems.empty()) {
    violations_.push_back("verify: " + report->problems.front());
  }
}

}  // namespace

Outcome simulate(std::uint64_t seed, Tally& tally) {
  keep_memory();
  announce(seed);
  return Simulation(seed, tally).run();
}

}  // namespace nacre::sim
