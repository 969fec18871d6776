#include "query/scan.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "bson/collation.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "query/parallel.h"
#include "query/parallel_scan.h"

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

KeyWalk::KeyWalk(Execution& execution, TableId table, std::vector<KeyRange> ranges, bool backward,
                 std::size_t rows_at_first)
    : execution_(execution),
      table_(table),
      backward_(backward),
      ranges_(std::move(ranges)),
      rows_wanted_(std::min(rows_at_first, kRowsMax)) {}

const KeyRange& KeyWalk::range() const {
  return backward_ ? ranges_[ranges_.size() - 1 - at_] : ranges_[at_];
}

Result<bool> KeyWalk::next() {
  NACRE_TRY(execution_.step());
  if (row_ + 1 < rows_.size()) [[likely]] {
    ++row_;
    key_known_ = false;
    return true;
  }
  if (at_ == ranges_.size()) return false;
  if (cursor_ == nullptr) cursor_ = NACRE_TRY(execution_.reader.cursor(table_));
  while (at_ < ranges_.size()) {
    const bool on_row = in_range_ ? NACRE_TRY(step()) : NACRE_TRY(enter_range());
    in_range_ = true;
    if (on_row) return true;
    in_range_ = false;
    rows_ = {};
    ++at_;
  }
  cursor_.reset();
  return false;
}

Result<bool> KeyWalk::enter_range() {
  paused_ = false;
  const auto seek = [this] {
    const KeyRange& to = range();
    if (!backward_)
      return to.begin.empty() ? cursor_->seek_first() : cursor_->seek(as_bytes(to.begin));
    return to.end.empty() ? cursor_->seek_last() : cursor_->seek_before(as_bytes(to.end));
  };
  const bool on_row = NACRE_TRY(seek());
  if (!on_row) return false;
  return take_rows();
}

Result<bool> KeyWalk::take_rows() {
  rows_ = {};
  const txn::RowViews seen =
      NACRE_TRY(cursor_->read_rows({.limit = rows_wanted_,
                                    .backward = backward_,
                                    .bound = as_bytes(backward_ ? range().begin : range().end)}));
  rows_wanted_ = std::min(rows_wanted_ * 8, kRowsMax);
  rows_ = seen.rows;
  more_rows_ = seen.more && !seen.is_bound;
  row_ = 0;
  key_known_ = false;
  return !rows_.empty();
}

Bytes KeyWalk::key() {
  if (!key_known_) {
    const txn::RowView& row = rows_[row_];
    key_.assign(as_text(row.prefix));
    key_.append(as_text(row.suffix));
    key_known_ = true;
  }
  return as_bytes(key_);
}

Result<bool> KeyWalk::step() {
  if (paused_) return resume();
  if (!more_rows_) return false;
  return take_rows();
}

// To the row beyond last_key_.
Result<bool> KeyWalk::resume() {
  paused_ = false;
  if (!backward_) last_key_.push_back('\0');  // the least key above
  const bool on_row = NACRE_TRY(backward_ ? cursor_->seek_before(as_bytes(last_key_))
                                          : cursor_->seek(as_bytes(last_key_)));
  if (!on_row) return false;
  return take_rows();
}

void KeyWalk::pause() {
  if (cursor_ == nullptr) return;
  if (in_range_ && !paused_) {
    last_key_ = to_string(key());
    paused_ = true;
  }
  rows_ = {};
  cursor_.reset();
}

CollectionScan::CollectionScan(Execution& execution, Plan plan)
    : execution_(execution),
      plan_(std::move(plan)),
      walk_(execution, plan_.collection->table, std::move(plan_.ranges), plan_.backward) {}

CollectionScan::~CollectionScan() = default;

void CollectionScan::pause() {
  walk_.pause();
  if (parallel_ != nullptr) parallel_->pause();
}

