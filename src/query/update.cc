#include "document/update.h"

#include <optional>
#include <utility>

#include "document/envelope.h"
#include "query/filter.h"
#include "query/match_write_internal.h"
#include "query/operations.h"

namespace nacre::query {
namespace {

class UpdateWrite final : public MatchWrite {
 public:
  UpdateWrite(const Scope& scope, const Target& target, const document::Update& update, bool upsert)
      : MatchWrite(scope, target), update_(update), upsert_(upsert) {}

  [[nodiscard]] UpdateResult result() && { return std::move(kept_); }

 private:
  void reset() override { now_ = {}; }
  void keep() override {
    kept_.matched += now_.matched;
    kept_.modified += now_.modified;
    if (now_.did_upsert()) kept_.upserted = std::move(now_.upserted);
  }

  [[nodiscard]] bson::Date date() const {
    return {.milliseconds = static_cast<std::int64_t>(number(scope_.database.now()) / 1000)};
  }

  Result<> write(document::Writer& writer, Bytes key, Bytes stored) override {
    const bson::View before = NACRE_TRY(document::decode_bson(stored));
    const auto after = NACRE_TRY(update_.apply(before, date()));
    ++now_.matched;
    if (!after) return {};
    const bool written = NACRE_TRY(writer.replace(key, stored, *after));
    if (written) ++now_.modified;
    return {};
  }

  Result<> none_matched(document::Transaction& transaction) override {
    if (!upsert_) return {};
    const Filter filter = NACRE_TRY(Filter::parse(target_.filter));
    const bson::Document made = NACRE_TRY(update_.insert(filter.equalities(), date()));
    bson::Document holder;
    const bson::View whole = NACRE_TRY(document::with_id_first(made, holder));
    const document::CollectionInfo* info =
        NACRE_TRY(transaction.open_for_write(target_.collection));
    document::Writer writer(scope_.database, transaction, *info);
    NACRE_TRY(writer.insert(whole));
    bson::Builder builder;
    builder.append(whole.find("_id"));
    now_.upserted = builder.finish();
    return {};
  }

  const document::Update& update_;
  bool upsert_;
  UpdateResult now_;
  UpdateResult kept_;
};

// The condition of a $pull: a document's conditions are asked of the elements that are documents,
// an operator ({$gt: 5}) of each element.
Result<document::ElementTest> parse_pull_condition(const bson::Element& condition) {
  const bool is_document = condition.is(bson::Type::kDocument);
  const bool has_operators = is_document && !condition.document().empty() &&
                             condition.document().begin()->name().starts_with('$');
  const bool of_documents = is_document && !has_operators;
  bson::Builder builder;
  if (!of_documents) builder.append("e", condition);
  const bson::Document source =
      of_documents ? bson::Document(condition.document()) : builder.finish();
  Filter parsed = NACRE_TRY(Filter::parse(source));
  const auto filter = std::make_shared<const Filter>(std::move(parsed));  // shared by copies
  return document::ElementTest([filter, of_documents](const bson::Element& e) -> Result<bool> {
    if (of_documents) {
      if (!e.is(bson::Type::kDocument)) return false;
      return filter->matches(e.document());
    }
    bson::Builder holder;
    holder.append("e", e);
    const bson::Document document = holder.finish();
    return filter->matches(document);
  });
}

}  // namespace

Result<UpdateResult> update(const Scope& scope, const UpdateRequest& request) {
  const document::Update parsed =
      NACRE_TRY(document::Update::parse(request.update, parse_pull_condition));
  if (request.multi && parsed.is_replacement()) {
    return fail(Code::kInvalid, 9, "multi update is not supported for replacement-style update");
  }
  const MatchWrite::Target target{.collection = request.collection,
                                  .filter = request.filter,
                                  .multi = request.multi,
                                  .hint = request.hint};
  UpdateWrite writing(scope, target, parsed, request.upsert);
  NACRE_TRY(writing.run());
  return std::move(writing).result();
}

}  // namespace nacre::query
