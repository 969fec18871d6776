// Updates by the shortest way that could be right: what the fuzz target and a property test compare
// the real thing with.
//
// Why: the real one writes the new document in one walk over a tree of all paths. This one keeps
// the
//   document as a tree of its own and changes it path by path, slowly.
// Takes $set $unset $inc $mul $min $max $push ($each $position $slice) $addToSet $pop $pullAll, on
//   paths without $; for anything else it says so.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bson/arithmetic.h"
#include "bson/builder.h"
#include "bson/compare.h"
#include "bson/path.h"

namespace nacre::document::testing {

class NaiveUpdate {
 public:
  enum class Answer : std::uint8_t { kDone, kError, kUnknown };

  explicit NaiveUpdate(const bson::View& document) { root_ = take(document, false); }

  Answer run(const bson::View& update) {
    std::vector<Change> changes;
    for (const bson::Element& op : update) {
      if (!op.is(bson::Type::kDocument)) return Answer::kUnknown;
      for (const bson::Element& operand : op.document()) {
        changes.push_back(
            {.path = bson::Path(operand.name()), .op = std::string(op.name()), .operand = operand});
      }
    }
    std::ranges::sort(changes, [](const Change& a, const Change& b) {
      return std::ranges::lexicographical_compare(a.path.steps(), b.path.steps(), before);
    });
    for (const Change& change : changes) {
      const Answer answer = apply(change);
      if (answer != Answer::kDone) return answer;
    }
    return Answer::kDone;
  }

  [[nodiscard]] bson::Document document() const {
    bson::Builder builder;
    for (const Node& field : root_.fields) give(builder, field.name, field);
    return builder.finish();
  }

 private:
  struct Node {
    std::string name;
    bson::Value value;  // of neither kind below
    bool is_document = false;
    bool is_array = false;
    std::vector<Node> fields;
  };
  struct Change {
    bson::Path path;
    std::string op;
    bson::Element operand;
  };

  static bool before(const bson::PathStep& a, const bson::PathStep& b) {
    if (a.index && b.index) return *a.index < *b.index;
    return a.name < b.name;
  }

  static Node take(const bson::Element& element) {
    if (element.is(bson::Type::kDocument)) return take(element.document(), false);
    if (element.is(bson::Type::kArray)) return take(element.array(), true);
    Node node;
    node.value = bson::Value(element);
    return node;
  }

  static Node take(const bson::View& view, bool is_array) {
    Node node;
    node.is_array = is_array;
    node.is_document = !is_array;
    for (const bson::Element& element : view) {
      node.fields.push_back(take(element));
      node.fields.back().name = element.name();
    }
    return node;
  }

  static void give(bson::Builder& to, std::string_view name, const Node& node) {
    if (!node.is_document && !node.is_array) {
      to.append(name, node.value.element());
      return;
    }
    if (node.is_array) {
      to.begin_array(name);
    } else {
      to.begin_document(name);
    }
    std::size_t position = 0;
    for (const Node& field : node.fields) {
      give(to, node.is_array ? std::to_string(position) : field.name, field);
      ++position;
    }
    to.end();
  }

  static bson::Document whole(const Node& node) {
    bson::Builder builder;
    give(builder, "v", node);
    return builder.finish();
  }

  static bool same(const Node& node, const bson::Element& value) {
    return equal(whole(node).find("v"), value);
  }

  // The child of that step; null when there is none.
  static Node* child(Node& node, const bson::PathStep& step) {
    if (node.is_array) {
      return step.index && *step.index < node.fields.size() ? &node.fields[*step.index] : nullptr;
    }
    const auto found = std::ranges::find(node.fields, step.name, &Node::name);
    return found == node.fields.end() ? nullptr : &*found;
  }

  static Node* make(Node& node, const bson::PathStep& step) {
    if (!node.is_array) {
      node.fields.emplace_back();
      node.fields.back().name = step.name;
      return &node.fields.back();
    }
    while (node.fields.size() <= *step.index) {
      node.fields.emplace_back();
      node.fields.back().value = bson::Value(bson::Null{});
    }
    return &node.fields.back();
  }

  Answer apply(const Change& change) {
    const bool removes = change.op == "$unset" || change.op == "$pop" || change.op == "$pullAll";
    Node* at = &root_;
    Node* parent = nullptr;
    bool made = false;
    for (const bson::PathStep& step : change.path.steps()) {
      if (step.name.starts_with('$')) return Answer::kUnknown;
      const bool can_hold = at->is_document || (at->is_array && step.index);
      if (!can_hold) return removes && change.op != "$pop" ? Answer::kDone : Answer::kError;
      parent = at;
      at = child(*parent, step);
      if (at != nullptr) continue;
      if (removes) return Answer::kDone;
      if (step.index && *step.index > 2000) return Answer::kUnknown;
      at = make(*parent, step);
      at->is_document = true;  // unless it is the last one, which gets a value
      made = true;
    }
    if (change.op == "$unset") return unset(*parent, at);
    return write(change, *at, made);
  }

