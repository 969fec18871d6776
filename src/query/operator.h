// Operators: the nodes of a plan that runs. Each pulls rows from the one below it.
//
// Invariants: a row is valid until the next call on the operator that gave it; pause() may be
//             called between any two rows and changes nothing about those to come.
// Cost:    a virtual call for each row and operator; operators keep their buffers.
// Threads: one thread at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/builder.h"
#include "query/reader.h"

namespace nacre::query {

struct Row {
  Bytes key;  // of the document in its collection; empty for rows that are not documents
  bson::View document;
  Bytes stored{};  // the document's row, envelope included; empty where that is not at hand
};

// When an operation has to stop.
class Limits {
 public:
  Limits(std::int64_t max_time_ms, const std::atomic<bool>* interrupted)
      : interrupted_(interrupted) {
    set_time_limit(max_time_ms);
  }
  void set_time_limit(std::int64_t milliseconds);

  // Called for each row read; looks at the clock now and then. Errors 50 and 11601.
  [[nodiscard]] Result<> check() {
    if (++calls_ % kCallsPerLook != 0) [[likely]]
      return {};
    return look();
  }

 private:
  static constexpr std::uint32_t kCallsPerLook = 64;
  [[nodiscard]] Result<> look() const;

  const std::atomic<bool>* interrupted_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::uint32_t calls_ = 0;
};

// What the operators of one plan share.
struct Execution {
  Reader reader;
  Limits limits;
};

// What an operator did, for explain.
struct Counters {
  std::int64_t works = 0;
  std::int64_t returned = 0;
  std::int64_t keys = 0;       // index keys looked at
  std::int64_t documents = 0;  // documents looked at
};

class Operator {
 public:
  virtual ~Operator() = default;
  // Nothing: the end, for good.
  [[nodiscard]] virtual Result<std::optional<Row>> next() = 0;
  virtual void pause() {
    if (input() != nullptr) input()->pause();
  }

  // MongoDB's name of the stage.
  [[nodiscard]] virtual std::string_view stage() const = 0;
  // The fields of the plan beside stage and inputStage.
  virtual void describe(bson::Builder& to) const { (void)to; }
  [[nodiscard]] virtual Operator* input() const { return nullptr; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 protected:
  Counters counters_;
};

// An operator over one other.
class Stage : public Operator {
 public:
  explicit Stage(std::unique_ptr<Operator> input) : input_(std::move(input)) {}
  [[nodiscard]] Operator* input() const override { return input_.get(); }

 protected:
  std::unique_ptr<Operator> input_;
};

}  // namespace nacre::query
