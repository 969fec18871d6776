#include <functional>
#include <utility>

#include "api/write_internal.h"
#include "base/error_codes.h"
#include "document/writer.h"

namespace nacre {

using detail::Access;

Bulk& Bulk::add(Write write, const DocumentInput* filter, const DocumentInput* document) {
  const auto keep = [&](Result<detail::ReadUpdate> read, Document& to) {
    if (read) {
      to = Access::document(std::move(read->document).release());
      write.is_pipeline |= read->is_pipeline;
    } else if (!problem_) {
      problem_ = "write " + std::to_string(writes_.size()) + ": " + read.error().what();
    }
  };
  if (filter != nullptr) keep(Access::read_whole(*filter), write.filter);
  if (document != nullptr) {
    const bool is_update = write.kind == Kind::kUpdate;
    keep(is_update ? Access::read_update(*document) : Access::read_whole(*document),
         write.document);
  }
  writes_.push_back(std::move(write));
  return *this;
}

Bulk& Bulk::insert(DocumentInput document) {
  return add({.kind = Kind::kInsert}, nullptr, &document);
}
Bulk& Bulk::update_one(DocumentInput filter, DocumentInput update, UpdateOptions options) {
  return add({.kind = Kind::kUpdate, .options = std::move(options)}, &filter, &update);
}
Bulk& Bulk::update_many(DocumentInput filter, DocumentInput update, UpdateOptions options) {
  return add({.kind = Kind::kUpdate, .multi = true, .options = std::move(options)}, &filter,
             &update);
}
Bulk& Bulk::replace_one(DocumentInput filter, DocumentInput document, UpdateOptions options) {
  return add({.kind = Kind::kReplace, .options = std::move(options)}, &filter, &document);
}
Bulk& Bulk::delete_one(DocumentInput filter, DeleteOptions options) {
  return add({.kind = Kind::kDelete,
              .options = {.expected_version = options.expected_version,
                          .collation = std::move(options.collation),
                          .hint = std::move(options.hint)}},
             &filter, nullptr);
}
Bulk& Bulk::delete_many(DocumentInput filter) {
  return add({.kind = Kind::kDelete, .multi = true}, &filter, nullptr);
}

Result<BulkResult> Collection::bulk_write(const Bulk& bulk) const {
  if (bulk.problem_) return fail(Code::kInvalid, error_codes::kFailedToParse, *bulk.problem_);
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
    if (write.kind == Bulk::Kind::kReplace) {
      NACRE_TRY(detail::check_replacement(update));
    } else if (!write.is_pipeline) {
      NACRE_TRY(detail::check_operators(update));
    }
    const auto done = NACRE_TRY(detail::run_update(scope, name_,
                                                   {.filter = Access::view(write.filter),
                                                    .update = update,
                                                    .is_pipeline = write.is_pipeline,
                                                    .multi = write.multi,
                                                    .options = write.options}));
    result.matched += done.matched;
    result.modified += done.modified;
    if (done.did_upsert()) result.ids.push_back(Access::document(done.upserted.view()));
    return {};
  };
  const auto remove = [&](const query::Scope& scope, const Bulk::Write& write) -> Result<> {
    const DeleteOptions options{.expected_version = write.options.expected_version,
                                .collation = write.options.collation,
                                .hint = write.options.hint};
    result.deleted += NACRE_TRY(detail::run_delete(
        scope, name_,
        {.filter = Access::view(write.filter), .multi = write.multi, .options = options}));
    return {};
  };
  const auto carry_out = [&](const query::Scope& scope, const Bulk::Write& write) -> Result<> {
    if (write.kind == Bulk::Kind::kInsert) return insert(scope, write);
    return write.kind == Bulk::Kind::kDelete ? remove(scope, write) : change(scope, write);
  };
  const auto body = [&](const query::Scope& scope) -> Result<> {
    result = {};
    for (std::size_t i = 0; i < bulk.writes_.size(); ++i) {
      auto done = carry_out(scope, bulk.writes_[i]);
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
