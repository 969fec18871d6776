// The commands as users run them: what they print where, and how they end.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/program.h"

namespace nacre {
namespace {

using testing::Background;
using testing::Ran;
using testing::run_nacre;
using testing::ScratchDirectory;

constexpr const char* kCities = R"([
{"_id": 1, "name": "Andorra la Vella", "country": "AD", "population": 20430},
{"_id": 2, "name": "Encamp", "country": "AD", "population": 11223},
{"_id": 3, "name": "Monaco", "country": "MC", "population": 32965},
{"_id": 4, "name": "Vaduz", "country": "LI", "population": 5197}
])";

class Commands : public ::testing::Test {
 protected:
  Ran nacre(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.insert(arguments.end(), {"--db", scratch_ / "world"});
    return run_nacre(arguments, input);
  }

  Ran on_cities(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.insert(arguments.end(), {"--collection", "cities"});
    return nacre(arguments, input);
  }

  void import_cities() const {
    const auto ran = on_cities({"import", scratch_.write("cities.json", kCities), "--quiet"});
    ASSERT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(ran.out, "");
  }

  ScratchDirectory scratch_;
};

TEST_F(Commands, ImportedDocumentsAreFoundCountedAndListed) {
  import_cities();
  EXPECT_EQ(on_cities({"count"}).out, "4\n");
  EXPECT_EQ(on_cities({"count", R"({"country": "AD"})", "--json"}).out, "{\"count\":2}\n");
  EXPECT_EQ(on_cities({"find", R"({"country": "AD"})", "--sort", R"({"population": 1})",
                       "--projection", R"({"name": 1, "_id": 0})"})
                .out,
            "{\"name\":\"Encamp\"}\n{\"name\":\"Andorra la Vella\"}\n");
  EXPECT_EQ(on_cities({"find", "--sort", R"({"_id": 1})", "--skip", "2", "--limit", "1",
                       "--projection", R"({"_id": 1})", "--canonical"})
                .out,
            "{\"_id\":{\"$numberInt\":\"3\"}}\n");
  EXPECT_EQ(nacre({"list"}).out, "cities\n  _id_                  {\"_id\":1}\n");
}

TEST_F(Commands, ImportSaysWhatItDidOnStandardErrorAndAsJsonOnStandardOutput) {
  const auto ran = on_cities({"import", scratch_.write("c.json", kCities), "--json"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_TRUE(ran.err.starts_with("nacre: 4 documents into cities in ")) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("{\"imported\":4,\"bad\":0,")) << ran.out;
  EXPECT_EQ(ran.err.find('\r'), std::string::npos) << "progress is for terminals";
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos) << "colour is for terminals";
}

TEST_F(Commands, ABadDocumentStopsTheImportAndWhatCameBeforeIsKept) {
  const auto file = scratch_.write("bad.jsonl", "{\"_id\": 1}\n{\"_id\": 2\n{\"_id\": 3}\n");
  const auto ran = on_cities({"import", file});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "nacre: " + file +
                         ":2: byte 20: expected ',' or '}', found the end\n"
                         "nacre: stopped at the first bad document; the 1 before it are kept "
                         "(--on-error skip goes on)\n");
  EXPECT_EQ(on_cities({"count"}).out, "1\n");
}

TEST_F(Commands, BadDocumentsAreLeftOutWhenAskedTo) {
  const std::string lines = "{\"_id\": 1}\n{\"_id\": 2\n{\"_id\": 1}\n{\"_id\": 3}\n[]\n";
  const auto ran = on_cities({"import", "-", "--on-error", "skip", "--json"}, lines);
  EXPECT_EQ(ran.exit, 1);
  EXPECT_TRUE(ran.out.starts_with("{\"imported\":2,\"bad\":3,")) << ran.out;
  EXPECT_NE(ran.err.find("standard input:2: byte 20: expected ',' or '}', found the end\n"),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("standard input:3: byte 21: E11000 duplicate key"), std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("standard input:5: byte 43: expected a document, found '['\n"),
            std::string::npos)
      << ran.err;
  EXPECT_EQ(on_cities({"count"}).out, "2\n");
}

TEST_F(Commands, AnImportInManyBatchesKeepsEveryDocument) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "{\"_id\": " + std::to_string(i) + "}\n";
  EXPECT_EQ(on_cities({"import", "-", "--batch", "7"}, lines).exit, 0);
  EXPECT_EQ(on_cities({"count"}).out, "1000\n");
  EXPECT_EQ(nacre({"verify", "--quiet"}).exit, 0);
}

