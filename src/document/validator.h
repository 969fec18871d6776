// Validator: which documents a collection takes.
//
// A filter (often $jsonSchema) with a level, which says what is asked: every write (strict), or
// writes to documents that were fine before (moderate); and an action, which says what happens to
// one that fails: it is refused (error), or let in (warn).
// Errors:  parse: kInvalid 14, 2, 72 and those of match::Filter::parse. check: 121
//          (DocumentValidationFailure), with {errInfo: {failingDocumentId, details}} as details.
// Threads: immutable.
#pragma once

#include <memory>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "match/filter.h"
#include "text/collator.h"

namespace nacre::document {

class Validator {
 public:
  // Of the options validator, validationLevel and validationAction. Null when nothing is asked.
  // Strings are compared by the collator; null: by their bytes.
  [[nodiscard]] static Result<std::shared_ptr<const Validator>> parse(
      const bson::View& options, std::shared_ptr<const text::Collator> collator = nullptr);

  // `before`: what the document was; null for a new one.
  [[nodiscard]] Result<> check(const bson::View& document, const bson::View* before) const;

 private:
  enum class Level : std::uint8_t { kOff, kModerate, kStrict };
  enum class Action : std::uint8_t { kWarn, kError };

  Validator(match::Filter filter, Level level, Action action)
      : filter_(std::move(filter)), level_(level), action_(action) {}

  match::Filter filter_;
  Level level_;
  Action action_;
};

}  // namespace nacre::document
