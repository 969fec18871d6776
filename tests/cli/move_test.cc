// Data in and out: import, export, dump and restore as users run them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

namespace nacre {
namespace {

namespace fs = std::filesystem;
using testing::Ran;
using testing::run_nacre;
using testing::ScratchDirectory;

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class MoveCommands : public ::testing::Test {
 protected:
  Ran nacre(std::vector<std::string> arguments, const std::string& database = "world") const {
    arguments.insert(arguments.end(), {"--db", scratch_ / database});
    return run_nacre(arguments);
  }
  Ran on(const std::string& collection, std::vector<std::string> arguments,
         const std::string& database = "world") const {
    arguments.insert(arguments.end(), {"--collection", collection});
    return nacre(arguments, database);
  }

  ScratchDirectory scratch_;
};

TEST_F(MoveCommands, CsvComesInWithTypesAndGoesOutAgain) {
  const std::string csv =
      "_id.int32(),name.string(),at.km2.double(),since.date()\n"
      "1,\"Bern, BE\",51.6,1191-01-01T00:00:00Z\n"
      "2,\"007\",2.0,\n";
  const auto in = on("cities", {"import", scratch_.write("cities.csv", csv), "--columns-have-types",
                                "--json", "--quiet"});
  EXPECT_EQ(in.exit, 0) << in.err;
  EXPECT_TRUE(in.out.starts_with("{\"imported\":2,\"bad\":0,\"records\":2,")) << in.out;
  EXPECT_EQ(on("cities", {"find", R"({"_id": 2})"}).out,
            "{\"_id\":2,\"name\":\"007\",\"at\":{\"km2\":2.0}}\n");
  const auto out =
      on("cities", {"export", "-", "--type", "csv", "--columns-have-types", "--fields",
                    "_id.int32(),name.string(),at.km2.double(),since.date()", "--quiet"});
  EXPECT_EQ(out.exit, 0) << out.err;
  EXPECT_EQ(out.out,
            "_id.int32(),name.string(),at.km2.double(),since.date()\n"
            "1,\"Bern, BE\",51.6,1191-01-01T00:00:00Z\n"
            "2,007,2.0,\n");
  const auto bad =
      on("cities", {"import", scratch_.write("bad.csv", "n.int32()\nx\n"), "--columns-have-types"});
  EXPECT_EQ(bad.exit, 1);
  EXPECT_NE(bad.err.find("bad.csv:2: byte 10: column n: \"x\" is not of type int32"),
            std::string::npos)
      << bad.err;
}

TEST_F(MoveCommands, AnExportIsImportedAsItWas) {
  const std::string lines =
      R"({"_id":{"$oid":"0123456789abcdef01234567"},"l":{"$numberLong":"5"},"d":[1.5,null]})"
      "\n";
  ASSERT_EQ(on("a", {"import", scratch_.write("in.jsonl", lines), "--quiet"}).exit, 0);
  for (const std::string name : {"out.jsonl", "out.json", "out.jsonl.gz"}) {
    SCOPED_TRACE(name);
    const std::string file = scratch_ / name;
    ASSERT_EQ(on("a", {"export", file, "--canonical", "--quiet"}).exit, 0);
    ASSERT_EQ(on("b", {"import", file, "--drop", "--quiet"}).exit, 0);
    EXPECT_EQ(on("b", {"find", "--canonical"}).out, on("a", {"find", "--canonical"}).out);
  }
  EXPECT_EQ(on("a", {"export", scratch_ / "x.csv"}).exit, 2);
}

TEST_F(MoveCommands, UpsertReplacesByFieldsAndSkipGoesOn) {
  // Each process makes ids of its own, so that what two of them made lies in either order.
  const auto by_m = [this](const std::string& collection) {
    return on(collection, {"find", "--projection", R"({"_id": 0})", "--sort", R"({"m": 1})"}).out;
  };
  const std::string first =
      scratch_.write("1.jsonl", "{\"m\":\"a\",\"n\":1}\n{\"m\":\"b\",\"n\":1}\n");
  const std::string second =
      scratch_.write("2.jsonl", "{\"m\":\"b\",\"n\":2}\n{\"m\":\"c\",\"n\":2}\n");
  ASSERT_EQ(on("c", {"import", first, "--quiet"}).exit, 0);
  const auto upserted = on("c", {"import", second, "--upsert-fields", "m", "--quiet"});
  EXPECT_EQ(upserted.exit, 0) << upserted.err;
  EXPECT_EQ(by_m("c"), "{\"m\":\"a\",\"n\":1}\n{\"m\":\"b\",\"n\":2}\n{\"m\":\"c\",\"n\":2}\n");
  const auto skipped = on("d", {"import", first, "--skip-records", "1", "--quiet"});
  EXPECT_EQ(skipped.exit, 0) << skipped.err;
  EXPECT_EQ(on("d", {"count"}).out, "1\n");
  const auto missing = on("c", {"import", second, "--upsert-fields", "x"});
  EXPECT_EQ(missing.exit, 1);
  EXPECT_NE(missing.err.find("the document has no field x to find it by"), std::string::npos)
      << missing.err;
  // What is wrong with one document is no fault of those before it, and with --on-error skip not of
  // those behind it.
  const std::string third =
      scratch_.write("3.jsonl", "{\"m\":\"a\",\"n\":3}\n{\"n\":3}\n{\"m\":\"b\",\"n\":3}\n");
  EXPECT_EQ(on("c", {"import", third, "--upsert-fields", "m", "--quiet"}).exit, 1);
  EXPECT_EQ(by_m("c"), "{\"m\":\"a\",\"n\":3}\n{\"m\":\"b\",\"n\":2}\n{\"m\":\"c\",\"n\":2}\n");
  EXPECT_EQ(
      on("c", {"import", third, "--upsert-fields", "m", "--on-error", "skip", "--quiet"}).exit, 1);
  EXPECT_EQ(by_m("c"), "{\"m\":\"a\",\"n\":3}\n{\"m\":\"b\",\"n\":3}\n{\"m\":\"c\",\"n\":2}\n");
}

TEST_F(MoveCommands, ATimeSeriesIsDumpedAndRestored) {
  const std::string folder = scratch_ / "dump/series";
  fs::create_directories(folder);
  std::ofstream(folder + "/log.metadata.json")
      << R"({"options":{"timeseries":{"timeField":"t","metaField":"m"},)"
      << R"("expireAfterSeconds":{"$numberLong":"4000000000"}},"indexes":[],"type":"timeseries"})";
  EXPECT_EQ(nacre({"restore", scratch_ / "dump"}).exit, 2);
  std::ofstream(folder + "/log.metadata.json")
      << R"({"options":{"timeseries":{"timeField":"t","metaField":"m"},)"
      << R"("expireAfterSeconds":{"$numberLong":"2000000000"}},"indexes":[],"type":"timeseries"})";
  ASSERT_EQ(nacre({"restore", scratch_ / "dump"}).exit, 0);
  const std::string lines =
      "{\"_id\":1,\"t\":{\"$date\":\"2026-01-02T00:00:00Z\"},\"m\":2}\n"
      "{\"_id\":1,\"t\":{\"$date\":\"2026-01-01T00:00:00Z\"},\"m\":2}\n";
  ASSERT_EQ(on("log", {"import", scratch_.write("log.jsonl", lines), "--quiet"}).exit, 0);
  EXPECT_EQ(on("log", {"history", "1"}).exit, 2);
  EXPECT_EQ(nacre({"verify"}).exit, 0);
  EXPECT_EQ(nacre({"stats"}).exit, 0);
  EXPECT_NE(nacre({"list"}).out.find("m_1_t_1"), std::string::npos);
  ASSERT_EQ(nacre({"dump", scratch_ / "again", "--quiet"}).exit, 0);
  const auto restored = nacre({"restore", scratch_ / "again", "--quiet"}, "copy");
  ASSERT_EQ(restored.exit, 0) << restored.err;
  EXPECT_EQ(on("log", {"find"}, "copy").out, on("log", {"find"}).out);
  EXPECT_NE(on("log", {"find"}).out.find("2026-01-01"), std::string::npos);
  EXPECT_NE(contents(scratch_ / "again/world/log.metadata.json").find(R"("type":"timeseries")"),
            std::string::npos);
}

// A directory as mongodump writes it: made here byte by byte.
void write_dump(const std::string& folder) {
  fs::create_directories(folder);
  const auto file = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
  };
  using std::string_literals::operator""s;
  file("cities.bson",
       "\x0e\0\0\0\x10_id\0\x01\0\0\0\0"s
       "\x1d\0\0\0\x10_id\0\x02\0\0\0\x02name\0\x05\0\0\0Bern\0\0"s);
  file(
      "cities.metadata.json",
      R"({"options":{},"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},)"
      R"("name":"_id_"},{"v":{"$numberInt":"2"},"key":{"name":{"$numberInt":"1"}},)"
      R"("name":"by_name","unique":true,"ns":"world.cities"}],)"
      R"("uuid":"000102030405060708090a0b0c0d0e0f","collectionName":"cities","type":"collection"})");
  file("a%2Fb.bson", "");
  file("a%2Fb.metadata.json", R"({"options":{},"indexes":[]})");
  file("v.metadata.json",
       R"({"options":{"viewOn":"cities","pipeline":[]},"indexes":[],"type":"view"})");
  file("system.views.bson", "");
}

