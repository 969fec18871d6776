#include "query/view.h"

#include <utility>
#include <vector>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {
namespace {

using error_codes::kGraphContainsCycle;
using error_codes::kOptionNotSupportedOnView;
using error_codes::kViewDepthLimitExceeded;

std::unexpected<Error> too_deep() {
  return fail(
      Code::kInvalid, kViewDepthLimitExceeded,
      format("View depth too deep or view cycle detected; maximum depth is {}", kViewDepthMax));
}

}  // namespace

Result<ResolvedView> resolve_view(const document::Catalog& catalog, std::string_view name) {
  ResolvedView resolved;
  resolved.collection = name;
  std::vector<bson::View> pipelines;  // outermost first
  while (true) {
    const document::CollectionInfo* info = catalog.find(resolved.collection);
    if (info == nullptr || !info->settings.is_view) break;
    if (pipelines.size() == static_cast<std::size_t>(kViewDepthMax)) return too_deep();
    const bson::Element pipeline = info->options.find("pipeline");
    pipelines.push_back(pipeline.is(bson::Type::kArray) ? pipeline.array() : bson::View());
    if (!resolved.is_view) resolved.collator = info->settings.collator;
    resolved.collection = info->settings.view_on;
    resolved.is_view = true;
  }
  bson::Builder stages = bson::Builder::array();
  for (auto pipeline = pipelines.rbegin(); pipeline != pipelines.rend(); ++pipeline) {
    for (const bson::Element& stage : *pipeline) stages.push(stage);
  }
  resolved.pipeline = stages.finish();
  return resolved;
}

Result<> check_view(const document::Catalog& catalog, std::string_view name,
                    std::string_view view_on, const text::Collator* collator) {
  std::string_view at = view_on;
  for (int depth = 1; depth <= kViewDepthMax; ++depth) {
    if (at == name) {
      return fail(Code::kInvalid, kGraphContainsCycle,
                  format("View cycle detected: {} looks at itself through {}", name, view_on));
    }
    const document::CollectionInfo* info = catalog.find(at);
    if (info == nullptr || !info->settings.is_view) return {};
    if (!same_collation(info->settings.collator.get(), collator)) {
      return fail(Code::kInvalid, kOptionNotSupportedOnView,
                  format("View {} has another collation than the view {} it looks at", name, at));
    }
    at = info->settings.view_on;
  }
  return too_deep();
}

}  // namespace nacre::query
