// What the simulation does with documents, and a plain model of it: documents of one shape, filters
// and changes that are easily told without an engine, and the indexes they may meet.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bson/builder.h"
#include "io/random.h"
#include "sim/oracle.h"

namespace nacre::sim {

inline constexpr std::uint32_t kCollections = 3;
[[nodiscard]] std::string collection_name(std::uint32_t collection);  // from 1 on

// A place at whole degrees, or a line from it to the next degree eastwards.
struct Spot {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool is_line = false;
};

// {_id, a, u, tags: [...], w: "words", g: GeoJSON, p: a pair or two, s}, the last not in all of
// them; g is null and p [] without a spot
struct Doc {
  std::int32_t id = 0;
  std::int32_t a = 0;
  std::string u;
  std::vector<std::int32_t> tags;
  std::string w;
  std::optional<Spot> spot{};
  std::optional<std::int32_t> s{};

  [[nodiscard]] static Doc draw(io::Random& random, std::int32_t id);
  [[nodiscard]] static Doc decode(std::string_view bytes);
  [[nodiscard]] bson::Document encode() const;
};

// The row of the oracle that a document is.
[[nodiscard]] RowKey row_of(std::uint32_t collection, std::int32_t id);

// What some filters cannot be asked without.
struct Helpers {
  bool has_text = false;
  bool has_sphere = false;
};

struct Filter {
  // kMeets and kInBox: spots in the square from zero to `number`, on the sphere and on the plane.
  // kNear: all spots.
  enum class Kind : std::uint8_t {
    kAll,
    kId,
    kA,
    kAtLeast,
    kTag,
    kU,
    kS,
    kNoS,
    kMeets,
    kInBox,
    kWord,
    kNear
  };
  static constexpr std::uint64_t kKinds = 12;
  Kind kind = Kind::kAll;
  std::int32_t number = 0;

  [[nodiscard]] static Filter draw(io::Random& random, std::int32_t ids, const Helpers& helpers);
  [[nodiscard]] bson::Document query() const;
  [[nodiscard]] bool matches(const Doc& doc) const;
};

struct DocChange {
  enum class Kind : std::uint8_t {
    kSetA,
    kIncrease,
    kPush,
    kEmpty,
    kSetU,
    kSetWords,
    kSetS,
    kUnsetS,
    kMove,
    kVanish
  };
  static constexpr std::uint64_t kKinds = 10;
  Kind kind = Kind::kSetA;
  std::int32_t number = 0;
  std::string text{};
  Spot spot{};

  [[nodiscard]] static DocChange draw(io::Random& random);
  [[nodiscard]] bson::Document update() const;
  void apply(Doc& doc) const;
};

// The documents of `rows` in a collection that `filter` is about, ascending by _id.
[[nodiscard]] std::vector<Doc> matching(const Rows& rows, std::uint32_t collection,
                                        const Filter& filter);
[[nodiscard]] std::vector<std::string> encoded(const std::vector<Doc>& docs);
// Whether two documents of a collection have the same u.
[[nodiscard]] bool has_twins(const Rows& rows, std::uint32_t collection);

// As createIndexes takes them.
inline constexpr std::array<std::string_view, 10> kIndexes = {
    R"({"key": {"a": 1}, "name": "a"})",
    R"({"key": {"u": 1}, "name": "u", "unique": true})",
    R"({"key": {"tags": 1, "a": -1}, "name": "tags"})",
    R"({"key": {"a": 1, "u": 1}, "name": "p", "partialFilterExpression": {"a": {"$gt": 4}}})",
    R"({"key": {"w": "text"}, "name": "t", "default_language": "none"})",
    R"({"key": {"u": "hashed"}, "name": "h"})",
    R"({"key": {"$**": 1}, "name": "wild"})",
    R"({"key": {"s": 1}, "name": "s", "sparse": true})",
    R"({"key": {"g": "2dsphere", "tags": -1}, "name": "sphere"})",
    R"({"key": {"p": "2d", "a": 1}, "name": "grid", "min": -10, "max": 100})"};
inline constexpr std::array<std::string_view, 10> kIndexNames = {
    "a", "u", "tags", "p", "t", "h", "wild", "s", "sphere", "grid"};
inline constexpr std::size_t kUniqueIndex = 1;
inline constexpr std::size_t kTextIndex = 4;
inline constexpr std::size_t kSphereIndex = 8;

}  // namespace nacre::sim
