// Commands that look after files and operations.
#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "match/filter.h"
#include "server/commands.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr std::int64_t kMegabyte = std::int64_t{1} << 20;

// One at a time in this process, as the engine wants it of each database.
class Compaction {
 public:
  Compaction() : is_alone_(!running().exchange(true)) {}
  Compaction(const Compaction&) = delete;
  Compaction& operator=(const Compaction&) = delete;
  ~Compaction() {
    if (is_alone_) running().store(false);
  }
  [[nodiscard]] bool is_alone() const { return is_alone_; }

 private:
  static std::atomic<bool>& running() {
    static std::atomic<bool> flag{false};
    return flag;
  }
  bool is_alone_;
};

Result<> check_compacted(const Request& request, document::Database& database,
                         std::string_view collection) {
  const document::Snapshot now = NACRE_TRY(database.snapshot());
  const document::CollectionInfo* info = now.catalog().find(collection);
  if (info == nullptr) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("collection {}.{} does not exist", request.database, collection));
  }
  if (info->settings.is_view) {
    return fail(Code::kInvalid, wire_code::kCommandNotSupportedOnView,
                format("can't compact a view: {}.{}", request.database, collection));
  }
  return {};
}

std::int64_t spare_bytes(const document::Database& database) {
  const txn::Stats stats = database.stats();
  return static_cast<std::int64_t>(stats.file_bytes - std::min(stats.used_bytes, stats.file_bytes));
}

// What currentOp tells of itself: there is no list of the others.
bson::Document this_operation(const Request& request) {
  bson::Builder row;
  row.append("type", "op").append("host", request.services.facts.host_name);
  row.append("desc", format("conn{}", request.peer.id));
  row.append_number("connectionId", static_cast<std::int64_t>(request.peer.id));
  row.append("active", true).append("op", "command").append("ns", "admin.$cmd");
  row.begin_document("command").append("currentOp", 1).append("$db", request.database).end();
  return row.finish();
}

// The conditions that rows must meet: what the command's other fields are.
bson::Document conditions(const Fields& fields) {
  bson::Builder filter;
  bool is_first = true;
  for (const bson::Element& field : fields.body()) {
    const std::string_view name = field.name();
    const bool is_condition = !is_first && !name.starts_with('$') && name != "lsid" &&
                              name != "comment" && name != "maxTimeMS" && name != "apiVersion" &&
                              name != "apiStrict" && name != "readConcern";
    if (is_condition) filter.append(field);
    is_first = false;
  }
  return filter.finish();
}

}  // namespace

// Every acknowledged write is durable; the rest is a checkpoint of each database that is open.
Result<> fsync(const Request& request, bson::Builder& reply) {
  const bool lock = NACRE_TRY(request.fields.boolean("lock", false));
  if (lock) {
    return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
                "fsync: writers cannot be locked out; 'nacre dump' reads one moment beside them");
  }
  const std::vector<std::string> names = NACRE_TRY(request.services.databases.names());
  std::int32_t count = 0;
  for (const std::string& name : names) {
    const std::optional<Databases::Lease> database =
        NACRE_TRY(request.services.databases.find(name));
    if (!database) continue;
    NACRE_TRY((*database)->sync());
    NACRE_TRY((*database)->checkpoint());
    ++count;
  }
  reply.append("numFiles", count);
  return {};
}

Result<> compact(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  NACRE_TRY(request.fields.boolean("force", false));
  const bool dry_run = NACRE_TRY(request.fields.boolean("dryRun", false));
  const std::int64_t target = NACRE_TRY(request.fields.lenient_count("freeSpaceTargetMB", 0));
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  if (!database) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("collection {}.{} does not exist", request.database, collection));
  }
  NACRE_TRY(check_compacted(request, **database, collection));
  if (dry_run) {
    reply.append_number("estimatedBytesFreed", spare_bytes(**database));
    return {};
  }
  std::int64_t freed = 0;
  if (spare_bytes(**database) / kMegabyte >= target) {
    const Compaction compaction;
    if (!compaction.is_alone()) {
      return fail(Code::kConflict, wire_code::kConflictingOperationInProgress,
                  "a compaction is already under way");
    }
    const txn::CompactReport report = NACRE_TRY((*database)->compact({}));
    if (report.file_bytes_before > report.file_bytes) {
      freed = static_cast<std::int64_t>(report.file_bytes_before - report.file_bytes);
    }
  }
  reply.append("bytesFreed", freed);
  return {};
}

Result<> current_op(const Request& request, bson::Builder& reply) {
  const bson::Document asked = conditions(request.fields);
  const match::Filter filter = NACRE_TRY(match::Filter::parse(asked));
  const bson::Document row = this_operation(request);
  const bool is_met = NACRE_TRY(filter.matches(row));
  reply.begin_array("inprog");
  if (is_met) reply.push(row);
  reply.end();
  return {};
}

}  // namespace nacre::server
