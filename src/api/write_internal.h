// Steps that the writing calls of the API share.
//
// Threads: as the scope they are given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/state_internal.h"

namespace nacre::detail {

// kInvalid 9 (FailedToParse) for {a: 1} where {$set: ...} is wanted, and the other way round.
[[nodiscard]] Result<> check_operators(const bson::View& update);
[[nodiscard]] Result<> check_replacement(const bson::View& document);
// The same of what a call was given.
[[nodiscard]] Result<ReadUpdate> read_operators(const DocumentInput& input);
[[nodiscard]] Result<ReadUpdate> read_replacement(const DocumentInput& input);

[[nodiscard]] bson::Document array_of(const std::vector<Document>& documents);

struct WantedChange {
  bson::View filter;
  bson::View update;
  bool is_pipeline = false;
  bool multi = false;
  const UpdateOptions& options;
};
struct WantedDelete {
  bson::View filter;
  bool multi = false;
  const DeleteOptions& options;
};
// One statement of the scope's transaction, or, without an expected version, one of its own.
[[nodiscard]] Result<query::UpdateResult> run_update(const query::Scope& scope,
                                                     const std::string& collection,
                                                     const WantedChange& wanted);
[[nodiscard]] Result<std::int64_t> run_delete(const query::Scope& scope,
                                              const std::string& collection,
                                              const WantedDelete& wanted);

// The first error of a document, if any, is the answer: all or none, in a transaction.
[[nodiscard]] Result<> insert_all(const query::Scope& scope, const std::string& collection,
                                  std::span<const bson::View> documents);

// {_id: ...} of a document that has one.
[[nodiscard]] Document id_document(const bson::View& document);

// "users has no document of _id 7"
[[nodiscard]] std::unexpected<Error> no_document(const std::string& collection, const Value& id);

// kUnsupported where an _id does not name one document.
[[nodiscard]] Result<> refuse_series(const document::CollectionInfo& info);

// The document as the scope's transaction sees it; kNotFound when it is not there.
[[nodiscard]] Result<VersionedDocument> get_inside(const query::Scope& scope,
                                                   const std::string& collection, const Value& id);

}  // namespace nacre::detail