TEST_F(MoveCommands, ADirectoryOfMongodumpIsRestoredAndDumpedAgain) {
  write_dump(scratch_ / "dump/shop");
  std::ofstream(scratch_ / "dump/oplog.bson") << "x";
  const auto restored = nacre({"restore", scratch_ / "dump", "--json", "--quiet"});
  EXPECT_EQ(restored.exit, 0) << restored.err;
  EXPECT_TRUE(restored.out.starts_with("{\"collections\":3,\"documents\":2,\"indexes\":1,"))
      << restored.out;
  EXPECT_EQ(on("cities", {"find"}).out, "{\"_id\":1}\n{\"_id\":2,\"name\":\"Bern\"}\n");
  EXPECT_EQ(on("a/b", {"count"}).out, "0\n");
  EXPECT_NE(on("cities", {"explain", R"({"name": "Bern"})"}).out.find("by_name"),
            std::string::npos);

  // Again: the documents are there already, which a restore that was interrupted may say.
  EXPECT_EQ(nacre({"restore", scratch_ / "dump", "--quiet"}).exit, 1);
  EXPECT_EQ(nacre({"restore", scratch_ / "dump", "--quiet", "--upsert"}).exit, 0);
  EXPECT_EQ(on("cities", {"count"}).out, "2\n");

  for (const std::string packed : {"", ".gz"}) {
    SCOPED_TRACE(packed);
    std::vector<std::string> words = {"dump", scratch_ / ("again" + packed), "--quiet"};
    if (!packed.empty()) words.emplace_back("--gzip");
    const auto dumped = nacre(words);
    EXPECT_EQ(dumped.exit, 0) << dumped.err;
    const fs::path folder = fs::path(scratch_ / ("again" + packed)) / "world";
    EXPECT_TRUE(fs::exists(folder / ("a%2Fb.bson" + packed)));
    EXPECT_FALSE(fs::exists(folder / ("v.bson" + packed))) << "a view has no documents of its own";
    EXPECT_TRUE(fs::exists(folder / ("v.metadata.json" + packed)));
    if (packed.empty()) {
      EXPECT_EQ(contents((folder / "cities.bson").string()),
                contents(scratch_ / "dump/shop/cities.bson"));
    }
    const std::string copy = "copy" + packed;
    const auto back = nacre({"restore", scratch_ / ("again" + packed), "--quiet"}, copy);
    EXPECT_EQ(back.exit, 0) << back.err;
    EXPECT_EQ(on("cities", {"find"}, copy).out, on("cities", {"find"}).out);
    EXPECT_NE(on("cities", {"explain", R"({"name": "Bern"})"}, copy).out.find("by_name"),
              std::string::npos);
  }
}

TEST_F(MoveCommands, WhatIsWrongInADumpIsNamedByFileAndByte) {
  write_dump(scratch_ / "dump/shop");
  std::ofstream(scratch_ / "dump/shop/cities.bson", std::ios::app | std::ios::binary)
      << std::string("\x0e\0\0\0\x10_", 6);
  const auto cut = nacre({"restore", scratch_ / "dump", "--quiet"});
  EXPECT_EQ(cut.exit, 1);
  EXPECT_NE(cut.err.find("cities.bson: document 3: byte 43: the file ends 6 bytes into a document "
                         "of 14"),
            std::string::npos)
      << cut.err;
  EXPECT_EQ(on("cities", {"count"}).out, "2\n");
  fs::create_directories(scratch_ / "dump/other");
  const auto several = nacre({"restore", scratch_ / "dump"});
  EXPECT_EQ(several.exit, 2);
  EXPECT_NE(several.err.find("several databases: other, shop; --from names one"), std::string::npos)
      << several.err;
  EXPECT_EQ(nacre({"restore", scratch_ / "none"}).exit, 3);
}

}  // namespace
}  // namespace nacre
