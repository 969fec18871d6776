#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "bson/arithmetic.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;
using Node = Update::Node;
using Operator = Update::Node::Operator;

constexpr std::int32_t kBadValue = 2;
constexpr std::int32_t kTypeMismatch = 14;
constexpr std::int32_t kPathNotViable = 28;
constexpr std::size_t kPaddingMax = 1'500'000;  // nulls written to reach a position of an array

class Applier {
 public:
  Applier(const View& document, UpdateMoment moment) : document_(document), moment_(moment) {}

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
      NACRE_TRY(child(to, name, *found, element, is_array));
    }
    for (std::size_t i = 0; i < met.size(); ++i) {
      const Node& missing = node.children[i];
      if (met[i] || !creates(missing)) continue;
      if (is_array) NACRE_TRY(pad(to, holder, missing, count));
      NACRE_TRY(child(to, missing.name, missing, Element(), is_array));
    }
    return {};
  }

 private:
  static std::vector<Node>::const_iterator find(const Node& node, std::string_view name) {
    return std::ranges::find(node.children, name, &Node::name);
  }

  static std::size_t index_of(const Node& node, std::vector<Node>::const_iterator child) {
    return static_cast<std::size_t>(child - node.children.begin());
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
        if (creates(below)) return not_viable(below, existing);
      }
      to.append(name, existing);
      return {};
    }
    to.end();
    return {};
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
                      existing && compare(node.operand, existing) >= 0 ? existing : node.operand);
      case Operator::kMax:
        return one_of(to, name,
                      existing && compare(node.operand, existing) <= 0 ? existing : node.operand);
      case Operator::kRenameFrom:
        return check_rename(node.path);
      case Operator::kRenameTo:
        NACRE_TRY(check_rename(node.path));
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
        return apply_array_operator(to, name, node, existing, document_);
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

  // Renames neither come from nor go into arrays.
  [[nodiscard]] Result<> check_rename(std::string_view path) const {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
         dot = path.find('.', dot + 1)) {
      const Element on_the_way = document_.get(path.substr(0, dot));
      if (!on_the_way.is(Type::kArray)) continue;
      return fail(Code::kInvalid, kBadValue,
                  format("The source and target field of $rename cannot be an array element, '{}' "
                         "in doc with {} has an array field called '{}'",
                         path, id_text(document_), on_the_way.name()));
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
    // A missing field takes the argument as it is, -0 and a decimal's exponent included.
    to.append(name, existing || !sum ? result->element() : node.operand);
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
};

}  // namespace

std::string id_text(const View& document) {
  const Element id = document.find("_id");
  return id ? format("{{_id: {}}}", bson::to_json(id)) : "{no _id}";
}

Result<bson::Document> apply_tree(const Node& root, const View& document, UpdateMoment moment) {
  Builder builder;
  NACRE_TRY(Applier(document, moment).members(builder, Element(), document, root));
  return builder.finish();
}

}  // namespace nacre::document