TEST_F(Commands, AnIndexIsChosenAndExplainSaysSo) {
  import_cities();
  EXPECT_EQ(on_cities({"explain", R"({"country": "AD"})"}).out.substr(0, 24),
            "plan            COLLSCAN");
  const auto built = on_cities({"create-index", "country"});
  EXPECT_EQ(built.exit, 0);
  EXPECT_TRUE(built.err.starts_with("nacre: index country_1 built in ")) << built.err;
  EXPECT_EQ(on_cities({"create-index", "country"}).err,
            "nacre: index country_1 was there already\n");
  const auto plan = on_cities({"explain", R"({"country": "AD"})"});
  EXPECT_NE(plan.out.find("FETCH <- IXSCAN country_1"), std::string::npos) << plan.out;
  EXPECT_NE(plan.out.find("keys seen       2\n"), std::string::npos) << plan.out;
  EXPECT_NE(plan.out.find("documents seen  2\n"), std::string::npos) << plan.out;
  EXPECT_EQ(on_cities({"drop-index", "country_1"}).exit, 0);
  EXPECT_EQ(on_cities({"drop-index", "country_1"}).exit, 3);
}

TEST_F(Commands, AnIndexOfAnyKindIsBuilt) {
  import_cities();
  const auto built = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "create-index");
    const auto ran = on_cities(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
  };
  built({"name:text", "country:text", "--weights", R"({"name": 10})", "--language", "none",
         "--language-field", "tongue"});
  built({"country:hashed", "--hidden"});
  built({"population", "--partial", R"({"population": {"$gt": 10000}})", "--collation", "de"});
  built({"seen", "--expire-after", "60", "--name", "life"});
  built({"$**", "--wildcard-projection", R"({"log": 0})"});
  const auto listed = nacre({"list", "--json"});
  for (const char* part :
       {R"("default_language":"none","language_override":"tongue")",
        R"("weights":{"country":1,"name":10})",
        R"("key":{"country":"hashed"},"name":"country_hashed","hidden":true)",
        R"("partialFilterExpression":{"population":{"$gt":10000}})", R"("locale":"de")",
        R"("name":"life","expireAfterSeconds":60)", R"("wildcardProjection":{"log":0})"}) {
    EXPECT_NE(listed.out.find(part), std::string::npos) << part << " in " << listed.out;
  }
  const auto refused = on_cities({"create-index", "a", "b", "--expire-after", "60"});
  EXPECT_EQ(refused.exit, 2) << refused.err;
  const auto broken = on_cities({"create-index", "a", "--partial", "{a: 1}"});
  EXPECT_EQ(broken.exit, 2);
  EXPECT_NE(broken.err.find("--partial is not JSON: byte 1"), std::string::npos) << broken.err;
}

TEST_F(Commands, PipelinesAndViewsAreRead) {
  import_cities();
  EXPECT_EQ(on_cities({"aggregate", R"([{"$group": {"_id": "$country", "n": {"$sum": 1}}},
                                        {"$sort": {"_id": 1}}, {"$limit": 1}])"})
                .out,
            "{\"_id\":\"AD\",\"n\":2}\n");
  EXPECT_EQ(
      on_cities({"aggregate", R"([{"$match": {"country": "AD"}}, {"$out": "andorra"}])"}).exit, 0);
  EXPECT_EQ(nacre({"count", "--collection", "andorra"}).out, "2\n");
  EXPECT_EQ(on_cities({"aggregate", "{}"}).exit, 2);
  // A view, as it comes in with a dump.
  std::filesystem::create_directories(scratch_ / "dump/world");
  std::ofstream(scratch_ / "dump/world/big.metadata.json") << R"({"options": {"viewOn": "cities",
      "pipeline": [{"$match": {"population": {"$gt": 15000}}}]}, "indexes": [], "type": "view"})";
  EXPECT_EQ(nacre({"restore", scratch_ / "dump", "--quiet"}).exit, 0);
  EXPECT_EQ(nacre({"count", "--collection", "big"}).out, "2\n");
  EXPECT_EQ(nacre({"find", R"({"country": "MC"})", "--projection", R"({"name": 1})", "--collection",
                   "big"})
                .out,
            "{\"_id\":3,\"name\":\"Monaco\"}\n");
  EXPECT_NE(nacre({"list"}).out.find("big  view of cities\n"), std::string::npos);
  EXPECT_NE(nacre({"stats"}).out.find("view of cities\n"), std::string::npos);
  const auto plan = nacre({"explain", "{}", "--collection", "big"});
  EXPECT_NE(plan.out.find("COLLSCAN"), std::string::npos) << plan.out << plan.err;
}

