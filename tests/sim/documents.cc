#include "sim/documents.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::sim {
namespace {

constexpr std::uint64_t kNumbers = 9;  // values of a
constexpr std::uint64_t kTags = 6;
constexpr std::uint64_t kWords = 8;
constexpr std::uint64_t kKeys = 400;  // values of u
constexpr std::uint64_t kDegrees = 9;

// Now and then one that others have, too.
std::string draw_u(io::Random& random) {
  return format("u{}", random.below(random.chance(1, 12) ? 10 : kKeys));
}

std::string draw_words(io::Random& random) {
  std::string words;
  for (std::uint64_t i = random.below(4); i > 0; --i) words += format("w{} ", random.below(kWords));
  return words;
}

std::int32_t draw_number(io::Random& random, std::uint64_t below) {
  return static_cast<std::int32_t>(random.below(below));
}

Spot draw_spot(io::Random& random) {
  return {.x = draw_number(random, kDegrees),
          .y = draw_number(random, kDegrees),
          .is_line = random.chance(1, 4)};
}

void push_pair(bson::Builder& to, double x, double y) {
  to.push_begin_array().push(x).push(y).end();
}

// {type: ..., coordinates: ...} and [x, y], or its two ends; null and [] without one.
void append_spot(bson::Builder& to, const std::optional<Spot>& spot) {
  if (!spot) {
    to.append("g", bson::Null{}).begin_array("p").end();
    return;
  }
  to.begin_document("g").append("type", spot->is_line ? "LineString" : "Point");
  for (const std::string_view name : {"coordinates", "p"}) {
    to.begin_array(name);
    if (spot->is_line) {
      push_pair(to, spot->x, spot->y);
      push_pair(to, spot->x + 1, spot->y);
    } else {
      to.push(static_cast<double>(spot->x)).push(static_cast<double>(spot->y));
    }
    to.end();
    if (name == "coordinates") to.end();  // of g
  }
}

std::optional<Spot> read_spot(const bson::View& pair) {
  if (pair.empty()) return std::nullopt;
  const bool is_line = pair.begin()->is(bson::Type::kArray);
  const bson::View start = is_line ? pair.begin()->array() : pair;
  return Spot{.x = static_cast<std::int32_t>(start.at(0).number_double()),
              .y = static_cast<std::int32_t>(start.at(1).number_double()),
              .is_line = is_line};
}

// {$geometry: a square from a half below zero to a half beyond `size`, which no spot is near the
// edge of}
void append_square(bson::Builder& to, std::int32_t size) {
  const double far = size + 0.5;
  to.begin_document("$geometry").append("type", "Polygon");
  to.begin_array("coordinates").push_begin_array();
  push_pair(to, -0.5, -0.5);
  push_pair(to, far, -0.5);
  push_pair(to, far, far);
  push_pair(to, -0.5, far);
  push_pair(to, -0.5, -0.5);
  to.end().end().end();
}

}  // namespace

std::string collection_name(std::uint32_t collection) { return format("c{}", collection); }

RowKey row_of(std::uint32_t collection, std::int32_t id) {
  return {TableId{collection}, format("{:06}", id)};
}

Doc Doc::draw(io::Random& random, std::int32_t id) {
  Doc doc{.id = id, .a = draw_number(random, kNumbers), .u = draw_u(random), .tags = {}, .w = {}};
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    doc.tags.push_back(draw_number(random, kTags));
  }
  doc.w = draw_words(random);
  if (random.chance(1, 30)) doc.w += std::string(random.below(9000), 'x');
  if (random.chance(2, 3)) doc.spot = draw_spot(random);
  if (random.chance(1, 2)) doc.s = draw_number(random, kTags);
  return doc;
}

bson::Document Doc::encode() const {
  bson::Builder builder;
  builder.append("_id", id).append("a", a).append("u", u).begin_array("tags");
  for (const std::int32_t tag : tags) builder.push(tag);
  builder.end().append("w", w);
  append_spot(builder, spot);
  if (s) builder.append("s", *s);
  return builder.finish();
}

Doc Doc::decode(std::string_view bytes) {
  const bson::View view = bson::View::trusted(as_bytes(bytes));
  Doc doc{.id = view.find("_id").int32(),
          .a = view.find("a").int32(),
          .u = std::string(view.find("u").string()),
          .tags = {},
          .w = std::string(view.find("w").string())};
  for (const bson::Element& tag : view.find("tags").document()) doc.tags.push_back(tag.int32());
  doc.spot = read_spot(view.find("p").array());
  if (const bson::Element s = view.find("s")) doc.s = s.int32();
  return doc;
}

Filter Filter::draw(io::Random& random, std::int32_t ids, const Helpers& helpers) {
  Filter filter{.kind = static_cast<Kind>(random.below(kKinds))};
  // What matches everything is rare among statements that change what matches.
  const bool is_all = filter.kind == Kind::kAll || filter.kind == Kind::kNear;
  if (is_all && random.chance(2, 3)) filter.kind = Kind::kId;
  if (filter.kind == Kind::kWord && !helpers.has_text) filter.kind = Kind::kTag;
  if (filter.kind == Kind::kNear && !helpers.has_sphere) filter.kind = Kind::kMeets;
  switch (filter.kind) {
    case Kind::kId:
      filter.number = draw_number(random, static_cast<std::uint64_t>(ids));
      break;
    case Kind::kU:
      filter.number = draw_number(random, random.chance(1, 2) ? 10 : kKeys);
      break;
    default:
      filter.number = draw_number(random, kTags);
      break;
  }
  return filter;
}

