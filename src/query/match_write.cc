#include <algorithm>
#include <functional>
#include <utility>

#include "document/envelope.h"
#include "document/index_keys.h"
#include "query/match_write_internal.h"
#include "query/run.h"
#include "query/variables.h"

namespace nacre::query {
namespace {

std::size_t hot_key_of(const MatchWrite::Target& target) {
  return std::hash<std::string_view>()(as_text(target.filter.bytes())) ^
         std::hash<std::string_view>()(target.collection);
}

// Fewer documents each time another writer won.
class ShrinkingBatch {
 public:
  std::size_t next() {
    if (tried_) size_ = std::max<std::size_t>(1, size_ / 4);
    tried_ = true;
    return size_;
  }

 private:
  std::size_t size_ = kStatementDocumentsMax;
  bool tried_ = false;
};

}  // namespace

// A caller's transaction takes the whole statement, up to what a transaction may hold.
std::size_t MatchWrite::bytes_max() const {
  return scope_.transaction == nullptr ? kStatementBytesMax : SIZE_MAX;
}

Result<> MatchWrite::run() {
  if (scope_.transaction != nullptr) {
    reset();
    NACRE_TRY(first_batch(*scope_.transaction, SIZE_MAX));
    keep();
    return {};
  }
  ShrinkingBatch batch;
  const auto body = [&](document::Transaction& transaction) -> Result<> {
    reset();
    return first_batch(transaction, batch.next());
  };
  NACRE_TRY(scope_.database.transact(body, scope_.durability, hot_key_of(target_)));
  keep();
  return later_batches();
}

Result<const match::Filter*> MatchWrite::filter() {
  if (filter_) return &*filter_;
  variables_ = {};
  variables_.set_collator(collator_.get());
  environment_ = environment_now();
  environment_.set_collator(collator_.get());
  NACRE_TRY(define_variables(target_.let, variables_, environment_));
  filter_.emplace(NACRE_TRY(
      match::Filter::parse(target_.filter, {.scope = &variables_, .collator = collator_})));
  return &*filter_;
}

Result<> MatchWrite::first_batch(document::Transaction& transaction, std::size_t batch) {
  NACRE_TRY(collect(transaction, batch));
  done_ = 0;
  if (matches_.empty()) return none_matched(transaction);
  const document::CollectionInfo* info =
      NACRE_TRY(transaction.require_for_write(target_.collection));
  document::Writer writer(scope_.database, transaction, *info);
  std::size_t bytes = 0;
  for (; done_ < std::min(batch, matches_.size()) && bytes < bytes_max(); ++done_) {
    Match& match = matches_[done_];
    if (match.stored.empty()) {  // it came out of a sort, without its row
      auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(match.key)));
      if (!row) continue;
      match.stored = *std::move(row);
    }
    bytes += match.stored.size();
    NACRE_TRY(write(writer, as_bytes(match.key), as_bytes(match.stored)));
  }
  return {};
}

Result<> MatchWrite::collect(document::Transaction& transaction, std::size_t batch) {
  matches_.clear();
  Scope inside = scope_;
  inside.transaction = &transaction;
  auto sort = NACRE_TRY(sort_fields(target_.sort));
  const bool has_order = !sort.empty();
  const OpenedRun opened = NACRE_TRY(open_run(inside, {.collection = target_.collection,
                                                       .filter = target_.filter,
                                                       .sort = std::move(sort),
                                                       .hint = target_.hint,
                                                       .let = target_.let,
                                                       .collation = target_.collation}));
  const document::CollectionInfo* info =
      opened.run->execution.reader.catalog().find(target_.collection);
  if (info != nullptr) NACRE_TRY(check(*info));
  if (filter_ && collator_ != opened.run->shared_collator()) filter_.reset();
  collator_ = opened.run->shared_collator();
  NACRE_TRY(compare_by(collator_));
  if (has_order && !opened.sorted) {
    NACRE_TRY(add_sort(*opened.run, target_.sort, target_.multi ? 0 : 1));
  }
  while (true) {
    const auto row = NACRE_TRY(opened.run->root->next());
    if (!row) return {};
    const bool in_batch = matches_.size() < batch;
    matches_.push_back({.key = row->key.empty() ? document::id_key(row->document.find("_id"))
                                                : to_string(row->key),
                        .stored = in_batch ? to_string(row->stored) : std::string()});
    if (!target_.multi) return {};
  }
}

Result<> MatchWrite::later_batches() {
  while (done_ < matches_.size()) {
    ShrinkingBatch batch;
    std::size_t reached = done_;
    const auto body = [&](document::Transaction& transaction) -> Result<> {
      reset();
      return later_batch(transaction, batch.next(), reached);
    };
    NACRE_TRY(scope_.database.transact(body, scope_.durability));
    keep();
    done_ = reached;
  }
  return {};
}

Result<> MatchWrite::later_batch(document::Transaction& transaction, std::size_t batch,
                                 std::size_t& reached) {
  const std::size_t end = std::min(matches_.size(), done_ + batch);
  const document::CollectionInfo* info = NACRE_TRY(transaction.find_for_write(target_.collection));
  if (info == nullptr) {  // dropped meanwhile: nothing matches any more
    reached = matches_.size();
    return {};
  }
  const match::Filter* still_taken = NACRE_TRY(filter());
  document::Writer writer(scope_.database, transaction, *info);
  std::size_t bytes = 0;
  for (reached = done_; reached < end && bytes < bytes_max(); ++reached) {
    const Bytes key = as_bytes(matches_[reached].key);
    const auto stored = NACRE_TRY(transaction.rows().get(info->table, key));
    if (!stored) continue;
    bytes += stored->size();
    const bson::View document = NACRE_TRY(document::decode_bson(as_bytes(*stored)));
    const bool still = NACRE_TRY(still_taken->matches(document, environment()));
    if (still) NACRE_TRY(write(writer, key, as_bytes(*stored)));
  }
  return {};
}

}  // namespace nacre::query
