// SubPipeline: a pipeline over a collection or view of its own, inside a stage of another; Foreign:
// the documents of one, by a filter; and the words that stages have for what is wrong with their
// fields.
//
// Errors:  parse: kInvalid 5 (GraphContainsCycle) for a view whose pipeline comes back to itself.
// Threads: immutable once parsed.
#pragma once

#include <string>
#include <string_view>

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

class SubPipeline {
 public:
  // Takes a copy of the context outside, with the place and the variables that are to count. The
  // stages of a view come first.
  [[nodiscard]] static Result<SubPipeline> parse(std::string_view collection,
                                                 const bson::View& stages, ParseContext context);
  // Of documents that its owner finds and gives to pipeline().open().
  [[nodiscard]] static Result<SubPipeline> parse_behind(std::string_view collection,
                                                        const bson::View& stages,
                                                        ParseContext context);

  // A run of it; `context` is a fork of its own and outlives the run.
  [[nodiscard]] Result<Source> open(Context& context) const;

  [[nodiscard]] const Pipeline& pipeline() const { return pipeline_; }
  [[nodiscard]] const std::string& collection() const { return collection_; }

 private:
  std::string collection_;  // behind all views
  Pipeline pipeline_;
};

class Foreign {
 public:
  [[nodiscard]] static Result<Foreign> parse(std::string_view collection,
                                             const ParseContext& context);

  // Its documents that the filter takes, which names no variables; `context` outlives them.
  [[nodiscard]] Result<Source> find(const bson::View& filter, Context& context) const;

  [[nodiscard]] const std::string& collection() const { return documents_.collection(); }
  // Then no index of the collection serves the filter.
  [[nodiscard]] bool is_view() const { return !documents_.pipeline().empty(); }

 private:
  SubPipeline documents_;
};

// kInvalid 14, 40415 and 40414, as MongoDB's own parser of specifications has them.
[[nodiscard]] std::unexpected<Error> wrong_type(std::string_view stage, const bson::Element& field,
                                                std::string_view expected);
[[nodiscard]] std::unexpected<Error> unknown_field(std::string_view stage,
                                                   const bson::Element& field);
[[nodiscard]] std::unexpected<Error> missing_field(std::string_view stage, std::string_view field);

}  // namespace nacre::aggregation
