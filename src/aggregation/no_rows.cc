#include "aggregation/no_rows.h"

namespace nacre::aggregation {
namespace {

class NoRows final : public query::Operator {
 public:
  Result<std::optional<query::Row>> next() override { return std::nullopt; }
  [[nodiscard]] std::string_view stage() const override { return "EOF"; }
};

}  // namespace

OperatorPtr no_rows() { return std::make_unique<NoRows>(); }

}  // namespace nacre::aggregation
