// Tree: an ordered map of byte keys to values, as a B+tree over logical pages.
//
// Format:  docs/format/page.md. Keys 1..1000 bytes in memcmp order, values up to 7800 bytes; each
//   row carries a word (position << 16 | op) that says which commit wrote it, and flags.
// Invariants (docs/invariants.md):
//   TREE-1  the root page id never changes
//   TREE-2  keys ascend strictly; each lies in [lower fence, upper fence) of every page above it
//   TREE-3  every page of the tree is referred to exactly once
// Errors:  kCorrupt names file and page; kTooOld from a cancelled hold; kInvalid: a row that
//   row_fits() refuses; kFull: see pager.h. A change that fails leaves the tree as it was, except
//   after kCorrupt or kClosed.
// Cost:    get: one page per level, no allocation beyond what `into` needs. put: one new version of
//   one leaf, more only for a split.
// Threads: a Tree is a plain value, copy it freely. get, check: any thread. Cursor: one per thread.
//   create, put, remove, clear, destroy, bulk_load: in the applier's role (pager.h); what they did
//   is visible to others after Pager::publish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "page/node.h"
#include "page/pager.h"
#include "page/types.h"

namespace nacre::tree {

enum class TreeId : std::uint32_t {};

inline constexpr std::size_t kKeySizeMax = 1000;    // bytes
inline constexpr std::size_t kValueSizeMax = 7800;  // bytes

// Whether a row fits a page of its own whatever lies beside it: its key may be stored three times,
// in the row and in both fences. The store's own trees use it to the limit; its tables have a
// smaller one.
[[nodiscard]] constexpr bool row_fits(std::size_t key_size, std::size_t value_size) {
  return key_size >= 1 && key_size <= kKeySizeMax && value_size <= kValueSizeMax &&
         3 * key_size + value_size <= 7900;
}

// Valid as long as the function that gives it says.
struct Row {
  Bytes key;
  Bytes value;
  std::uint64_t word = 0;  // position << 16 | op
  page::RowFlags flags = 0;
};

// What check() saw. `reachable` and the counts may be shared by several trees of one pager.
struct TreeCheck {
  std::uint64_t pages_checked = 0;
  std::uint64_t rows_checked = 0;
  std::vector<bool> reachable;  // by page id; grown as needed
  std::vector<std::string> problems;
  bool is_being_destroyed = false;  // destroy_some() has begun: only references are looked at
};

class Tree {
 public:
  Tree(page::Pager& pager, page::PageId root, TreeId id) : pager_(&pager), root_(root), id_(id) {}

  // A new empty tree; returns its root.
  [[nodiscard]] static Result<page::PageId> create(page::Pager& pager, TreeId id);

  [[nodiscard]] page::PageId root() const { return root_; }
  [[nodiscard]] TreeId id() const { return id_; }

  // Whether `key` is there. `into` gets its value; `word`, when not null, its word.
  [[nodiscard]] Result<bool> get(page::View view, Bytes key, std::string& into,
                                 std::uint64_t* word = nullptr) const;
  // Shows the row of `key` in place to `seen(value, word)` or `seen(value, word, flags)`, which
  // must be brief and must not call into the pager; the bytes are valid until it returns.
  template <class Seen>
  [[nodiscard]] Result<bool> visit(page::View view, Bytes key, Seen&& seen) const {
    using Function = std::remove_reference_t<Seen>;
    return visit_row(
        view, key,
        [](void* context, Bytes value, std::uint64_t word, page::RowFlags flags) {
          if constexpr (std::is_invocable_v<Function&, Bytes, std::uint64_t, page::RowFlags>) {
            (*static_cast<Function*>(context))(value, word, flags);
          } else {
            (*static_cast<Function*>(context))(value, word);
          }
        },
        const_cast<void*>(static_cast<const void*>(&seen)));
  }

  // The same for each of `keys` that is there, in any order: `seen(i, value, word, flags)`. Their
  // descents go side by side, so that each waits for memory while the others move: about half the
  // time of as many visits.
  template <class Seen>
  [[nodiscard]] Result<> visit_many(page::View view, std::span<const Bytes> keys,
                                    Seen&& seen) const {
    using Function = std::remove_reference_t<Seen>;
    return visit_rows(
        view, keys,
        [](void* context, std::size_t i, Bytes value, std::uint64_t word, page::RowFlags flags) {
          (*static_cast<Function*>(context))(i, value, word, flags);
        },
        const_cast<void*>(static_cast<const void*>(&seen)));
  }

  // visit() for a caller who has a pin, and a view that it protects. When a page is `missing`
  // nothing was seen: let go of the pin, load the page, keep it, and look again.
  struct Glance {
    bool is_there = false;
    page::PageId missing = page::kNoPage;
  };
  template <class Seen>
  [[nodiscard]] Result<Glance> glance(page::View view, Bytes key, Seen&& seen) const {
    using Function = std::remove_reference_t<Seen>;
    return glance_row(
        view, key,
        [](void* context, Bytes value, std::uint64_t word, page::RowFlags flags) {
          (*static_cast<Function*>(context))(value, word, flags);
        },
        const_cast<void*>(static_cast<const void*>(&seen)));
  }
  // Rows [begin, end) of a leaf.
  struct LeafRows {
    const std::byte* page;
    std::size_t begin;
    std::size_t end;
  };
  // The same for the first `limit` rows from `from` on: where they lie, in order. Returns the page
  // that is missing, and then `into` is of no meaning; else kNoPage.
  [[nodiscard]] Result<page::PageId> glance_rows(page::View view, Bytes from, std::size_t limit,
                                                 std::vector<LeafRows>& into) const;

