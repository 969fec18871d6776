#include "server/databases.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/error_codes.h"
#include "base/logging.h"
#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using error_codes::kDatabaseDifferCase;
constexpr std::string_view kDroppedPrefix = "%dropped-";  // no encoded name has "%d" and then "r"

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

Result<> remove_tree(io::FileSystem& files, const std::string& path) {
  // Directories of databases hold files and directories of files; which is which, only trying says.
  const std::vector<std::string> names = NACRE_TRY(files.list(path));
  for (const std::string& name : names) {
    const std::string inner = format("{}/{}", path, name);
    if (!files.remove(inner).has_value()) NACRE_TRY(remove_tree(files, inner));
  }
  return files.remove_directory(path);
}

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<> check_database_name(std::string_view name) {
  const auto forbidden = [](char c) {
    return c == '\0' || std::string_view("/\\. \"$").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > kDatabaseNameMax || std::ranges::any_of(name, forbidden)) {
    return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                format("Invalid database name: '{}'", name.substr(0, kDatabaseNameMax)));
  }
  return {};
}

std::string database_directory(std::string_view name) {
  std::string directory;
  for (const char c : name) {
    if (is_plain(c)) {
      directory.push_back(c);
    } else {
      directory += format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return directory;
}

std::optional<std::string> database_of_directory(std::string_view directory) {
  std::string name;
  for (std::size_t i = 0; i < directory.size(); ++i) {
    if (directory[i] != '%') {
      name.push_back(directory[i]);
      continue;
    }
    const std::string_view digits = directory.substr(i + 1, 2);
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return {};
    name.push_back(static_cast<char>(value));
    i += 2;
  }
  // Only what database_directory would have written counts.
  if (!check_database_name(name).has_value() || database_directory(name) != directory) return {};
  return name;
}

Databases::Lease::Lease(Lease&& other) noexcept
    : databases_(std::exchange(other.databases_, nullptr)), entry_(other.entry_) {}

Databases::Lease::~Lease() {
  if (databases_ == nullptr) return;
  const MutexLock lock(databases_->mutex_);
  if (--entry_->leases == 0) databases_->changed_.notify_all();
}

Databases::Lease Databases::Lease::again() const {
  const MutexLock lock(databases_->mutex_);
  ++entry_->leases;
  return {databases_, entry_};
}

Result<std::unique_ptr<Databases>> Databases::open(std::string_view directory,
                                                   const txn::Options& engine) {
  io::FileSystem& files = *engine.file_system;
  if (auto made = files.make_directory(directory);
      !made.has_value() && made.error().code() != Code::kExists) {
    return std::unexpected(std::move(made).error().while_doing("making the data directory"));
  }
  std::unique_ptr<Databases> databases(new Databases(std::string(directory), engine));
  NACRE_TRY(databases->remove_leftovers());
  return databases;
}

Databases::~Databases() = default;

std::string Databases::path_of(std::string_view directory) const {
  return format("{}/{}", directory_, directory);
}

Result<> Databases::remove_leftovers() {
  io::FileSystem& files = *engine_.file_system;
  const std::vector<std::string> directories = NACRE_TRY(files.list(directory_));
  for (const std::string& directory : directories) {
    if (!directory.starts_with(kDroppedPrefix)) continue;
    NACRE_TRY(remove_tree(files, path_of(directory)));
  }
  return {};
}

Result<std::optional<Databases::Lease>> Databases::find(std::string_view name) {
  return lease(name, /*create=*/false);
}

Result<Databases::Lease> Databases::open_or_create(std::string_view name) {
  std::optional<Lease> lease = NACRE_TRY(this->lease(name, /*create=*/true));
  NACRE_CHECK(lease.has_value(), "create leaves a database");
  return *std::move(lease);
}

// As with MongoDB, whose files lie in places where capital letters may not count.
Result<> Databases::check_case(std::string_view name) {
  const std::vector<std::string> there = NACRE_TRY(names());
  for (const std::string& other : there) {
    const bool same = std::ranges::equal(other, name, {}, lower_case, lower_case);
    if (other == name || !same) continue;
    return fail(Code::kExists, kDatabaseDifferCase,
                format("db already exists with different case already have: [{}] trying to create "
                       "[{}]",
                       other, name));
  }
  return {};
}

Result<std::unique_ptr<document::Database>> Databases::open_one(std::string_view name,
                                                                bool create) {
  document::Options options{.engine = engine_, .name = std::string(name)};
  options.engine.create_if_missing = create;
  const std::string path = path_of(database_directory(name));
  const bool there = NACRE_TRY(engine_.file_system->exists(path));
  if (!there && !create) return std::unique_ptr<document::Database>();
  if (!there) {
    NACRE_TRY(check_case(name));
    NACRE_TRY(engine_.file_system->make_directory(path));
  }
  auto database = document::Database::open(path, options);
  if (!database.has_value()) {
    if (database.error().code() == Code::kNotFound && !create) {
      return std::unique_ptr<document::Database>();
    }
    return std::unexpected(
        std::move(database).error().while_doing(format("opening database {}", name)));
  }
  return *std::move(database);
}

Result<std::optional<Databases::Lease>> Databases::lease(std::string_view name, bool create) {
  NACRE_TRY(check_database_name(name));
  MutexLock lock(mutex_);
  while (true) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) break;
    Entry& entry = *found->second;
    if (entry.state == State::kOpen) {
      ++entry.leases;
      return Lease(this, &entry);
    }
    changed_.wait(mutex_);
  }
  Entry& entry = *entries_.emplace(name, std::make_unique<Entry>()).first->second;
  lock.unlock();
  auto opened = open_one(name, create);  // recovery may take its time
  lock.lock();
  changed_.notify_all();
  if (!opened.has_value() || *opened == nullptr) {
    entries_.erase(entries_.find(name));
    if (!opened.has_value()) return std::unexpected(std::move(opened).error());
    return std::nullopt;
  }
  entry.database = *std::move(opened);
  entry.state = State::kOpen;
  ++entry.leases;
  return Lease(this, &entry);
}

