// Filters, updates and schemas put together in C++ instead of JSON; a part of nacre/nacre.hpp.
//
//   orders.find(where("total").gt(50) && !where("state").eq("paid"));
//   orders.update_many(where("state").eq("new"), Update().set("state", "sent").inc("tries", 1));
//   auto person = Schema::object().required("name", Schema::string().min_length(1))
//                                 .optional("age", Schema::integer().minimum(0));
//
// Each becomes the MongoDB document that document(), or validator(), shows; what MongoDB says of an
//   operator holds. Nothing here fails: what makes no sense is refused where it is used.
// Threads: values; one thread at a time, or any number that only read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nacre/document.hpp"

namespace nacre {

// Which documents. && || ! combine; precedence is C++'s.
class Filter {
 public:
  Filter() = default;  // every document
  explicit Filter(Document filter) : filter_(std::move(filter)) {}
  [[nodiscard]] const Document& document() const { return filter_; }

  friend Filter operator&&(const Filter& a, const Filter& b);
  friend Filter operator||(const Filter& a, const Filter& b);
  friend Filter operator!(const Filter& condition);

 private:
  Document filter_;
};

// A dotted path waiting for what to ask of it. Arrays on the way match by any element.
class Where {
 public:
  explicit Where(std::string_view path) : path_(path) {}

  [[nodiscard]] Filter eq(const Value& value) const;
  [[nodiscard]] Filter ne(const Value& value) const;
  [[nodiscard]] Filter gt(const Value& value) const;
  [[nodiscard]] Filter gte(const Value& value) const;
  [[nodiscard]] Filter lt(const Value& value) const;
  [[nodiscard]] Filter lte(const Value& value) const;
  [[nodiscard]] Filter between(const Value& least, const Value& most) const;  // both included
  [[nodiscard]] Filter in(const std::vector<Value>& values) const;
  [[nodiscard]] Filter nin(const std::vector<Value>& values) const;
  [[nodiscard]] Filter all(const std::vector<Value>& values) const;
  [[nodiscard]] Filter exists(bool wanted = true) const;
  [[nodiscard]] Filter type(std::string_view name) const;  // "string", "number", ...
  [[nodiscard]] Filter size(std::int64_t elements) const;
  [[nodiscard]] Filter mod(std::int64_t divisor, std::int64_t remainder) const;
  // A Perl-compatible pattern; options of "imsx".
  [[nodiscard]] Filter matches(std::string_view pattern, std::string_view options = "") const;
  [[nodiscard]] Filter starts_with(std::string_view prefix) const;
  // One element of the array that satisfies the whole condition, its paths being the element's.
  [[nodiscard]] Filter elem_match(const Filter& condition) const;

 private:
  [[nodiscard]] Filter ask(std::string_view operation, const Value& value) const;
  std::string path_;
};

[[nodiscard]] inline Where where(std::string_view path) { return Where(path); }

// What to change in a document, by dotted paths. Later calls add to earlier ones.
class Update {
 public:
  Update() = default;  // nothing
  [[nodiscard]] const Document& document() const { return update_; }

  Update& set(std::string_view path, const Value& value);
  Update& unset(std::string_view path);
  Update& set_on_insert(std::string_view path, const Value& value);  // only by an upsert
  Update& inc(std::string_view path, const Value& by);
  Update& mul(std::string_view path, const Value& by);
  Update& min(std::string_view path, const Value& value);
  Update& max(std::string_view path, const Value& value);
  Update& rename(std::string_view path, std::string_view to);
  Update& current_date(std::string_view path);
  Update& push(std::string_view path, const Value& value);
  Update& push_all(std::string_view path, const std::vector<Value>& values);
  Update& add_to_set(std::string_view path, const Value& value);
  Update& pull(std::string_view path, const Value& value);
  Update& pull(std::string_view path, const Filter& condition);
  Update& pop_first(std::string_view path);
  Update& pop_last(std::string_view path);

 private:
  Update& add(std::string_view operation, std::string_view path, const Value& value);
  Document update_;
};

// What documents of a collection must look like: a $jsonSchema in the making. An unset rule allows
// everything.
class Schema {
 public:
  [[nodiscard]] static Schema object() { return Schema({"object"}); }
  [[nodiscard]] static Schema string() { return Schema({"string"}); }
  [[nodiscard]] static Schema integer() { return Schema({"int", "long"}); }
  [[nodiscard]] static Schema number() { return Schema({"number"}); }
  [[nodiscard]] static Schema boolean() { return Schema({"bool"}); }
  [[nodiscard]] static Schema date() { return Schema({"date"}); }
  [[nodiscard]] static Schema object_id() { return Schema({"objectId"}); }
  [[nodiscard]] static Schema array() { return Schema({"array"}); }
  [[nodiscard]] static Schema array_of(const Schema& element);
  [[nodiscard]] static Schema any() { return Schema({}); }

  Schema& nullable();
  Schema& one_of(const std::vector<Value>& values);
  Schema& description(std::string_view text);
  // Of objects.
  Schema& required(std::string_view field, const Schema& schema);
  Schema& optional(std::string_view field, const Schema& schema);
  // Fields that are not named are refused; `_id` is one of those to name.
  Schema& no_other_fields();
  // Of strings, in characters; a Perl-compatible pattern.
  Schema& min_length(std::int64_t characters);
  Schema& max_length(std::int64_t characters);
  Schema& pattern(std::string_view pattern);
  // Of numbers, themselves included.
  Schema& minimum(const Value& number);
  Schema& maximum(const Value& number);
  // Of arrays.
  Schema& min_items(std::int64_t elements);
  Schema& max_items(std::int64_t elements);
  Schema& unique_items();

  // {"bsonType": "object", "required": [...], "properties": {...}}
  [[nodiscard]] Document json_schema() const;
  // {"$jsonSchema": ...}: what a collection takes as its validator, and find as a filter.
  [[nodiscard]] Document validator() const;

 private:
  explicit Schema(std::vector<std::string> types) : types_(std::move(types)) {}
  Schema& rule(std::string_view name, Value value);

  std::vector<std::string> types_;  // empty: all
  std::vector<std::pair<std::string, Value>> rules_;
  std::vector<std::string> required_;
  std::vector<std::pair<std::string, Document>> properties_;
};

}  // namespace nacre
