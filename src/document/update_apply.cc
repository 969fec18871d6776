#include <algorithm>
#include <string>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/arithmetic.h"
#include "bson/compare.h"
#include "bson/container.h"
#include "bson/json.h"
#include "bson/path.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;
using Node = Update::Node;
using Operator = Update::Node::Operator;

using error_codes::kBadValue;
using error_codes::kDollarPrefixedFieldName;
using error_codes::kImmutableField;
using error_codes::kPathNotViable;
using error_codes::kTypeMismatch;
constexpr std::size_t kPaddingMax = 1'500'000;  // nulls written to reach a position of an array

class Applier {
 public:
  Applier(const View& document, UpdateMoment moment) : document_(document), moment_(moment) {}

  // Renames neither come from nor go into arrays; asked before anything is written.
  Result<> check_renames(const Node& node) const {
    if (node.op == Operator::kRenameTo) NACRE_TRY(check_rename(node));
    for (const Node& child : node.children) NACRE_TRY(check_renames(child));
    return {};
  }

  Result<> run(Builder& to, const Node& root) {
    top_ = &root;
    return members(to, Element(), document_, root);
  }

 private:
  Result<> members(Builder& to, const Element& holder, const View& inside, const Node& node) {
    const bool is_array = holder.is(Type::kArray);
    std::vector<bool> met(node.children.size());
    std::size_t count = 0;
    for (const Element& element : inside) {
      const std::string position = is_array ? std::to_string(count) : std::string();
      const std::string_view name = is_array ? position : element.name();
      const auto found = find(node, name);
      ++count;
      if (found == node.children.end() || met[index_of(node, found)]) {
        to.append(name, element);
        continue;
      }
      met[index_of(node, found)] = true;
      if (&node == top_) NACRE_TRY(check_top_level(*found));
      NACRE_TRY(child(to, name, *found, element, is_array));
    }
    for (std::size_t i = 0; i < met.size(); ++i) {
      const Node& missing = node.children[i];
      if (met[i]) continue;
      if (is_array && !missing.index && pops(missing)) return not_viable(missing, holder);
      if (!creates(missing)) continue;
      if (&node == top_) NACRE_TRY(check_top_level(missing));
      if (is_array) NACRE_TRY(pad(to, holder, missing, count));
      NACRE_TRY(child(to, missing.name, missing, Element(), is_array));
    }
    return {};
  }

  static std::vector<Node>::const_iterator find(const Node& node, std::string_view name) {
    return std::ranges::find_if(node.children, [&](const Node& child) {
      return child.step == Node::Step::kField && child.name == name;
    });
  }

  static std::size_t index_of(const Node& node, std::vector<Node>::const_iterator child) {
    return static_cast<std::size_t>(child - node.children.begin());
  }

  // Beneath the top, and in documents that are new, names may begin with a dollar sign.
  [[nodiscard]] Result<> check_top_level(const Node& node) const {
    if (moment_.inserting || !node.name.starts_with('$') || !creates(node)) return {};
    return fail(
        Code::kInvalid, kDollarPrefixedFieldName,
        format("The dollar ($) prefixed field '{}' in '{}' is not allowed in the context of "
               "an update's replacement document. Consider using an aggregation pipeline "
               "with $replaceWith.",
               node.name, node.path.empty() ? node.name : node.path));
  }

  // Unlike the other operators that remove, $pop wants a path that could be.
  static bool pops(const Node& node) {
    return node.op == Operator::kPop || std::ranges::any_of(node.children, pops);
  }

  [[nodiscard]] std::unexpected<Error> not_viable(const Node& node, const Element& element) const {
    return fail(Code::kInvalid, kPathNotViable,
                format("Cannot create field '{}' in element {{{}: {}}}", node.name, element.name(),
                       bson::to_json(element).substr(0, 200)));
  }

  // Nulls up to the position that `missing` names in the array `holder`, whose elements are
  // written.
  Result<> pad(Builder& to, const Element& holder, const Node& missing, std::size_t& count) {
    if (!missing.index.has_value()) return not_viable(missing, holder);
    if (*missing.index - count > kPaddingMax) {
      return fail(Code::kInvalid, kBadValue,
                  format("Updating the path '{}' would add more than {} nulls to an array",
                         missing.path, kPaddingMax));
    }
    for (; count < *missing.index; ++count) to.append(std::to_string(count), bson::Null{});
    ++count;
    return {};
  }

  // Whether the node writes something where nothing is.
  [[nodiscard]] bool creates(const Node& node) const {
    switch (node.op) {
      case Operator::kNone:
        // Its error is that nothing is there.
        if (means_elements(node)) return true;
        return std::ranges::any_of(node.children,
                                   [this](const Node& child) { return creates(child); });
      case Operator::kUnset:
      case Operator::kRenameFrom:
      case Operator::kPop:
      case Operator::kPull:
      case Operator::kPullAll:
        return false;
      case Operator::kSetOnInsert:
        return moment_.inserting;
      case Operator::kRenameTo:
        return static_cast<bool>(renamed(node));
      default:
        return true;
    }
  }

