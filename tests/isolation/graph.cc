#include "isolation/graph.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

namespace nacre::test {
namespace {

using Node = std::uint32_t;
constexpr Node kNone = std::numeric_limits<Node>::max();
constexpr std::size_t kSearchesMax = 200;  // of a shortest cycle

// Edges by their source. An edge remembers which dependence it stands for.
class Graph {
 public:
  struct Link {
    Node to;
    std::uint32_t edge;  // index into the dependences; kNone: within one transaction, or of time
  };
  struct Step {
    Node from;
    Link link;
  };

  Graph(Node nodes, const std::vector<Step>& steps)
      : begin_(std::size_t{nodes} + 1), links_(steps.size()) {
    for (const Step& step : steps) ++begin_[step.from + 1];
    for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    std::vector<std::size_t> at(begin_.begin(), begin_.end() - 1);
    for (const Step& step : steps) links_[at[step.from]++] = step.link;
  }

  [[nodiscard]] Node size() const { return static_cast<Node>(begin_.size() - 1); }
  [[nodiscard]] std::size_t begin(Node node) const { return begin_[node]; }
  [[nodiscard]] std::size_t end(Node node) const { return begin_[node + 1]; }
  [[nodiscard]] const Link& link(std::size_t at) const { return links_[at]; }

  // The strongly connected component of each node, by Tarjan's algorithm without recursion; nodes
  // alone in theirs get kNone.
  [[nodiscard]] std::vector<Node> components() const;
  // The links of a shortest way from `from` to `to` within `component`, of at least one link.
  [[nodiscard]] std::vector<Step> way(Node from, Node to,
                                      const std::vector<Node>& components) const;

 private:
  std::vector<std::size_t> begin_;
  std::vector<Link> links_;
};

std::vector<Node> Graph::components() const {
  std::vector<Node> component(size(), kNone);
  std::vector<Node> number(size(), kNone);
  std::vector<Node> low(size(), 0);
  std::vector<bool> on_stack(size(), false);
  std::vector<Node> stack;
  std::vector<std::pair<Node, std::size_t>> path;
  Node next_number = 0;
  Node next_component = 0;
  const auto enter = [&](Node node) {
    number[node] = low[node] = next_number++;
    stack.push_back(node);
    on_stack[node] = true;
    path.emplace_back(node, begin(node));
  };
  const auto leave = [&](Node node) {
    if (low[node] != number[node]) return;
    const bool is_alone = stack.back() == node;
    Node member = kNone;
    do {
      member = stack.back();
      stack.pop_back();
      on_stack[member] = false;
      if (!is_alone) component[member] = next_component;
    } while (member != node);
    ++next_component;
  };
  for (Node root = 0; root < size(); ++root) {
    if (number[root] != kNone) continue;
    enter(root);
    while (!path.empty()) {
      auto& [node, at] = path.back();
      if (at < end(node)) {
        const Node to = link(at++).to;
        if (number[to] == kNone) {
          enter(to);
        } else if (on_stack[to]) {
          low[node] = std::min(low[node], number[to]);
        }
        continue;
      }
      const Node done = node;
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
      leave(done);
    }
  }
  return component;
}

std::vector<Graph::Step> Graph::way(Node from, Node to, const std::vector<Node>& components) const {
  std::vector<Step> came(size(), Step{.from = kNone, .link = {}});
  std::deque<Node> queue{from};
  while (!queue.empty()) {
    const Node node = queue.front();
    queue.pop_front();
    for (std::size_t at = begin(node); at < end(node); ++at) {
      const Node next = link(at).to;
      if (components[next] != components[from] || came[next].from != kNone) continue;
      came[next] = {.from = node, .link = link(at)};
      if (next != to) {
        queue.push_back(next);
        continue;
      }
      std::vector<Step> steps;
      for (Node back = to; steps.empty() || back != from; back = came[back].from) {
        steps.push_back(
            {.from = came[back].from, .link = {.to = back, .edge = came[back].link.edge}});
      }
      std::ranges::reverse(steps);
      return steps;
    }
  }
  return {};
}

// A shortest cycle of `graph`, among those through the first nodes that lie on one.
std::vector<Graph::Step> shortest_cycle(const Graph& graph) {
  const std::vector<Node> components = graph.components();
  std::vector<Graph::Step> shortest;
  std::size_t searches = 0;
  for (Node node = 0; node < graph.size() && searches < 20; ++node) {
    if (components[node] == kNone) continue;
    ++searches;
    auto cycle = graph.way(node, node, components);
    if (shortest.empty() || cycle.size() < shortest.size()) shortest = std::move(cycle);
  }
  return shortest;
}

// Time as a chain of points, one for each end: an end leads to its point, a point to the next, and
// the last point before a beginning leads to that. So "ended before" takes no edge for each pair.
void add_time(std::vector<Graph::Step>& steps, Node& nodes, const std::vector<Lifetime>& lifetimes,
              Node end_offset) {
  std::vector<const Lifetime*> ends;
  for (const Lifetime& life : lifetimes) {
    if (life.is_end_known) ends.push_back(&life);
  }
  std::ranges::sort(ends, {}, [](const Lifetime* life) { return life->ended; });
  const Node first_point = nodes;
  for (std::size_t i = 0; i < ends.size(); ++i, ++nodes) {
    steps.push_back({.from = ends[i]->node + end_offset, .link = {.to = nodes, .edge = kNone}});
    if (i > 0) steps.push_back({.from = nodes - 1, .link = {.to = nodes, .edge = kNone}});
  }
  for (const Lifetime& life : lifetimes) {
    const auto later = std::ranges::partition_point(
        ends, [&](const Lifetime* other) { return other->ended < life.begun; });
    if (later == ends.begin()) continue;
    const auto point = first_point + static_cast<Node>(later - ends.begin() - 1);
    steps.push_back({.from = point, .link = {.to = life.node, .edge = kNone}});
  }
}

// The dependences that a cycle of the graph goes along; node n and node n + `nodes` are one
// transaction, what lies above is time.
std::vector<Edge> as_edges(const std::vector<Graph::Step>& cycle, const std::vector<Edge>& edges,
                           Node nodes, Node points_from) {
  std::vector<Edge> shown;
  Node left = kNone;  // the transaction that time began to run after
  const auto transaction = [&](Node node) { return node % nodes; };
  // Begins at a transaction, not at a point in time.
  const auto first =
      std::ranges::find_if(cycle, [&](const Graph::Step& step) { return step.from < points_from; });
  const auto offset = static_cast<std::size_t>(first - cycle.begin());
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const Graph::Step& step = cycle[(offset + i) % cycle.size()];
    if (step.link.edge != kNone) {
      shown.push_back(edges[step.link.edge]);
    } else if (step.from < points_from && step.link.to >= points_from) {
      left = transaction(step.from);
    } else if (step.from >= points_from && step.link.to < points_from) {
      shown.push_back({.from = left, .to = transaction(step.link.to), .kind = EdgeKind::kRt});
    }
  }
  return shown;
}

}  // namespace

