#include "cli/importer.h"

#include <utility>

namespace nacre::cli {
namespace {

class Import {
 public:
  Import(const query::Scope& scope, Input& input, const ImportOptions& options)
      : scope_(scope), options_(options), reader_(input) {}

  Result<ImportResult> run() {
    while (true) {
      auto read = NACRE_TRY(reader_.next());
      if (!read.has_value()) break;
      if (!read->reason.empty()) {
        // What came before the bad document is kept before anything is said about it.
        if (!options_.skip_bad) NACRE_TRY(commit_batch());
        if (result_.stopped) break;
        note_problem(read->place, read->reason);
        if (result_.stopped) break;
        continue;
      }
      batch_bytes_ += read->document.bytes().size();
      batch_.push_back(*std::move(read));
      if (batch_.size() < options_.batch_documents && batch_bytes_ < options_.batch_bytes) continue;
      NACRE_TRY(commit_batch());
      if (result_.stopped) break;
      if (options_.stop_wanted && options_.stop_wanted()) {
        result_.interrupted = true;
        break;
      }
    }
    NACRE_TRY(commit_batch());
    result_.bytes = reader_.bytes_consumed();
    return result_;
  }

 private:
  void note_problem(Place place, const std::string& reason) {
    ++result_.bad;
    if (options_.on_problem) options_.on_problem(place, reason);
    if (!options_.skip_bad) result_.stopped = true;
  }

  Result<> commit_batch() {
    if (batch_.empty()) return {};
    views_.clear();
    for (const ReadDocument& read : batch_) views_.push_back(read.document.view());
    const auto inserted = NACRE_TRY(query::insert(
        scope_,
        {.collection = options_.collection, .documents = views_, .ordered = !options_.skip_bad}));
    result_.imported += inserted.inserted;
    for (const query::WriteError& error : inserted.errors) {
      note_problem(batch_[error.index].place, error.error.what());
    }
    batch_.clear();
    batch_bytes_ = 0;
    if (options_.on_batch) options_.on_batch(result_.imported, reader_.bytes_consumed());
    return {};
  }

  const query::Scope& scope_;
  const ImportOptions& options_;
  DocumentReader reader_;
  ImportResult result_;
  std::vector<ReadDocument> batch_;
  std::vector<bson::View> views_;  // of batch_
  std::size_t batch_bytes_ = 0;
};

}  // namespace

Result<ImportResult> import_documents(const query::Scope& scope, Input& input,
                                      const ImportOptions& options) {
  return Import(scope, input, options).run();
}

}  // namespace nacre::cli
