#include "query/scan.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "bson/collation.h"
#include "document/envelope.h"
#include "document/index_keys.h"

namespace nacre::query {
namespace {

std::unexpected<Error> damaged(Error error, const document::CollectionInfo& collection) {
  return std::unexpected(
      std::move(error).while_doing(format("reading collection {}", collection.name)));
}

Result<bool> takes(const match::Filter* filter, const bson::View& document, Execution& execution) {
  if (filter == nullptr) return true;
  return filter->matches(document, &execution.environment);
}

}  // namespace

KeyWalk::KeyWalk(Execution& execution, TableId table, std::vector<KeyRange> ranges, bool backward)
    : execution_(execution), table_(table), ranges_(std::move(ranges)), backward_(backward) {}

const KeyRange& KeyWalk::range() const {
  return backward_ ? ranges_[ranges_.size() - 1 - at_] : ranges_[at_];
}

bool KeyWalk::inside() const {
  const std::string_view key = as_text(cursor_->key());
  if (backward_) return key >= range().begin;
  return range().end.empty() || key < range().end;
}

Result<bool> KeyWalk::next() {
  NACRE_TRY(execution_.step());
  if (at_ == ranges_.size()) return false;
  if (cursor_ == nullptr) cursor_ = NACRE_TRY(execution_.reader.cursor(table_));
  while (at_ < ranges_.size()) {
    const bool on_row = in_range_ ? NACRE_TRY(step()) : NACRE_TRY(enter_range());
    in_range_ = true;
    if (on_row && inside()) return true;
    in_range_ = false;
    ++at_;
  }
  cursor_.reset();
  return false;
}

Result<bool> KeyWalk::enter_range() {
  paused_ = false;
  if (backward_) {
    if (range().end.empty()) return cursor_->seek_last();
    return cursor_->seek_before(as_bytes(range().end));
  }
  if (range().begin.empty()) return cursor_->seek_first();
  return cursor_->seek(as_bytes(range().begin));
}

Result<bool> KeyWalk::step() {
  if (!paused_) return backward_ ? cursor_->prev() : cursor_->next();
  paused_ = false;
  if (backward_) return cursor_->seek_before(as_bytes(last_key_));
  const bool on_row = NACRE_TRY(cursor_->seek(as_bytes(last_key_)));
  if (!on_row || as_text(cursor_->key()) != last_key_) return on_row;
  return cursor_->next();
}

void KeyWalk::pause() {
  if (cursor_ == nullptr) return;
  if (in_range_ && !paused_) {
    last_key_ = to_string(cursor_->key());
    paused_ = true;
  }
  cursor_.reset();
}

CollectionScan::CollectionScan(Execution& execution, Plan plan)
    : execution_(execution),
      plan_(std::move(plan)),
      walk_(execution, plan_.collection->table, plan_.ranges, plan_.backward) {}

Result<std::optional<Row>> CollectionScan::next() {
  while (true) {
    const bool on_row = NACRE_TRY(walk_.next());
    ++counters_.works;
    if (!on_row) return std::nullopt;
    ++counters_.documents;
    if (plan_.by_id) ++counters_.keys;
    const auto document = document::decode_bson(walk_.value());
    if (!document) return damaged(document.error().clone(), *plan_.collection);
    const bool taken = NACRE_TRY(takes(plan_.filter, *document, execution_));
    if (!taken) continue;
    ++counters_.returned;
    return Row{.key = walk_.key(), .document = *document, .stored = walk_.value()};
  }
}

std::string_view CollectionScan::stage() const { return plan_.by_id ? "IXSCAN" : "COLLSCAN"; }

void CollectionScan::describe(bson::Builder& to) const {
  if (plan_.by_id) {
    to.begin_document("keyPattern").append("_id", 1).end();
    to.append("indexName", document::kIdIndexName).append("isMultiKey", false);
    to.begin_document("multiKeyPaths").begin_array("_id").end().end();
    to.append("isUnique", true).append("isSparse", false).append("isPartial", false);
    to.append("indexVersion", 2);
  }
  if (plan_.filter != nullptr) to.append("filter", plan_.filter->source());
  to.append("direction", plan_.backward ? "backward" : "forward");
}

Result<std::optional<Row>> IdLookup::next() {
  ++counters_.works;
  if (done_) return std::nullopt;
  done_ = true;
  NACRE_TRY(execution_.limits.check());
  ++counters_.keys;
  row_ = NACRE_TRY(execution_.reader.get(plan_.collection->table, as_bytes(plan_.key)));
  if (!row_) return std::nullopt;
  ++counters_.documents;
  const auto document = document::decode_bson(as_bytes(*row_));
  if (!document) return damaged(document.error().clone(), *plan_.collection);
  const bool taken = NACRE_TRY(takes(plan_.filter, *document, execution_));
  if (!taken) return std::nullopt;
  ++counters_.returned;
  return Row{.key = as_bytes(plan_.key), .document = *document, .stored = as_bytes(*row_)};
}

IndexScan::IndexScan(Execution& execution, Plan plan)
    : plan_(std::move(plan)),
      once_(std::ranges::any_of(plan_.index->multikey, std::identity())),
      walk_(execution, plan_.index->table, plan_.bounds.ranges, plan_.backward) {}

Result<std::optional<Row>> IndexScan::next() {
  while (true) {
    const bool on_row = NACRE_TRY(walk_.next());
    ++counters_.works;
    if (!on_row) return std::nullopt;
    ++counters_.keys;
    const auto key = document::id_key_of_entry(walk_.key(), walk_.value());
    if (!key) {
      auto error = key.error().clone();
      return std::unexpected(
          std::move(error).while_doing(format("reading index {}", plan_.index->name)));
    }
    if (once_ && !seen_.insert(to_string(*key)).second) continue;
    ++counters_.returned;
    if (!plan_.covers) return Row{.key = *key, .document = {}};
    document_ = NACRE_TRY(document::document_of_entry(*plan_.index, walk_.key(), walk_.value()));
    return Row{.key = *key, .document = document_.view()};
  }
}

void IndexScan::describe(bson::Builder& to) const {
  describe_index(to, *plan_.index, plan_.bounds, plan_.backward);
}

void describe_index(bson::Builder& to, const document::IndexInfo& index, const IndexBounds& bounds,
                    bool backward) {
  const bool multikey = std::ranges::any_of(index.multikey, std::identity());
  const bool wildcard = index.has(document::FieldKind::kWildcard);
  if (wildcard) {
    to.begin_document("keyPattern").append("$_path", 1).append(bounds.wildcard_path, 1).end();
  } else {
    to.append("keyPattern", index.specification.find("key"));
  }
  to.append("indexName", index.name);
  if (index.options.collator != nullptr) {
    to.append("collation", bson::describe_collation(index.options.collator.get()));
  }
  to.append("isMultiKey", multikey).begin_document("multiKeyPaths");
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    const std::string_view path = wildcard ? bounds.wildcard_path : index.fields[i].path;
    to.begin_array(path);
    if (index.multikey[i]) to.push(path);
    to.end();
  }
  to.end().append("isUnique", index.unique).append("isSparse", index.sparse);
  to.append("isPartial", index.options.partial != nullptr).append("indexVersion", 2);
  to.append("direction", backward ? "backward" : "forward");
  to.append("indexBounds", query::describe(bounds, index));
}

Result<std::optional<Row>> Fetch::next() {
  while (true) {
    auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) {
      cursor_.reset();
      return std::nullopt;
    }
    if (cursor_ == nullptr) cursor_ = NACRE_TRY(execution_.reader.cursor(collection_.table));
    const bool on_row = NACRE_TRY(cursor_->seek(row->key));
    ++counters_.documents;
    if (!on_row || !equal(cursor_->key(), row->key)) {
      return fail(Code::kCorrupt,
                  format("collection {}: an index names a document that is not there; run verify",
                         collection_.name));
    }
    const auto document = document::decode_bson(cursor_->value());
    if (!document) return damaged(document.error().clone(), collection_);
    const bool taken = NACRE_TRY(takes(filter_, *document, execution_));
    if (!taken) continue;
    ++counters_.returned;
    return Row{.key = cursor_->key(),
               .document = *document,
               .stored = cursor_->value(),
               .text_score = row->text_score};
  }
}

void Fetch::pause() {
  cursor_.reset();
  input_->pause();
}

void Fetch::describe(bson::Builder& to) const {
  if (filter_ != nullptr) to.append("filter", filter_->source());
}

}  // namespace nacre::query
