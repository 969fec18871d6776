#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "query/return_key.h"
#include "query/run.h"
#include "query/scan.h"
#include "query/shape.h"
#include "query/variables.h"

namespace nacre::query {
namespace {

using error_codes::kBadValue;
constexpr std::int32_t kMissingMetadata = 40218;

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

Result<> check_hint(const bson::Element& hint) {
  if (!hint.is(bson::Type::kDocument)) return {};
  const bson::Element natural = hint.document().find("$natural");
  if (!natural) return {};
  const std::optional<std::int64_t> direction = natural.as_int64();
  if (hint.document().count() == 1 && (direction == 1 || direction == -1)) return {};
  return fail(Code::kInvalid, kBadValue,
              "$natural hint may only accompany no other field and must be 1 or -1");
}

namespace {

expression::Environment::Moment moment_now() {
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const bson::Timestamp cluster_time{.seconds = static_cast<std::uint32_t>(now.count() / 1000),
                                     .increment = 1};
  return {.now = {.milliseconds = now.count()}, .cluster_time = cluster_time};
}

}  // namespace

expression::Environment environment_now() { return expression::Environment(&moment_now); }

namespace {

std::vector<document::IndexField> fields_of(const SortPattern& pattern) {
  std::vector<document::IndexField> fields;
  fields.reserve(pattern.fields().size());
  for (const SortField& field : pattern.fields()) {
    // No index is in the order of anything but paths.
    if (field.kind != SortField::Kind::kPath) return {};
    fields.push_back(
        {.path = field.path.text(), .descending = field.direction == bson::Direction::kDescending});
  }
  return fields;
}

}  // namespace

Result<std::vector<document::IndexField>> sort_fields(const bson::View& sort) {
  return fields_of(NACRE_TRY(SortPattern::parse(sort)));
}

Result<> add_sort(Run& run, const bson::View& sort, std::size_t limit, bool allow_disk_use) {
  SortPattern pattern = NACRE_TRY(SortPattern::parse(sort, run.shared_collator()));
  if (pattern.empty()) return {};
  const SortMemory memory{.files = &run.execution.reader.database().temporary_files(),
                          .bytes_max = kStageBytesMax,
                          .allow_disk_use = allow_disk_use};
  run.root = std::make_unique<Sort>(std::move(run.root), std::move(pattern), bson::Document(sort),
                                    limit, memory);
  return {};
}

namespace {

// Of a find, what is said of its order and its fields.
struct FindShape {
  bson::View sort;                                // {} when it is of $natural
  bson::Element hint;                             // {$natural: n} then
  std::vector<document::IndexField> fields = {};  // of the sort, as sort_fields() has them
  bool by_text_score = false;
};

// The names that expressions of a find may use, with the numbers that its run gives them.
Result<expression::Scope> names_of(const FindRequest& request) {
  expression::Scope names;
  expression::Environment unused = environment_now();
  NACRE_TRY(define_variables(request.let, names, unused));
  return names;
}

// What is shown or sorted by beside the documents is there: it comes of a $near or a $text.
Result<> check_metadata(const FindRequest& request, const Projection& projection,
                        const SortPattern& pattern) {
  const bool needs_distance = projection.needs_place() || pattern.needs_distance();
  const bool needs_score = projection.needs_text_score() || pattern.needs_text_score();
  if (!needs_distance && !needs_score) return {};
  const expression::Scope names = NACRE_TRY(names_of(request));
  const match::Filter filter =
      NACRE_TRY(match::Filter::parse(request.filter, {.scope = &names, .is_prepared = false}));
  if (needs_distance && filter.near() == nullptr) {
    return fail(Code::kInvalid, kMissingMetadata,
                "query requires geoNear distance metadata, but it is not available");
  }
  if (needs_score && !filter.has_text()) {
    return fail(Code::kInvalid, kMissingMetadata,
                "query requires text score metadata, but it is not available");
  }
  return {};
}

Result<FindShape> shape_of_find(const FindRequest& request, const Projection& projection) {
  FindShape shape{.sort = request.sort, .hint = request.hint};
  if (const bson::Element natural = request.sort.find("$natural")) {
    if (request.sort.count() != 1) {
      return fail(Code::kInvalid, kBadValue, "Cannot include '$natural' in compound sort");
    }
    if (natural.as_int64() != 1 && natural.as_int64() != -1) {
      return fail(Code::kInvalid, kBadValue,
                  "$natural sort cannot be set to a value other than -1 "
                  "or 1.");
    }
    shape.hint = bson::Element();
    shape.sort = bson::View();
  }
  const SortPattern pattern = NACRE_TRY(SortPattern::parse(shape.sort));
  NACRE_TRY(check_metadata(request, projection, pattern));
  shape.fields = fields_of(pattern);
  shape.by_text_score = pattern.needs_text_score() && pattern.fields().size() == 1;
  return shape;
}

Result<> check_options(const FindRequest& request) {
  NACRE_TRY(check_hint(request.hint));
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  if (request.tailable) {
    return fail(Code::kInvalid, kBadValue,
                "error processing query: tailable cursor requested on non capped collection");
  }
  return {};
}

Result<Projection> projection_of(const FindRequest& request) {
  if (request.projection.empty()) return Projection();
  const expression::Scope names = NACRE_TRY(names_of(request));
  return Projection::parse(request.projection, {.scope = &names, .query = request.filter});
}

}  // namespace

Result<> check(const FindRequest& request) {
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  const expression::Scope names = NACRE_TRY(names_of(request));
  NACRE_TRY(match::Filter::parse(request.filter, {.scope = &names}));
  const Projection projection =
      NACRE_TRY(Projection::parse(request.projection, {.scope = &names, .query = request.filter}));
  NACRE_TRY(shape_of_find(request, projection));
  return {};
}

Result<std::unique_ptr<Run>> open_find(const Scope& scope, const FindRequest& request) {
  NACRE_TRY(check_options(request));
  Projection projection = NACRE_TRY(projection_of(request));
  FindShape shape = NACRE_TRY(shape_of_find(request, projection));
  const bool covers = projection.is_inclusion() && projection.is_plain() &&
                      !request.show_record_id && !request.return_key;
  bson::Value natural;
  if (shape.sort.empty() && !request.sort.empty()) natural = bson::Value(request.sort);
  OpenedRun opened = NACRE_TRY(
      open_run(scope, {.collection = request.collection,
                       .filter = request.filter,
                       .sort = std::move(shape.fields),
                       .hint = natural.element() ? natural.element() : shape.hint,
                       .min = request.min,
                       .max = request.max,
                       .rows = rows_to_sort(request.skip, request.limit),
                       .fields = covers ? projection.included_paths() : std::vector<std::string>(),
                       .by_text_score = shape.by_text_score,
                       .let = request.let,
                       .collation = request.collation}));
  Run& run = *opened.run;
  if (run.filter != nullptr) projection.set_query(*run.filter);
  if (!shape.sort.empty() && !opened.sorted) {
    NACRE_TRY(add_sort(run, shape.sort, rows_to_sort(request.skip, request.limit),
                       request.allow_disk_use));
  }
  if (request.skip > 0) run.root = std::make_unique<Skip>(std::move(run.root), request.skip);
  if (request.limit > 0) run.root = std::make_unique<Limit>(std::move(run.root), request.limit);
  if (request.return_key) {
    run.root = std::make_unique<ReturnKey>(std::move(run.root),
                                           run.execution.reader.catalog().find(request.collection));
  } else if (!projection.keeps_everything()) {
    run.root =
        std::make_unique<Project>(std::move(run.root), std::move(projection),
                                  bson::Document(request.projection), &run.execution.environment);
  }
  if (request.show_record_id) run.root = std::make_unique<ShowRecordId>(std::move(run.root));
  return std::move(opened.run);
}

Result<std::unique_ptr<Run>> open_count(const Scope& scope, const CountRequest& request) {
  NACRE_TRY(check_hint(request.hint));
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  OpenedRun opened = NACRE_TRY(open_run(scope, {.collection = request.collection,
                                                .filter = request.filter,
                                                .hint = request.hint,
                                                .need = Need::kCount,
                                                .collation = request.collation}));
  Run& run = *opened.run;
  if (request.skip > 0) run.root = std::make_unique<Skip>(std::move(run.root), request.skip);
  if (request.limit > 0) run.root = std::make_unique<Limit>(std::move(run.root), request.limit);
  return std::move(opened.run);
}

Result<Cursor> find(const Scope& scope, const FindRequest& request) {
  return Cursor(NACRE_TRY(open_find(scope, request)));
}

namespace {

// Of a whole collection; nothing when its documents have to be counted one by one.
Result<std::optional<std::int64_t>> count_at_once(const Scope& scope, const CountRequest& request) {
  const bool is_whole = request.filter.empty() && !request.hint;
  if (!is_whole || scope.transaction != nullptr || scope.at != nullptr) return std::nullopt;
  const auto documents = NACRE_TRY(scope.database.count(request.collection));
  if (!documents) return std::nullopt;
  const auto rest = static_cast<std::int64_t>(*documents) -
                    std::min(static_cast<std::int64_t>(*documents), request.skip);
  return request.limit == 0 ? rest : std::min(rest, request.limit);
}

}  // namespace

Result<std::int64_t> count(const Scope& scope, const CountRequest& request) {
  NACRE_TRY(check_not_negative("skip", request.skip));
  NACRE_TRY(check_not_negative("limit", request.limit));
  if (const auto whole = NACRE_TRY(count_at_once(scope, request))) return *whole;
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
