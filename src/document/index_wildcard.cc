// Entries of wildcard indexes: each path below the root of the index with each value there, between
// the values of the fields beside it.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "document/index_entry_internal.h"
#include "document/index_expansion_internal.h"
#include "document/wildcard_internal.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kArrayBesideWildcard = 7246301;

// Which paths an index takes.
class Scope {
 public:
  explicit Scope(const IndexInfo& index)
      : root_(root_of_wildcard(index.fields[wildcard_position(index.fields)].path)),
        takes_id_(!root_.empty()) {
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
    if (is_at_or_below(path, "_id") && root_.empty()) return takes_id_;
    if (only_id_) return false;
    if (!root_.empty()) return is_at_or_below(path, root_);
    if (listed_.empty()) return true;
    const bool listed = std::ranges::any_of(
        listed_, [&](const std::string& other) { return is_at_or_below(path, other); });
    return listed == inclusion_;
  }

  // Whether something under `path` may have entries.
  [[nodiscard]] bool may_enter(std::string_view path) const {
    if (takes(path) || (!root_.empty() && is_at_or_below(root_, path))) return true;
    if (!root_.empty() || !inclusion_) return root_.empty() && !inclusion_;
    return std::ranges::any_of(
        listed_, [&](const std::string& other) { return is_at_or_below(other, path); });
  }

 private:
  std::string_view root_;  // "": the document
  bool takes_id_ = false;
  bool only_id_ = false;
  bool inclusion_ = false;
  std::vector<std::string> listed_;
};

// What of each entry's key is alike in all entries of a document.
struct Around {
  std::string before;
  std::string behind;
};

Result<Around> values_around(const IndexInfo& index, bson::View document) {
  Around around;
  if (index.fields.size() == 1) return around;
  const std::size_t at = wildcard_position(index.fields);
  std::vector<IndexField> beside = index.fields;
  beside.erase(beside.begin() + static_cast<std::ptrdiff_t>(at));
  std::vector<bool> multikey(beside.size());
  const auto emit = [&](const std::vector<Walk>& walks) {
    around = {};
    for (std::size_t i = 0; i < walks.size(); ++i) {
      bson::append_key(i < at ? around.before : around.behind,
                       walks[i].at ? walks[i].at : null_element(), direction_of(beside[i]), nullptr,
                       index.options.collator.get());
    }
  };
  NACRE_TRY(expand_fields(beside, document, multikey, emit));
  if (std::ranges::find(multikey, true) == multikey.end()) return around;
  return fail(Code::kInvalid, kArrayBesideWildcard,
              "A field beside the wildcard of an index cannot hold an array");
}

// Goes through the paths of one document.
class WildcardEntries {
 public:
  WildcardEntries(const IndexInfo& index, Around around, Bytes id_key, IndexEntries& entries)
      : index_(index),
        scope_(index),
        at_(wildcard_position(index.fields)),
        direction_(direction_of(index.fields[at_])),
        around_(std::move(around)),
        id_key_(id_key),
        entries_(entries) {}

  // Those who ask for the fields beside the wildcard alone find every document.
  void all_of(bson::View whole) {
    document(whole, "");
    if (!entries_.entries.empty() || index_.fields.size() == 1) return;
    const bson::Value least(bson::MinKey{});
    add_key(least.element(), least.element());
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): no deeper than the document
  void document(bson::View inside, std::string_view joint) {
    const std::size_t size = path_.size();
    for (const bson::Element& element : inside) {
      if (element.name().contains('.')) continue;  // no path leads there
      path_.append(joint).append(element.name());
      if (scope_.may_enter(path_)) value(element);
      path_.resize(size);
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void value(const bson::Element& element) {
    if (element.is(bson::Type::kDocument) && !element.document().empty()) {
      return document(element.document(), ".");
    }
    if (!element.is(bson::Type::kArray)) return add(element);
    entries_.traits.multikey[at_] = true;
    if (element.array().empty()) return add(undefined_element());
    for (const bson::Element& inside : element.array()) {
      if (inside.is(bson::Type::kDocument) && !inside.document().empty()) {
        document(inside.document(), ".");
      } else {
        add(inside);  // an array in an array is a value of its own
      }
    }
  }

  void add(const bson::Element& element) {
    if (!scope_.takes(path_)) return;
    const bson::Value path(std::string_view{path_});
    add_key(path.element(), element);
  }

  void add_key(const bson::Element& path, const bson::Element& value) {
    EntryFields fields;
    fields.key = around_.before;
    bson::append_key(fields.key, path, bson::Direction::kAscending);
    bson::append_key(fields.key, value, direction_, nullptr, index_.options.collator.get());
    fields.key += around_.behind;
    entries_.entries.push_back(
        finish_entry(index_, std::move(fields), id_key_, entries_.traits.shortened));
  }

  const IndexInfo& index_;
  const Scope scope_;
  const std::size_t at_;
  const bson::Direction direction_;
  const Around around_;
  Bytes id_key_;
  IndexEntries& entries_;
  std::string path_;
};

}  // namespace

std::size_t wildcard_position(const std::vector<IndexField>& fields) {
  const auto at = std::ranges::find(fields, FieldKind::kWildcard, &IndexField::kind);
  return static_cast<std::size_t>(at - fields.begin());
}

bool wildcard_takes(const IndexInfo& index, std::string_view path) {
  return Scope(index).takes(path);
}

Result<> wildcard_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                          IndexEntries& entries) {
  WildcardEntries(index, NACRE_TRY(values_around(index, document)), id_key, entries)
      .all_of(document);
  return {};
}

}  // namespace nacre::document
