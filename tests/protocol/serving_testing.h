// Serving: a real server over a scratch directory, on a Unix socket and a loopback port.
//
// Threads: one thread at a time; the server runs on its own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cctype>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/logging.h"
#include "server/server.h"

namespace nacre::server {

class Serving {
 public:
  Serving() {
    set_log_level(LogLevel::kWarning);
    char name[] = "/tmp/nacre-protocol-XXXXXX";
    const char* made = ::mkdtemp(name);
    EXPECT_NE(made, nullptr);
    directory_ = name;
    // Drivers write host names in lower case, so the socket's directory must be.
    socket_directory_ = directory_;
    for (char& c : socket_directory_) {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    socket_directory_ += "-sockets";
    start();
  }

  ~Serving() {
    stop();
    std::filesystem::remove_all(directory_);
    std::filesystem::remove_all(socket_directory_);
  }

  void start() {
    auto server = Server::open({.data_directory = directory_ + "/data",
                                .socket_path = socket_directory_ + "/mongodb-27017.sock",
                                .port = 0,
                                .stop_on_signals = false});
    ASSERT_TRUE(server.has_value()) << server.error().text();
    server_ = *std::move(server);
    thread_ = std::thread([this] {
      const auto outcome = server_->run();
      EXPECT_TRUE(outcome.has_value()) << outcome.error().text();
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  // The Unix socket first, then the ports.
  [[nodiscard]] std::vector<std::string> uris() const { return server_->uris(); }
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  std::string socket_directory_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace nacre::server
