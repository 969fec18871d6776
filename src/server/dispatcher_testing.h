// A dispatcher over databases in memory, and the steps that tests of commands share.
//
// Threads: one thread at a time.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/logging.h"
#include "bson/json.h"
#include "bson/json_testing.h"
#include "bson/validate.h"
#include "io/sim_file_system.h"
#include "server/command.h"
#include "server/dispatcher.h"
#include "server/wire_error.h"

namespace nacre::server::testing {

using namespace std::string_literals;  // NOLINT: of tests

inline bson::Document json(std::string_view text) { return bson::testing::parse_json(text); }

inline std::string framed(std::uint32_t op_code, const std::string& content) {
  std::string message;
  append_le(message, static_cast<std::uint32_t>(kHeaderSize + content.size()));
  append_le(message, std::uint64_t{7});
  append_le(message, op_code);
  return message + content;
}

inline std::string op_msg(const bson::Document& body, std::uint32_t flags = 0,
                          const std::string& more_sections = "") {
  std::string content;
  append_le(content, flags);
  return framed(2013, content + "\0"s + body.bytes() + more_sections);
}

inline std::string documents_section(const std::string& name,
                                     const std::vector<bson::Document>& documents) {
  std::string content = name + "\0"s;
  for (const bson::Document& document : documents) content += document.bytes();
  std::string section = "\x01"s;
  append_le(section, static_cast<std::uint32_t>(content.size() + 4));
  return section + content;
}

class Dispatching : public ::testing::Test {
 protected:
  Dispatching() {
    set_log_level(LogLevel::kOff);  // hostile bytes are what these tests are made of
    static std::atomic<int> count = 0;
    txn::Options engine{.file_system = &files_};
    engine.background_thread = false;
    auto opened = Databases::open("served-" + std::to_string(count++), engine);
    EXPECT_TRUE(opened.has_value());
    databases_ = *std::move(opened);
    services_ =
        std::make_unique<Services>(Services{.databases = *databases_,
                                            .cursors = cursors_,
                                            .sessions = sessions_,
                                            .transactions = transactions_,
                                            .clock = clock_,
                                            .usage = usage_,
                                            .facts = facts_,
                                            .network_stats = [] { return NetworkStats{}; }});
    dispatcher_ = std::make_unique<Dispatcher>(*services_);
  }
  ~Dispatching() override {
    cursors_.kill_all();
    transactions_.abort_all();
    EXPECT_TRUE(databases_->close().has_value());
  }

  Answer send(const std::string& message) { return dispatcher_->answer(peer_, as_bytes(message)); }

  // The document of the answer to `message`.
  bson::Document reply_to(const std::string& message) {
    const Answer answer = send(message);
    const auto decoded = decode_message(as_bytes(answer.bytes));
    if (!decoded.has_value()) {
      ADD_FAILURE() << decoded.error().text();
      return {};
    }
    const auto body = bson::validate(decoded->body);
    EXPECT_TRUE(body.has_value()) << body.error().text();
    return bson::Document(*body);
  }

  bson::Document run(std::string_view text) { return reply_to(op_msg(json(text))); }

  void expect_ok(std::string_view text) {
    const bson::Document reply = run(text);
    EXPECT_TRUE(reply.find("ok").truthy()) << text << " gave " << bson::to_json(reply);
    EXPECT_FALSE(reply.find("writeErrors")) << text << " gave " << bson::to_json(reply);
  }
  void expect_error(std::string_view text, std::int32_t code) {
    const bson::Document reply = run(text);
    EXPECT_FALSE(reply.find("ok").truthy()) << text << " gave " << bson::to_json(reply);
    EXPECT_EQ(reply.find("code").as_int64(), code) << text << " gave " << bson::to_json(reply);
    const bson::Element name = reply.find("codeName");
    EXPECT_TRUE(name.is(bson::Type::kString) && name.string() == code_name(code)) << text;
  }
  std::int64_t number(std::string_view text, std::string_view path) {
    const bson::Document reply = run(text);
    const auto value = reply.get(path).as_int64();
    EXPECT_TRUE(value.has_value()) << text << " gave " << bson::to_json(reply);
    return value.value_or(-1);
  }

  io::SimFileSystem files_{1};
  ServerClock clock_{io::system_clock()};
  ServerFacts facts_;
  Sessions sessions_;
  std::unique_ptr<Databases> databases_;
  Cursors cursors_;
  Transactions transactions_{cursors_};
  Usage usage_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Dispatcher> dispatcher_;
  const Peer peer_{.id = 5, .local_address = "127.0.0.1:4711"};
};

}  // namespace nacre::server::testing
