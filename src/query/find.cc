#include <limits>
#include <utility>

#include "base/text.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "query/run.h"
#include "query/scan.h"
#include "query/shape.h"

namespace nacre::query {
namespace {

constexpr std::int32_t kBadValue = 2;

// Where the sum of skip and limit would be more than is ever there, there is no limit.
std::size_t rows_to_sort(std::int64_t skip, std::int64_t limit) {
  if (limit == 0 || skip > std::numeric_limits<std::int64_t>::max() - limit) return 0;
  return static_cast<std::size_t>(skip + limit);
}

}  // namespace

Result<> check_not_negative(std::string_view field, std::int64_t value) {
  if (value >= 0) return {};
  return fail(Code::kInvalid, kBadValue,
              format("BSON field '{}' value must be >= 0, actual value '{}'", field, value));
}

Result<std::vector<document::IndexField>> sort_fields(const bson::View& sort) {
  const SortPattern pattern = NACRE_TRY(SortPattern::parse(sort));
  std::vector<document::IndexField> fields;
  for (const SortField& field : pattern.fields()) {
    fields.push_back(
        {.path = field.path.text(), .descending = field.direction == bson::Direction::kDescending});
  }
  return fields;
}

Result<std::unique_ptr<Operator>> add_sort(std::unique_ptr<Operator> input, const bson::View& sort,
                                           std::size_t limit) {
  SortPattern pattern = NACRE_TRY(SortPattern::parse(sort));
  if (pattern.empty()) return input;
  return std::make_unique<Sort>(std::move(input), std::move(pattern), bson::Document(sort), limit);
}

Result<std::unique_ptr<Run>> open_find(const Scope& scope, const FindRequest& request) {
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  // In the order that the collection has by itself: what a hint can ask for too.
  const bool is_natural = request.sort.find("$natural") && request.sort.count() == 1;
  const bson::Document natural =
      is_natural ? bson::Builder().append("hint", request.sort).finish() : bson::Document();
  const bson::View sort_pattern = is_natural ? bson::View() : request.sort;
  const bson::Element hint = is_natural ? natural.find("hint") : request.hint;
  auto sort = NACRE_TRY(sort_fields(sort_pattern));
  Projection projection = NACRE_TRY(Projection::parse(request.projection));
  const bool has_order = !sort.empty();
  OpenedRun opened = NACRE_TRY(
      open_run(scope, {.collection = request.collection,
                       .filter = request.filter,
                       .sort = std::move(sort),
                       .hint = hint,
                       .rows = rows_to_sort(request.skip, request.limit),
                       .fields = projection.is_inclusion() ? projection.included_paths()
                                                           : std::vector<std::string>()}));
  Run& run = *opened.run;
  if (has_order && !opened.sorted) {
    run.root = NACRE_TRY(
        add_sort(std::move(run.root), sort_pattern, rows_to_sort(request.skip, request.limit)));
  }
  if (request.skip > 0) run.root = std::make_unique<Skip>(std::move(run.root), request.skip);
  if (request.limit > 0) run.root = std::make_unique<Limit>(std::move(run.root), request.limit);
  if (!projection.keeps_everything()) {
    run.root = std::make_unique<Project>(std::move(run.root), std::move(projection),
                                         bson::Document(request.projection));
  }
  return std::move(opened.run);
}

Result<std::unique_ptr<Run>> open_count(const Scope& scope, const CountRequest& request) {
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  OpenedRun opened = NACRE_TRY(open_run(scope, {.collection = request.collection,
                                                .filter = request.filter,
                                                .hint = request.hint,
                                                .need = Need::kCount}));
  Run& run = *opened.run;
  if (request.skip > 0) run.root = std::make_unique<Skip>(std::move(run.root), request.skip);
  if (request.limit > 0) run.root = std::make_unique<Limit>(std::move(run.root), request.limit);
  return std::move(opened.run);
}

Result<Cursor> find(const Scope& scope, const FindRequest& request) {
  return Cursor(NACRE_TRY(open_find(scope, request)));
}

Result<std::int64_t> count(const Scope& scope, const CountRequest& request) {
  auto run = NACRE_TRY(open_count(scope, request));
  std::int64_t rows = 0;
  while (true) {
    const auto row = NACRE_TRY(run->root->next());
    if (!row) return rows;
    ++rows;
  }
}

Cursor::Cursor(std::unique_ptr<Source> source) : source_(std::move(source)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<std::optional<bson::View>> Cursor::next() {
  if (source_->root == nullptr) return std::nullopt;  // over: ended or failed
  auto row = source_->root->next();
  if (!row || !*row) source_->root.reset();
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return std::nullopt;
  return (*row)->document;
}

void Cursor::pause() {
  if (source_->root != nullptr) source_->root->pause();
}

void Cursor::set_time_limit(std::int64_t milliseconds) {
  source_->execution.limits.set_time_limit(milliseconds);
}

Position Cursor::position() const { return source_->execution.reader.position(); }

}  // namespace nacre::query
