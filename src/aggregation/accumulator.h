// Accumulators: what makes one value of the many of a group or a window.
//
// A spec is parsed once; make() gives the state of one group. States can be written as BSON
//   (partial) and merged again, so that a group can go to disk in parts: merging the partials of
//   two lists of rows, in order, is as adding both.
// Errors:  parse: kInvalid with MongoDB's number (40234-40238, 15952 for an unknown one, 31264 for
//          $accumulator). add and start: those of the argument; 40400, 14, 7548606; 146
//          (ExceededMemoryLimit) when one state takes more than kAccumulatorBytesMax.
// Threads: specs are immutable once parsed; a state belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregation/context.h"
#include "aggregation/operand.h"
#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::aggregation {

inline constexpr std::size_t kAccumulatorBytesMax = std::size_t{100} << 20;

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // Called once, before the first value.
  [[nodiscard]] virtual Result<> start(const bson::Element& group_id, Context& context) {
    static_cast<void>(group_id);
    static_cast<void>(context);
    return {};
  }
  // `value` may be missing.
  [[nodiscard]] virtual Result<> add(const bson::Element& value) = 0;
  // Takes back the value that was added first, if that can be done (see
  // AccumulatorSpec::removes).
  virtual void remove(const bson::Element& value) { static_cast<void>(value); }
  // The result; null where there is none.
  virtual void append_to(bson::Builder& to, std::string_view name) const = 0;

  virtual void append_partial(bson::Builder& to, std::string_view name) const = 0;
  [[nodiscard]] virtual Result<> merge(const bson::Element& partial) = 0;

  // What it holds beside itself.
  [[nodiscard]] virtual std::size_t bytes() const { return 0; }
};

class AccumulatorSpec {
 public:
  virtual ~AccumulatorSpec() = default;
  [[nodiscard]] virtual std::unique_ptr<Accumulator> make() const = 0;
  // What a row adds.
  [[nodiscard]] virtual Result<bson::Element> input(const bson::View& row,
                                                    Context& context) const = 0;
  // The plain operand behind input(), for those that read fields themselves; null when it is more.
  [[nodiscard]] virtual const Operand* operand() const { return nullptr; }
  // Remove undoes add.
  [[nodiscard]] virtual bool removes() const { return false; }
  // State may grow with every value.
  [[nodiscard]] virtual bool grows() const { return false; }
};

using AccumulatorSpecPtr = std::unique_ptr<const AccumulatorSpec>;

// `call` is {$sum: ...}'s only element.
[[nodiscard]] Result<AccumulatorSpecPtr> parse_accumulator_call(const bson::Element& call,
                                                                const ParseContext& context);
// Whether there is an accumulator of that name ("$sum").
[[nodiscard]] bool is_accumulator(std::string_view name);

struct NamedAccumulator {
  std::string name;
  AccumulatorSpecPtr spec;
};
// A field of a $group: {total: {$sum: "$x"}}.
[[nodiscard]] Result<NamedAccumulator> parse_accumulator_field(const bson::Element& field,
                                                               const ParseContext& context);

}  // namespace nacre::aggregation
