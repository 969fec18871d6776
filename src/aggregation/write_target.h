// Where $out and $merge write: a collection of this database, or of another one that the caller of
// the aggregate can open.
//
// Threads: one thread at a time.
#pragma once

#include <string>

#include "aggregation/context.h"
#include "aggregation/stage_spec.h"
#include "base/result.h"
#include "bson/value.h"

namespace nacre::aggregation {

struct WriteTarget {
  document::Database* database = nullptr;
  std::string collection;
  bool bypass_validation = false;
};

struct TargetNames {
  std::string_view database;  // empty: this one
  std::string_view collection;
};
// kInvalid 73 for names that cannot be; 17385 and 31321 are $out's for what nobody may write; 166
// for a view, and for $merge into a time series.
[[nodiscard]] Result<WriteTarget> open_target(std::string_view stage, const TargetNames& names,
                                              const ParseContext& context);

// An operator that takes all rows of its input and gives none.
class WriteRows : public query::Stage {
 public:
  WriteRows(OperatorPtr input, Context& context)
      : query::Stage(std::move(input)), context_(context) {}
  Result<std::optional<query::Row>> next() override;

 protected:
  // Rows given one after another, then finish(). On an error of either, abandon().
  [[nodiscard]] virtual Result<> start() { return {}; }
  [[nodiscard]] virtual Result<> write(std::vector<bson::Document> rows) = 0;
  [[nodiscard]] virtual Result<> finish() { return {}; }
  virtual void abandon() {}

  Context& context_;

 private:
  [[nodiscard]] Result<> run();
  bool done_ = false;
};

}  // namespace nacre::aggregation
