// The past of a database: reading it, the versions of one document, commits as changes.
#include <algorithm>
#include <limits>
#include <utility>

#include "api/write_internal.h"
#include "document/difference.h"
#include "document/history.h"
#include "document/index_keys.h"

namespace nacre {

using detail::Access;

namespace {

ChangeKind kind_of(document::ChangeKind kind) {
  switch (kind) {
    case document::ChangeKind::kInsert:
      return ChangeKind::kInsert;
    case document::ChangeKind::kUpdate:
      return ChangeKind::kUpdate;
    case document::ChangeKind::kReplace:
      return ChangeKind::kReplace;
    case document::ChangeKind::kRemove:
      return ChangeKind::kRemove;
    case document::ChangeKind::kDrop:
      return ChangeKind::kDrop;
    case document::ChangeKind::kRename:
      return ChangeKind::kRename;
  }
  return ChangeKind::kInsert;
}

// Sets updated and removed.
template <class To>
void tell_difference(const bson::View& before, const bson::View& after, To& to) {
  document::Difference difference = document::difference(before, after);
  to.updated = Access::document(std::move(difference.updated).release());
  to.removed = std::move(difference.removed);
}

DocumentVersion version_of(const document::DocumentVersion& version,
                           const document::DocumentVersion* before) {
  DocumentVersion made{.position = number(version.position),
                       .time = detail::instant(version.time),
                       .kind = ChangeKind::kRemove,
                       .version = 0,
                       .document = {},
                       .updated = {},
                       .removed = {}};
  if (version.is_removed) return made;
  made.version = version.envelope.version;
  made.document = Access::document(version.document.view());
  made.kind = ChangeKind::kInsert;
  if (version.envelope.version == 1) return made;
  made.kind = version.envelope.is_replacement ? ChangeKind::kReplace : ChangeKind::kUpdate;
  if (made.kind == ChangeKind::kUpdate && before != nullptr && !before->is_removed) {
    tell_difference(before->document, version.document, made);
  }
  return made;
}

}  // namespace

PastDatabase::PastDatabase(detail::DatabaseState* database,
                           std::shared_ptr<const detail::PastState> past)
    : database_(database), past_(std::move(past)) {}

std::uint64_t PastDatabase::position() const { return number(past_->snapshot.position()); }
Instant PastDatabase::time() const { return detail::instant(past_->snapshot.rows().time()); }
Collection PastDatabase::collection(std::string_view name) const {
  return Collection(database_, nullptr, past_, name);
}
std::vector<std::string> PastDatabase::collection_names() const {
  return past_->snapshot.catalog().collection_names();
}

Result<History> Collection::history(const Value& id, std::size_t limit) const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  if (scope.transaction != nullptr) {
    return fail(Code::kUnsupported, "history cannot be asked for inside a transaction");
  }
  const std::string key = document::id_key(Access::element(id));
  const auto read = [&](const document::Snapshot& from) {
    // One more tells what the last one changed.
    const std::size_t wanted = limit < std::numeric_limits<std::size_t>::max() ? limit + 1 : limit;
    return document::history_of(scope.database, from, name_, as_bytes(key), wanted);
  };
  const auto from_now = [&]() -> Result<document::History> {
    const document::Snapshot now = NACRE_TRY(scope.database.snapshot());
    return read(now);
  };
  const document::History found = NACRE_TRY(scope.at != nullptr ? read(*scope.at) : from_now());
  History history{.versions = {}, .is_whole = found.is_whole && found.versions.size() <= limit};
  for (std::size_t i = 0; i < std::min(limit, found.versions.size()); ++i) {
    const document::DocumentVersion* before =
        i + 1 < found.versions.size() ? &found.versions[i + 1] : nullptr;
    history.versions.push_back(version_of(found.versions[i], before));
  }
  return history;
}

