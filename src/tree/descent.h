// Descent: from the root to the leaf of a key, under a pin, without waiting for anything.
//
// Why it gives up on a page that is not in memory: nobody reads from the file under a pin. The
//   caller lets go of the pin, loads the page, which is then kept for it, and starts anew.
// Errors:  kCorrupt when a page is not what its parent says; kTooOld.
// Threads: as the tree.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "page/node.h"
#include "page/pager.h"
#include "page/types.h"
#include "tree/tree.h"

namespace nacre::tree {

inline constexpr std::size_t kLevelsMax = 20;

// Which child to follow for a key that equals a separator.
enum class Side : std::uint8_t {
  kAtOrAfter,  // the leaf that holds the key
  kBefore,     // the leaf that holds the keys just below it
};

struct Step {
  page::PageId id;
  const std::byte* page;
  std::size_t child;  // followed; 0 at the leaf
};

// Header, hints, heads and slots of a leaf of 60 rows: asked for at once, they cost one trip to
// memory instead of three.
inline constexpr std::size_t kLeafArrays = 704;   // bytes
inline constexpr std::size_t kInnerArrays = 256;  // bytes; inner pages are mostly in CPU caches

// The pages from the root to a leaf, root first.
struct Path {
  std::array<Step, kLevelsMax> steps;
  std::size_t size = 0;

  [[nodiscard]] const Step& leaf() const { return steps[size - 1]; }
};

// Where a descent ended: at a leaf, or before a page that must be loaded.
struct Arrival {
  const std::byte* leaf = nullptr;
  page::PageId missing = page::kNoPage;
  page::PageId id = page::kNoPage;  // of the leaf
};

struct Target {
  page::Pager* pager;
  page::PageId root;
  TreeId tree;
};

[[nodiscard]] std::unexpected<Error> damaged(const Target& target, page::PageId id,
                                             std::string_view rule);
[[nodiscard]] std::unexpected<Error> too_old(const Target& target);

// Under a pin, at `generation` (Pager::generation of `view`). `path` may be null.
[[nodiscard]] Result<Arrival> descend(const Target& target, page::View view,
                                      std::uint64_t generation, Bytes key, Side side, Path* path);

// The same at or after `key`, but the leaf is only found, not looked at: `leaf` of the answer is of
// no meaning, and `path` ends with its parent. A tree of a single page has a path of that page.
[[nodiscard]] Result<Arrival> descend_to_leaf_parent(const Target& target, page::View view,
                                                     std::uint64_t generation, Bytes key,
                                                     Path* path = nullptr);

// The same to the last leaf of the tree.
[[nodiscard]] Result<Arrival> descend_last(const Target& target, page::View view,
                                           std::uint64_t generation);

// Loads pages for a descent and keeps them until the descent is over.
class Loaded {
 public:
  [[nodiscard]] Result<> load(page::Pager& pager, page::PageId id) {
    pins_.push_back(NACRE_TRY(pager.load(id)));
    return {};
  }
  void clear() { pins_.clear(); }

 private:
  std::vector<page::FramePin> pins_;
};

// Runs `step(generation)` under a pin until it returns something else than a missing page.
// `step` returns Result<page::PageId>: kNoPage when it is done.
template <class Body>
[[nodiscard]] Result<> with_pages(const Target& target, page::View view, Body&& step) {
  constexpr int kAgainMax = 1000;
  Loaded loaded;
  page::PageId last = page::kNoPage;
  for (int again = 0;;) {
    page::PageId missing;
    {
      const page::Pin pin;
      const auto generation = target.pager->generation(view);
      if (!generation.has_value()) [[unlikely]]
        return too_old(target);
      missing = NACRE_TRY(step(*generation));
      if (missing == page::kNoPage) [[likely]]
        return {};
    }
    // What was loaded is kept for us, so it is not missing again, unless what a hold shows is gone.
    again = missing == last ? again + 1 : 0;
    NACRE_CHECK(again < kAgainMax, "PAGE-4: a version that a hold shows stays readable");
    last = missing;
    NACRE_TRY(loaded.load(*target.pager, missing));
  }
}

}  // namespace nacre::tree
