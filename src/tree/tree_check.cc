// check(): every page of a tree against the rules that hold between pages.
#include <array>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "page/node_check.h"
#include "tree/descent.h"
#include "tree/tree.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;

namespace {

class Checker {
 public:
  Checker(const Target& target, page::View view, TreeCheck& report)
      : target_(target), view_(view), report_(report) {}

  // A page that should hold the keys in [lower, upper); `level` is absent for the root.
  Result<> check(PageId id, std::optional<int> level, const std::string& lower,
                 const std::optional<std::string>& upper) {
    if (!reach(id)) return {};
    alignas(64) std::array<std::byte, kPageSize> bytes;
    const Result<> copied = copy_page(id, bytes.data());
    if (!copied.has_value()) {
      if (copied.error().code() != Code::kCorrupt) return std::unexpected(copied.error().clone());
      report_.problems.push_back(copied.error().what());
      return {};
    }
    ++report_.pages_checked;
    const Node node(bytes.data());
    if (report_.is_being_destroyed) {
      return node.is_leaf() ? Result<>() : check_children(node, lower, upper);
    }
    if (const std::string rule = check_place(node, level, lower, upper); !rule.empty()) {
      problem(id, rule);
      return {};  // what lies below cannot be judged
    }
    if (const std::string rule = page::check_node_order(bytes.data()); !rule.empty()) {
      problem(id, rule);
    }
    if (node.is_leaf()) {
      report_.rows_checked += node.count();
      return {};
    }
    return check_children(node, lower, upper);
  }

 private:
  void problem(PageId id, std::string_view rule) {
    report_.problems.push_back(format("{}: page {}: {}, in tree {}", target_.pager->path(),
                                      number(id), rule, std::to_underlying(target_.tree)));
  }

  bool reach(PageId id) {
    if (report_.reachable.size() <= number(id)) report_.reachable.resize(number(id) + 1);
    if (report_.reachable[number(id)]) {
      problem(id, "it is referred to twice");
      return false;
    }
    report_.reachable[number(id)] = true;
    return true;
  }

  Result<> copy_page(PageId id, std::byte* to) {
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      const std::byte* found = target_.pager->find(id, generation);
      if (found == nullptr) {
        if (!target_.pager->is_absent(id)) return id;
        return damaged(target_, id, "it is in no use");
      }
      std::memcpy(to, found, page::offset::kGeneration);
      std::memcpy(to + page::kHeaderSize, found + page::kHeaderSize, kPageSize - page::kHeaderSize);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target_, view_, step));
    if (page::Pager::is_cancelled(view_)) return too_old(target_);
    return {};
  }

  std::string check_place(Node node, std::optional<int> level, const std::string& lower,
                          const std::optional<std::string>& upper) const {
    if (page::tree_of(node.page()) != std::to_underlying(target_.tree)) {
      return format("its tree is {}", page::tree_of(node.page()));
    }
    if (level.has_value() && node.level() != *level) {
      return format("its level is {}, expected {}", node.level(), *level);
    }
    if (as_text(node.lower_fence()) != lower) return "its lower fence is not its parent's";
    const auto own = node.upper_fence();
    if (own.has_value() != upper.has_value() || (own.has_value() && as_text(*own) != *upper)) {
      return "its upper fence is not its parent's";
    }
    return {};
  }

  Result<> check_children(Node node, const std::string& lower,
                          const std::optional<std::string>& upper) {
    std::string from = lower;
    for (std::size_t i = 0; i <= node.count(); ++i) {
      std::optional<std::string> to = upper;
      if (i < node.count()) to = to_string(node.prefix()) + to_string(node.suffix(i));
      NACRE_TRY(check(node.child(i), node.level() - 1, from, to));
      if (to.has_value()) from = *to;
    }
    return {};
  }

  Target target_;
  page::View view_;
  TreeCheck& report_;
};

}  // namespace

Result<> Tree::check(page::View view, TreeCheck& report) const {
  return Checker({pager_, root_, id_}, view, report).check(root_, std::nullopt, "", std::nullopt);
}

}  // namespace nacre::tree