bson::Document Filter::query() const {
  bson::Builder builder;
  switch (kind) {
    case Kind::kAll:
      break;
    case Kind::kId:
      builder.append("_id", number);
      break;
    case Kind::kA:
      builder.append("a", number);
      break;
    case Kind::kAtLeast:
      builder.begin_document("a").append("$gte", number + 3).end();
      break;
    case Kind::kTag:
      builder.append("tags", number);
      break;
    case Kind::kU:
      builder.append("u", format("u{}", number));
      break;
    case Kind::kS:
      builder.append("s", number);
      break;
    case Kind::kNoS:
      builder.begin_document("s").append("$exists", false).end();
      break;
    case Kind::kMeets:
      builder.begin_document("g").begin_document("$geoIntersects");
      append_square(builder, number);
      builder.end().end();
      break;
    case Kind::kInBox:
      builder.begin_document("p").begin_document("$geoWithin").begin_array("$box");
      push_pair(builder, 0, 0);
      push_pair(builder, number, number);
      builder.end().end().end();
      break;
    case Kind::kWord:
      builder.begin_document("$text").append("$search", format("w{}", number)).end();
      break;
    case Kind::kNear:
      builder.begin_document("g").begin_document("$near").begin_document("$geometry");
      builder.append("type", "Point").begin_array("coordinates");
      builder.push(static_cast<double>(number)).push(0.0);
      builder.end().end().end().end();
      break;
  }
  return builder.finish();
}

bool Filter::matches(const Doc& doc) const {
  switch (kind) {
    case Kind::kAll:
      return true;
    case Kind::kId:
      return doc.id == number;
    case Kind::kA:
      return doc.a == number;
    case Kind::kAtLeast:
      return doc.a >= number + 3;
    case Kind::kTag:
      return std::ranges::find(doc.tags, number) != doc.tags.end();
    case Kind::kU:
      return doc.u == format("u{}", number);
    case Kind::kS:
      return doc.s == number;
    case Kind::kNoS:
      return !doc.s.has_value();
    case Kind::kMeets:
    case Kind::kInBox:
      // A line begins in the west: where it does not, no part of it is inside.
      return doc.spot && doc.spot->x <= number && doc.spot->y <= number;
    case Kind::kNear:
      return doc.spot.has_value();
    case Kind::kWord:
      break;
  }
  return doc.w.find(format("w{} ", number)) != std::string::npos;
}

DocChange DocChange::draw(io::Random& random) {
  DocChange change{.kind = static_cast<Kind>(random.below(kKinds)),
                   .number = draw_number(random, kTags)};
  if (change.kind == Kind::kSetU) change.text = draw_u(random);
  if (change.kind == Kind::kSetWords) change.text = draw_words(random);
  if (change.kind == Kind::kMove) change.spot = draw_spot(random);
  return change;
}

bson::Document DocChange::update() const {
  bson::Builder builder;
  switch (kind) {
    case Kind::kSetA:
      builder.begin_document("$set").append("a", number).end();
      break;
    case Kind::kIncrease:
      builder.begin_document("$inc").append("a", std::int32_t{1}).end();
      break;
    case Kind::kPush:
      builder.begin_document("$push").append("tags", number).end();
      break;
    case Kind::kEmpty:
      builder.begin_document("$set").begin_array("tags").end().end();
      break;
    case Kind::kSetU:
      builder.begin_document("$set").append("u", text).end();
      break;
    case Kind::kSetWords:
      builder.begin_document("$set").append("w", text).end();
      break;
    case Kind::kSetS:
      builder.begin_document("$set").append("s", number).end();
      break;
    case Kind::kUnsetS:
      builder.begin_document("$unset").append("s", "").end();
      break;
    case Kind::kMove:
      builder.begin_document("$set");
      append_spot(builder, spot);
      builder.end();
      break;
    case Kind::kVanish:
      builder.begin_document("$set");
      append_spot(builder, std::nullopt);
      builder.end();
      break;
  }
  return builder.finish();
}

void DocChange::apply(Doc& doc) const {
  switch (kind) {
    case Kind::kSetA:
      doc.a = number;
      break;
    case Kind::kIncrease:
      ++doc.a;
      break;
    case Kind::kPush:
      doc.tags.push_back(number);
      break;
    case Kind::kEmpty:
      doc.tags.clear();
      break;
    case Kind::kSetU:
      doc.u = text;
      break;
    case Kind::kSetWords:
      doc.w = text;
      break;
    case Kind::kSetS:
      doc.s = number;
      break;
    case Kind::kUnsetS:
      doc.s.reset();
      break;
    case Kind::kMove:
      doc.spot = spot;
      break;
    case Kind::kVanish:
      doc.spot.reset();
      break;
  }
}

std::vector<Doc> matching(const Rows& rows, std::uint32_t collection, const Filter& filter) {
  std::vector<Doc> docs;
  for (auto at = rows.lower_bound({TableId{collection}, ""});
       at != rows.end() && at->first.first == TableId{collection}; ++at) {
    Doc doc = Doc::decode(at->second);
    if (filter.matches(doc)) docs.push_back(std::move(doc));
  }
  return docs;
}

std::vector<std::string> encoded(const std::vector<Doc>& docs) {
  std::vector<std::string> all;
  all.reserve(docs.size());
  for (const Doc& doc : docs) all.push_back(doc.encode().release());
  return all;
}

bool has_twins(const Rows& rows, std::uint32_t collection) {
  std::vector<std::string> keys;
  for (Doc& doc : matching(rows, collection, {})) keys.push_back(std::move(doc.u));
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

}  // namespace nacre::sim