  Result<> child(Builder& to, std::string_view name, const Node& node, const Element& existing,
                 bool in_array) {
    if (node.op != Operator::kNone) return leaf(to, name, node, existing, in_array);
    if (means_elements(node)) return elements(to, name, node, existing);
    if (!existing) {
      to.begin_document(name);
      NACRE_TRY(members(to, Element(), View(), node));
    } else if (existing.is(Type::kDocument)) {
      to.begin_document(name);
      NACRE_TRY(members(to, existing, existing.document(), node));
    } else if (existing.is(Type::kArray)) {
      to.begin_array(name);
      NACRE_TRY(members(to, existing, existing.document(), node));
    } else {
      for (const Node& below : node.children) {
        if (creates(below) || pops(below)) return not_viable(below, existing);
      }
      to.append(name, existing);
      return {};
    }
    to.end();
    return {};
  }

  // Whether the node's children are elements that only the array can tell: $[] and $[id].
  static bool means_elements(const Node& node) {
    return !node.children.empty() && node.children.front().step != Node::Step::kField;
  }

  Result<> elements(Builder& to, std::string_view name, const Node& node, const Element& existing) {
    if (!existing) {
      return fail(
          Code::kInvalid, kBadValue,
          format("The path '{}' must exist in the document in order to apply array updates.",
                 node.name));
    }
    if (!existing.is(Type::kArray)) {
      return fail(Code::kInvalid, kBadValue,
                  format("Cannot apply array updates to non-array element {}: {}", node.name,
                         bson::to_json(existing).substr(0, 200)));
    }
    to.begin_array(name);
    std::size_t count = 0;
    for (const Element& element : existing.array()) {
      const std::string position = std::to_string(count++);
      const std::vector<const Node*> taking = NACRE_TRY(those_taking(node, element));
      if (taking.empty()) {
        to.append(position, element);
      } else if (taking.size() == 1) {
        NACRE_TRY(child(to, position, *taking.front(), element, /*in_array=*/true));
      } else {
        const Node merged = NACRE_TRY(merge_nodes(taking));
        NACRE_TRY(child(to, position, merged, element, /*in_array=*/true));
      }
    }
    to.end();
    return {};
  }

  static Result<std::vector<const Node*>> those_taking(const Node& node, const Element& element) {
    std::vector<const Node*> taking;
    for (const Node& child : node.children) {
      const bool takes = child.step == Node::Step::kEach || NACRE_TRY(child.filter(element));
      if (takes) taking.push_back(&child);
    }
    return taking;
  }

  Result<> leaf(Builder& to, std::string_view name, const Node& node, const Element& existing,
                bool in_array) {
    switch (node.op) {
      case Operator::kSet:
        to.append(name, node.operand);
        return {};
      case Operator::kSetOnInsert:
        return one_of(to, name, moment_.inserting ? node.operand : existing);
      case Operator::kUnset:
        if (in_array) to.append(name, bson::Null{});  // the others keep their positions
        return {};
      case Operator::kIncrement:
      case Operator::kMultiply:
        return arithmetic(to, name, node, existing);
      case Operator::kMin:
        return one_of(to, name,
                      existing && compare(node.operand, existing, moment_.collator) >= 0
                          ? existing
                          : node.operand);
      case Operator::kMax:
        return one_of(to, name,
                      existing && compare(node.operand, existing, moment_.collator) <= 0
                          ? existing
                          : node.operand);
      case Operator::kRenameFrom:
        return {};
      case Operator::kRenameTo:
        return one_of(to, name, renamed(node) ? renamed(node) : existing);
      case Operator::kCurrentDate:
        to.append(name, moment_.now);
        return {};
      case Operator::kCurrentTimestamp:
        to.append(name, bson::Timestamp{
                            .seconds = static_cast<std::uint32_t>(moment_.now.milliseconds / 1000),
                            .increment = 1});
        return {};
      case Operator::kBit:
        return bit(to, name, node, existing);
      default:
        return apply_array_operator(to, name, node, existing, document_, moment_.collator);
    }
  }

  static Result<> one_of(Builder& to, std::string_view name, const Element& value) {
    if (value) to.append(name, value);
    return {};
  }

  // The value that moves to `node`, in the document as it was.
  [[nodiscard]] Element renamed(const Node& node) const {
    return document_.get(node.operand.name());
  }