TEST_F(Commands, AUniqueIndexOverDuplicatesIsRefusedAndNothingIsLeftOfIt) {
  import_cities();
  const auto refused = on_cities({"create-index", "country", "--unique"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.err.find("duplicate key"), std::string::npos) << refused.err;
  EXPECT_EQ(nacre({"list"}).out, "cities\n  _id_                  {\"_id\":1}\n");
  EXPECT_EQ(nacre({"verify"}).exit, 0);
}

TEST_F(Commands, WritesOfAppliedStatementsHappenTogether) {
  import_cities();
  const auto done = nacre(
      {"apply", "-", "--json"},
      R"({"update": "cities", "updates": [{"q": {"country": "AD"}, "u": {"$set": {"eu": false}}, "multi": true}]})"
      "\n"
      R"({"insert": "log", "documents": [{"_id": 1, "what": "AD is not in the EU"}]})"
      "\n"
      R"({"delete": "cities", "deletes": [{"q": {"country": "LI"}, "limit": 0}]})"
      "\n");
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_TRUE(done.out.starts_with(R"({"inserted":1,"modified":2,"deleted":1,"position":)"))
      << done.out;
  EXPECT_EQ(on_cities({"count", R"({"eu": false})"}).out, "2\n");
  EXPECT_EQ(on_cities({"count"}).out, "3\n");
}

TEST_F(Commands, OneStatementThatCannotBeCarriedOutUndoesAll) {
  import_cities();
  const auto refused =
      nacre({"apply", "-"}, R"({"delete": "cities", "deletes": [{"q": {}, "limit": 0}]})"
                            "\n"
                            R"({"insert": "log", "documents": [{"_id": 1}, {"_id": 1}]})"
                            "\n");
  EXPECT_EQ(refused.exit, 1) << refused.err;
  EXPECT_NE(refused.err.find("applying line 2 of standard input; nothing was changed"),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(on_cities({"count"}).out, "4\n");
  EXPECT_EQ(nacre({"list"}).out, "cities\n  _id_                  {\"_id\":1}\n");
}

TEST_F(Commands, AMisspelledFieldOfAStatementIsRefused) {
  import_cities();
  const auto refused =
      nacre({"apply", "-"}, R"({"delete": "cities", "deletes": [{"q": {}, "limits": 1}]})");
  EXPECT_EQ(refused.exit, 2);
  EXPECT_NE(refused.err.find("field \"limits\" is not known here"), std::string::npos)
      << refused.err;
  EXPECT_EQ(on_cities({"count"}).out, "4\n");
}

TEST_F(Commands, StatsAndVerifyCountWhatIsThere) {
  import_cities();
  EXPECT_EQ(on_cities({"create-index", "name"}).exit, 0);
  const auto stats = nacre({"stats", "--json"});
  EXPECT_EQ(stats.exit, 0);
  EXPECT_NE(stats.out.find(R"("collections":[{"name":"cities","documents":4,)"), std::string::npos)
      << stats.out;
  const auto page = nacre({"stats"});
  EXPECT_TRUE(page.out.starts_with("database    world\n")) << page.out;
  const auto verified = nacre({"verify", "--json"});
  EXPECT_EQ(verified.exit, 0);
  EXPECT_NE(verified.out.find(R"("documents":4,"index_entries":4,"problems":[]})"),
            std::string::npos)
      << verified.out;
  EXPECT_TRUE(nacre({"verify"}).out.starts_with("clean: "));
}

TEST_F(Commands, VerifyNamesTheDamagedPageAndEndsWithItsExitCode) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) {
    lines += "{\"_id\": " + std::to_string(i) + ", \"text\": \"" + std::string(100, 'x') + "\"}\n";
  }
  ASSERT_EQ(on_cities({"import", "-"}, lines).exit, 0);
  // One byte in the middle: pages of documents lie there.
  std::fstream file(scratch_ / "world/store.dat", std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(
      std::filesystem::file_size(scratch_ / "world/store.dat") / 2 + 100);
  file.seekg(middle);
  const int byte = file.get();
  file.seekp(middle);
  file.put(static_cast<char>(byte ^ 1));
  file.close();

  const auto found = nacre({"verify"});
  EXPECT_EQ(found.exit, 1) << found.err;
  EXPECT_NE(found.out.find("store.dat: page "), std::string::npos) << found.out;
  EXPECT_NE(found.err.find(" problems in " + (scratch_ / "world")), std::string::npos) << found.err;
  const auto machine = nacre({"verify", "--json"});
  EXPECT_TRUE(machine.out.starts_with("{\"clean\":false,")) << machine.out;
  EXPECT_EQ(on_cities({"count", R"({"text": "y"})"}).exit, 5);
}

TEST_F(Commands, CompactSaysWhatItGaveBack) {
  import_cities();
  const auto ran = nacre({"compact"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.starts_with("nacre: compacted: ")) << ran.err;
  const auto machine = nacre({"compact", "--json", "--rate", "5"});
  EXPECT_TRUE(machine.out.starts_with("{\"file_bytes_before\":")) << machine.out;
  EXPECT_EQ(nacre({"verify", "--quiet"}).exit, 0);
}

TEST_F(Commands, WhatIsNotThereEndsWithItsOwnExitCode) {
  const auto none = on_cities({"count"});
  EXPECT_EQ(none.exit, 3);
  EXPECT_EQ(none.out, "");
  EXPECT_TRUE(none.err.starts_with("nacre: not_found: ")) << none.err;
  import_cities();
  const auto wrong = nacre({"count", "--collection", "citis"});
  EXPECT_EQ(wrong.exit, 3);
  EXPECT_EQ(wrong.err, "nacre: not_found: database world has no collection citis; it has cities\n");
  EXPECT_EQ(on_cities({"import", scratch_ / "nothing.json"}).exit, 3);
}

TEST_F(Commands, AFilterThatIsNotUnderstoodIsAUsageErrorWithItsPlace) {
  import_cities();
  const auto json = on_cities({"find", "{country: 1}"});
  EXPECT_EQ(json.exit, 2);
  EXPECT_EQ(json.err,
            "nacre: invalid: the filter is not JSON: byte 1: expected a field name in double "
            "quotes, found 'c'\n");
  const auto meaning = on_cities({"find", R"({"a": {"$quux": 1}})"});
  EXPECT_EQ(meaning.exit, 2);
  EXPECT_NE(meaning.err.find("$quux"), std::string::npos) << meaning.err;
}

TEST_F(Commands, ADatabaseThatAnotherProcessHasOpenIsBusy) {
  Background load({"load-test", "--db", scratch_ / "world", "--acknowledge", "--seconds", "60"});
  ASSERT_NE(load.read_out(1), "");
  const auto busy = nacre({"stats"});
  EXPECT_EQ(busy.exit, 4);
  EXPECT_NE(busy.err.find("a server or another command has it open"), std::string::npos)
      << busy.err;
  load.signal(SIGINT);
  EXPECT_EQ(load.wait().exit, 130);
}

TEST_F(Commands, CtrlCKeepsWhatAnImportHasCommitted) {
  std::string lines;
  for (int i = 0; i < 60000; ++i) lines += "{\"_id\": " + std::to_string(i) + "}\n";
  const auto file = scratch_.write("many.jsonl", lines);
  Background import(
      {"import", file, "--db", scratch_ / "world", "--collection", "cities", "--batch", "1"});
  // Long enough to be in the middle, far too short to be done.
  while (!std::filesystem::exists(scratch_ / "world")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  import.signal(SIGINT);
  const auto ran = import.wait();
  ASSERT_EQ(ran.exit, 130) << ran.err;
  EXPECT_TRUE(ran.err.starts_with("nacre: interrupted; the ")) << ran.err;
  const auto count = on_cities({"count"});
  std::string kept = count.out.substr(0, count.out.size() - 1);
  if (kept.size() > 3) kept.insert(kept.size() - 3, ",");
  EXPECT_NE(ran.err.find("the " + kept + " documents"), std::string::npos)
      << ran.err << " count " << count.out << count.err;
  EXPECT_EQ(nacre({"verify", "--quiet"}).exit, 0);
}

TEST_F(Commands, ALoadTestFindsWhatItAcknowledged) {
  Ran load = nacre({"load-test", "--acknowledge", "--seconds", "1", "--writers", "3"});
  EXPECT_EQ(load.exit, 0) << load.err;
  const auto clean = nacre({"load-test", "--check", "-", "--json"}, load.out);
  EXPECT_EQ(clean.exit, 0) << clean.out;
  EXPECT_NE(clean.out.find("\"problems\":[]"), std::string::npos) << clean.out;
  const auto lost = nacre({"load-test", "--check", "-"}, load.out + "1 99999999\n");
  EXPECT_EQ(lost.exit, 1);
  EXPECT_NE(lost.out.find(" to 99999999 were acknowledged and are lost\n"), std::string::npos)
      << lost.out;
  ASSERT_EQ(nacre({"apply", "-"},
                  R"({"delete": "load_test", "deletes": [{"q": {"_id": "0-1"}, "limit": 1}]})")
                .exit,
            0);
  const auto half = nacre({"load-test", "--check", "-"}, load.out);
  EXPECT_EQ(half.exit, 1);
  EXPECT_TRUE(half.out.starts_with("writer 0: document 1 is missing, its counter says "))
      << half.out;
}

}  // namespace
}  // namespace nacre
