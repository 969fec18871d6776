#include <utility>

#include "aggregation/view_reads.h"
#include "api/state_internal.h"
#include "bson/collation.h"

namespace nacre {

using detail::Access;

Cursor::Cursor(std::unique_ptr<detail::CursorState> state) : state_(std::move(state)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<std::optional<Document>> Cursor::next() {
  const auto row = NACRE_TRY(state_->cursor.next());
  if (!row) return std::nullopt;
  return Access::document(*row);
}

Result<std::vector<Document>> Cursor::all() {
  std::vector<Document> documents;
  while (true) {
    auto document = NACRE_TRY(next());
    if (!document) return documents;
    documents.push_back(*std::move(document));
  }
}

namespace {

void take(const DocumentInput& input, bson::Document& to, std::optional<Error>& problem) {
  auto document = Access::read(input);
  if (document) {
    to = *std::move(document);
  } else if (!problem) {
    problem = std::move(document).error();
  }
}

query::FindRequest request_of(const detail::QueryState& state) {
  return {.collection = state.collection.name(),
          .filter = state.filter,
          .projection = state.projection,
          .sort = state.sort,
          .skip = state.skip,
          .limit = state.limit,
          .hint = state.hint.element(),
          .let = state.let,
          .min = state.min,
          .max = state.max,
          .collation = state.collation};
}

// An error of a find that names an index is about the hint: the nearest index there is comes along.
std::unexpected<Error> explained_find(const detail::QueryState& state, Error error) {
  const std::string& name = state.collection.name();
  const bson::Element hint = state.hint.element();
  const bool is_hint = hint.is(bson::Type::kString) && error.what().contains("hint");
  if (!is_hint) return std::unexpected(detail::explained(std::move(error), name));
  std::vector<std::string> known;
  if (const auto indexes = state.collection.indexes()) {
    for (const Document& index : *indexes) {
      if (auto each = index.get_string("name")) known.push_back(*std::move(each));
    }
  }
  return std::unexpected(
      detail::unknown_name(error.code(), error.number(), error.what(), name, hint.string(), known));
}

}  // namespace

Query::Query(std::unique_ptr<detail::QueryState> state) : state_(std::move(state)) {}
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(Query&&) noexcept = default;
Query::~Query() = default;

Query&& Query::sort(DocumentInput sort) && {
  take(sort, state_->sort, state_->problem);
  return std::move(*this);
}

Query&& Query::project(DocumentInput projection) && {
  take(projection, state_->projection, state_->problem);
  return std::move(*this);
}

Query&& Query::skip(std::int64_t count) && {
  state_->skip = count;
  return std::move(*this);
}

Query&& Query::limit(std::int64_t count) && {
  state_->limit = count;
  return std::move(*this);
}

Query&& Query::hint(std::string_view index) && {
  auto hint = Access::read_hint(index);
  if (hint) {
    state_->hint = *std::move(hint);
  } else if (!state_->problem) {
    state_->problem = std::move(hint).error();
  }
  return std::move(*this);
}

Query&& Query::collation(DocumentInput collation) && {
  bson::Document wanted;
  take(collation, wanted, state_->problem);
  auto collator = bson::parse_collation(wanted);
  if (collator) {
    state_->collation = *std::move(collator);
  } else if (!state_->problem) {
    state_->problem = std::move(collator).error();
  }
  return std::move(*this);
}

Query&& Query::let(DocumentInput variables) && {
  take(variables, state_->let, state_->problem);
  return std::move(*this);
}

Query&& Query::min(DocumentInput key) && {
  take(key, state_->min, state_->problem);
  return std::move(*this);
}

Query&& Query::max(DocumentInput key) && {
  take(key, state_->max, state_->problem);
  return std::move(*this);
}

namespace {

// `wanted`: documents that will be asked for at most; 0: all.
Result<query::Cursor> open(const detail::QueryState& state, std::int64_t wanted) {
  if (state.problem) return std::unexpected(state.problem->clone());
  const query::Scope scope = NACRE_TRY(Access::reading(state.collection));
  query::FindRequest request = request_of(state);
  if (request.limit == 0) request.limit = wanted;
  auto cursor = aggregation::find(scope, request);
  if (!cursor) return explained_find(state, std::move(cursor).error());
  return cursor;
}

}  // namespace

Result<Cursor> Query::run() const { return Access::cursor(NACRE_TRY(open(*state_, 0))); }

Result<std::optional<Document>> Query::first() const {
  Cursor cursor = Access::cursor(NACRE_TRY(open(*state_, 1)));
  return cursor.next();
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): ~Cursor is out of its sight
}

Result<std::vector<Document>> Query::all() const {
  Cursor cursor = NACRE_TRY(run());
  return cursor.all();
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): ~Cursor is out of its sight
}

Result<std::int64_t> Query::count() const {
  if (state_->problem) return std::unexpected(state_->problem->clone());
  const query::Scope scope = NACRE_TRY(Access::reading(state_->collection));
  auto counted = aggregation::count(scope, {.collection = state_->collection.name(),
                                            .filter = state_->filter,
                                            .skip = state_->skip,
                                            .limit = state_->limit,
                                            .hint = state_->hint.element(),
                                            .collation = state_->collation});
  if (!counted) return explained_find(*state_, std::move(counted).error());
  return *counted;
}

Result<Document> Query::explain() const {
  if (state_->problem) return std::unexpected(state_->problem->clone());
  const query::Scope scope = NACRE_TRY(Access::reading(state_->collection));
  auto plan = aggregation::explain(scope, request_of(*state_), query::Verbosity::kExecutionStats);
  if (!plan) return explained_find(*state_, std::move(plan).error());
  return Access::document(plan->view());
}

}  // namespace nacre