Result<std::vector<std::string>> Databases::names() {
  const std::vector<std::string> directories = NACRE_TRY(engine_.file_system->list(directory_));
  std::vector<std::string> names;
  for (const std::string& directory : directories) {
    if (auto name = database_of_directory(directory)) names.push_back(*std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::size_t Databases::open_count() {
  const MutexLock lock(mutex_);
  return entries_.size();
}

Result<bool> Databases::drop(std::string_view name, const std::function<void()>& when_alone) {
  {
    // A database that is not open is opened first: opening takes its lock, so nobody else has it.
    const std::optional<Lease> lease = NACRE_TRY(find(name));
    if (!lease) return false;
  }
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second->state != State::kOpen) return false;  // lost a race
  Entry& entry = *found->second;
  entry.state = State::kDropping;
  while (entry.leases > 0) changed_.wait(mutex_);
  const std::unique_ptr<document::Database> database = std::move(entry.database);
  lock.unlock();

  when_alone();
  const auto closed = database->close();
  if (!closed.has_value()) {
    log_warning(format("database {}: closing before its drop: {}", name, closed.error().text()));
  }
  auto removed = remove_directory(name);

  lock.lock();
  entries_.erase(entries_.find(name));
  changed_.notify_all();
  return removed;
}

Result<bool> Databases::remove_directory(std::string_view name) {
  io::FileSystem& files = *engine_.file_system;
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    number = ++drop_count_;
  }
  const std::string dropped = path_of(format("{}{}", kDroppedPrefix, number));
  NACRE_TRY(files.rename(path_of(database_directory(name)), dropped));
  NACRE_TRY(files.sync_directory(directory_));
  // From here on it is gone; what cannot be removed now is removed at the next start.
  if (const auto removed = remove_tree(files, dropped); !removed.has_value()) {
    log_warning(format("{} was not removed: {}", dropped, removed.error().text()));
  }
  return true;
}

Result<> Databases::close() {
  MutexLock lock(mutex_);
  Result<> outcome;
  for (const auto& [name, entry] : entries_) {
    NACRE_CHECK(entry->leases == 0, "close is called when no command runs any more");
    if (entry->database == nullptr) continue;
    auto closed = entry->database->close();
    if (!closed.has_value() && outcome.has_value()) {
      outcome = std::unexpected(
          std::move(closed).error().while_doing(format("closing database {}", name)));
    }
  }
  entries_.clear();
  return outcome;
}

}  // namespace nacre::server
