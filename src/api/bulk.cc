#include <functional>
#include <utility>

#include "api/write_internal.h"
#include "document/writer.h"

namespace nacre {

using detail::Access;

Bulk& Bulk::add(Kind kind, bool multi, bool upsert, const DocumentInput* filter,
                const DocumentInput* document) {
  Write write{.kind = kind, .multi = multi, .upsert = upsert, .filter = {}, .document = {}};
  const auto take = [&](const DocumentInput* input, Document& to) {
    if (input == nullptr) return;
    auto read = Access::read(*input);
    if (read) {
      to = Access::document(std::move(*read).release());
    } else if (!problem_) {
      problem_ = "write " + std::to_string(writes_.size()) + ": " + read.error().what();
    }
  };
  take(filter, write.filter);
  take(document, write.document);
  writes_.push_back(std::move(write));
  return *this;
}

Bulk& Bulk::insert(DocumentInput document) {
  return add(Kind::kInsert, false, false, nullptr, &document);
}
Bulk& Bulk::update_one(DocumentInput filter, DocumentInput update, bool upsert) {
  return add(Kind::kUpdate, false, upsert, &filter, &update);
}
Bulk& Bulk::update_many(DocumentInput filter, DocumentInput update, bool upsert) {
  return add(Kind::kUpdate, true, upsert, &filter, &update);
}
Bulk& Bulk::replace_one(DocumentInput filter, DocumentInput document, bool upsert) {
  return add(Kind::kReplace, false, upsert, &filter, &document);
}
Bulk& Bulk::delete_one(DocumentInput filter) {
  return add(Kind::kDelete, false, false, &filter, nullptr);
}
Bulk& Bulk::delete_many(DocumentInput filter) {
  return add(Kind::kDelete, true, false, &filter, nullptr);
}

Result<BulkResult> Collection::bulk_write(const Bulk& bulk) const {
  if (bulk.problem_) return fail(Code::kInvalid, 9, *bulk.problem_);
  BulkResult result;
  const auto insert = [&](const query::Scope& scope, const Bulk::Write& write) -> Result<> {
    bson::Document holder;
    const bson::View whole =
        NACRE_TRY(document::with_id_first(Access::view(write.document), holder));
    NACRE_TRY(detail::insert_all(scope, name_, std::span(&whole, 1)));
    result.ids.push_back(detail::id_document(whole));
    ++result.inserted;
    return {};
  };
  const auto change = [&](const query::Scope& scope, const Bulk::Write& write) -> Result<> {
    const bson::View update = Access::view(write.document);
    NACRE_TRY(write.kind == Bulk::Kind::kUpdate ? detail::check_operators(update)
                                                : detail::check_replacement(update));
    const auto done = NACRE_TRY(query::update(scope, {.collection = name_,
                                                      .filter = Access::view(write.filter),
                                                      .update = update,
                                                      .multi = write.multi,
                                                      .upsert = write.upsert,
                                                      .hint = {}}));
    result.matched += done.matched;
    result.modified += done.modified;
    if (done.did_upsert()) result.ids.push_back(Access::document(done.upserted.view()));
    return {};
  };
  const auto body = [&](const query::Scope& scope) -> Result<> {
    result = {};
    for (std::size_t i = 0; i < bulk.writes_.size(); ++i) {
      const Bulk::Write& write = bulk.writes_[i];
      if (write.kind == Bulk::Kind::kDelete) {
        result.deleted += NACRE_TRY(query::remove(scope, {.collection = name_,
                                                          .filter = Access::view(write.filter),
                                                          .multi = write.multi,
                                                          .hint = {}}));
        continue;
      }
      auto done = write.kind == Bulk::Kind::kInsert ? insert(scope, write) : change(scope, write);
      if (!done) {
        return std::unexpected(
            std::move(done).error().while_doing("carrying out write " + std::to_string(i)));
      }
    }
    return {};
  };
  NACRE_TRY(detail::explained(detail::in_transaction(*this, body, std::hash<std::string>()(name_)),
                              *this));
  return result;
}

}  // namespace nacre
