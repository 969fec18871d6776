#include "document/update.h"

#include <optional>
#include <utility>

#include "document/envelope.h"
#include "match/filter.h"
#include "query/match_write_internal.h"
#include "query/operations.h"
#include "query/pull.h"

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
    const bool written = NACRE_TRY(writer.replace(key, stored, *after, update_.is_replacement()));
    if (written) ++now_.modified;
    return {};
  }

  Result<> none_matched(document::Transaction& transaction) override {
    if (!upsert_) return {};
    const match::Filter filter = NACRE_TRY(match::Filter::parse(target_.filter));
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

}  // namespace

Result<UpdateResult> update(const Scope& scope, const UpdateRequest& request) {
  const document::Update parsed =
      NACRE_TRY(document::Update::parse(request.update, pull_condition));
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
