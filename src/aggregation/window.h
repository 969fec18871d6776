// Windows: the functions of $setWindowFields, and the rows around a row that they look at.
//
// Errors:  parse: kInvalid 9 (FailedToParse) and MongoDB's own numbers for each function. run:
// those
//          of expressions and accumulators; 5429413 and 5429414 for a range over what is no number
//          or date.
// Cost:    a function that can take values back, or whose window only grows, looks at each row
//          once; others look at each window anew.
// Threads: immutable once parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aggregation/accumulator.h"
#include "aggregation/operand.h"
#include "expression/time_unit.h"
#include "query/sort_key.h"

namespace nacre::aggregation {

// One end of a window.
struct WindowBound {
  enum class Kind : std::uint8_t { kUnbounded, kCurrent, kOffset };
  Kind kind = Kind::kUnbounded;
  std::int64_t offset = 0;  // of documents, or of units of time
  bson::Value distance{};   // of a range over numbers
};

struct Window {
  bool is_range = false;
  WindowBound lower;
  WindowBound upper;
  std::optional<expression::TimeUnit> unit;
};

// Rows of one partition, in order. What functions share of them.
struct Partition {
  const std::vector<bson::Document>& rows;
  const std::vector<std::string>& keys;  // by sortBy; rows of equal keys are peers
  const query::SortPattern* sort;        // null: none
};

// What a window function may want to know of its stage.
struct WindowContext {
  const ParseContext& parse;
  const query::SortPattern* sort;  // null: none
};

class WindowFunction {
 public:
  virtual ~WindowFunction() = default;
  // A value for each row; a missing one leaves the field out.
  [[nodiscard]] virtual Result<std::vector<bson::Value>> run(const Partition& partition,
                                                             Context& context) const = 0;
};

using WindowFunctionPtr = std::unique_ptr<const WindowFunction>;

// {$sum: "$x", window: {...}}
[[nodiscard]] Result<WindowFunctionPtr> parse_window_function(const bson::Element& field,
                                                              const WindowContext& context);

// The rows of a window around each row: [begin, end).
struct Frame {
  std::size_t begin;
  std::size_t end;
};
[[nodiscard]] Result<std::vector<Frame>> frames_of(const Window& window,
                                                   const Partition& partition);

// The value a row is sorted by, of a sort by one field; missing when there is none.
[[nodiscard]] bson::Element sort_value(const Partition& partition, std::size_t row);

}  // namespace nacre::aggregation
