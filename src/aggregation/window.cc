#include "aggregation/window.h"

#include <algorithm>
#include <array>
#include <limits>

#include "aggregation/numbers.h"
#include "aggregation/window_internal.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

struct Row {
  std::string_view name;
  WindowParser parse;
};

constexpr auto kTable = std::to_array<Row>({{"$covariancePop", parse_covariance},
                                            {"$covarianceSamp", parse_covariance},
                                            {"$denseRank", parse_rank},
                                            {"$derivative", parse_derivative},
                                            {"$documentNumber", parse_rank},
                                            {"$expMovingAvg", parse_moving_average},
                                            {"$integral", parse_integral},
                                            {"$linearFill", parse_linear_fill},
                                            {"$locf", parse_locf},
                                            {"$rank", parse_rank},
                                            {"$shift", parse_shift}});

// An accumulator over the rows of each window.
class WindowAccumulator final : public WindowFunction {
 public:
  WindowAccumulator(AccumulatorSpecPtr spec, Window window)
      : spec_(std::move(spec)), window_(std::move(window)) {}

  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<Frame> frames = NACRE_TRY(frames_of(window_, partition));
    std::vector<bson::Value> inputs;
    inputs.reserve(partition.rows.size());
    for (const bson::Document& row : partition.rows) {
      const ScratchFrame frame(context);
      const bson::Element input = NACRE_TRY(spec_->input(row, context));
      inputs.push_back(input ? bson::Value(input) : bson::Value());
    }
    std::vector<bson::Value> results;
    results.reserve(frames.size());
    std::unique_ptr<Accumulator> state;
    Frame held{.begin = 0, .end = 0};
    for (std::size_t row = 0; row < frames.size(); ++row) {
      const Frame& wanted = frames[row];
      if (!results.empty() && state != nullptr && wanted.begin == held.begin &&
          wanted.end == held.end) {
        results.push_back(results.back());
        continue;
      }
      const bool goes_on =
          state != nullptr && wanted.end >= held.end && wanted.begin <= held.end &&
          (wanted.begin == held.begin || (spec_->removes() && wanted.begin > held.begin));
      if (!goes_on) {
        state = spec_->make();
        const bson::Value no_id(bson::Null{});
        NACRE_TRY(state->start(no_id.element(), context));
        held = {.begin = wanted.begin, .end = wanted.begin};
      }
      for (; held.end < wanted.end; ++held.end) NACRE_TRY(state->add(inputs[held.end].element()));
      for (; held.begin < wanted.begin; ++held.begin) state->remove(inputs[held.begin].element());
      bson::Builder holder;
      state->append_to(holder, "");
      results.emplace_back(*holder.finish().view().begin());
    }
    return results;
  }

 private:
  AccumulatorSpecPtr spec_;
  Window window_;
};

Result<WindowBound> parse_document_bound(const bson::Element& bound) {
  WindowBound parsed;
  if (bound.is(bson::Type::kString)) {
    if (bound.string() == "unbounded") return parsed;
    parsed.kind = WindowBound::Kind::kCurrent;
    if (bound.string() == "current") return parsed;
    return window_error("Window bounds must be 'unbounded', 'current', or a number.");
  }
  const auto offset = whole_number(bound);
  if (!offset) {
    return window_error("Numeric document-based bounds must be an integer");
  }
  parsed.kind = WindowBound::Kind::kOffset;
  parsed.offset = *offset;
  return parsed;
}

Result<WindowBound> parse_range_bound(const bson::Element& bound, bool has_unit) {
  if (bound.is(bson::Type::kString)) return parse_document_bound(bound);
  if (!bound.is_number()) {
    return window_error("Range-based bounds expression must be a number");
  }
  WindowBound parsed{.kind = WindowBound::Kind::kOffset, .distance = bson::Value(bound)};
  if (!has_unit) return parsed;
  const auto offset = whole_number(bound);
  if (!offset) return window_error("With 'unit', range-based bounds must be an integer");
  parsed.offset = *offset;
  return parsed;
}