std::vector<Edge> find_cycle(std::uint32_t nodes, const std::vector<Edge>& edges,
                             const std::vector<Lifetime>& lifetimes) {
  std::vector<Graph::Step> steps;
  for (std::uint32_t i = 0; i < edges.size(); ++i) {
    steps.push_back({.from = edges[i].from, .link = {.to = edges[i].to, .edge = i}});
  }
  Node total = nodes;
  add_time(steps, total, lifetimes, /*end_offset=*/0);
  const auto cycle = shortest_cycle(Graph(total, steps));
  return cycle.empty() ? std::vector<Edge>{} : as_edges(cycle, edges, nodes, nodes);
}

std::vector<Edge> find_snapshot_cycle(std::uint32_t nodes, const std::vector<Edge>& edges,
                                      const std::vector<Lifetime>& lifetimes) {
  std::vector<Graph::Step> steps;  // node: the snapshot; node + nodes: the commit
  for (Node node = 0; node < nodes; ++node) {
    steps.push_back({.from = node, .link = {.to = node + nodes, .edge = kNone}});
  }
  for (std::uint32_t i = 0; i < edges.size(); ++i) {
    const bool is_rw = edges[i].kind == EdgeKind::kRw;
    const Node from = is_rw ? edges[i].from : edges[i].from + nodes;
    const Node to = is_rw ? edges[i].to + nodes : edges[i].to;
    steps.push_back({.from = from, .link = {.to = to, .edge = i}});
  }
  Node total = 2 * nodes;
  add_time(steps, total, lifetimes, /*end_offset=*/nodes);
  const auto cycle = shortest_cycle(Graph(total, steps));
  return cycle.empty() ? std::vector<Edge>{} : as_edges(cycle, edges, nodes, 2 * nodes);
}

DependenceCycles find_dependence_cycles(std::uint32_t nodes, const std::vector<Edge>& edges) {
  std::vector<Graph::Step> all;
  std::vector<Graph::Step> without_rw;
  for (std::uint32_t i = 0; i < edges.size(); ++i) {
    const Graph::Step step{.from = edges[i].from, .link = {.to = edges[i].to, .edge = i}};
    all.push_back(step);
    if (edges[i].kind != EdgeKind::kRw) without_rw.push_back(step);
  }
  const Graph graph(nodes, all);
  const Graph calm(nodes, without_rw);
  const std::vector<Node> components = graph.components();
  DependenceCycles found;
  std::size_t searches = 0;
  for (const Edge& edge : edges) {
    if (edge.kind != EdgeKind::kRw || components[edge.from] == kNone) continue;
    if (components[edge.from] != components[edge.to] || ++searches > kSearchesMax) continue;
    const auto back = calm.way(edge.to, edge.from, components);
    if (!back.empty()) {
      found.with_one_rw = as_edges(back, edges, nodes, nodes);
      found.with_one_rw.insert(found.with_one_rw.begin(), edge);
      return found;
    }
    if (found.with_more.empty()) {
      const auto any = graph.way(edge.to, edge.from, components);
      found.with_more = as_edges(any, edges, nodes, nodes);
      found.with_more.insert(found.with_more.begin(), edge);
    }
  }
  return found;
}

}  // namespace nacre::test
