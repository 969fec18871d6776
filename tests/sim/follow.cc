#include <algorithm>

#include "base/text.h"
#include "sim/session.h"

namespace nacre::sim {
namespace {

constexpr std::chrono::microseconds kPatience{20'000};

// What is wrong with one event; empty when nothing is.
std::string check_event(const Oracle& oracle, const txn::CommitEvent& event, bool has_before) {
  const std::uint64_t position = number(event.position);
  const auto& changed = oracle.changes_of(position);
  std::vector<RowKey> told;
  for (const txn::Change& change : event.changes) {
    const RowKey row{change.table, to_string(change.key)};
    if (std::ranges::find(changed, row) == changed.end()) {
      return format("commit {} is said to have changed table {} key '{}'", position,
                    number(row.first), row.second);
    }
    told.push_back(row);
    if (change.kind == txn::Change::Kind::kDropTable) continue;
    const std::string* before = oracle.value_at(position - 1, row);
    if (has_before && (change.before.has_value() != (before != nullptr) ||
                       (before != nullptr && as_text(*change.before) != *before))) {
      return format("commit {} is said to have replaced another value in table {} key '{}'",
                    position, number(row.first), row.second);
    }
    const std::string* value = oracle.value_at(position, row);
    const bool is_put = change.kind == txn::Change::Kind::kPut;
    if (is_put != (value != nullptr) || (is_put && as_text(change.value) != *value)) {
      return format("commit {} is said to have left another value in table {} key '{}'", position,
                    number(row.first), row.second);
    }
  }
  for (const RowKey& row : changed) {
    const bool remains = row.second.empty() || oracle.value_at(position, row) != nullptr;
    if (remains && std::ranges::find(told, row) == told.end()) {
      return format("commit {} is not said to have changed table {} key '{}'", position,
                    number(row.first), row.second);
    }
  }
  return {};
}

}  // namespace

void follow(Life& life, std::uint64_t seed) {
  io::Random random(seed);
  const std::uint64_t newest = life.oracle.submitted();
  std::uint64_t last = newest - std::min(newest, random.below(20));
  const bool has_before = life.plan.keeps_history() && random.chance(1, 3);
  auto follower = life.database->follow(
      Position{last}, has_before ? txn::BeforeImages::kRequired : txn::BeforeImages::kNone);
  if (!follower.has_value()) return;  // the log does not reach back so far
  while (!life.is_over) {
    const bool is_end = life.sessions_left == 0;
    const auto event = follower->next(kPatience);
    if (!event.has_value()) {
      const Code code = event.error().code();
      if (code != Code::kTooOld && code != Code::kClosed && !life.may_fail) {
        life.fail("following: " + event.error().text());
      }
      return;
    }
    if (*event == nullptr) {
      if (is_end) return;
      continue;
    }
    const std::uint64_t position = number((*event)->position);
    if (position != last + 1) {
      return life.fail(format("commit {} was followed by {}", last, position));
    }
    last = position;
    life.oracle.acknowledge(position);
    ++life.tally.followed;
    if (const auto wrong = check_event(life.oracle, **event, has_before); !wrong.empty()) {
      return life.fail("following: " + wrong);
    }
  }
}

}  // namespace nacre::sim
