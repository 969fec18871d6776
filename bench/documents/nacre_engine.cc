// Nacre in this process: the database's own defaults, durable commits.
#include <thread>

#include "documents/engine.h"
#include "nacre/nacre.hpp"

namespace nacre::bench {
namespace {

constexpr std::size_t kBatch = 600;  // some 256 KB

template <class T>
T must(Result<T>&& result) {
  if (!result) give_up("nacre", result.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::size_t drain(Cursor cursor) {
  std::size_t rows = 0;
  while (must(cursor.next())) ++rows;
  return rows;
}

std::vector<Document> documents_of(const Dataset& dataset, std::int64_t from) {
  const std::int64_t end = std::min(dataset.size(), from + static_cast<std::int64_t>(kBatch));
  std::vector<Document> documents;
  documents.reserve(kBatch);
  for (std::int64_t id = from; id < end; ++id) {
    documents.push_back(must(Document::from_json(Dataset::document(id))));
  }
  return documents;
}

class NacreSession final : public Session {
 public:
  explicit NacreSession(Collection people) : people_(std::move(people)) {}

  void insert(const std::string& json) override { must(people_.insert_one(json)); }
  void increment(std::int64_t id) override {
    must(people_.update_one(Document::of({{"_id", id}}), increment_));
  }
  std::size_t get(std::int64_t id) override {
    const auto found = must(people_.get(id));
    return found ? found->document.bson().size() : 0;
  }
  std::size_t by_city(const std::string& city) override {
    return drain(must(people_.find(Document::of({{"city", city}})).run()));
  }
  std::size_t best_scores(const std::string& country, double score) override {
    return drain(must(people_.find(where("country").eq(country) && where("score").lte(score))
                          .sort(R"({"score": -1})")
                          .limit(20)
                          .run()));
  }
  std::size_t filter(std::int64_t age, std::string_view street_ending) override {
    return drain(must(people_
                          .find(where("age").eq(age) &&
                                where("address.street").matches(std::string(street_ending) + "$"))
                          .run()));
  }
  std::size_t count() override { return static_cast<std::size_t>(must(people_.count())); }
  std::size_t group() override {
    return drain(must(people_.aggregate(
        R"([{"$group": {"_id": "$country", "n": {"$sum": 1}, "score": {"$avg": "$score"},
                        "age": {"$max": "$age"}}}])")));
  }
  std::size_t unwind_group() override {
    return drain(must(people_.aggregate(
        R"([{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}])")));
  }
  std::size_t search(const std::string& words) override {
    return drain(must(people_.find(Document::of({{"$text", {{"$search", words}}}}))
                          .sort(R"({"score": {"$meta": "textScore"}})")
                          .limit(20)
                          .run()));
  }

 private:
  Collection people_;
  Document increment_ = Update().inc("counter", 1).document();
};

class NacreEngine final : public Engine {
 public:
  explicit NacreEngine(const std::string& directory)
      : directory_(directory),
        database_(must(Database::open(directory + "/people",
                                      {.create_if_missing = true, .cache_bytes = kCacheBytes}))) {}

  // JSON is parsed on one thread while the batch before is written on the other.
  void load(const Dataset& dataset) override {
    Collection people = database_.collection("people");
    must(people.create_index(R"({"city": 1})"));
    must(people.create_index(R"({"country": 1, "score": 1})"));
    std::vector<Document> ready = documents_of(dataset, 0);
    for (std::int64_t next = kBatch; !ready.empty(); next += kBatch) {
      std::vector<Document> parsed;
      {
        const std::jthread parser([&] { parsed = documents_of(dataset, next); });
        must(people.insert_many(ready));
      }
      ready = std::move(parsed);
    }
    must(database_.sync());
  }
  std::unique_ptr<Session> session() override {
    return std::make_unique<NacreSession>(database_.collection("people"));
  }
  bool create_text_index() override {
    return database_.collection("people").create_index(R"({"bio": "text"})").has_value();
  }
  std::uint64_t disk_bytes() override { return bytes_below(directory_); }
  std::uint64_t compacted_bytes() override {
    must(database_.close());
    database_ =
        must(Database::open(directory_ + "/people", {.cache_bytes = kCacheBytes,
                                                     .history_age = std::chrono::microseconds(0)}));
    must(database_.compact());
    must(database_.close());
    return bytes_below(directory_);
  }
  std::uint64_t peak_memory_bytes() override { return peak_memory_of_process(); }

 private:
  static constexpr std::size_t kCacheBytes = std::size_t{512} << 20;
  std::string directory_;
  Database database_;
};

}  // namespace

std::unique_ptr<Engine> open_nacre(const std::string& directory) {
  return std::make_unique<NacreEngine>(directory);
}

}  // namespace nacre::bench