  [[nodiscard]] Result<> check_rename(const Node& node) const {
    const std::string_view source = node.operand.name();
    bool there = true;
    Element at;
    View inside = document_;
    const bson::Path path(source);
    const auto steps = path.steps();
    for (std::size_t i = 0; i < steps.size() && there; ++i) {
      const bool in_array = at.is(Type::kArray);
      const Element next = in_array && steps[i].index ? inside.at(*steps[i].index)
                           : in_array                 ? Element()
                                                      : inside.find(steps[i].name);
      const bool stuck = at && !at.is(Type::kDocument) && (!in_array || !steps[i].index);
      if (stuck) {
        return fail(Code::kInvalid, kPathNotViable,
                    format("Cannot use the part ({}) of ({}) to traverse the element ({{{}: {}}})",
                           steps[i].name, source, at.name(), bson::to_json(at).substr(0, 200)));
      }
      there = static_cast<bool>(next);
      at = next;
      if (there && bson::is_container(at)) inside = at.document();
    }
    if (!there) return {};
    if (node.path == "_id" || node.path.starts_with("_id.")) {
      return fail(Code::kInvalid, kImmutableField,
                  "Performing an update on the path '_id' would modify the immutable field '_id'");
    }
    NACRE_TRY(check_no_array("source", source));
    return check_no_array("destination", node.path);
  }

  [[nodiscard]] Result<> check_no_array(std::string_view which, std::string_view path) const {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
         dot = path.find('.', dot + 1)) {
      const Element on_the_way = document_.get(path.substr(0, dot));
      if (!on_the_way.is(Type::kArray)) continue;
      return fail(Code::kInvalid, kBadValue,
                  format("The {} field cannot be an array element, '{}' in doc with {} has an "
                         "array field called '{}'",
                         which, path, id_text(document_), on_the_way.name()));
    }
    return {};
  }

  Result<> arithmetic(Builder& to, std::string_view name, const Node& node,
                      const Element& existing) {
    const bool sum = node.op == Operator::kIncrement;
    const std::string_view op = sum ? "$inc" : "$mul";
    if (existing && !existing.is_number()) {
      return fail(Code::kInvalid, kTypeMismatch,
                  format("Cannot apply {} to a value of non-numeric type. {} has the field '{}' of "
                         "non-numeric type {}",
                         op, id_text(document_), node.name, bson::name(existing.type())));
    }
    const bson::Value zero(std::int32_t{0});
    const Element& before = existing ? existing : zero.element();
    const std::optional<bson::Value> result =
        sum ? bson::add(before, node.operand) : bson::multiply(before, node.operand);
    if (!result.has_value()) {
      return fail(Code::kInvalid, kBadValue,
                  format("Failed to apply {} operations to current value (({}){}) for document {}",
                         op, existing.is(Type::kInt32) ? "NumberInt" : "NumberLong",
                         bson::to_json(existing), id_text(document_)));
    }
    // A missing field takes the argument as it is, -0 and a decimal's exponent included; a sum that
    // is the same number changes nothing, not even the sign of a zero.
    if (!existing && sum) {
      to.append(name, node.operand);
    } else if (existing && result->type() == existing.type() &&
               equal(result->element(), existing)) {
      to.append(name, existing);
    } else {
      to.append(name, result->element());
    }
    return {};
  }

  Result<> bit(Builder& to, std::string_view name, const Node& node, const Element& existing) {
    if (existing && !existing.is(Type::kInt32) && !existing.is(Type::kInt64)) {
      return fail(Code::kInvalid, kBadValue,
                  format("Cannot apply $bit to a value of non-integral type.{} has the field {} of "
                         "non-integer type {}",
                         id_text(document_), node.name, bson::name(existing.type())));
    }
    std::int64_t value = existing.as_int64().value_or(0);
    bool wide = existing.is(Type::kInt64);
    for (const Element& field : node.operand.document()) {
      const std::int64_t operand = field.as_int64().value_or(0);
      wide = wide || field.is(Type::kInt64);
      if (field.name() == "and") value &= operand;
      if (field.name() == "or") value |= operand;
      if (field.name() == "xor") value ^= operand;
    }
    if (wide) {
      to.append(name, value);
    } else {
      to.append(name, static_cast<std::int32_t>(value));
    }
    return {};
  }

  const View document_;  // as it was
  const UpdateMoment moment_;
  const Node* top_ = nullptr;  // of the tree that is applied
};

}  // namespace

std::string id_text(const View& document) {
  const Element id = document.find("_id");
  return id ? format("{{_id: {}}}", bson::to_json(id)) : "{no _id}";
}

Result<bson::Document> apply_tree(const UpdateTree& tree, const View& document,
                                  UpdateMoment moment) {
  Builder builder;
  Applier applier(document, moment);
  if (tree.has_renames) NACRE_TRY(applier.check_renames(tree.root));
  if (!tree.has_matched) {
    NACRE_TRY(applier.run(builder, tree.root));
    return builder.finish();
  }
  if (!moment.matched.has_value()) {
    return fail(Code::kInvalid, kBadValue,
                "The positional operator did not find the match needed from the query.");
  }
  const Node resolved = NACRE_TRY(resolve_matched(tree.root, *moment.matched));
  NACRE_TRY(applier.run(builder, resolved));
  return builder.finish();
}

}  // namespace nacre::document
