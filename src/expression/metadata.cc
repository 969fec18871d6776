// $meta $rand $toHashedIndexKey $tsIncrement $tsSecond, and what is refused: JavaScript.
#include <array>
#include <random>

#include "base/text.h"
#include "bson/container.h"
#include "expression/hashed_key.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

constexpr std::int32_t kNoJavaScript = 31264;

enum class Meta : std::uint8_t {
  kTextScore,
  kDistance,
  kPoint,
  kIndexKey,
  kSortKey,
  kRecordId,
  kRandom,
  kAbsent
};

class MetaNode final : public Node {
 public:
  explicit MetaNode(Meta meta) : meta_(meta) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const Metadata* metadata = at.environment.metadata();
    if (metadata == nullptr) return bson::Element();
    switch (meta_) {
      case Meta::kTextScore:
        if (metadata->text_score) return at.scratch.real(*metadata->text_score);
        break;
      case Meta::kDistance:
        if (metadata->distance) return at.scratch.real(*metadata->distance);
        break;
      case Meta::kPoint:
        return metadata->point;
      case Meta::kIndexKey:
        return metadata->index_key;
      case Meta::kSortKey:
        return metadata->sort_key;
      case Meta::kRecordId:
        return metadata->record_id;
      case Meta::kRandom:
      case Meta::kAbsent:
        break;
    }
    return bson::Element();
  }
  void add_dependencies(Dependencies& to) const override { to.metadata = true; }

 private:
  Meta meta_;
};

struct MetaName {
  std::string_view name;
  Meta meta;
};
// What only a search engine would set is never there.
constexpr std::array<MetaName, 11> kMetaNames = {{{"textScore", Meta::kTextScore},
                                                  {"indexKey", Meta::kIndexKey},
                                                  {"sortKey", Meta::kSortKey},
                                                  {"recordId", Meta::kRecordId},
                                                  {"randVal", Meta::kRandom},
                                                  {"geoNearDistance", Meta::kDistance},
                                                  {"geoNearPoint", Meta::kPoint},
                                                  {"searchScore", Meta::kAbsent},
                                                  {"searchHighlights", Meta::kAbsent},
                                                  {"searchScoreDetails", Meta::kAbsent},
                                                  {"vectorSearchScore", Meta::kAbsent}}};

Result<NodePtr> parse_meta(const Operator&, const bson::Element& argument, Parser&) {
  if (!argument.is(bson::Type::kString))
    return invalid(17307, "$meta only supports string arguments");
  const auto found = std::ranges::find(kMetaNames, argument.string(), &MetaName::name);
  if (found == kMetaNames.end()) {
    return invalid(17308, format("Unsupported argument to $meta: {}", argument.string()));
  }
  return std::make_unique<MetaNode>(found->meta);
}

class Random final : public Node {
 public:
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    thread_local std::mt19937_64 generator(std::random_device{}());
    // 53 bits: all that a double below 1 has.
    return at.scratch.real(static_cast<double>(generator() >> 11) * 0x1p-53);
  }
  void add_dependencies(Dependencies& to) const override { to.varies = true; }
};

Result<NodePtr> parse_random(const Operator&, const bson::Element& argument, Parser&) {
  const bool is_empty = bson::is_container(argument) && argument.document().empty();
  if (!is_empty) return invalid(3040501, "$rand does not currently accept arguments");
  return std::make_unique<Random>();
}

template <bool increment, std::int32_t number>
Result<bson::Element> part_of_timestamp(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is(bson::Type::kTimestamp)) {
    return invalid(number, format("Argument to {} must be a timestamp, but is {}", arguments.name(),
                                  bson::name(value.type())));
  }
  const bson::Timestamp time = value.timestamp();
  return at.scratch.int64(increment ? time.increment : time.seconds);
}

Result<NodePtr> refuse_javascript(const Operator&, const bson::Element&, Parser&) {
  return fail(Code::kUnsupported, kNoJavaScript,
              "Cannot run server-side javascript without the javascript engine enabled");
}

Result<bson::Element> hashed(const Arguments& arguments, Evaluation& at) {
  if (arguments[0]) return at.scratch.int64(hashed_index_key(arguments[0]));
  return at.scratch.int64(hashed_index_key(at.scratch.null()));
}

constexpr std::array kOperators = {
    Operator{.name = "$accumulator",
             .parse = refuse_javascript,
             .remark = "refused with 31264: there is no script engine"},
    Operator{.name = "$function",
             .parse = refuse_javascript,
             .remark = "refused with 31264: there is no script engine"},
    Operator{.name = "$meta",
             .parse = parse_meta,
             .remark =
                 "textScore, geoNearDistance, geoNearPoint, indexKey, sortKey, recordId; what "
                 "search sets is missing"},
    Operator{.name = "$rand", .parse = parse_random},
    Operator{.name = "$toHashedIndexKey",
             .arity_min = 1,
             .arity_max = 1,
             .function = hashed,
             .whole_argument = true},
    Operator{.name = "$tsIncrement",
             .arity_min = 1,
             .arity_max = 1,
             .function = part_of_timestamp<true, 5687302>},
    Operator{.name = "$tsSecond",
             .arity_min = 1,
             .arity_max = 1,
             .function = part_of_timestamp<false, 5687301>},
};

}  // namespace

std::span<const Operator> metadata_operators() { return kOperators; }

}  // namespace nacre::expression
