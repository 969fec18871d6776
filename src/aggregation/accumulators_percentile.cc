// $percentile and $median.
//
// Why exact: MongoDB's "approximate" keeps a digest; here the numbers themselves are kept, under
// the same bound of memory as every other accumulator, and the answer is the value at the rank.
#include <algorithm>
#include <cmath>
#include <memory>

#include "aggregation/accumulator_internal.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/named_fields.h"

namespace nacre::aggregation {
namespace {

class PercentileState final : public Accumulator {
 public:
  PercentileState(std::shared_ptr<const std::vector<double>> wanted, bool many)
      : wanted_(std::move(wanted)), many_(many) {}
  Result<> add(const bson::Element& value) override {
    const auto number = value.as_double();
    if (!number || std::isnan(*number)) return {};
    numbers_.push_back(*number);
    return check_accumulator_bytes("$percentile", numbers_.size() * sizeof(double));
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    std::vector<double> sorted = numbers_;
    std::ranges::sort(sorted);
    if (!many_) {
      append_rank(to, name, sorted, wanted_->front());
      return;
    }
    to.begin_array(name);
    for (std::size_t i = 0; i < wanted_->size(); ++i) {
      append_rank(to, std::to_string(i), sorted, (*wanted_)[i]);
    }
    to.end();
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name);
    for (const double number : numbers_) to.push(number);
    to.end();
  }
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& number : partial.array()) NACRE_TRY(add(number));
    return {};
  }
  [[nodiscard]] std::size_t bytes() const override { return numbers_.capacity() * sizeof(double); }

 private:
  static void append_rank(bson::Builder& to, std::string_view name,
                          const std::vector<double>& sorted, double wanted) {
    if (sorted.empty()) {
      to.append(name, bson::Null{});
      return;
    }
    const double rank = std::ceil(wanted * static_cast<double>(sorted.size())) - 1;
    to.append(name, sorted[rank <= 0 ? 0 : static_cast<std::size_t>(rank)]);
  }

  std::shared_ptr<const std::vector<double>> wanted_;  // shared with the spec and other groups
  bool many_;
  std::vector<double> numbers_;
};

class PercentileSpec final : public OperandSpec {
 public:
  PercentileSpec(Operand input, std::vector<double> wanted, bool many)
      : OperandSpec(std::move(input)),
        wanted_(std::make_shared<const std::vector<double>>(std::move(wanted))),
        many_(many) {}
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<PercentileState>(wanted_, many_);
  }
  [[nodiscard]] bool grows() const override { return true; }

 private:
  std::shared_ptr<const std::vector<double>> wanted_;  // shared with its states
  bool many_;
};

Result<std::vector<double>> parse_wanted(const bson::Element& p) {
  std::vector<double> wanted;
  if (!p.is(bson::Type::kArray) || p.array().empty()) {
    return fail(Code::kInvalid, 7750301,
                "The $percentile 'p' field must be an array of constant values from [0.0, 1.0]");
  }
  for (const bson::Element& each : p.array()) {
    const auto number = each.as_double();
    if (!number) {
      return fail(Code::kInvalid, 7750302,
                  "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]");
    }
    if (!(*number >= 0 && *number <= 1)) {
      return fail(
          Code::kInvalid, 7750303,
          format("The $percentile 'p' field must hold numbers from [0.0, 1.0], found {}", *number));
    }
    wanted.push_back(*number);
  }
  return wanted;
}

std::unexpected<Error> missing(std::string_view name, std::string_view field) {
  return fail(Code::kInvalid, error_codes::kIDLFailedToParse,
              format("BSON field '{}.{}' is missing but a required field", name, field));
}

}  // namespace

Result<AccumulatorSpecPtr> parse_percentile(const bson::Element& call,
                                            const ParseContext& context) {
  const bool many = call.name() == "$percentile";
  if (!call.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, many ? 7429703 : 7436100,
                format("{} specification must be an object", call.name()));
  }
  bson::Element input;
  bson::Element p;
  bson::Element method;
  bson::Element unknown =
      bson::take_fields(call.document(), {{"input", &input}, {"p", &p}, {"method", &method}});
  if (p && !many) unknown = p;
  if (unknown) {
    return fail(Code::kInvalid, error_codes::kIDLUnknownField,
                format("BSON field '{}.{}' is an unknown field.", call.name(), unknown.name()));
  }
  if (!input) return missing(call.name(), "input");
  if (many && !p) return missing(call.name(), "p");
  if (!method) return missing(call.name(), "method");
  if (!method.is(bson::Type::kString)) {
    return fail(Code::kInvalid, error_codes::kTypeMismatch,
                format("BSON field '{}.method' is the wrong type '{}', expected type 'string'",
                       call.name(), bson::name(method.type())));
  }
  if (method.string() != "approximate") {
    return fail(Code::kInvalid, error_codes::kBadValue,
                "Currently only 'approximate' can be used as percentile 'method'.");
  }
  std::vector<double> wanted = {0.5};
  if (many) {
    const Operand values = NACRE_TRY(Operand::parse(p, context));
    if (!values.is_constant()) {
      return fail(Code::kInvalid, 7750300, "The $percentile 'p' field must be constant");
    }
    wanted = NACRE_TRY(parse_wanted(values.expression().constant()));
  }
  Operand operand = NACRE_TRY(Operand::parse(input, context));
  return std::make_unique<PercentileSpec>(std::move(operand), std::move(wanted), many);
}

}  // namespace nacre::aggregation
