#include "isolation/history.h"

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "isolation/graph.h"

namespace nacre::test {
namespace {

using Outcome = HistoryTransaction::Outcome;
using Node = std::uint32_t;

constexpr std::size_t kOfAKindMax = 3;
constexpr std::array<Anomaly, 7> kNeverAllowed = {
    Anomaly::kInternal,     Anomaly::kUnwritten,         Anomaly::kDuplicate, Anomaly::kAborted,
    Anomaly::kIntermediate, Anomaly::kIncompatibleOrder, Anomaly::kWriteCycle};

std::string show(const HistoryTransaction& transaction, Node node) {
  std::string text = format("T{}(", node);
  for (const Op& op : transaction.ops) {
    if (text.back() != '(') text += ", ";
    if (op.kind == Op::Kind::kAppend) {
      text += format("append {} {}", op.key, op.value);
      continue;
    }
    text += format("read {} [", op.key);
    const std::size_t skipped = op.list.size() > 4 ? op.list.size() - 4 : 0;
    if (skipped > 0) text += format("{} more,", skipped);
    for (std::size_t i = skipped; i < op.list.size(); ++i) text += format(" {}", op.list[i]);
    text += "]";
  }
  return text + ")";
}

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  Findings run() {
    index_writers();
    for (Node node = 0; node < history_.size(); ++node) check_alone(node);
    settle_orders();
    for (Node node = 0; node < history_.size(); ++node) check_reads(node);
    find_lost_updates();
    link();
    find_cycles();
    return std::move(findings_);
  }

 private:
  struct Writer {
    Node node;
    bool is_last;  // of the transaction's appends to the key
  };
  // The first read of a key by a transaction, without its own appends before it.
  struct Seen {
    std::uint64_t key;
    const std::vector<std::uint64_t>* list;
    std::size_t size;
  };

  void add(Anomaly anomaly, std::string text) {
    const auto same = std::ranges::count(findings_.all, anomaly, &Finding::anomaly);
    if (static_cast<std::size_t>(same) < kOfAKindMax) {
      findings_.all.push_back({.anomaly = anomaly, .text = std::move(text)});
    }
  }
  void add(Anomaly anomaly, Node node, std::string_view what) {
    add(anomaly, format("{} in {}", what, show(history_[node], node)));
  }

  void index_writers() {
    committed_.resize(history_.size());
    for (Node node = 0; node < history_.size(); ++node) {
      committed_[node] = history_[node].outcome == Outcome::kOk;
      std::unordered_map<std::uint64_t, std::uint64_t> last;
      for (const Op& op : history_[node].ops) {
        if (op.kind != Op::Kind::kAppend) continue;
        writers_[op.value] = {.node = node, .is_last = false};
        last[op.key] = op.value;
      }
      for (const auto& [key, value] : last) writers_[value].is_last = true;
    }
    // What somebody has seen, happened.
    for (const HistoryTransaction& reader : history_) {
      if (reader.outcome == Outcome::kFailed) continue;
      for (const Op& op : reader.ops) {
        for (const std::uint64_t value : op.list) {
          const auto writer = writers_.find(value);
          if (writer == writers_.end()) continue;
          const Node node = writer->second.node;
          if (&history_[node] == &reader) continue;
          if (history_[node].outcome == Outcome::kUnknown) committed_[node] = true;
        }
      }
    }
    findings_.committed = static_cast<std::uint64_t>(std::ranges::count(committed_, true));
  }

  // Reads against what the transaction did and saw before; a failed one is held to that, too.
  void check_alone(Node node) {
    std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> own;  // appends so far
    std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> seen;
    for (const Op& op : history_[node].ops) {
      if (op.kind == Op::Kind::kAppend) {
        own[op.key].push_back(op.value);
        if (const auto at = seen.find(op.key); at != seen.end()) at->second.push_back(op.value);
        continue;
      }
      const std::vector<std::uint64_t>& mine = own[op.key];
      if (const auto before = seen.find(op.key); before != seen.end()) {
        if (before->second != op.list) add(Anomaly::kInternal, node, "two reads disagree");
        continue;
      }
      if (op.list.size() < mine.size() ||
          !std::equal(mine.rbegin(), mine.rend(), op.list.rbegin())) {
        add(Anomaly::kInternal, node, "an own append is not read back");
        continue;
      }
      seen[op.key] = op.list;
      std::unordered_set<std::uint64_t> unique(op.list.begin(), op.list.end());
      if (unique.size() != op.list.size()) add(Anomaly::kDuplicate, node, "a number comes twice");
      first_reads_[node].push_back(
          {.key = op.key, .list = &op.list, .size = op.list.size() - mine.size()});
    }
  }

