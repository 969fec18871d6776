// Entries of wildcard indexes: each path below the root of the index with each value there.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "document/index_entry_internal.h"
#include "document/index_expansion_internal.h"

namespace nacre::document {
namespace {

// Which paths an index takes.
class Scope {
 public:
  explicit Scope(const IndexInfo& index) {
    const std::string_view path = index.fields.front().path;
    if (path != "$**") root_ = path.substr(0, path.size() - 4);
    takes_id_ = !root_.empty();
    for (const bson::Element& element : index.options.wildcard_projection.view()) {
      if (element.name() == "_id") {
        takes_id_ = element.truthy();
        continue;
      }
      listed_.emplace_back(element.name());
      inclusion_ = element.truthy();
    }
    only_id_ = listed_.empty() && takes_id_ && root_.empty();
  }

  // Whether values at `path` have entries.
  [[nodiscard]] bool takes(std::string_view path) const {
    if (is_below(path, "_id") && root_.empty()) return takes_id_;
    if (only_id_) return false;
    if (!root_.empty()) return is_below(path, root_);
    if (listed_.empty()) return true;
    const bool listed = std::ranges::any_of(
        listed_, [&](const std::string& other) { return is_below(path, other); });
    return listed == inclusion_;
  }

  // Whether something under `path` may have entries.
  [[nodiscard]] bool may_enter(std::string_view path) const {
    if (takes(path) || (!root_.empty() && is_below(root_, path))) return true;
    if (!root_.empty() || !inclusion_) return root_.empty() && !inclusion_;
    return std::ranges::any_of(listed_,
                               [&](const std::string& other) { return is_below(other, path); });
  }

 private:
  static bool is_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.');
  }

  std::string_view root_;  // "": the document
  bool takes_id_ = false;
  bool only_id_ = false;
  bool inclusion_ = false;
  std::vector<std::string> listed_;
};

class Collection {
 public:
  Collection(const IndexInfo& index, Bytes id_key, IndexEntries& entries)
      : index_(index), scope_(index), id_key_(id_key), entries_(entries) {}

  // NOLINTNEXTLINE(misc-no-recursion): no deeper than the document
  void document(bson::View inside) {
    const std::size_t size = path_.size();
    for (const bson::Element& element : inside) {
      if (size > 0) path_.push_back('.');
      path_.append(element.name());
      if (scope_.may_enter(path_)) value(element);
      path_.resize(size);
    }
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  void value(const bson::Element& element) {
    if (element.is(bson::Type::kDocument) && !element.document().empty()) {
      return document(element.document());
    }
    if (!element.is(bson::Type::kArray)) return add(element);
    entries_.traits.multikey.front() = true;
    if (element.array().empty()) return add(undefined_element());
    for (const bson::Element& inside : element.array()) {
      if (inside.is(bson::Type::kDocument) && !inside.document().empty()) {
        document(inside.document());
      } else {
        add(inside);  // an array in an array is a value of its own
      }
    }
  }

  void add(const bson::Element& element) {
    if (!scope_.takes(path_)) return;
    const bson::Value path(std::string_view{path_});
    EntryFields fields;
    bson::append_key(fields.key, path.element(), bson::Direction::kAscending);
    bson::append_key(fields.key, element, bson::Direction::kAscending, nullptr,
                     index_.options.collator.get());
    entries_.entries.push_back(
        finish_entry(index_, std::move(fields), id_key_, entries_.traits.shortened));
  }

  const IndexInfo& index_;
  const Scope scope_;
  Bytes id_key_;
  IndexEntries& entries_;
  std::string path_;
};

}  // namespace

bool wildcard_takes(const IndexInfo& index, std::string_view path) {
  return Scope(index).takes(path);
}

Result<> wildcard_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                          IndexEntries& entries) {
  Collection(index, id_key, entries).document(document);
  return {};
}

}  // namespace nacre::document
