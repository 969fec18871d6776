// CollectionOptions: what `create` may say of a collection beside its name, read and checked.
//
// Format:  the option document is kept in the catalog as it was given (docs/format/documents.md);
//          this is made of it when the catalog is loaded.
// Errors:  parse: kInvalid 72 (InvalidOptions), 14 (TypeMismatch), 2 (BadValue), those of filters
//          and collations and time series (40414, 40415); kUnsupported 115 for what is not carried
//          out (encryption).
// Threads: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "document/time_series.h"
#include "document/validator.h"
#include "text/collator.h"

namespace nacre::document {

// Limits of a capped collection; its oldest documents go when it grows beyond one.
struct CappedLimits {
  std::int64_t bytes = 0;
  std::int64_t documents = 0;  // 0: any number
};

struct CollectionOptions {
  [[nodiscard]] static Result<CollectionOptions> parse(const bson::View& options);

  std::optional<CappedLimits> capped{};
  std::shared_ptr<const Validator> validator{};  // null: every document is fine
  std::string view_on{};                         // of a view: the collection or view it looks at
  bool is_view = false;
  bool is_clustered = false;  // clusteredIndex was given; all collections are
  std::optional<TimeSeries> series{};
  // A document goes when the date that its key begins with is older: that of a measurement, or an
  // _id that is one.
  std::optional<std::int64_t> expire_after_seconds{};
  // What queries, writes and new indexes have that name none; null: the order of bytes. Shared with
  // the indexes and operations that have it.
  std::shared_ptr<const text::Collator> collator{};
};

// The options as listCollections shows them: what was said without effect is left out.
[[nodiscard]] bson::Document normal_options(const bson::View& options);

}  // namespace nacre::document
