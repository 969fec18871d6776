#include "query/race.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bson/collation.h"
#include "bson/compare.h"
#include "document/envelope.h"
#include "document/plan_memory.h"
#include "query/plan_cache.h"

namespace nacre::query {
namespace {

constexpr std::int64_t kRound = 100;  // works of one plan before it is the next one's turn

struct KeptRow {
  std::string key;
  std::string document;
  std::string stored;
  bool has_document = false;
  double text_score = 0;
};

// The rows of a trial, and then what the plan gives from there on.
class Replay final : public Stage {
 public:
  Replay(std::unique_ptr<Operator> input, std::vector<KeptRow> rows)
      : Stage(std::move(input)), rows_(std::move(rows)) {}

  Result<std::optional<Row>> next() override {
    if (at_ < rows_.size()) {
      const KeptRow& row = rows_[at_++];
      return Row{
          .key = as_bytes(row.key),
          .document = row.has_document ? bson::View::trusted(as_bytes(row.document)) : bson::View(),
          .stored = as_bytes(row.stored),
          .text_score = row.text_score};
    }
    if (!rows_.empty()) {
      rows_.clear();
      at_ = 0;
    }
    return input_->next();
  }
  [[nodiscard]] std::string_view stage() const override { return "REPLAY"; }
  [[nodiscard]] bool is_hidden() const override { return true; }

 private:
  std::vector<KeptRow> rows_;
  std::size_t at_ = 0;
};

class Contender {
 public:
  Contender(Execution& execution, Access access, const RaceRequest& request)
      : execution_(execution),
        name_(access.name()),
        sorted_(access.sorted),
        blocks_(request.wants_order && !access.sorted),
        root_(open(execution, std::move(access), *request.filter, request.need,
                   blocks_ ? 0 : request.rows)) {}

  // Goes on for `works` keys or up to `rows` rows.
  Result<> run(std::int64_t works, std::size_t rows) {
    execution_.works_left = works;
    auto done = pull(rows);
    works_ += works - *execution_.works_left;
    execution_.works_left.reset();
    return done;
  }

