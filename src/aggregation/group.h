// Group: rows with equal _id made one.
//
// Groups come out in the order of their first row; in the order of their _id when they went to
//   disk.
// Why two look-ups: most rows bring an _id that came before byte for byte. That one is found by its
//   bytes; only others are encoded as a key (bson/key_encoder.h), under which 1 and 1.0 are one
//   group.
// Errors:  parse: kInvalid with MongoDB's number (15947 15955 17390 and those of accumulators).
//          next: 292 when the groups take more than the stage may and disk use is not allowed.
// Cost:    a hash look-up for each row, and one call for each accumulator; no allocation unless the
//          row begins a group or makes a state larger.
// Threads: one thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aggregation/accumulator.h"
#include "aggregation/operand.h"
#include "aggregation/stage_spec.h"
#include "query/operator.h"
#include "query/spill.h"

namespace nacre::aggregation {

struct GroupSpec {
  Operand id;
  std::vector<NamedAccumulator> accumulators;
};

class Group final : public query::Stage {
 public:
  Group(OperatorPtr input, const GroupSpec& spec, Context& context);
  Result<std::optional<query::Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "GROUP"; }
  void describe(bson::Builder& to) const override;

  // For groups in parts. Reads all of the input; false: it took more memory than a stage may, and
  // the group is of no use.
  [[nodiscard]] Result<bool> collect_in_memory();
  // Takes the groups of `part` over, whose rows come behind all that are in so far.
  [[nodiscard]] Result<> absorb(Group& part);

 private:
  struct Entry {
    bson::Value id;
    std::string key;
    std::vector<std::unique_ptr<Accumulator>> states;
  };
  // Where an input is in the row.
  struct Input {
    bool in_reader = false;
    std::size_t place = 0;
  };

  [[nodiscard]] Input plan_input(const Operand* operand);
  [[nodiscard]] Result<> collect();
  [[nodiscard]] Result<> stay_within_memory();
  [[nodiscard]] Result<> merge(Entry& into, const Entry& part);
  [[nodiscard]] Result<> take(const bson::View& row);
  [[nodiscard]] Result<> take_row(const query::Row& row);  // with its metadata
  [[nodiscard]] Result<Entry*> entry_of(const bson::Element& id);
  [[nodiscard]] Result<> make_states(Entry& entry);
  [[nodiscard]] Result<> add(Entry& entry, const bson::View& row);
  [[nodiscard]] Result<> spill();
  [[nodiscard]] Result<std::optional<query::Row>> next_merged();
  [[nodiscard]] query::Row finish(const Entry& entry);

  const GroupSpec& spec_;
  Context& context_;
  FieldReader fields_;
  Input id_input_;
  std::vector<Input> inputs_;
  bool grows_ = false;

  bool collected_ = false;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Places = std::unordered_map<std::string, Entry*, Hash, std::equal_to<>>;
  Places by_bytes_;  // type and bytes of an _id
  Places by_key_;
  std::deque<Entry> entries_;  // in order of first sight
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
  std::string key_;
  query::RunMerge runs_;
  bool spilled_ = false;
  bool on_record_ = false;
  bson::Document row_;
};

class GroupStage final : public StageSpec {
 public:
  explicit GroupStage(GroupSpec spec) : spec_(std::move(spec)) {}
  [[nodiscard]] std::string_view name() const override { return "$group"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;
  [[nodiscard]] bool only_counts() const override;
  [[nodiscard]] std::optional<std::vector<std::string>> needs() const override;
  [[nodiscard]] const GroupSpec& spec() const { return spec_; }

 private:
  GroupSpec spec_;
};

}  // namespace nacre::aggregation
