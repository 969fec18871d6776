#include "expression/environment.h"

#include <utility>

namespace nacre::expression {

Environment::Environment(bson::Date now, std::optional<bson::Timestamp> cluster_time)
    : now_(std::make_shared<const bson::Value>(now)),
      cluster_time_(cluster_time ? std::make_shared<const bson::Value>(*cluster_time)
                                 : std::make_shared<const bson::Value>()) {}

void Environment::set(VariableId variable, bson::Value value) {
  owned_.push_back(std::make_shared<const bson::Value>(std::move(value)));
  set_view(variable, owned_.back()->element());
}

Environment Environment::fork() const {
  Environment copy;
  copy.now_ = now_;
  copy.cluster_time_ = cluster_time_;
  copy.variables_ = variables_;
  copy.owned_ = owned_;
  copy.collator_ = collator_;
  copy.limits_ = limits_;
  return copy;
}

}  // namespace nacre::expression