Result<> CollectionScan::try_parallel() {
  plan_.may_be_parallel = false;
  const document::CollectionInfo& collection = *plan_.collection;
  const ParallelTuning& tuning = parallel_tuning();
  if (tuning.threads < 2) return {};
  const auto documents = NACRE_TRY(execution_.reader.database().count(collection.name));
  if (!documents || *documents < tuning.documents_min) return {};
  const std::size_t parts = std::min<std::size_t>(*documents / tuning.part_documents, kPartsMax);
  const auto keys = NACRE_TRY(execution_.reader.split_keys(collection.table, parts));
  if (keys.empty()) return {};
  std::vector<KeyRange> ranges(1);
  ranges.front().begin = to_string(walk_.key()) + '\0';
  for (const std::string& key : keys) {
    if (key <= ranges.back().begin) continue;
    ranges.back().end = key;
    ranges.push_back({.begin = key, .end = {}});
  }
  walk_.pause();
  parallel_ = std::make_unique<ParallelScan>(execution_, plan_, std::move(ranges));
  return {};
}

Result<std::optional<Row>> CollectionScan::next_parallel() {
  auto row = parallel_->next();
  const std::int64_t looked_at = parallel_->take_looked_at();
  counters_.documents += looked_at;
  counters_.works += looked_at;
  if (row && *row) ++counters_.returned;
  return row;
}

