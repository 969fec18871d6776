// The handlers of all commands, by family; each family is one commands_<family>.cc.
#pragma once

#include "server/command.h"

namespace nacre::server {

// Handshake and harmless questions.
[[nodiscard]] Result<> hello(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> is_master(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> ping(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> build_info(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> list_commands(const Request& request, bson::Builder& reply);

// Reading.
[[nodiscard]] Result<> find(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> get_more(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> kill_cursors(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> count(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> distinct(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> aggregate(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> explain(const Request& request, bson::Builder& reply);

// Writing.
[[nodiscard]] Result<> insert(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> update(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> remove(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> find_and_modify(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> bulk_write(const Request& request, bson::Builder& reply);

// Databases, collections and indexes.
[[nodiscard]] Result<> create(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> coll_mod(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> convert_to_capped(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> clone_as_capped(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> rename_collection(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> drop(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> drop_database(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> list_collections(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> list_databases(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> create_indexes(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> list_indexes(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> drop_indexes(const Request& request, bson::Builder& reply);

// The plans that are remembered.
[[nodiscard]] Result<> plan_cache_clear(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> plan_cache_clear_filters(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> plan_cache_list_filters(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> plan_cache_set_filter(const Request& request, bson::Builder& reply);

// Sessions and transactions.
[[nodiscard]] Result<> commit_transaction(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> abort_transaction(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> start_session(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> end_sessions(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> refresh_sessions(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> kill_all_sessions_by_pattern(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> kill_all_sessions(const Request& request, bson::Builder& reply);

// Looking after the files and operations.
[[nodiscard]] Result<> fsync(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> compact(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> current_op(const Request& request, bson::Builder& reply);

// What the server says about itself.
[[nodiscard]] Result<> get_parameter(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> get_log(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> connection_status(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> get_cmd_line_opts(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> host_info(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> server_status(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> db_stats(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> db_hash(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> top(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> coll_stats(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> validate(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> repl_set_get_status(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> users_info(const Request& request, bson::Builder& reply);

// What will not come (commands_refused.cc).
[[nodiscard]] Result<> search_index_command(const Request& request, bson::Builder& reply);
// commands_admin.cc
[[nodiscard]] Result<> lock_info(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> conn_pool_stats(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> get_default_rw_concern(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> data_size(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> profile(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> set_feature_compatibility_version(const Request& request,
                                                         bson::Builder& reply);
[[nodiscard]] Result<> kill_op(const Request& request, bson::Builder& reply);

[[nodiscard]] Result<> re_index(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> map_reduce(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> search_not_enabled();  // for the stage $listSearchIndexes

}  // namespace nacre::server