  static Answer unset(Node& parent, Node* at) {
    if (parent.is_array) {
      at->is_document = at->is_array = false;
      at->value = bson::Value(bson::Null{});
      return Answer::kDone;
    }
    parent.fields.erase(parent.fields.begin() + (at - parent.fields.data()));
    return Answer::kDone;
  }

  static void set(Node& node, const bson::Element& value) {
    std::string name = std::move(node.name);
    node = take(value);
    node.name = std::move(name);
  }

  static Answer write(const Change& change, Node& node, bool made) {
    const bson::Element& operand = change.operand;
    if (change.op == "$set") {
      set(node, operand);
      return Answer::kDone;
    }
    if (change.op == "$min" || change.op == "$max") {
      const auto order =
          made ? std::weak_ordering::equivalent : compare(operand, whole(node).find("v"));
      if (made || (change.op == "$min" ? order < 0 : order > 0)) set(node, operand);
      return Answer::kDone;
    }
    if (change.op == "$inc" || change.op == "$mul") return calculate(change, node, made);
    return array(change, node, made);
  }

  static Answer calculate(const Change& change, Node& node, bool made) {
    if (!change.operand.is_number()) return Answer::kError;
    const bool sum = change.op == "$inc";
    if (made && sum) {
      set(node, change.operand);
      return Answer::kDone;
    }
    const bson::Value zero(std::int32_t{0});
    const bson::Document now = whole(node);
    const bson::Element value = made ? zero.element() : now.find("v");
    if (!value.is_number()) return Answer::kError;
    const auto result =
        sum ? bson::add(value, change.operand) : bson::multiply(value, change.operand);
    if (!result) return Answer::kError;
    const bool nothing_new =
        !made && result->type() == value.type() && equal(result->element(), value);
    if (!nothing_new) set(node, result->element());
    return Answer::kDone;
  }

  static Answer array(const Change& change, Node& node, bool made) {
    if (made) {
      node.is_document = false;
      node.is_array = true;
    }
    if (change.op == "$pop") {
      const auto end = change.operand.as_int64();
      if (!node.is_array || (end != 1 && end != -1)) return Answer::kError;
      if (!node.fields.empty()) {
        node.fields.erase(end == 1 ? node.fields.end() - 1 : node.fields.begin());
      }
      return Answer::kDone;
    }
    if (!node.is_array) return Answer::kError;
    if (change.op == "$pullAll") {
      if (!change.operand.is(bson::Type::kArray)) return Answer::kError;
      std::erase_if(node.fields, [&](const Node& each) {
        return std::ranges::any_of(change.operand.array(),
                                   [&](const bson::Element& value) { return same(each, value); });
      });
      return Answer::kDone;
    }
    return change.op == "$push" || change.op == "$addToSet" ? add(change, node) : Answer::kUnknown;
  }

  static Answer add(const Change& change, Node& node) {
    std::vector<bson::Element> values;
    bson::Element position;
    bson::Element slice;
    const bool has_each =
        change.operand.is(bson::Type::kDocument) && change.operand.document().find("$each");
    if (has_each) {
      for (const bson::Element& clause : change.operand.document()) {
        if (clause.name() == "$each" && clause.is(bson::Type::kArray)) {
          for (const bson::Element& value : clause.array()) values.push_back(value);
        } else if (clause.name() == "$position" && clause.as_int64()) {
          position = clause;
        } else if (clause.name() == "$slice" && clause.as_int64()) {
          slice = clause;
        } else {
          return Answer::kUnknown;
        }
      }
    } else {
      values.push_back(change.operand);
    }
    if (change.op == "$addToSet") {
      if (position || slice) return Answer::kUnknown;
      for (const bson::Element& value : values) {
        const bool there =
            std::ranges::any_of(node.fields, [&](const Node& each) { return same(each, value); });
        if (!there) node.fields.push_back(take(value));
      }
      return Answer::kDone;
    }
    const auto size = static_cast<std::int64_t>(node.fields.size());
    std::int64_t at = position ? *position.as_int64() : size;
    if (at < 0) at = std::max<std::int64_t>(0, at < -size ? 0 : size + at);
    at = std::min(at, size);
    for (const bson::Element& value : values) {
      node.fields.insert(node.fields.begin() + at, take(value));
      ++at;
    }
    if (slice) cut(node, *slice.as_int64());
    return Answer::kDone;
  }

  // Keeps the first `count` elements, or the last ones when it is negative.
  static void cut(Node& node, std::int64_t count) {
    const auto size = static_cast<std::int64_t>(node.fields.size());
    const std::int64_t kept = std::min(size, count < -size ? size : std::abs(count));
    if (count >= 0) {
      node.fields.resize(static_cast<std::size_t>(kept));
    } else {
      node.fields.erase(node.fields.begin(), node.fields.end() - kept);
    }
  }

  Node root_;
};

}  // namespace nacre::document::testing
