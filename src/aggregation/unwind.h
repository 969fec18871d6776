// UnwindStage: $unwind.
//
// Errors:  parse: 15981 28808-28812 28818 28822 and those of a bad path.
// Cost:    each row out is a copy of the row in with another value at the path; or of what the
//          stages behind look at, where the optimiser has found that out.
// Threads: immutable once parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregation/path_edit.h"
#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

class UnwindStage final : public StageSpec {
 public:
  UnwindStage(std::string_view path, std::string_view index_path, bool preserves)
      : path_(path), index_path_(index_path), preserves_(preserves) {
    steps_ = split_path(path_);
    if (!index_path_.empty()) index_steps_ = split_path(index_path_);
  }
  [[nodiscard]] std::string_view name() const override { return "$unwind"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;
  [[nodiscard]] Effect effect() const override;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::vector<std::string>& steps() const { return steps_; }
  [[nodiscard]] const std::vector<std::string>& index_steps() const { return index_steps_; }
  [[nodiscard]] bool preserves() const { return preserves_; }

  // Fields at the top beside the path's own: rows out need no others. Nothing: they need them all.
  void keep_only(std::vector<std::string> fields) { kept_ = std::move(fields); }
  [[nodiscard]] const std::optional<std::vector<std::string>>& kept() const { return kept_; }

 private:
  std::string path_;
  std::string index_path_;  // empty: none
  bool preserves_;
  std::vector<std::string> steps_;
  std::vector<std::string> index_steps_;
  std::optional<std::vector<std::string>> kept_;
};

}  // namespace nacre::aggregation
