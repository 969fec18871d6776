// Statements of a DocumentSession in a transaction of several.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "bson/json.h"
#include "sim/document_session.h"

namespace nacre::sim {

bool DocumentSession::judge_unique(const Writing& writing, const Rows& wanted, bool is_certain,
                                   bool refused) {
  const document::IndexInfo* unique =
      find_index(writing.transaction.catalog(), collection_, kUniqueIndex);
  const bool may = is_certain || (unique != nullptr && has_twins(wanted, collection_));
  const bool must = is_certain || (is_ready(unique) && has_twins(wanted, collection_));
  if (refused && !may) life_.fail("a document was refused though no other has its key");
  if (!refused && must) life_.fail("a second document of the same key was taken");
  return refused ? may : !must;
}

bool DocumentSession::insert(Writing& writing) {
  const Doc doc = draw_doc();
  const bson::Document document = doc.encode();
  const bson::View view = document;
  const auto inserted =
      query::insert(in(writing), {.collection = collection_name(collection_),
                                  .documents = std::span<const bson::View>(&view, 1)});
  if (!inserted.has_value()) return give_up(inserted.error(), "inserting");
  const RowKey row = row_of(collection_, doc.id);
  const bool is_there = writing.rows.contains(row);
  Rows wanted = writing.rows;
  wanted[row] = document.bytes();
  const bool refused = !inserted->errors.empty();
  if (refused && inserted->errors.front().error.number() != kDuplicateKey) {
    return give_up(inserted->errors.front().error, "inserting a document");
  }
  if (!judge_unique(writing, wanted, is_there, refused)) return false;
  if (!refused) set(writing, doc);
  return true;
}

bool DocumentSession::insert_some(Writing& writing) {
  for (std::uint64_t i = random_.below(20); i > 0; --i) {
    if (!insert(writing)) return false;
  }
  return true;
}

bool DocumentSession::update_many(Writing& writing) {
  const Filter filter = draw_filter(&writing.transaction.catalog());
  const DocChange change = DocChange::draw(random_);
  const bson::Document which = filter.query();
  const bson::Document how = change.update();
  const auto updated = query::update(
      in(writing),
      {.collection = collection_name(collection_), .filter = which, .update = how, .multi = true});
  const std::vector<Doc> docs = matching(writing.rows, collection_, filter);
  std::int64_t modified = 0;
  for (const Doc& before : docs) {
    Doc doc = before;
    change.apply(doc);
    if (doc.encode().bytes() == before.encode().bytes()) continue;
    ++modified;
    set(writing, doc);
  }
  const bool refused = !updated.has_value() && updated.error().number() == kDuplicateKey;
  if (!updated.has_value() && !refused) return give_up(updated.error(), "updating");
  const bool sets_key = change.kind == DocChange::Kind::kSetU;
  if (refused && !sets_key) {
    return wrong("an update that leaves the unique key alone was refused");
  }
  if (sets_key && !judge_unique(writing, writing.rows, false, refused)) return false;
  if (refused) return false;  // the transaction may hold a part of it
  if (updated->matched != static_cast<std::int64_t>(docs.size()) || updated->modified != modified) {
    return wrong(format("an update by {} matched {} and changed {}, expected {} and {}",
                        bson::to_json(which.view()), updated->matched, updated->modified,
                        docs.size(), modified));
  }
  return true;
}

bool DocumentSession::update_one(Writing& writing) {
  const Filter filter = draw_filter(nullptr);
  DocChange change = DocChange::draw(random_);
  if (change.kind == DocChange::Kind::kSetU) change.kind = DocChange::Kind::kPush;
  const bson::Document which = filter.query();
  const bson::Document how = change.update();
  const auto updated = query::update(in(writing), {.collection = collection_name(collection_),
                                                   .filter = which,
                                                   .update = how,
                                                   .image = query::Image::kAfter});
  if (!updated.has_value()) return give_up(updated.error(), "updating one");
  const std::vector<Doc> docs = matching(writing.rows, collection_, filter);
  if (updated->image.has_value() == docs.empty()) {
    return wrong(format("an update of one by {} found {}, there are {}",
                        bson::to_json(which.view()), updated->image.has_value() ? "one" : "none",
                        docs.size()));
  }
  if (docs.empty()) return true;
  const Doc shown = Doc::decode(updated->image->bytes());
  const auto before = std::ranges::find(docs, shown.id, &Doc::id);
  if (before == docs.end()) {
    return wrong(format("an update by {} changed document {}, which does not match",
                        bson::to_json(which.view()), shown.id));
  }
  Doc after = *before;
  change.apply(after);
  if (after.encode().bytes() != updated->image->bytes()) {
    return wrong(format("an update made {}, expected {}", bson::to_json(updated->image->view()),
                        bson::to_json(after.encode().view())));
  }
  if (updated->modified != 0) set(writing, after);
  return true;
}

bool DocumentSession::replace(Writing& writing) {
  const Doc doc = draw_doc();
  const bson::Document document = doc.encode();
  const bson::Document which = Filter{.kind = Filter::Kind::kId, .number = doc.id}.query();
  const bool upserts = random_.chance(1, 2);
  const auto replaced = query::update(in(writing), {.collection = collection_name(collection_),
                                                    .filter = which,
                                                    .update = document,
                                                    .upsert = upserts});
  const RowKey row = row_of(collection_, doc.id);
  const bool is_there = writing.rows.contains(row);
  const bool refused = !replaced.has_value() && replaced.error().number() == kDuplicateKey;
  if (!replaced.has_value() && !refused) return give_up(replaced.error(), "replacing");
  Rows wanted = writing.rows;
  if (is_there || upserts) wanted[row] = document.bytes();
  if (!judge_unique(writing, wanted, false, refused) || refused) return false;
  if (replaced->matched != (is_there ? 1 : 0) || replaced->did_upsert() != (!is_there && upserts)) {
    return wrong(format("replacing document {}: matched {}, upserted {}, it was {}", doc.id,
                        replaced->matched, replaced->did_upsert(),
                        is_there ? "there" : "not there"));
  }
  // By the same document, it counts as modified, but nothing is written.
  const bool is_written = is_there ? writing.rows[row] != document.bytes() : upserts;
  if (is_written) set(writing, doc);
  return true;
}

bool DocumentSession::remove_many(Writing& writing) {
  const Filter filter = draw_filter(&writing.transaction.catalog());
  const bson::Document which = filter.query();
  const std::vector<Doc> docs = matching(writing.rows, collection_, filter);
  const auto removed = query::remove(
      in(writing), {.collection = collection_name(collection_), .filter = which, .multi = true});
  if (!removed.has_value()) return give_up(removed.error(), "removing");
  if (*removed != static_cast<std::int64_t>(docs.size())) {
    return wrong(format("removing by {}: {} went, expected {}", bson::to_json(which.view()),
                        *removed, docs.size()));
  }
  for (const Doc& doc : docs) erase(writing, doc.id);
  return true;
}

bool DocumentSession::take(Writing& writing) {
  const Filter filter = draw_filter(nullptr);
  const bson::Document which = filter.query();
  const std::vector<std::string> expected = encoded(matching(writing.rows, collection_, filter));
  const auto taken =
      query::take(in(writing), {.collection = collection_name(collection_), .filter = which});
  if (!taken.has_value()) return give_up(taken.error(), "taking");
  if (taken->has_value() == expected.empty()) {
    return wrong(format("taking one by {}: expected one of {}", bson::to_json(which.view()),
                        expected.size()));
  }
  if (expected.empty()) return true;
  if (std::ranges::find(expected, (*taken)->bytes()) == expected.end()) {
    return wrong("a document was taken that does not match, or is not as it was");
  }
  erase(writing, Doc::decode((*taken)->bytes()).id);
  return true;
}

}  // namespace nacre::sim
