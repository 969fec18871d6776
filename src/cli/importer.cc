#include "cli/importer.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/read_ahead.h"

namespace nacre::cli {
namespace {

class Import {
 public:
  Import(const query::Scope& scope, RecordReader& reader, const ImportOptions& options)
      : scope_(scope),
        options_(options),
        ahead_(reader, {.records = std::min<std::size_t>(options.batch_documents, 1000),
                        .bytes = std::min(options.batch_bytes, std::size_t{1} << 20)}) {}

  Result<ImportResult> run() {
    while (!is_over()) {
      auto batch = ahead_.next();
      if (!batch) break;
      for (ReadDocument& read : batch->records) {
        if (is_over()) break;
        NACRE_TRY(take(std::move(read)));
      }
      if (!is_over()) consumed_ = batch->bytes_consumed;
      if (batch->error) {
        NACRE_TRY(commit_batch());
        return std::unexpected(*std::move(batch->error));
      }
    }
    NACRE_TRY(commit_batch());
    result_.bytes = consumed_;
    return result_;
  }

 private:
  [[nodiscard]] bool is_over() const { return result_.stopped || result_.interrupted; }

  Result<> take(ReadDocument read) {
    if (seen_ < options_.skip_records) {
      result_.records = ++seen_;
      return {};
    }
    ++seen_;
    if (!read.reason.empty()) {
      // What came before the bad document is kept before anything is said about it.
      if (!options_.skip_bad) NACRE_TRY(commit_batch());
      if (!result_.stopped) note_problem(read.place, read.reason);
      return {};
    }
    batch_bytes_ += read.document.bytes().size();
    batch_.push_back(std::move(read));
    if (batch_.size() < options_.batch_documents && batch_bytes_ < options_.batch_bytes) return {};
    NACRE_TRY(commit_batch());
    if (!result_.stopped && options_.stop_wanted && options_.stop_wanted()) {
      result_.interrupted = true;
    }
    return {};
  }

  void note_problem(Place place, const std::string& reason) {
    ++result_.bad;
    if (options_.on_problem) options_.on_problem(place, reason);
    if (!options_.skip_bad) result_.stopped = true;
  }

  Result<> commit_batch() {
    if (batch_.empty()) return {};
    NACRE_TRY(options_.upsert_fields.empty() ? insert_batch() : upsert_batch());
    if (!result_.stopped) result_.records = seen_;
    batch_.clear();
    batch_bytes_ = 0;
    if (options_.on_batch) options_.on_batch(result_.imported, consumed_);
    return {};
  }

  Result<> insert_batch() {
    views_.clear();
    for (const ReadDocument& read : batch_) views_.push_back(read.document.view());
    const auto inserted = NACRE_TRY(query::insert(
        scope_,
        {.collection = options_.collection, .documents = views_, .ordered = !options_.skip_bad}));
    result_.imported += inserted.inserted;
    for (const query::WriteError& error : inserted.errors) {
      note_problem(batch_[error.index].place, error.error.what());
    }
    return {};
  }

  // In one transaction, as an insert is. One that a bad document ends is run again without it, and,
  // where that ends the import, without what comes behind it.
  Result<> upsert_batch() {
    std::vector<const ReadDocument*> wanted;
    for (const ReadDocument& read : batch_) wanted.push_back(&read);
    while (true) {
      const std::optional<BadUpsert> bad = NACRE_TRY(try_upserts(wanted));
      if (!bad) break;
      note_problem(wanted[bad->index]->place, bad->reason);
      if (options_.skip_bad) {
        wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(bad->index));
      } else {
        wanted.resize(bad->index);
      }
    }
    result_.imported += wanted.size();
    return {};
  }

  struct BadUpsert {
    std::size_t index;
    std::string reason;
  };
  // Nothing: all are committed. Else none is.
  Result<std::optional<BadUpsert>> try_upserts(const std::vector<const ReadDocument*>& wanted) {
    std::optional<BadUpsert> bad;
    const auto body = [&](document::Transaction& transaction) -> Result<> {
      bad.reset();
      query::Scope scope = scope_;
      scope.transaction = &transaction;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        auto upserted = upsert(scope, wanted[i]->document);
        if (upserted) continue;
        if (upserted.error().code() != Code::kConflict) {
          bad = BadUpsert{.index = i, .reason = upserted.error().what()};
        }
        return upserted;
      }
      return {};
    };
    auto committed = scope_.database.transact(body, scope_.durability);
    if (!committed && !bad) return std::unexpected(std::move(committed).error());
    return bad;
  }

  Result<> upsert(const query::Scope& scope, const bson::View& document) const {
    bson::Builder filter;
    for (const std::string& path : options_.upsert_fields) {
      const bson::Element value = document.get(path);
      if (!value) {
        return fail(Code::kInvalid, format("the document has no field {} to find it by", path));
      }
      filter.append(path, value);
    }
    const bson::Document condition = filter.finish();
    NACRE_TRY(query::update(scope, {.collection = options_.collection,
                                    .filter = condition,
                                    .update = document,
                                    .upsert = true,
                                    .hint = {}}));
    return {};
  }

  const query::Scope& scope_;
  const ImportOptions& options_;
  ReadAhead ahead_;
  ImportResult result_;
  std::uint64_t seen_ = 0;      // records taken from `ahead_`
  std::uint64_t consumed_ = 0;  // bytes of the file behind them
  std::vector<ReadDocument> batch_;
  std::vector<bson::View> views_;  // of batch_
  std::size_t batch_bytes_ = 0;
};

}  // namespace

Result<ImportResult> import_records(const query::Scope& scope, RecordReader& reader,
                                    const ImportOptions& options) {
  return Import(scope, reader, options).run();
}

Result<ImportResult> import_documents(const query::Scope& scope, Input& input,
                                      const ImportOptions& options) {
  DocumentReader reader(input);
  return import_records(scope, reader, options);
}

}  // namespace nacre::cli
