// Views: what a name stands for when it is that of a stored pipeline over a collection.
//
// A view may look at another one; the pipelines then follow one another, the innermost first.
// Errors:  kInvalid 165 (ViewDepthLimitExceeded) beyond kViewDepthMax; 5 (GraphContainsCycle) for a
//          view that would look at itself.
// Threads: pure functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "document/catalog.h"
#include "text/collator.h"

namespace nacre::query {

inline constexpr int kViewDepthMax = 20;

struct ResolvedView {
  std::string collection;   // behind all views
  bson::Document pipeline;  // an array of stages; empty for a collection
  bool is_view = false;
  // Of the view itself, whatever is behind it; null: the order of bytes. Shared with the catalog.
  std::shared_ptr<const text::Collator> collator{};
};

// A name that is no view's, or nobody's, stands for itself.
[[nodiscard]] Result<ResolvedView> resolve_view(const document::Catalog& catalog,
                                                std::string_view name);

// Whether a view `name` may look at `view_on`; 167 (OptionNotSupportedOnView) when that is a view
// of another collation.
[[nodiscard]] Result<> check_view(const document::Catalog& catalog, std::string_view name,
                                  std::string_view view_on, const text::Collator* collator);

}  // namespace nacre::query