bool is_backward(const Window& window) {
  if (window.lower.kind == WindowBound::Kind::kUnbounded ||
      window.upper.kind == WindowBound::Kind::kUnbounded) {
    return false;
  }
  const auto number = [&window](const WindowBound& bound) {
    if (bound.kind == WindowBound::Kind::kCurrent) return 0.0;
    return window.is_range ? bound.distance.element().as_double().value_or(0)
                           : static_cast<double>(bound.offset);
  };
  return number(window.lower) > number(window.upper);
}

Result<Window> parse_window(const bson::Element& window, const WindowContext& context) {
  if (!window.is(bson::Type::kDocument)) return window_error("'window' field must be an object");
  Window parsed;
  bson::Element bounds;
  bool has_documents = false;
  bson::Element unit;
  for (const bson::Element& field : window.document()) {
    if (field.name() == "documents" || field.name() == "range") {
      if (bounds) return window_error("Window bounds can specify either 'documents' or 'range'");
      bounds = field;
      has_documents = field.name() == "documents";
    } else if (field.name() == "unit") {
      unit = field;
    } else {
      return window_error(format("'window' field contains an unknown argument: {}", field.name()));
    }
  }
  if (!bounds) {
    if (unit) return window_error("Window bounds can only specify 'unit' with range-based bounds.");
    return parsed;
  }
  parsed.is_range = !has_documents;
  if (!bounds.is(bson::Type::kArray) || bounds.array().count() != 2) {
    return window_error("Window bounds must be a 2-element array");
  }
  if (unit) {
    if (has_documents || !unit.is(bson::Type::kString)) {
      return window_error("Window bounds can only specify 'unit' with range-based bounds.");
    }
    parsed.unit = expression::time_unit(unit.string());
    if (!parsed.unit) return window_error(format("unknown time unit value: {}", unit.string()));
  }
  const bson::Element lower = bounds.array().at(0);
  const bson::Element upper = bounds.array().at(1);
  if (has_documents) {
    parsed.lower = NACRE_TRY(parse_document_bound(lower));
    parsed.upper = NACRE_TRY(parse_document_bound(upper));
  } else {
    parsed.lower = NACRE_TRY(parse_range_bound(lower, parsed.unit.has_value()));
    parsed.upper = NACRE_TRY(parse_range_bound(upper, parsed.unit.has_value()));
  }
  if (is_backward(parsed)) {
    return window_error("Lower bound must not exceed upper bound", 5339900);
  }
  const bool whole = parsed.lower.kind == WindowBound::Kind::kUnbounded &&
                     parsed.upper.kind == WindowBound::Kind::kUnbounded;
  if (!whole && has_documents && context.sort == nullptr) {
    return window_error("Document-based bounds require a sortBy", 5339901);
  }
  if (!has_documents && !whole) {
    const bool fits = context.sort != nullptr && context.sort->fields().size() == 1 &&
                      context.sort->fields().front().direction == bson::Direction::kAscending;
    if (!fits)
      return window_error("Range-based bounds require an ascending sortBy on one field", 5339902);
  }
  return parsed;
}

}  // namespace

Result<WindowFunctionPtr> parse_window_function(const bson::Element& field,
                                                const WindowContext& context) {
  if (!field.is(bson::Type::kDocument)) {
    return window_error(format("The field '{}' must be an object", field.name()));
  }
  WindowCall call;
  for (const bson::Element& each : field.document()) {
    if (each.name() == "window") {
      call.window = each;
    } else if (each.name().starts_with('$') && !call.call) {
      call.call = each;
    } else {
      return window_error(format("Window function found an unknown argument: {}", each.name()));
    }
  }
  if (!call.call) {
    return window_error(format("Expected a $-prefixed window function in '{}'", field.name()));
  }
  if (call.window) call.parsed = NACRE_TRY(parse_window(call.window, context));
  const std::string_view name = call.call.name();
  const auto row = std::ranges::find(kTable, name, &Row::name);
  if (row != kTable.end()) return row->parse(call, context);
  if (!is_accumulator(name) || name == "$mergeObjects") {
    return window_error(format("Unrecognized window function, {}", name));
  }
  const bool counts_by =
      name == "$count" && !(call.call.is(bson::Type::kDocument) && call.call.document().empty());
  if (counts_by) return window_error("$count only accepts an empty object as input");
  AccumulatorSpecPtr spec = NACRE_TRY(parse_accumulator_call(call.call, context.parse));
  return std::make_unique<WindowAccumulator>(std::move(spec), call.parsed.value_or(Window{}));
}

