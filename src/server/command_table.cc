#include <algorithm>
#include <array>

#include "server/commands.h"

namespace nacre::server {
namespace {

constexpr std::string_view kSearchRemark = "refused with 31082: there is no Atlas here";
constexpr std::string_view kJavascriptRemark = "refused with 31264: there is no script engine";
constexpr std::string_view kFiltersRemark = "there are no index filters";
constexpr std::string_view kHashRemark =
    "documents in the order of _id, those of a time series in that of time";
constexpr std::string_view kHelloRemark = "no topologyVersion, no compression, no authentication";

// Ascending by name (a test says so). Columns: name, handler, flags, fields, remark.
constexpr auto kTable = std::to_array<Command>({
    {"abortTransaction", abort_transaction, kAdminOnly | kWrites | kEndsTransaction,
     "recoveryToken", ""},
    {"aggregate", aggregate, kInTransaction,
     "pipeline cursor explain hint allowDiskUse collation let bypassDocumentValidation", ""},
    {"buildInfo", build_info, kAnyFields, "", ""},
    {"buildinfo", build_info, kAnyFields, "", ""},
    {"bulkWrite", bulk_write, kWrites | kAdminOnly,
     "ops nsInfo ordered errorsOnly cursor let bypassDocumentValidation", ""},
    {"cloneCollectionAsCapped", clone_as_capped, kWrites, "toCollection size", ""},
    {"collMod", coll_mod, kWrites,
     "validator validationLevel validationAction viewOn pipeline index cappedSize cappedMax "
     "changeStreamPreAndPostImages expireAfterSeconds timeseries dryRun",
     ""},
    {"collStats", coll_stats, kPlain, "scale", "reads the collection and its indexes"},
    {"commitTransaction", commit_transaction, kAdminOnly | kWrites | kEndsTransaction,
     "recoveryToken", ""},
    {"compact", compact, kPlain, "force freeSpaceTargetMB dryRun",
     "of the whole database; one at a time"},
    {"connPoolStats", conn_pool_stats, kPlain, "", "no other server is connected to"},
    {"connectionStatus", connection_status, kPlain, "showPrivileges", ""},
    {"convertToCapped", convert_to_capped, kWrites, "size",
     "indexes are dropped; 112 where the collection is written all the while"},
    {"count", count, kPlain, "query limit skip hint fields collation", ""},
    {"create", create, kWrites,
     "capped autoIndexId idIndex size max storageEngine validator validationLevel "
     "validationAction indexOptionDefaults viewOn pipeline collation changeStreamPreAndPostImages "
     "timeseries expireAfterSeconds clusteredIndex encryptedFields temp flags",
     "views, validators, capped and clustered collections, time series; no encryption"},
    {"createIndexes", create_indexes, kWrites, "indexes commitQuorum ignoreUnknownIndexOptions",
     "every kind but geoHaystack"},
    {"createSearchIndexes", search_index_command, kAnyFields, "", kSearchRemark},
    {"currentOp", current_op, kAdminOnly | kAnyFields, "", "this operation"},
    {"dataSize", data_size, kPlain, "keyPattern min max estimate", "of whole collections"},
    {"datasize", data_size, kPlain, "keyPattern min max estimate", "of whole collections"},
    {"dbHash", db_hash, kAnyFields, "", kHashRemark},
    {"dbStats", db_stats, kPlain, "scale freeStorage", "reads every collection and index"},
    {"dbhash", db_hash, kAnyFields, "", kHashRemark},
    {"dbstats", db_stats, kPlain, "scale freeStorage", "reads every collection and index"},
    {"delete", remove, kWrites | kInTransaction,
     "deletes ordered let bypassDocumentValidation collectionUUID", ""},
    {"deleteIndexes", drop_indexes, kWrites, "index", ""},
    {"distinct", distinct, kInTransaction | kTellsOk, "key query collation hint", ""},
    {"drop", drop, kWrites, "", ""},
    {"dropDatabase", drop_database, kWrites, "", ""},
    {"dropIndexes", drop_indexes, kWrites, "index", ""},
    {"dropSearchIndex", search_index_command, kAnyFields, "", kSearchRemark},
    {"endSessions", end_sessions, kPlain, "", ""},
    {"explain", explain, kPlain, "verbosity", ""},
    {"find", find, kInTransaction,
     "filter sort projection hint skip limit batchSize singleBatch max min returnKey showRecordId "
     "tailable oplogReplay noCursorTimeout awaitData allowPartialResults collation allowDiskUse "
     "let",
     "tailable on capped collections, without skip and limit"},
    {"findAndModify", find_and_modify, kWrites | kInTransaction,
     "query sort remove update new fields upsert bypassDocumentValidation collation arrayFilters "
     "hint let collectionUUID",
     ""},
    {"findandmodify", find_and_modify, kWrites | kInTransaction,
     "query sort remove update new fields upsert bypassDocumentValidation collation arrayFilters "
     "hint let collectionUUID",
     ""},
    {"fsync", fsync, kAdminOnly, "lock fsyncLockAcquisitionTimeoutMillis",
     "every write is durable anyway; a lock is refused with 115"},
    {"getCmdLineOpts", get_cmd_line_opts, kAdminOnly, "", ""},
    {"getDefaultRWConcern", get_default_rw_concern, kAdminOnly, "inMemory", ""},
    {"getLog", get_log, kAdminOnly, "", "always empty: the log goes to standard error"},
    {"getMore", get_more, kInTransaction, "collection batchSize term lastKnownCommittedOpTime", ""},
    {"getParameter", get_parameter, kAdminOnly | kAnyFields, "",
     "authenticationMechanisms, enableTestCommands, featureCompatibilityVersion, "
     "requireApiVersion"},
    {"hello", hello, kHandshake | kAnyFields, "", kHelloRemark},
    {"hostInfo", host_info, kAdminOnly, "", ""},
    {"insert", insert, kWrites | kInTransaction,
     "documents ordered bypassDocumentValidation collectionUUID", ""},
    {"isMaster", is_master, kHandshake | kAnyFields, "", kHelloRemark},
    {"ismaster", is_master, kHandshake | kAnyFields, "", kHelloRemark},
    {"killAllSessions", kill_all_sessions, kPlain, "", ""},
    {"killAllSessionsByPattern", kill_all_sessions_by_pattern, kPlain, "", ""},
    {"killCursors", kill_cursors, kPlain, "cursors", ""},
    {"killOp", kill_op, kAdminOnly, "op", "meets none: operations show no numbers"},
    {"killSessions", end_sessions, kPlain, "", ""},
    {"listCollections", list_collections, kPlain, "filter nameOnly authorizedCollections cursor",
     ""},
    {"listCommands", list_commands, kPlain, "", ""},
    {"listDatabases", list_databases, kAdminOnly, "filter nameOnly authorizedDatabases", ""},
    {"listIndexes", list_indexes, kPlain, "cursor includeBuildUUIDs includeIndexBuildInfo", ""},
    {"lockInfo", lock_info, kAdminOnly, "includeStorageEngineMutexes", "there are no locks"},
    {"mapReduce", map_reduce, kAnyFields, "", kJavascriptRemark},
    {"mapreduce", map_reduce, kAnyFields, "", kJavascriptRemark},
    {"ping", ping, kPlain, "", ""},
    {"planCacheClear", plan_cache_clear, kPlain, "query sort projection collation", ""},
    {"planCacheClearFilters", plan_cache_clear_filters, kPlain, "query sort projection collation",
     kFiltersRemark},
    {"planCacheListFilters", plan_cache_list_filters, kPlain, "", kFiltersRemark},
    {"planCacheSetFilter", plan_cache_set_filter, kPlain, "query sort projection collation indexes",
     "refused with 115: a query may carry a hint"},
    {"profile", profile, kPlain, "slowms sampleRate filter", "level 0 only"},
    {"reIndex", re_index, kWrites, "", "refused with 20, as on every member of a replica set"},
    {"refreshSessions", refresh_sessions, kPlain, "", ""},
    {"renameCollection", rename_collection, kWrites | kAdminOnly, "to dropTarget",
     "into another database by a copy"},
    {"replSetGetStatus", repl_set_get_status, kAdminOnly, "initialSync", "the one node"},
    {"serverStatus", server_status, kAnyFields, "",
     "uptime, connections, memory, cursors, sessions"},
    {"setFeatureCompatibilityVersion", set_feature_compatibility_version, kAdminOnly,
     "confirm fromConfigServer", "8.0 only"},
    {"startSession", start_session, kPlain, "", ""},
    {"top", top, kAdminOnly | kAnyFields, "", "since the server began"},
    {"update", update, kWrites | kInTransaction,
     "updates ordered let bypassDocumentValidation collectionUUID", ""},
    {"updateSearchIndex", search_index_command, kAnyFields, "", kSearchRemark},
    {"usersInfo", users_info, kAnyFields, "", "there are no users yet"},
    {"validate", validate, kPlain,
     "full metadata background repair fixMultikey checkBSONConformance",
     "checks the whole database"},
});

}  // namespace

std::span<const Command> command_table() { return kTable; }

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::lower_bound(kTable, name, {}, &Command::name);
  return found != kTable.end() && found->name == name ? &*found : nullptr;
}

}  // namespace nacre::server