  // The order of a key's appends: the longest list that a committed transaction read.
  void settle_orders() {
    for (const auto& [node, reads] : first_reads_) {
      if (!committed_[node]) continue;
      for (const Seen& seen : reads) {
        const std::vector<std::uint64_t>*& longest = orders_[seen.key];
        if (longest == nullptr || longest->size() < seen.list->size()) longest = seen.list;
      }
    }
  }

  void check_reads(Node node) {
    if (history_[node].outcome == Outcome::kFailed) return;
    const auto reads = first_reads_.find(node);
    if (reads == first_reads_.end()) return;
    for (const Seen& seen : reads->second) {
      for (std::size_t i = 0; i < seen.size; ++i) {
        const auto writer = writers_.find((*seen.list)[i]);
        if (writer == writers_.end()) {
          add(Anomaly::kUnwritten, node, format("nobody appended {}", (*seen.list)[i]));
        } else if (history_[writer->second.node].outcome == Outcome::kFailed) {
          add(Anomaly::kAborted, node, format("{} was never committed", (*seen.list)[i]));
        }
      }
      if (seen.size > 0) {
        const auto last = writers_.find((*seen.list)[seen.size - 1]);
        if (last != writers_.end() && !last->second.is_last && last->second.node != node) {
          add(Anomaly::kIntermediate, node,
              format("{} is not its writer's last", (*seen.list)[seen.size - 1]));
        }
      }
      const auto order = orders_.find(seen.key);
      if (order == orders_.end()) continue;
      // Own appends count only if they happened.
      const std::size_t size = committed_[node] ? seen.list->size() : seen.size;
      const std::size_t shorter = std::min(size, order->second->size());
      if (!std::equal(seen.list->begin(), seen.list->begin() + static_cast<std::ptrdiff_t>(shorter),
                      order->second->begin())) {
        add(Anomaly::kIncompatibleOrder, node,
            format("key {} was read in another order", seen.key));
      }
    }
  }

  void find_lost_updates() {
    // (key, size of the list read) -> who appended to that
    std::unordered_map<std::uint64_t, std::unordered_map<std::size_t, Node>> appended;
    for (Node node = 0; node < history_.size(); ++node) {
      const auto reads = first_reads_.find(node);
      if (!committed_[node] || reads == first_reads_.end()) continue;
      for (const Seen& seen : reads->second) {
        const bool appends = std::ranges::any_of(history_[node].ops, [&](const Op& op) {
          return op.kind == Op::Kind::kAppend && op.key == seen.key;
        });
        if (!appends) continue;
        const auto [at, is_first] = appended[seen.key].try_emplace(seen.size, node);
        if (is_first) continue;
        add(Anomaly::kLostUpdate,
            format("{} and {} both appended to what they read of key {}",
                   show(history_[at->second], at->second), show(history_[node], node), seen.key));
      }
    }
  }

  void link() {
    const auto add_edge = [&](Node from, Node to, EdgeKind kind) {
      if (from == to || !committed_[from] || !committed_[to]) return;
      edges_.push_back({.from = from, .to = to, .kind = kind});
      ++findings_.dependences;
    };
    for (const auto& [key, order] : orders_) {
      for (std::size_t i = 0; i + 1 < order->size(); ++i) {
        const auto first = writers_.find((*order)[i]);
        const auto second = writers_.find((*order)[i + 1]);
        if (first == writers_.end() || second == writers_.end()) continue;
        add_edge(first->second.node, second->second.node, EdgeKind::kWw);
      }
    }
    for (const auto& [node, reads] : first_reads_) {
      for (const Seen& seen : reads) {
        if (seen.size > 0) {
          const auto writer = writers_.find((*seen.list)[seen.size - 1]);
          if (writer != writers_.end()) add_edge(writer->second.node, node, EdgeKind::kWr);
        }
        const auto order = orders_.find(seen.key);
        if (order == orders_.end() || order->second->size() <= seen.size) continue;
        const auto next = writers_.find((*order->second)[seen.size]);
        if (next != writers_.end()) add_edge(node, next->second.node, EdgeKind::kRw);
      }
    }
  }

