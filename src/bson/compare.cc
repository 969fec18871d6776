#include "bson/compare.h"

#include <functional>
#include <string>

#include "bson/key_encoder.h"
#include "bson/number_internal.h"

namespace nacre::bson {
namespace {

std::weak_ordering compare_binary(const Binary& a, const Binary& b) {
  if (a.bytes.size() != b.bytes.size()) return a.bytes.size() <=> b.bytes.size();
  if (a.subtype != b.subtype) return a.subtype <=> b.subtype;
  return nacre::compare(a.bytes, b.bytes);
}

std::weak_ordering compare_regex(const Regex& a, const Regex& b) {
  if (a.pattern != b.pattern) return a.pattern <=> b.pattern;
  return a.options <=> b.options;
}

std::weak_ordering compare_pointers(const DbPointer& a, const DbPointer& b) {
  if (a.collection.size() != b.collection.size()) {
    return a.collection.size() <=> b.collection.size();
  }
  if (a.collection != b.collection) return a.collection <=> b.collection;
  return a.id <=> b.id;
}

std::weak_ordering compare_scoped(const CodeWithScope& a, const CodeWithScope& b,
                                  const text::Collator* collator) {
  if (a.code != b.code) return a.code <=> b.code;
  return compare(a.scope, b.scope, collator);
}

}  // namespace

std::uint8_t rank(Type type) {
  switch (type) {
    case Type::kMinKey:
      return 1;
    case Type::kMissing:
    case Type::kUndefined:
      return 2;
    case Type::kNull:
      return 3;
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
    case Type::kDecimal128:
      return 4;
    case Type::kString:
    case Type::kSymbol:
      return 5;
    case Type::kDocument:
      return 6;
    case Type::kArray:
      return 7;
    case Type::kBinary:
      return 8;
    case Type::kObjectId:
      return 9;
    case Type::kBool:
      return 10;
    case Type::kDate:
      return 11;
    case Type::kTimestamp:
      return 12;
    case Type::kRegex:
      return 13;
    case Type::kDbPointer:
      return 14;
    case Type::kCode:
      return 15;
    case Type::kCodeWithScope:
      return 16;
    case Type::kMaxKey:
      return 17;
  }
  NACRE_CHECK(false, "a valid document has only known types");
  return 0;
}

std::weak_ordering compare(const Element& a, const Element& b, const text::Collator* collator) {
  const std::uint8_t a_rank = rank(a.type());
  const std::uint8_t b_rank = rank(b.type());
  if (a_rank != b_rank) return a_rank <=> b_rank;
  switch (a.type()) {
    case Type::kMissing:
    case Type::kMinKey:
    case Type::kUndefined:
    case Type::kNull:
    case Type::kMaxKey:
      return std::weak_ordering::equivalent;
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
    case Type::kDecimal128:
      return compare_numbers(a, b);
    case Type::kString:
    case Type::kSymbol:
      if (collator != nullptr) return collator->compare(a.string(), b.string());
      return a.string() <=> b.string();
    case Type::kCode:
      return a.string() <=> b.string();
    case Type::kDocument:
      return compare(a.document(), b.document(), collator);
    case Type::kArray:
      return compare_arrays(a.array(), b.array(), collator);
    case Type::kBinary:
      return compare_binary(a.binary(), b.binary());
    case Type::kObjectId:
      return a.object_id() <=> b.object_id();
    case Type::kBool:
      return a.boolean() <=> b.boolean();
    case Type::kDate:
      return a.date() <=> b.date();
    case Type::kTimestamp:
      return a.timestamp() <=> b.timestamp();
    case Type::kRegex:
      return compare_regex(a.regex(), b.regex());
    case Type::kDbPointer:
      return compare_pointers(a.db_pointer(), b.db_pointer());
    case Type::kCodeWithScope:
      return compare_scoped(a.code_with_scope(), b.code_with_scope(), collator);
  }
  NACRE_CHECK(false, "a valid document has only known types");
  return std::weak_ordering::equivalent;
}

std::weak_ordering compare(const View& a, const View& b, const text::Collator* collator) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    const std::uint8_t left_rank = rank(left->type());
    const std::uint8_t right_rank = rank(right->type());
    if (left_rank != right_rank) return left_rank <=> right_rank;
    const auto names = left->name() <=> right->name();
    if (names != 0) return names;
    const auto values = compare(*left, *right, collator);
    if (values != 0) return values;
  }
  return (left != a.end()) <=> (right != b.end());
}

std::weak_ordering compare_arrays(const View& a, const View& b, const text::Collator* collator) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    const auto values = compare(*left, *right, collator);
    if (values != 0) return values;
  }
  return (left != a.end()) <=> (right != b.end());
}

std::uint64_t hash(const Element& value, const text::Collator* collator) {
  std::string key;
  append_key(key, value, Direction::kAscending, nullptr, collator);
  return std::hash<std::string>()(key);
}

}  // namespace nacre::bson