Result<VersionedDocument> Collection::restore(const Value& id, std::uint64_t position) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  auto past = std::make_shared<detail::PastState>(
      detail::PastState{NACRE_TRY(scope.database.snapshot_at(Position{position}))});
  const Collection then(database_, nullptr, std::move(past), name_);
  const auto wanted = NACRE_TRY(then.get(id));
  if (!wanted) {
    return std::unexpected(detail::no_document(name_, id).error().while_doing(
        "restoring what it was at position " + std::to_string(position)));
  }
  const bson::Document filter = Access::id_filter(id);
  VersionedDocument after;
  const auto body = [&](const query::Scope& inside) -> Result<> {
    NACRE_TRY(query::update(inside, {.collection = name_,
                                     .filter = filter,
                                     .update = Access::view(wanted->document),
                                     .upsert = true,
                                     .hint = {}}));
    after = NACRE_TRY(detail::get_inside(inside, name_, id));
    return {};
  };
  NACRE_TRY(detail::explained(detail::in_transaction(*this, body), *this));
  return after;
}

ChangeCursor::ChangeCursor(std::unique_ptr<detail::ChangeCursorState> state)
    : state_(std::move(state)) {}
ChangeCursor::ChangeCursor(ChangeCursor&&) noexcept = default;
ChangeCursor& ChangeCursor::operator=(ChangeCursor&&) noexcept = default;
ChangeCursor::~ChangeCursor() = default;

Result<std::optional<Change>> ChangeCursor::next(std::chrono::microseconds at_most) {
  const auto change = NACRE_TRY(state_->reader.next(state_->last, at_most));
  if (!change) return std::nullopt;
  Change made{.position = number(change->position),
              .time = detail::instant(change->time),
              .kind = kind_of(change->kind),
              .collection = change->collection,
              .renamed_to = change->renamed_to,
              .id = Access::document(change->id.view()),
              .document = Access::document(change->document.view()),
              .updated = {},
              .removed = {}};
  if (change->kind == document::ChangeKind::kUpdate && change->before) {
    tell_difference(*change->before, change->document, made);
  }
  return made;
}

std::uint64_t ChangeCursor::position() const { return number(state_->reader.position()); }

Result<PastDatabase> Database::at(std::uint64_t position) {
  auto past = std::make_shared<detail::PastState>(
      detail::PastState{NACRE_TRY(state_->database->snapshot_at(Position{position}))});
  return PastDatabase(state_.get(), std::move(past));
}

Result<PastDatabase> Database::at(Instant time) {
  const auto since_epoch = time.time_since_epoch().count();
  if (since_epoch < 0) return fail(Code::kInvalid, "the time lies before 1970");
  auto past = std::make_shared<detail::PastState>(detail::PastState{NACRE_TRY(
      state_->database->snapshot_at_time(Time{static_cast<std::uint64_t>(since_epoch)}))});
  return PastDatabase(state_.get(), std::move(past));
}

Result<ChangeCursor> Database::changes(std::uint64_t from, std::optional<std::uint64_t> to) {
  if (from == 0) return fail(Code::kInvalid, "the first commit is at position 1, found 0");
  const std::uint64_t last = to.value_or(position());
  auto reader = NACRE_TRY(document::ChangeReader::open(*state_->database, Position{from - 1}));
  return ChangeCursor(std::make_unique<detail::ChangeCursorState>(
      detail::ChangeCursorState{std::move(reader), Position{last}}));
}

Result<ChangeCursor> Database::changes_after(std::uint64_t position) {
  auto reader = NACRE_TRY(document::ChangeReader::open(*state_->database, Position{position}));
  return ChangeCursor(std::make_unique<detail::ChangeCursorState>(
      detail::ChangeCursorState{std::move(reader), kPositionMax}));
}

std::uint64_t Database::position() const { return number(state_->database->stats().position); }
std::uint64_t Database::horizon() const { return number(state_->database->horizon()); }

}  // namespace nacre