  std::string show_cycle(const std::vector<Edge>& cycle) const {
    constexpr std::array<std::string_view, 4> kNames = {"ww", "wr", "rw", "rt"};
    std::string text;
    for (const Edge& edge : cycle) {
      text += format("{} -{}-> ", show(history_[edge.from], edge.from),
                     kNames[static_cast<std::size_t>(edge.kind)]);
    }
    return cycle.empty() ? text : text + format("T{}", cycle.front().from);
  }

  void find_cycles() {
    const auto nodes = static_cast<Node>(history_.size());
    const auto only = [&](std::initializer_list<EdgeKind> kinds) {
      std::vector<Edge> some;
      for (const Edge& edge : edges_) {
        if (std::ranges::find(kinds, edge.kind) != kinds.end()) some.push_back(edge);
      }
      return some;
    };
    if (const auto cycle = find_cycle(nodes, only({EdgeKind::kWw})); !cycle.empty()) {
      add(Anomaly::kWriteCycle, show_cycle(cycle));
    } else if (const auto found = find_cycle(nodes, only({EdgeKind::kWw, EdgeKind::kWr}));
               !found.empty()) {
      add(Anomaly::kInformationCycle, show_cycle(found));
    }
    const DependenceCycles cycles = find_dependence_cycles(nodes, edges_);
    if (!cycles.with_one_rw.empty()) add(Anomaly::kReadSkew, show_cycle(cycles.with_one_rw));
    if (!cycles.with_more.empty()) add(Anomaly::kItemCycle, show_cycle(cycles.with_more));
    if (const auto cycle = find_snapshot_cycle(nodes, edges_); !cycle.empty()) {
      add(Anomaly::kSnapshotCycle, show_cycle(cycle));
    }
    std::vector<Lifetime> lifetimes;
    for (Node node = 0; node < nodes; ++node) {
      if (!committed_[node]) continue;
      lifetimes.push_back({.node = node,
                           .begun = history_[node].begun,
                           .ended = history_[node].ended,
                           .is_end_known = history_[node].outcome == Outcome::kOk});
    }
    if (const auto cycle = find_snapshot_cycle(nodes, edges_, lifetimes); !cycle.empty()) {
      add(Anomaly::kStaleSnapshot, show_cycle(cycle));
    }
    if (const auto cycle = find_cycle(nodes, edges_, lifetimes); !cycle.empty()) {
      add(Anomaly::kStaleOrder, show_cycle(cycle));
    }
  }

  const History& history_;
  Findings findings_;
  std::vector<bool> committed_;                                                  // by transaction
  std::unordered_map<std::uint64_t, Writer> writers_;                            // by value
  std::unordered_map<Node, std::vector<Seen>> first_reads_;                      // by transaction
  std::unordered_map<std::uint64_t, const std::vector<std::uint64_t>*> orders_;  // by key
  std::vector<Edge> edges_;
};

std::string texts(const Findings& findings, std::initializer_list<Anomaly> refused) {
  std::string text;
  for (const Finding& finding : findings.all) {
    if (std::ranges::find(kNeverAllowed, finding.anomaly) == kNeverAllowed.end() &&
        std::ranges::find(refused, finding.anomaly) == refused.end()) {
      continue;
    }
    text += finding.text + "\n";
  }
  return text;
}

}  // namespace

bool Findings::has(Anomaly anomaly) const {
  return std::ranges::find(all, anomaly, &Finding::anomaly) != all.end();
}

std::string Findings::against_snapshot_isolation() const {
  return texts(*this, {Anomaly::kInformationCycle, Anomaly::kLostUpdate, Anomaly::kReadSkew,
                       Anomaly::kSnapshotCycle, Anomaly::kStaleSnapshot});
}

std::string Findings::against_serializable() const {
  return texts(*this, {Anomaly::kInformationCycle, Anomaly::kLostUpdate, Anomaly::kReadSkew,
                       Anomaly::kItemCycle, Anomaly::kSnapshotCycle});
}

std::string Findings::against_strictly_serializable() const {
  std::string text = against_serializable();
  text += texts(*this, {Anomaly::kStaleOrder});
  return text;
}

Findings check(const History& history) { return Checker(history).run(); }

}  // namespace nacre::test