Result<std::optional<Row>> CollectionScan::next() {
  if (parallel_ != nullptr) return next_parallel();
  while (true) {
    if (plan_.may_be_parallel &&
        static_cast<std::uint64_t>(counters_.documents) >= parallel_tuning().alone_first) {
      NACRE_TRY(try_parallel());
      if (parallel_ != nullptr) return next_parallel();
    }
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

std::string_view CollectionScan::stage() const {
  if (!plan_.by_id) return "COLLSCAN";
  return plan_.collection->settings.series ? "CLUSTERED_IXSCAN" : "IXSCAN";
}

void CollectionScan::describe(bson::Builder& to) const {
  if (plan_.by_id && plan_.collection->settings.series) {
    to.begin_document("keyPattern").append(plan_.collection->order_path(), 1).end();
  } else if (plan_.by_id) {
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

namespace {

// Whether a document may have several keys in the bounds: elements of an array, or paths of a
// wildcard that is not bound to one.
bool may_repeat(const document::IndexInfo& index, const IndexBounds& bounds) {
  return std::ranges::any_of(index.multikey, std::identity()) ||
         (index.has(document::FieldKind::kWildcard) && bounds.wildcard_path.empty());
}

}  // namespace

IndexScan::IndexScan(Execution& execution, Plan plan)
    : plan_(std::move(plan)),
      once_(may_repeat(*plan_.index, plan_.bounds)),
      walk_(execution, plan_.index->table, std::move(plan_.bounds.ranges), plan_.backward,
            plan_.rows == 0 ? kRowsAtFirst : plan_.rows) {}

Result<std::optional<Row>> IndexScan::next() {
  while (true) {
    const bool on_row = NACRE_TRY(walk_.next());
    ++counters_.works;
    if (!on_row) return std::nullopt;
    ++counters_.keys;
    const Bytes key = NACRE_TRY(id_key());
    if (once_ && !seen_.insert(to_string(key)).second) continue;
    ++counters_.returned;
    if (!plan_.covers) return Row{.key = key, .document = {}};
    document_ = NACRE_TRY(document::document_of_entry(*plan_.index, walk_.key(), walk_.value()));
    return Row{.key = key, .document = document_.view()};
  }
}

Result<> IndexScan::next_keys(std::size_t wanted, RowKeys& into) {
  if (once_) return Operator::next_keys(wanted, into);
  const std::size_t before = into.size();
  while (into.size() < wanted) {
    auto on_row = walk_.next();
    if (!on_row) {
      if (into.size() == before) return std::unexpected(std::move(on_row).error());
      return {};  // it comes again
    }
    ++counters_.works;
    if (!*on_row) return {};
    ++counters_.keys;
    const Bytes key = NACRE_TRY(id_key());
    into.add(key);
    ++counters_.returned;
  }
  return {};
}

Result<Bytes> IndexScan::id_key() {
  if (const auto key = document::id_key_at_end(walk_.key_end(), walk_.value())) return *key;
  auto key = document::id_key_of_entry(walk_.key(), walk_.value());
  if (key) return key;
  return std::unexpected(
      std::move(key).error().while_doing(format("reading index {}", plan_.index->name)));
}

void IndexScan::describe(bson::Builder& to) const {
  describe_index(to, *plan_.index, plan_.bounds, plan_.backward);
}

void describe_index(bson::Builder& to, const document::IndexInfo& index, const IndexBounds& bounds,
                    bool backward) {
  const bool multikey = std::ranges::any_of(index.multikey, std::identity());
  const bool wildcard = index.has(document::FieldKind::kWildcard);
  if (wildcard) {
    to.begin_document("keyPattern");
    for (const document::IndexField& field : index.fields) {
      if (field.kind != document::FieldKind::kWildcard) {
        to.append(field.path, field.descending ? -1 : 1);
        continue;
      }
      to.append("$_path", 1);
      if (bounds.wildcard_path.empty()) continue;
      to.append(bounds.wildcard_path, field.descending ? -1 : 1);
    }
    to.end();
  } else {
    to.append("keyPattern", index.specification.find("key"));
  }
  to.append("indexName", index.name);
  if (index.options.collator != nullptr) {
    to.append("collation", bson::describe_collation(index.options.collator.get()));
  }
  to.append("isMultiKey", multikey).begin_document("multiKeyPaths");
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    const bool is_any = index.fields[i].kind == document::FieldKind::kWildcard;
    const std::string_view path = is_any ? bounds.wildcard_path : index.fields[i].path;
    if (path.empty()) continue;
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
    if (at_ == items_.size()) {
      const bool some = NACRE_TRY(take_keys());
      if (!some) {
        ++counters_.works;
        return std::nullopt;
      }
    }
    const std::size_t i = at_++;
    ++counters_.works;
    ++counters_.documents;
    const Bytes row = NACRE_TRY(row_of(i));
    const auto document = document::decode_bson(row);
    if (!document) return damaged(document.error().clone(), collection_);
    const bool taken = NACRE_TRY(takes(filter_, *document, execution_));
    if (!taken) continue;
    ++counters_.returned;
    if (rows_left_ > 1) --rows_left_;
    return Row{
        .key = keys_[i], .document = *document, .stored = row, .text_score = keys_.text_score(i)};
  }
}

Result<bool> Fetch::take_keys() {
  items_.clear();
  keys_.clear();
  at_ = 0;
  const std::size_t wanted = rows_left_ > 0 ? std::min(rows_left_, kKeysMax) : keys_wanted_;
  keys_.reserve(wanted);
  NACRE_TRY(input_->next_keys(wanted, keys_));
  if (keys_.size() == 0) return false;
  items_.resize(keys_.size());
  keys_wanted_ = std::min(keys_wanted_ * 8, kKeysMax);
  NACRE_TRY(read_documents());
  return true;
}

Result<> Fetch::read_documents() {
  rows_.clear();
  key_views_.clear();
  key_views_.reserve(keys_.size());
  for (std::size_t i = 0; i < keys_.size(); ++i) key_views_.push_back(keys_[i]);
  return execution_.reader.get_many(collection_.table, key_views_,
                                    [this](std::size_t i, Bytes row) { take_document(i, row); });
}

void Fetch::take_document(std::size_t i, Bytes row) {
  Item& item = items_[i];
  item.is_there = true;
  item.is_left = i > 0 && rows_.size() + row.size() > kBytesMax;
  if (item.is_left) return;
  item.row_at = rows_.size();
  item.row_size = row.size();
  if (rows_.capacity() - rows_.size() < row.size()) {
    // As much as the others take, should they be like this one.
    const std::size_t all = rows_.size() + row.size() * (items_.size() - i);
    rows_.reserve(std::max(rows_.size() + row.size(), std::min(all + all / 8, kBytesMax)));
  }
  rows_.append(as_text(row));
}

Result<Bytes> Fetch::row_of(std::size_t i) {
  const Item& item = items_[i];
  if (item.is_there && !item.is_left) {
    return as_bytes(std::string_view(rows_).substr(item.row_at, item.row_size));
  }
  if (item.is_left) single_ = NACRE_TRY(execution_.reader.get(collection_.table, keys_[i]));
  if (!item.is_there || !single_) {
    return fail(Code::kCorrupt,
                format("collection {}: an index names a document that is not there; run verify",
                       collection_.name));
  }
  return as_bytes(*single_);
}

void Fetch::describe(bson::Builder& to) const {
  if (filter_ != nullptr) to.append("filter", filter_->source());
}

}  // namespace nacre::query
