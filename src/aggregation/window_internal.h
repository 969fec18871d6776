// The families of window functions, for the table in window.cc.
#pragma once

#include <utility>

#include "aggregation/window.h"

namespace nacre::aggregation {

struct WindowCall {
  bson::Element call;    // {$name: argument}'s element
  bson::Element window;  // missing: none was given
  std::optional<Window> parsed{};
};

using WindowParser = Result<WindowFunctionPtr> (*)(const WindowCall& call,
                                                   const WindowContext& context);

// window_order.cc
[[nodiscard]] Result<WindowFunctionPtr> parse_rank(const WindowCall&, const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_shift(const WindowCall&, const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_locf(const WindowCall&, const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_linear_fill(const WindowCall&, const WindowContext&);
// window_calculus.cc
[[nodiscard]] Result<WindowFunctionPtr> parse_derivative(const WindowCall&, const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_integral(const WindowCall&, const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_moving_average(const WindowCall&,
                                                             const WindowContext&);
[[nodiscard]] Result<WindowFunctionPtr> parse_covariance(const WindowCall&, const WindowContext&);

[[nodiscard]] inline std::unexpected<Error> window_error(std::string what,
                                                         std::int32_t number = 9) {
  return fail(Code::kInvalid, number, std::move(what));
}

// A number a row is sorted by, dates in milliseconds; nothing for all else.
[[nodiscard]] std::optional<double> sort_number(const Partition& partition, std::size_t row);

}  // namespace nacre::aggregation
