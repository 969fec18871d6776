#include "document/difference.h"

#include <string_view>

namespace nacre::document {
namespace {

class Comparison {
 public:
  void documents(const bson::View& before, const bson::View& after) {
    for (const bson::Element& old : before) {
      if (!after.find(old.name())) difference_.removed.push_back(path_ + std::string(old.name()));
    }
    for (const bson::Element& now : after) element(before.find(now.name()), now);
  }

  Difference finish() {
    difference_.updated = updated_.finish();
    return std::move(difference_);
  }

 private:
  void element(const bson::Element& old, const bson::Element& now) {
    if (old && old.type() == now.type()) {
      if (equal(old.value_bytes(), now.value_bytes())) return;
      if (now.is(bson::Type::kDocument) && comparable(old.document(), now.document())) {
        return inside(now.name(), [&] { documents(old.document(), now.document()); });
      }
      if (now.is(bson::Type::kArray) && old.array().count() <= now.array().count()) {
        return inside(now.name(), [&] { documents(old.array(), now.array()); });
      }
    }
    updated_.append(path_ + std::string(now.name()), now);
  }

  // Whether the fields that both have stand in one order, those that are new behind all of them,
  // and no name would be taken for a path.
  static bool comparable(const bson::View& before, const bson::View& after) {
    if (after.empty()) return before.empty();
    auto old = before.begin();
    bool is_new_before = false;
    for (const bson::Element& now : after) {
      if (now.name().empty() || now.name().contains('.')) return false;
      if (!before.find(now.name())) {
        is_new_before = true;
        continue;
      }
      if (is_new_before) return false;
      while (old != before.end() && old->name() != now.name()) ++old;
      if (old == before.end()) return false;
      ++old;
    }
    return true;
  }

  template <class Body>
  void inside(std::string_view name, Body&& body) {
    const std::size_t size = path_.size();
    path_.append(name).push_back('.');
    body();
    path_.resize(size);
  }

  std::string path_;  // of the level being compared, with a dot behind it
  bson::Builder updated_;
  Difference difference_;
};

}  // namespace

Difference difference(bson::View before, bson::View after) {
  Comparison comparison;
  comparison.documents(before, after);
  return comparison.finish();
}

}  // namespace nacre::document
