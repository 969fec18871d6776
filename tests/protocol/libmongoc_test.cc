// Debian's libmongoc, the driver under most others, against the server: it still speaks the wire of
// MongoDB 6.0 and sends everything as document sequences.
#include <gtest/gtest.h>
#include <mongoc/mongoc.h>

#include <memory>
#include <string>

#include "serving_testing.h"

namespace nacre::server {
namespace {

template <auto Destroy>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Destroy(pointer);
  }
};
using Client = std::unique_ptr<mongoc_client_t, Deleter<mongoc_client_destroy>>;
using Collection = std::unique_ptr<mongoc_collection_t, Deleter<mongoc_collection_destroy>>;
using Cursor = std::unique_ptr<mongoc_cursor_t, Deleter<mongoc_cursor_destroy>>;

// A document made from JSON.
class Json {
 public:
  explicit Json(const std::string& text) {
    bson_error_t error;
    document_ = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()),
                                   static_cast<ssize_t>(text.size()), &error);
    EXPECT_NE(document_, nullptr) << error.message;
  }
  Json(const Json&) = delete;
  Json& operator=(const Json&) = delete;
  ~Json() { bson_destroy(document_); }
  [[nodiscard]] const bson_t* get() const { return document_; }

 private:
  bson_t* document_ = nullptr;
};

std::int64_t number(const bson_t& document, const char* name) {
  bson_iter_t at;
  return bson_iter_init_find(&at, &document, name) ? bson_iter_as_int64(&at) : -1;
}

class Libmongoc : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { mongoc_init(); }
  static void TearDownTestSuite() { mongoc_cleanup(); }

  static Client connect(const std::string& uri) {
    Client client(mongoc_client_new(uri.c_str()));
    EXPECT_NE(client, nullptr) << uri;
    mongoc_client_set_error_api(client.get(), MONGOC_ERROR_API_VERSION_2);
    return client;
  }

  Serving serving_;
};

TEST_F(Libmongoc, ConnectsToSocketAndPort) {
  for (const std::string& uri : serving_.uris()) {
    const Client client = connect(uri);
    bson_error_t error;
    const Json ping(R"({"ping": 1})");
    bson_t reply;
    EXPECT_TRUE(
        mongoc_client_command_simple(client.get(), "admin", ping.get(), nullptr, &reply, &error))
        << uri << ": " << error.message;
    bson_destroy(&reply);
  }
}

TEST_F(Libmongoc, DocumentsOfManyMegabytesGoThereAndBack) {
  const Client client = connect(serving_.uris().front());
  const Collection files(mongoc_client_get_collection(client.get(), "zoo", "files"));
  bson_error_t error;
  // Two do not fit one reply of 16 MB, so the cursor has to come back for the rest.
  const std::size_t kSizes[] = {15'000'000, 9'000'000, 9'000'000, 100'000};
  for (std::int32_t i = 0; i < 4; ++i) {
    const std::string text(kSizes[i], static_cast<char>('a' + i));
    bson_t* document = bson_new();
    BSON_APPEND_INT32(document, "_id", i);
    BSON_APPEND_UTF8(document, "text", text.c_str());
    EXPECT_TRUE(mongoc_collection_insert_one(files.get(), document, nullptr, nullptr, &error))
        << error.message;
    bson_destroy(document);
  }
  const Json all("{}");
  const Cursor cursor(mongoc_collection_find_with_opts(files.get(), all.get(), nullptr, nullptr));
  const bson_t* found = nullptr;
  std::int32_t count = 0;
  while (mongoc_cursor_next(cursor.get(), &found)) {
    ASSERT_LT(count, 4);
    bson_iter_t at;
    ASSERT_TRUE(bson_iter_init_find(&at, found, "text"));
    std::uint32_t size = 0;
    const char* text = bson_iter_utf8(&at, &size);
    EXPECT_EQ(size, kSizes[count]);
    EXPECT_EQ(std::string_view(text, size).find_first_not_of(static_cast<char>('a' + count)),
              std::string_view::npos);
    ++count;
  }
  EXPECT_FALSE(mongoc_cursor_error(cursor.get(), &error)) << error.message;
  EXPECT_EQ(count, 4);
}

TEST_F(Libmongoc, WritesFindsAndCounts) {
  const Client client = connect(serving_.uris().front());
  const Collection pets(mongoc_client_get_collection(client.get(), "zoo", "pets"));
  bson_error_t error;
  for (int i = 0; i < 250; ++i) {
    const Json document("{\"_id\": " + std::to_string(i) + ", \"legs\": 4}");
    ASSERT_TRUE(mongoc_collection_insert_one(pets.get(), document.get(), nullptr, nullptr, &error))
        << error.message;
  }
  const Json all("{}");
  EXPECT_EQ(
      mongoc_collection_count_documents(pets.get(), all.get(), nullptr, nullptr, nullptr, &error),
      250)
      << error.message;

  const Cursor cursor(mongoc_collection_find_with_opts(
      pets.get(), all.get(), Json(R"({"batchSize": 30, "sort": {"_id": -1}})").get(), nullptr));
  const bson_t* row = nullptr;
  std::int64_t expected = 250;
  while (mongoc_cursor_next(cursor.get(), &row)) EXPECT_EQ(number(*row, "_id"), --expected);
  EXPECT_FALSE(mongoc_cursor_error(cursor.get(), &error)) << error.message;
  EXPECT_EQ(expected, 0);

  bson_t reply;
  const Json first(R"({"_id": 1})");
  ASSERT_TRUE(mongoc_collection_update_one(
      pets.get(), first.get(), Json(R"({"$inc": {"legs": 2}})").get(), nullptr, &reply, &error))
      << error.message;
  EXPECT_EQ(number(reply, "modifiedCount"), 1);
  bson_destroy(&reply);
  ASSERT_TRUE(mongoc_collection_delete_many(pets.get(), all.get(), nullptr, &reply, &error));
  EXPECT_EQ(number(reply, "deletedCount"), 250);
  bson_destroy(&reply);
}

TEST_F(Libmongoc, GetsTheErrorsOfTheServer) {
  const Client client = connect(serving_.uris().front());
  const Collection pets(mongoc_client_get_collection(client.get(), "zoo", "pets"));
  bson_error_t error;
  const Json document(R"({"_id": 1})");
  ASSERT_TRUE(mongoc_collection_insert_one(pets.get(), document.get(), nullptr, nullptr, &error));
  EXPECT_FALSE(mongoc_collection_insert_one(pets.get(), document.get(), nullptr, nullptr, &error));
  EXPECT_EQ(error.code, 11000U) << error.message;

  bson_t reply;
  EXPECT_FALSE(mongoc_client_command_simple(client.get(), "zoo", Json(R"({"tea": 1})").get(),
                                            nullptr, &reply, &error));
  EXPECT_EQ(error.code, 59U);
  EXPECT_STREQ(error.message, "no such command: 'tea'");
  bson_destroy(&reply);
  EXPECT_TRUE(mongoc_collection_drop(pets.get(), &error)) << error.message;
}

}  // namespace
}  // namespace nacre::server
