#include "tree/tree.h"

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::Node;
using page::PageId;
using page::View;

Result<PageId> Tree::create(page::Pager& pager, TreeId id) {
  NACRE_TRY(pager.reserve(1));
  const page::Pager::NewPage root = pager.allocate();
  build_node(root.bytes, {.tree = std::to_underlying(id), .lower = {}, .upper = {}}, {}, {});
  return root.id;
}

Result<bool> Tree::visit_row(View view, Bytes key, SeenRow seen, void* context) const {
  const Target target{pager_, root_, id_};
  bool is_there = false;
  const auto step = [&](std::uint64_t) -> Result<PageId> {
    const Glance glance = NACRE_TRY(glance_row(view, key, seen, context));
    is_there = glance.is_there;
    return glance.missing;
  };
  NACRE_TRY(with_pages(target, view, step));
  // What was shown is void when the hold was cancelled meanwhile.
  if (page::Pager::is_cancelled(view)) return too_old(target);
  return is_there;
}

Result<PageId> Tree::missing(View view, Bytes key, PageId& leaf) const {
  const Target target{pager_, root_, id_};
  const page::Pin pin;
  const auto generation = pager_->generation(view);
  if (!generation.has_value()) return too_old(target);
  const Arrival arrival = NACRE_TRY(descend_to_leaf_parent(target, view, *generation, key));
  leaf = arrival.id;
  return arrival.missing;
}

Result<bool> Tree::get(View view, Bytes key, std::string& into, std::uint64_t* word) const {
  return visit(view, key, [&](Bytes value, std::uint64_t found_word) {
    into.assign(as_text(value));
    if (word != nullptr) *word = found_word;
  });
}

namespace {

// How a change to one leaf ended.
enum class Outcome : std::uint8_t { kNew, kReplaced, kAbsent, kNoRoom };

// Row `index` of a leaf, as its old state is shown to whoever replaces it.
Row row_at(Node leaf, std::size_t index, Bytes key) {
  const Node::LeafCell cell = leaf.leaf_cell(index);
  return {.key = key, .value = cell.value, .word = cell.word, .flags = cell.flags};
}

// `flags_for` gives the flags of a row that replaces another.
template <class FlagsFor>
Outcome put_in_leaf(page::Pager& pager, const std::byte* leaf, Row& row, FlagsFor&& flags_for) {
  std::byte* page = pager.writable(leaf);
  const Node node(page);
  const Bytes suffix = node.strip(row.key);
  const page::Found found = page::search(node, suffix);
  if (found.equal) row.flags = flags_for(node, found.index);
  const bool done = found.equal
                        ? leaf_replace(page, found.index, row.value, row.word, row.flags)
                        : leaf_insert(page, found.index, suffix, row.value, row.word, row.flags);
  if (!done) return Outcome::kNoRoom;
  return found.equal ? Outcome::kReplaced : Outcome::kNew;
}

}  // namespace

namespace {

// The leaf of `key`, when `near` is that.
const std::byte* leaf_near(const Target& target, PageId near, std::uint64_t generation, Bytes key) {
  const std::byte* bytes = target.pager->find(near, generation, kLeafArrays);
  if (bytes == nullptr || page::tree_of(bytes) != std::to_underlying(target.tree) ||
      page::level_of(bytes) != 0) {
    return nullptr;
  }
  // A page that was given up stays for those who may still read it.
  const bool is_gone =
      (page::superseded_word(bytes) & page::kNotSuperseded) != page::kNotSuperseded;
  if (is_gone && !NACRE_PLANTED(given_up_leaf_written)) return nullptr;
  const Node leaf(bytes);
  if (compare(leaf.lower_fence(), key) > 0) return nullptr;
  const auto upper = leaf.upper_fence();
  return !upper.has_value() || compare(key, *upper) < 0 ? bytes : nullptr;
}

}  // namespace

