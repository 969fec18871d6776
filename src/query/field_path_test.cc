#include "query/field_path.h"

#include <gtest/gtest.h>

#include <string>

namespace nacre::query {
namespace {

std::int32_t refusal(std::string_view path) {
  const auto checked = check_field_path(path);
  return checked ? 0 : checked.error().number();
}

TEST(FieldPath, IsRefusedWithTheNumberOfWhatIsWrong) {
  EXPECT_EQ(refusal("a"), 0);
  EXPECT_EQ(refusal("a.b.0"), 0);
  EXPECT_EQ(refusal(""), 40352);
  EXPECT_EQ(refusal("a."), 40353);
  EXPECT_EQ(refusal("."), 40353);
  EXPECT_EQ(refusal(".a"), 15998);
  EXPECT_EQ(refusal("a..b"), 15998);
  EXPECT_EQ(refusal("$a"), 16410);
  EXPECT_EQ(refusal("a.$b"), 16410);
  EXPECT_EQ(refusal(std::string_view("a.b\0c", 5)), 16411);
}

TEST(FieldPath, HasSoManySteps) {
  std::string path = "a";
  for (int i = 1; i < 200; ++i) path += ".a";
  EXPECT_EQ(refusal(path), 0);
  EXPECT_EQ(refusal(path + ".a"), 15);
  EXPECT_EQ(refusal(path + "..a"), 15) << "before any name is looked at";
}

}  // namespace
}  // namespace nacre::query
