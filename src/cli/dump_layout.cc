#include "cli/dump_layout.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <span>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "cli/input.h"

namespace nacre::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBson = ".bson";
constexpr std::string_view kMetadata = ".metadata.json";
constexpr std::size_t kMetadataBytesMax = std::size_t{64} << 20;

// Whether `file` is NAME + ending (+ ".gz"); then NAME.
std::optional<std::string> name_before(std::string_view file, std::string_view ending) {
  if (file.ends_with(".gz")) file.remove_suffix(3);
  if (!file.ends_with(ending)) return std::nullopt;
  file.remove_suffix(ending.size());
  return unescape_name(file);
}

struct Listing {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

Result<Listing> list(const std::string& directory) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    auto& to = at->is_directory() ? listing.folders : listing.files;
    to.push_back(at->path().filename().string());
  }
  if (error) {
    const bool missing = error == std::errc::no_such_file_or_directory;
    return fail(missing ? Code::kNotFound : Code::kIo,
                format("directory {}: {}", directory, error.message()));
  }
  std::ranges::sort(listing.files);
  std::ranges::sort(listing.folders);
  return listing;
}

// Whether it is the folder of one database; what holds several may have an oplog beside them.
bool has_dump(const Listing& listing) {
  return std::ranges::any_of(listing.files, [](const std::string& file) {
    const auto name = name_before(file, kBson);
    return name.has_value() ? *name != "oplog" : name_before(file, kMetadata).has_value();
  });
}

// The folder of the database that is meant.
Result<std::string> choose_folder(const std::string& directory, const std::string& database) {
  const Listing top = NACRE_TRY(list(directory));
  if (!database.empty()) {
    if (std::ranges::find(top.folders, database) == top.folders.end()) {
      return fail(Code::kNotFound, format("{} has no folder {}", directory, database));
    }
    return directory + "/" + database;
  }
  std::string found;
  std::string all;
  int count = 0;
  for (const std::string& folder : top.folders) {
    const bool is_servers_own = folder == "admin" || folder == "config" || folder == "local";
    if (is_servers_own) continue;
    found = folder;
    all += (all.empty() ? "" : ", ") + folder;
    ++count;
  }
  if (count == 1) return directory + "/" + found;
  if (has_dump(top)) return directory;
  if (count == 0) return fail(Code::kInvalid, format("{} holds no dump of a database", directory));
  return fail(Code::kInvalid,
              format("{} holds several databases: {}; --from names one", directory, all));
}

Result<std::string> read_all(const std::string& path) {
  const auto input = NACRE_TRY(open_input(path));
  std::string text;
  while (text.size() < kMetadataBytesMax) {
    const std::size_t have = text.size();
    text.resize(have + (std::size_t{64} << 10));
    const std::size_t count =
        NACRE_TRY(input->read(std::as_writable_bytes(std::span(text).subspan(have))));
    text.resize(have + count);
    if (count == 0) return text;
  }
  return fail(Code::kInvalid, format("file {}: is longer than 64 MB", path));
}

}  // namespace

Result<std::vector<DumpedCollection>> find_dump(const std::string& directory,
                                                const std::string& database) {
  std::string folder = directory;
  const Listing top = NACRE_TRY(list(directory));
  if (!database.empty() || !has_dump(top)) folder = NACRE_TRY(choose_folder(directory, database));
  const Listing listing = NACRE_TRY(list(folder));
  std::map<std::string, DumpedCollection> found;
  for (const std::string& file : listing.files) {
    const std::string path = folder + "/" + file;
    if (const auto name = name_before(file, kBson)) {
      found[*name].bson = path;
    } else if (const auto described = name_before(file, kMetadata)) {
      found[*described].metadata = path;
    }
  }
  std::vector<DumpedCollection> collections;
  for (auto& [name, collection] : found) {
    if (name.starts_with("system.")) continue;
    collection.name = name;
    collections.push_back(std::move(collection));
  }
  if (!collections.empty()) return collections;
  return fail(Code::kInvalid, format("{} holds no collections", folder));
}

Result<DumpedMetadata> read_metadata(const DumpedCollection& collection) {
  DumpedMetadata metadata;
  if (collection.metadata.empty()) return metadata;
  const std::string text = NACRE_TRY(read_all(collection.metadata));
  auto document = bson::from_json(text);
  if (!document) {
    return std::unexpected(
        std::move(document).error().while_doing("reading " + collection.metadata));
  }
  if (const bson::Element options = document->find("options"); options.is(bson::Type::kDocument)) {
    metadata.options = bson::Document(options.document());
  }
  const bson::Element indexes = document->find("indexes");
  if (!indexes) return metadata;
  if (!indexes.is(bson::Type::kArray)) {
    return fail(Code::kInvalid, format("file {}: indexes is no array", collection.metadata));
  }
  for (const bson::Element& index : indexes.array()) {
    if (!index.is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, format("file {}: an index is no document", collection.metadata));
    }
    metadata.indexes.emplace_back(index.document());
  }
  return metadata;
}

std::string escape_name(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || std::string_view("/\\?%*:|\"<>").contains(c)) {
      escaped += format("%{:02X}", byte);
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string unescape_name(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    unsigned byte = 0;
    const bool is_escape =
        name[i] == '%' && i + 2 < name.size() &&
        std::from_chars(name.data() + i + 1, name.data() + i + 3, byte, 16).ptr ==
            name.data() + i + 3;
    plain.push_back(is_escape ? static_cast<char>(byte) : name[i]);
    if (is_escape) i += 2;
  }
  return plain;
}

}  // namespace nacre::cli
