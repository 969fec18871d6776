// The directory that mongodump writes: for each collection NAME.bson and NAME.metadata.json, in a
// folder named as the database.
//
//   metadata: {"options": {...}, "indexes": [{"v": 2, "key": {...}, "name": "..."}, ...],
//              "uuid": "32 hexadecimal digits", "collectionName": "NAME", "type": "collection"}; of
//              a view there is this file alone
// Names of files have what a file system may not like escaped as %XX. Packed files end in .gz.
// Errors:  kNotFound, kInvalid, kIo name the file.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"

namespace nacre::cli {

struct DumpedCollection {
  std::string name;
  std::string bson;      // path; empty: a view
  std::string metadata;  // path; empty: none was written
};

struct DumpedMetadata {
  bson::Document options;
  std::vector<bson::Document> indexes;  // "_id_" among them
};

// The collections below `directory`, which is the folder of one database or holds the folders of
// several, of which `database` (or the only one) is meant; ascending by name. Collections of the
// server's own (system.*) are left out.
[[nodiscard]] Result<std::vector<DumpedCollection>> find_dump(const std::string& directory,
                                                              const std::string& database);

[[nodiscard]] Result<DumpedMetadata> read_metadata(const DumpedCollection& collection);

// The name of a collection as the name of a file, and back.
[[nodiscard]] std::string escape_name(std::string_view name);
[[nodiscard]] std::string unescape_name(std::string_view name);

}  // namespace nacre::cli
