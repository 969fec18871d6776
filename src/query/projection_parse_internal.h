// The parser of projections, used for one specification.
//
// Threads: one thread.
#pragma once

#include <optional>
#include <string>

#include "query/projection.h"
#include "query/projection_tree_internal.h"

namespace nacre::query {

class ProjectionParser {
 public:
  explicit ProjectionParser(const ProjectionOptions& options) : options_(options) {}

  [[nodiscard]] Result<> fields(const bson::View& spec);
  [[nodiscard]] bool is_inclusion() const;
  [[nodiscard]] bool has_positional() const { return has_positional_; }
  // The tree, with _id in it where nothing was said of that.
  [[nodiscard]] ProjectionNode finish() &&;

 private:
  [[nodiscard]] Result<> field(const bson::Element& element, const std::string& path);
  [[nodiscard]] Result<> object(const bson::Element& element, const std::string& path);
  [[nodiscard]] Result<> plain(const std::string& path, bool included);
  [[nodiscard]] Result<> positional(std::string_view path, bool included);
  // Of an aggregation always 31324.
  [[nodiscard]] std::unexpected<Error> refuse_positional(std::int32_t number,
                                                         std::string_view why) const;
  [[nodiscard]] Result<> computed(const bson::Element& element, const std::string& path);
  [[nodiscard]] Result<> computed_operator(const bson::Element& element, const std::string& path);
  [[nodiscard]] Result<> element_match(const bson::Element& operand, const std::string& path);
  [[nodiscard]] Result<bool> slice(const bson::Element& operand, const std::string& path);
  [[nodiscard]] Result<> set_kind(const std::string& path, bool included);

  const ProjectionOptions& options_;
  ProjectionNode root_;
  std::optional<bool> inclusion_;  // once something has settled it
  std::optional<bool> id_;         // what was said of _id by itself
  bool has_positional_ = false;
  bool has_element_match_ = false;
};

}  // namespace nacre::query
