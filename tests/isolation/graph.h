// Cycles in the graph of who depends on whom, each the shortest found, empty when there is none.
//
// Cost: linear in edges, but for the search of a shortest cycle once one is known to be there.
#pragma once

#include <cstdint>
#include <vector>

namespace nacre::test {

enum class EdgeKind : std::uint8_t { kWw, kWr, kRw, kRt };

struct Edge {
  std::uint32_t from;
  std::uint32_t to;
  EdgeKind kind;
};

// When a transaction ran. Ends that are not known bind nobody.
struct Lifetime {
  std::uint32_t node;
  std::uint64_t begun;
  std::uint64_t ended;
  bool is_end_known;
};

// With lifetimes, whoever ended before another began comes before it. Such steps are shown as kRt.
[[nodiscard]] std::vector<Edge> find_cycle(std::uint32_t nodes, const std::vector<Edge>& edges,
                                           const std::vector<Lifetime>& lifetimes = {});

// A cycle in which no two kRw follow each other. Every transaction is two points in time, its
// snapshot and its commit: ww and wr lead from a commit to a later snapshot, rw from a snapshot to
// a later commit; what cannot be put in order is not explained by snapshots.
[[nodiscard]] std::vector<Edge> find_snapshot_cycle(std::uint32_t nodes,
                                                    const std::vector<Edge>& edges,
                                                    const std::vector<Lifetime>& lifetimes = {});

struct DependenceCycles {
  std::vector<Edge> with_one_rw;
  std::vector<Edge> with_more;  // looked for only where there is none with one
};
[[nodiscard]] DependenceCycles find_dependence_cycles(std::uint32_t nodes,
                                                      const std::vector<Edge>& edges);

}  // namespace nacre::test
