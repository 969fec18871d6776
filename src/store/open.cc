// Opening: the directory, its lock, creation that a crash may interrupt, and recovery.
#include <algorithm>
#include <utility>

#include "base/buggify.h"
#include "base/check.h"
#include "base/text.h"
#include "io/random.h"
#include "log/local_log.h"
#include "store/store.h"
#include "tree/cursor.h"

namespace nacre::store {
namespace {

// Between two publishes of a replay; pages can only be given up for others once published.
constexpr std::uint64_t kReplayPublish = 1024;  // commits
constexpr unsigned kReplayDirtyPercent = 50;

struct Paths {
  explicit Paths(std::string_view path) : directory(path) {
    while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
    lock = directory + "/LOCK";
    log = directory + "/log";
    pages = directory + "/store.dat";
    creating = directory + "/CREATING";
    const std::size_t slash = directory.find_last_of('/');
    parent = slash == std::string::npos ? "." : slash == 0 ? "/" : directory.substr(0, slash);
  }
  std::string directory;
  std::string parent;
  std::string lock;
  std::string log;
  std::string pages;
  std::string creating;
};

Result<> make_directory_durably(io::FileSystem& files, const std::string& path,
                                const std::string& parent) {
  auto made = files.make_directory(path);
  if (!made.has_value() && made.error().code() != Code::kExists) return made;
  // Also when it was there: whoever made it may have crashed before this call.
  return files.sync_directory(parent);
}

std::array<std::byte, 16> new_uuid() {
  std::array<std::byte, 16> uuid{};
  store_le(uuid.data(), io::system_random());
  store_le(uuid.data() + 8, io::system_random());
  return uuid;
}

page::Options pager_options(const Options& options) {
  return {.cache_bytes = options.cache_bytes,
          .memory = options.memory,
          .held_bytes_max = options.held_bytes_max};
}

log::LocalLogOptions log_options(const Options& options, const page::RootRecord& root) {
  log::LocalLogOptions log_options;
  log_options.file_system = options.file_system;
  log_options.clock = options.clock;
  log_options.database_uuid = root.uuid;
  // An idle database is small, and in little memory nothing large waits to be written.
  std::uint64_t memory = options.cache_bytes;
  if (options.memory != nullptr) memory = std::min<std::uint64_t>(memory, options.memory->bytes());
  log_options.buffer_bytes_max =
      std::clamp(memory / 16, std::uint64_t{1} << 20, log_options.buffer_bytes_max);
  log_options.segment_bytes_min = options.log_segment_bytes_min;
  log_options.segment_bytes_max = options.log_segment_bytes_max;
  log_options.inflight_max = options.log_inflight_max;
  return log_options;
}

// store.dat comes last and whole or not at all: until it is there nothing was ever committed, and
// creation starts over. The mark tells such a beginning from a database that lost its store.dat,
// whose log must not be made anew.
Result<> create(const Paths& paths, const Options& options) {
  io::FileSystem& files = *options.file_system;
  const bool has_log = NACRE_TRY(files.exists(paths.log));
  const bool is_marked = NACRE_TRY(files.exists(paths.creating));
  if (has_log && !is_marked) {
    return fail(Code::kCorrupt, format("{}: is missing, but {} is there", paths.pages, paths.log));
  }
  if (!is_marked) {
    NACRE_TRY(files.open(paths.creating, {.mode = io::OpenMode::kCreate}));
  }
  NACRE_TRY(files.sync_directory(paths.directory));
  page::RootRecord root;
  root.uuid = new_uuid();
  NACRE_TRY(make_directory_durably(files, paths.log, paths.directory));
  NACRE_TRY(log::LocalLog::create(paths.log, log_options(options, root)));
  NACRE_TRY(page::Pager::create(files, paths.pages, pager_options(options), root));
  return files.remove(paths.creating);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::string_view path, const Options& options) {
  NACRE_CHECK(options.file_system != nullptr, "a store needs a file system");
  io::FileSystem& files = *options.file_system;
  const Paths paths(path);
  bool is_there = NACRE_TRY(files.exists(paths.pages));
  if (!is_there && !options.create_if_missing) {
    return fail(Code::kNotFound, format("{}: no database here", path));
  }
  if (!is_there) NACRE_TRY(make_directory_durably(files, paths.directory, paths.parent));
  auto lock = NACRE_TRY(files.lock(paths.lock));
  is_there = NACRE_TRY(files.exists(paths.pages));  // somebody may have been faster
  if (!is_there) NACRE_TRY(create(paths, options));

  auto pager = NACRE_TRY(page::Pager::open(files, paths.pages, pager_options(options)));
  const page::RootRecord root = pager->root();
  auto log =
      NACRE_TRY(log::LocalLog::open(paths.log, log_options(options, root),
                                    {.first_needed = next(root.applied), .durable = root.durable}));
  std::unique_ptr<Store> store(
      new Store(std::move(lock), std::move(pager), std::move(log), options));
  NACRE_TRY(store->load_catalog());
  NACRE_TRY(store->replay());
  return store;
}

Result<> Store::load_catalog() {
  if (root_.catalog_root == page::kNoPage) {
    root_.catalog_root = NACRE_TRY(tree::Tree::create(*pager_, kCatalogTree));
    pager_->publish();
    return {};
  }
  tree::Cursor rows(catalog(), page::View::newest());
  for (bool more = NACRE_TRY(rows.seek_first()); more; more = NACRE_TRY(rows.next())) {
    const CatalogKey key = NACRE_TRY(decode_key(rows.key()));
    const CatalogRow row = NACRE_TRY(decode_row(key.table, rows.value()));
    const tree::TreeId id{number(key.table)};
    if (key.dropped != kNoPosition) {
      dropped_.emplace(std::pair(number(key.table), key.dropped), row);
      continue;
    }
    tables_.try_emplace(number(key.table), Table{.tree = tree::Tree(*pager_, row.root, id),
                                                 .row_count = row.row_count,
                                                 .has_big_values = row.has_big_values,
                                                 .graveyard = row.graveyard,
                                                 .graveyard_rows = row.graveyard_rows,
                                                 .created = row.created});
    count_row(key.table, *find_table(key.table), 0);
  }
  is_table_map_stale_ = true;
  publish();
  return {};
}

Result<> Store::replay() {
  // Else a reader would look for the end of a log that may be long, to find nothing there.
  if (applied_ == log_->last_position()) {
    publish();
    return {};
  }
  auto reader = NACRE_TRY(log_->read_from(next(applied_)));
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;
  while (true) {
    const std::optional<log::Commit> commit = NACRE_TRY(reader->next());
    if (!commit.has_value()) break;
    if (commit->time <= applied_time_) {
      return fail(Code::kCorrupt,
                  format("log: commit {}: time is {}, expected more than {}",
                         number(commit->position), number(commit->time), number(applied_time_)));
    }
    NACRE_TRY(apply(commit->position, commit->time, commit->ops));
    bytes += commit->ops.size();
    if (++commits % kReplayPublish != 0 && !NACRE_BUGGIFY("store.replay_publish")) continue;
    publish();
    if (bytes < log_allowance() && !is_dirty_beyond(kReplayDirtyPercent) &&
        !NACRE_BUGGIFY("store.replay_checkpoint")) {
      continue;
    }
    Cut cut = NACRE_TRY(this->cut(/*clean=*/false));
    // On a full disk memory may still be enough for the rest.
    const auto written = write_checkpoint(cut);
    if (!written.has_value() && written.error().code() != Code::kFull) {
      return std::unexpected(written.error().clone());
    }
    bytes = 0;
  }
  publish();
  if (applied_ != log_->last_position()) {
    return fail(Code::kCorrupt, format("log: ends at position {}, expected {}", number(applied_),
                                       number(log_->last_position())));
  }
  return {};
}

}  // namespace nacre::store
