#include "expression/environment.h"

#include <utility>

#include "base/codec.h"

namespace nacre::expression {

Environment::Environment(bson::Date now, std::optional<bson::Timestamp> cluster_time) {
  set_moment({.now = now, .cluster_time = cluster_time});
}

void Environment::set_moment(const Moment& moment) const {
  now_[0] = static_cast<std::byte>(bson::Type::kDate);
  store_le(now_.data() + 2, static_cast<std::uint64_t>(moment.now.milliseconds));
  has_cluster_time_ = moment.cluster_time.has_value();
  if (!has_cluster_time_) return;
  cluster_time_[0] = static_cast<std::byte>(bson::Type::kTimestamp);
  store_le(cluster_time_.data() + 2, moment.cluster_time->increment);
  store_le(cluster_time_.data() + 6, moment.cluster_time->seconds);
}

void Environment::set(VariableId variable, bson::Value value) {
  owned_.push_back(std::make_shared<const bson::Value>(std::move(value)));
  set_view(variable, owned_.back()->element());
}

Environment Environment::fork() const {
  read_clock();
  Environment copy;
  copy.now_ = now_;
  copy.cluster_time_ = cluster_time_;
  copy.has_cluster_time_ = has_cluster_time_;
  copy.variables_ = variables_;
  copy.owned_ = owned_;
  copy.collator_ = collator_;
  copy.limits_ = limits_;
  return copy;
}

}  // namespace nacre::expression