  // The first page on the way to `key` that is not in memory; kNoPage when all are. Then the first
  // lines of the leaf are on their way into the CPU's caches, and `leaf` is its id.
  [[nodiscard]] Result<page::PageId> missing(page::View view, Bytes key, page::PageId& leaf) const;

  // Inserts or replaces. Returns whether the key is new. kInvalid unless row_fits().
  [[nodiscard]] Result<bool> put(Bytes key, Bytes value, std::uint64_t word,
                                 page::RowFlags flags = 0) {
    return put_row({.key = key, .value = value, .word = word, .flags = flags}, nullptr, nullptr);
  }
  // The same; when it replaces a row, `replaced(old)` sees that one first, in place, under the
  // rules of visit(), and gives the flags that the new one is to have instead. It may be called and
  // nothing put, when put fails. `near` is a page that may be the leaf of the key, which saves the
  // way to it.
  template <class Replaced>
  [[nodiscard]] Result<bool> put(Bytes key, Bytes value, std::uint64_t word, page::RowFlags flags,
                                 Replaced&& replaced, page::PageId near = page::kNoPage) {
    using Function = std::remove_reference_t<Replaced>;
    return put_row(
        {.key = key, .value = value, .word = word, .flags = flags},
        [](void* context, const Row& old) -> page::RowFlags {
          return (*static_cast<Function*>(context))(old);
        },
        const_cast<void*>(static_cast<const void*>(&replaced)), near);
  }
  // Puts the first of `rows`, whose keys ascend, when they come after every row of the tree: many
  // at once, into pages as full as they get. Returns how many, 0 when they do not; the rest is to
  // be put by further calls.
  [[nodiscard]] Result<std::size_t> append(std::span<const Row> rows);
  // Returns whether the key was there.
  [[nodiscard]] Result<bool> remove(Bytes key) { return remove_row(key, nullptr, nullptr); }
  // The same; `removed(old)` sees the row first, in place, under the rules of visit().
  template <class Removed>
  [[nodiscard]] Result<bool> remove(Bytes key, Removed&& removed) {
    using Function = std::remove_reference_t<Removed>;
    return remove_row(
        key,
        [](void* context, const Row& old) -> page::RowFlags {
          (*static_cast<Function*>(context))(old);
          return 0;
        },
        const_cast<void*>(static_cast<const void*>(&removed)));
  }
  // Removes every row and gives all pages but the root back.
  [[nodiscard]] Result<> clear();
  // Gives all pages back, the root too: the tree is gone.
  [[nodiscard]] Result<> destroy();

  // Removes the rows below `bound` that the first leaf with rows holds, shown to `removed` before;
  // returns how many, 0 when there are none below it. For trees that grow at one end and are cut at
  // the other.
  using SeenOld = std::function<void(const Row&)>;
  [[nodiscard]] Result<std::size_t> remove_first(Bytes bound, const SeenOld& removed);
  // destroy() in steps of about `pages` pages, last ones first; returns whether the tree is gone.
  // From the first step on nothing else may be done with it.
  [[nodiscard]] Result<bool> destroy_some(std::size_t pages);
  // Fills an empty tree from rows in strictly ascending key order, every page as full as it gets.
  // `next` sets its argument and returns true, or returns false at the end; a row need be valid
  // only until the next call. kInvalid when the tree is not empty or the order is broken.
  using NextRow = std::function<Result<bool>(Row&)>;
  [[nodiscard]] Result<std::uint64_t> bulk_load(const NextRow& next);  // returns the row count

  // Makes the leaves from `from` on fuller, a few of them: rows move to the leaf on the left until
  // that is about nine tenths full, and leaves that so become empty are given up. No row changes.
  // Applier's role; after an error the tree is as it was.
  struct Compacted {
    std::string next;      // where to go on
    bool is_done = false;  // there are no more
    std::uint32_t pages_freed = 0;
    std::uint32_t pages_changed = 0;
  };
  [[nodiscard]] Result<Compacted> compact_step(Bytes from);
  // Brings the pages that the next few calls of compact_step will need into memory and keeps them
  // there. Any thread, so that the applier need not wait for the disk.
  [[nodiscard]] Result<std::vector<page::FramePin>> prepare_compaction(page::View view,
                                                                       Bytes from) const;

  // Checks every page of the tree: fences, order, heads and hints, heap, levels. An error only when
  // the check itself could not run.
  [[nodiscard]] Result<> check(page::View view, TreeCheck& report) const;

 private:
  friend class Cursor;
  using SeenRow = void (*)(void* context, Bytes value, std::uint64_t word, page::RowFlags flags);
  using SeenRowOf = void (*)(void* context, std::size_t i, Bytes value, std::uint64_t word,
                             page::RowFlags flags);
  using OldRow = page::RowFlags (*)(void* context, const Row& old);
  [[nodiscard]] Result<bool> visit_row(page::View view, Bytes key, SeenRow seen,
                                       void* context) const;
  [[nodiscard]] Result<Glance> glance_row(page::View view, Bytes key, SeenRow seen,
                                          void* context) const;
  [[nodiscard]] Result<> visit_rows(page::View view, std::span<const Bytes> keys, SeenRowOf seen,
                                    void* context) const;
  // `old` may be null.
  [[nodiscard]] Result<bool> put_row(Row row, OldRow old, void* context,
                                     page::PageId near = page::kNoPage);
  [[nodiscard]] Result<bool> remove_row(Bytes key, OldRow old, void* context);

  page::Pager* pager_;
  page::PageId root_;
  TreeId id_;
};

}  // namespace nacre::tree
