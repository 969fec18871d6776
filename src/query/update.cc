#include <optional>
#include <utility>

#include "base/error_codes.h"
#include "document/envelope.h"
#include "query/change_internal.h"
#include "query/match_write_internal.h"
#include "query/operations.h"
#include "query/series_update.h"

namespace nacre::query {
namespace {

using error_codes::kFailedToParse;

class UpdateWrite final : public MatchWrite {
 public:
  UpdateWrite(const Scope& scope, const Target& target, const UpdateRequest& request,
              Change& change)
      : MatchWrite(scope, target), request_(request), change_(change) {}

  [[nodiscard]] UpdateResult result() && { return std::move(kept_); }

 private:
  void reset() override { now_ = {}; }
  void keep() override {
    kept_.matched += now_.matched;
    kept_.modified += now_.modified;
    if (now_.did_upsert()) kept_.upserted = std::move(now_.upserted);
    if (now_.image) kept_.image = std::move(now_.image);
  }

  Result<> write(document::Writer& writer, Bytes key, Bytes stored) override {
    const bson::View before = NACRE_TRY(document::decode_bson(stored));
    const std::optional<std::size_t> position = NACRE_TRY(position_in(before));
    auto after = NACRE_TRY(change_.apply(before, position));
    ++now_.matched;
    if (request_.image == Image::kBefore) now_.image = bson::Document(before);
    if (after) {
      if (request_.bypass_validation) writer.bypass_validation();
      const bool written = NACRE_TRY(writer.replace(key, stored, *after, change_.is_replacement()));
      if (written) ++now_.modified;
    } else if (change_.is_replacement()) {
      ++now_.modified;  // MongoDB counts each replacement, even by the same document
    }
    if (request_.image == Image::kAfter) {
      now_.image = after ? *std::move(after) : bson::Document(before);
    }
    return {};
  }

  // A collection's own collation is known only now.
  Result<> compare_by(const std::shared_ptr<const text::Collator>& collator) override {
    if (change_.collator() == collator.get()) return {};
    change_ = NACRE_TRY(Change::parse(request_, change_.now(), collator));
    return {};
  }

  Result<> check(const document::CollectionInfo& collection) override {
    if (!collection.settings.series) return {};
    return check_series_update(*collection.settings.series, request_);
  }

  Result<std::optional<std::size_t>> position_in(const bson::View& document) {
    if (!change_.needs_position()) return std::nullopt;
    const match::Filter* taken_by = NACRE_TRY(filter());
    return taken_by->position(document, environment());
  }

  Result<> none_matched(document::Transaction& transaction) override {
    if (!request_.upsert) return {};
    const match::Filter* asked = NACRE_TRY(filter());
    const bson::Document made = NACRE_TRY(change_.insert(asked->equalities()));
    bson::Document holder;
    const bson::View whole = NACRE_TRY(document::with_id_first(made, holder));
    const document::CollectionInfo* info =
        NACRE_TRY(transaction.open_for_write(target_.collection));
    document::Writer writer(scope_.database, transaction, *info);
    if (request_.bypass_validation) writer.bypass_validation();
    NACRE_TRY(writer.insert(whole));
    bson::Builder builder;
    builder.append(whole.find("_id"));
    now_.upserted = builder.finish();
    if (request_.image == Image::kAfter) now_.image = bson::Document(whole);
    return {};
  }

  const UpdateRequest& request_;
  Change& change_;
  UpdateResult now_;
  UpdateResult kept_;
};

}  // namespace

Result<UpdateResult> update(const Scope& scope, const UpdateRequest& request) {
  const bson::Date now{.milliseconds =
                           static_cast<std::int64_t>(number(scope.database.now()) / 1000)};
  Change change = NACRE_TRY(Change::parse(request, now, collator_for(request.collation, nullptr)));
  if (request.multi && !request.sort.empty()) {
    return fail(Code::kInvalid, kFailedToParse, "Cannot specify sort with multi=true");
  }
  const auto target = MatchWrite::Target::of(request);
  UpdateWrite writing(scope, target, request, change);
  NACRE_TRY(writing.run());
  return std::move(writing).result();
}

}  // namespace nacre::query