  [[nodiscard]] bool is_over(std::size_t rows) const {
    return ended_ || (!blocks_ && rows_.size() >= rows);
  }
  [[nodiscard]] double productivity() const {
    const auto works = static_cast<double>(std::max<std::int64_t>(works_, 1));
    if (ended_) return 2 + 1 / works;
    return blocks_ ? 0 : static_cast<double>(rows_.size()) / works;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Operator& root() const { return *root_; }
  [[nodiscard]] bool sorted() const { return sorted_; }
  [[nodiscard]] std::int64_t works() const { return works_; }

  std::unique_ptr<Operator> release() {
    if (rows_.empty()) return std::move(root_);
    return std::make_unique<Replay>(std::move(root_), std::move(rows_));
  }

 private:
  Result<> pull(std::size_t rows) {
    while (rows_.size() < rows && !ended_) {
      const auto row = root_->next();
      if (!row) {
        if (row.error().number() == kOutOfWorks) return {};
        return std::unexpected(row.error().clone());
      }
      ended_ = !*row;
      if (!ended_) keep(**row);
    }
    return {};
  }

  void keep(const Row& row) {
    KeptRow kept{.key = to_string(row.key),
                 .document = {},
                 .stored = to_string(row.stored),
                 .has_document = !row.document.empty(),
                 .text_score = row.text_score};
    if (kept.has_document) kept.document = to_string(row.document.bytes());
    rows_.push_back(std::move(kept));
  }

  Execution& execution_;
  std::string name_;
  bool sorted_;
  bool blocks_;
  std::unique_ptr<Operator> root_;
  std::vector<KeptRow> rows_;
  std::int64_t works_ = 0;
  bool ended_ = false;
};

std::size_t rows_wanted(const RaceRequest& request) {
  return request.rows == 0 ? kTrialRows : std::min(request.rows, kTrialRows);
}

Raced alone(Contender contender) {
  const bool sorted = contender.sorted();
  return {.root = contender.release(), .sorted = sorted, .losers = {}};
}

// The remembered plan as long as it does as it did; nothing: all must race.
Result<std::optional<Raced>> run_remembered(Execution& execution, std::vector<Access>& accesses,
                                            const RaceRequest& request,
                                            const document::PlanMemory::Plan& remembered) {
  const auto known = std::ranges::find(accesses, remembered.name, &Access::name);
  if (known == accesses.end()) return std::nullopt;
  Contender contender(execution, *known, request);
  const std::int64_t allowed = kReplanFactor * std::max<std::int64_t>(remembered.works, kRound);
  NACRE_TRY(contender.run(allowed, rows_wanted(request)));
  if (contender.is_over(rows_wanted(request))) return alone(std::move(contender));
  return std::nullopt;
}

void append_shape(std::string& to, const bson::View& filter);

// Operators are part of the shape, what they are given is not, but for how lists are built.
// NOLINTNEXTLINE(misc-no-recursion): no deeper than the filter
void append_shape(std::string& to, const bson::Element& condition) {
  to.append(condition.name()).push_back(':');
  const bool is_document = condition.is(bson::Type::kDocument) && !condition.document().empty();
  if (is_document && condition.document().begin()->name().starts_with('$')) {
    append_shape(to, condition.document());
  } else if (condition.is(bson::Type::kArray) && condition.name().starts_with('$') &&
             (condition.name() == "$and" || condition.name() == "$or" ||
              condition.name() == "$nor")) {
    for (const bson::Element& part : condition.array()) {
      if (part.is(bson::Type::kDocument)) append_shape(to, part.document());
    }
  } else {
    // A null or an array bounds other keys than a number does.
    to.push_back(static_cast<char>('A' + bson::rank(condition.type())));
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
void append_shape(std::string& to, const bson::View& filter) {
  to.push_back('{');
  for (const bson::Element& condition : filter) append_shape(to, condition);
  to.push_back('}');
}

}  // namespace

std::string shape_of(const PlanRequest& request, std::string_view collection, Need need) {
  std::string shape = shape_prefix(collection);
  append_shape(shape, request.filter->source());
  for (const document::IndexField& field : request.sort) {
    shape.append(field.descending ? "-" : "+").append(field.path);
  }
  shape.append(need == Need::kCount ? "#" : "/");
  for (const std::string& field : request.fields) shape.append(field).push_back(',');
  if (request.collator != nullptr) {
    shape.append(bson::describe_collation(request.collator).bytes());
  }
  return shape;
}

Result<Raced> race(Execution& execution, std::vector<Access> accesses, const RaceRequest& request) {
  if (accesses.size() == 1) {
    Access& only = accesses.front();
    const bool sorted = only.sorted;
    const bool blocks = request.wants_order && !sorted;
    return Raced{.root = open(execution, std::move(only), *request.filter, request.need,
                              blocks ? 0 : request.rows),
                 .sorted = sorted,
                 .losers = {}};
  }
  document::PlanMemory& memory = execution.reader.database().plans();
  if (!request.shape.empty()) {
    const auto remembered = memory.find(request.shape, request.catalog_version);
    if (remembered) {
      auto known = NACRE_TRY(run_remembered(execution, accesses, request, *remembered));
      if (known) return *std::move(known);
      memory.forget(request.shape);
    }
  }
  std::vector<Contender> contenders;
  contenders.reserve(accesses.size());
  for (Access& access : accesses) contenders.emplace_back(execution, std::move(access), request);
  const std::size_t rows = rows_wanted(request);
  bool over = false;
  for (std::int64_t works = 0; works < kTrialWorks && !over; works += kRound) {
    for (Contender& contender : contenders) {
      NACRE_TRY(contender.run(kRound, rows));
      over = over || contender.is_over(rows);
    }
  }
  // The first of the best: they stand in the order of the rules.
  auto best = contenders.begin();
  for (auto it = contenders.begin(); it != contenders.end(); ++it) {
    const bool better =
        it->productivity() > best->productivity() ||
        (it->productivity() == best->productivity() && it->sorted() && !best->sorted());
    if (better) best = it;
  }
  if (!request.shape.empty()) {
    memory.remember(request.shape, request.catalog_version,
                    {.name = best->name(), .works = best->works()},
                    story_of(*request.asked, best->root(), execution.reader.database()));
  }
  Raced raced{.root = best->release(), .sorted = best->sorted(), .losers = {}};
  for (auto it = contenders.begin(); it != contenders.end(); ++it) {
    if (it != best) raced.losers.push_back(it->release());
  }
  return raced;
}

}  // namespace nacre::query