Result<bool> Tree::put_row(Row row, OldRow old, void* context, PageId near) {
  if (!row_fits(row.key.size(), row.value.size())) {
    return fail(Code::kInvalid,
                format("a row with a key of {} and a value of {} bytes does not fit a page",
                       row.key.size(), row.value.size()));
  }
  const page::RowFlags flags = row.flags;
  const Target target{pager_, root_, id_};
  NACRE_TRY(pager_->reserve(1));
  Path path;
  Outcome outcome{};
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    const auto put_in = [&](const std::byte* bytes) {
      outcome = put_in_leaf(*pager_, bytes, row, [&](Node leaf, std::size_t index) {
        return old == nullptr ? flags : old(context, row_at(leaf, index, row.key));
      });
    };
    if (near != kNoPage) {
      const std::byte* leaf = leaf_near(target, near, generation, row.key);
      if (leaf != nullptr) put_in(leaf);
      if (leaf != nullptr && outcome != Outcome::kNoRoom) return kNoPage;
    }
    path.size = 0;
    const Arrival arrival =
        NACRE_TRY(descend(target, View::open(), generation, row.key, Side::kAtOrAfter, &path));
    if (arrival.leaf == nullptr) return arrival.missing;
    put_in(arrival.leaf);
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, View::open(), step));
  if (outcome != Outcome::kNoRoom) return outcome == Outcome::kNew;
  return split_and_put(target, path, row);
}

Result<std::size_t> Tree::append(std::span<const Row> rows) {
  if (rows.empty()) return std::size_t{0};
  const Target target{pager_, root_, id_};
  Path path;
  bool is_after_all = false;
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    path.size = 0;
    const Bytes key = rows.front().key;
    const Arrival arrival =
        NACRE_TRY(descend(target, View::open(), generation, key, Side::kAtOrAfter, &path));
    if (arrival.leaf == nullptr) return arrival.missing;
    const Node leaf(arrival.leaf);
    is_after_all = !leaf.upper_fence().has_value() &&
                   page::search(leaf, leaf.strip(key)).index == leaf.count();
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, View::open(), step));
  if (!is_after_all) return std::size_t{0};
  return append_some(target, path, rows);
}

Result<bool> Tree::remove_row(Bytes key, OldRow old, void* context) {
  const Target target{pager_, root_, id_};
  NACRE_TRY(pager_->reserve(1));
  Path path;
  bool was_there = false;
  bool is_sparse = false;
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    path.size = 0;
    const Arrival arrival =
        NACRE_TRY(descend(target, View::open(), generation, key, Side::kAtOrAfter, &path));
    if (arrival.leaf == nullptr) return arrival.missing;
    const Node leaf(arrival.leaf);
    const page::Found found = page::search(leaf, leaf.strip(key));
    was_there = found.equal;
    if (!found.equal) return kNoPage;
    if (old != nullptr) old(context, row_at(leaf, found.index, key));
    std::byte* page = pager_->writable(arrival.leaf);
    leaf_erase(page, found.index);
    is_sparse = Node(page).used() < kSparse;
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, View::open(), step));
  // Merging is housekeeping: the row is gone whether or not it succeeds.
  if (is_sparse && path.size > 1) static_cast<void>(merge_up(target, path));
  return was_there;
}

Result<> Tree::clear() {
  const Target target{pager_, root_, id_};
  const std::vector<PageId> pages = NACRE_TRY(pages_below(target));
  NACRE_TRY(pager_->reserve(1));
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    const std::byte* root = pager_->find(root_, generation);
    if (root == nullptr) return root_;
    build_node(pager_->writable(root), {.tree = std::to_underlying(id_), .lower = {}, .upper = {}},
               {}, {});
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, View::open(), step));
  for (const PageId id : pages) pager_->free(id);
  return {};
}

Result<> Tree::destroy() {
  const std::vector<PageId> pages = NACRE_TRY(pages_below({pager_, root_, id_}));
  for (const PageId id : pages) pager_->free(id);
  pager_->free(root_);
  return {};
}

}  // namespace nacre::tree