bson::Element sort_value(const Partition& partition, std::size_t row) {
  const bson::Path& path = partition.sort->fields().front().path;
  bson::Element value = partition.rows[row].find(path.steps().front().name);
  for (const bson::PathStep& step : path.steps().subspan(1)) {
    if (!value.is(bson::Type::kDocument)) return {};
    value = value.document().find(step.name);
  }
  return value;
}

std::optional<double> sort_number(const Partition& partition, std::size_t row) {
  const bson::Element value = sort_value(partition, row);
  if (value.is(bson::Type::kDate)) return static_cast<double>(value.date().milliseconds);
  return value.as_double();
}

namespace {

std::vector<Frame> document_frames(const Window& window, std::size_t count) {
  const auto size = static_cast<std::int64_t>(count);
  const auto place = [size](const WindowBound& bound, std::int64_t row, std::int64_t unbounded) {
    if (bound.kind == WindowBound::Kind::kUnbounded) return unbounded;
    const std::int64_t offset = std::clamp(bound.offset, -size - 1, size + 1);
    return bound.kind == WindowBound::Kind::kCurrent ? row : row + offset;
  };
  std::vector<Frame> frames;
  frames.reserve(count);
  for (std::int64_t row = 0; row < size; ++row) {
    const std::int64_t begin = std::clamp<std::int64_t>(place(window.lower, row, 0), 0, size);
    const std::int64_t end =
        std::clamp<std::int64_t>(place(window.upper, row, size - 1) + 1, begin, size);
    frames.push_back(
        {.begin = static_cast<std::size_t>(begin), .end = static_cast<std::size_t>(end)});
  }
  return frames;
}

// Where a window of a range ends, as a value of the sort: a number, or a date.
Result<double> range_end(const WindowBound& bound, const Window& window,
                         const bson::Element& current, double unbounded) {
  if (bound.kind == WindowBound::Kind::kUnbounded) return unbounded;
  if (window.unit) {
    if (!current.is(bson::Type::kDate)) {
      return window_error(format("Invalid range: Expected the sortBy field to be a Date, but it "
                                 "was {}",
                                 bson::name(current.type())),
                          5429513);
    }
    const std::int64_t date = current.date().milliseconds;
    return static_cast<double>(bound.kind == WindowBound::Kind::kCurrent
                                   ? date
                                   : expression::add_units(date, bound.offset, *window.unit));
  }
  const auto number = current.as_double();
  if (!number) {
    return window_error(format("Invalid range: Expected the sortBy field to be a number, but it "
                               "was {}",
                               bson::name(current.type())),
                        5429414);
  }
  if (bound.kind == WindowBound::Kind::kCurrent) return *number;
  return *number + bound.distance.element().as_double().value_or(0);
}

Result<std::vector<Frame>> range_frames(const Window& window, const Partition& partition) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::size_t count = partition.rows.size();
  std::vector<double> values;
  for (std::size_t row = 0; row < count; ++row) {
    values.push_back(sort_number(partition, row).value_or(-kInfinity));
  }
  std::vector<Frame> frames;
  frames.reserve(count);
  Frame frame{.begin = 0, .end = 0};
  for (std::size_t row = 0; row < count; ++row) {
    const bson::Element current = sort_value(partition, row);
    const double lower = NACRE_TRY(range_end(window.lower, window, current, -kInfinity));
    const double upper = NACRE_TRY(range_end(window.upper, window, current, kInfinity));
    while (frame.begin < count && values[frame.begin] < lower) ++frame.begin;
    frame.end = std::max(frame.end, frame.begin);
    while (frame.end < count && values[frame.end] <= upper) ++frame.end;
    frames.push_back(frame);
  }
  return frames;
}

}  // namespace

Result<std::vector<Frame>> frames_of(const Window& window, const Partition& partition) {
  if (window.is_range && partition.sort != nullptr) return range_frames(window, partition);
  return document_frames(window, partition.rows.size());
}

}  // namespace nacre::aggregation
