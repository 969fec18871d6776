// Server: a data directory served to MongoDB clients.
//
//   auto server = NACRE_TRY(server::Server::open({.data_directory = "data", .port = 27017}));
//   NACRE_TRY(server->run());  // until SIGTERM, SIGINT or stop()
//
// Reachable on a Unix socket (the default), on loopback TCP, or both. Nobody is asked for a
//   password: who may open the socket, or is on this machine when there is a port, may do
//   everything.
// A clean stop takes no new command, finishes the running ones and closes every database.
// Errors:  of listen.h, Databases::open; run: the first database that did not close cleanly.
// Threads: run() on one thread; stop() from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace nacre::server {

struct Options {
  std::string data_directory = {};
  // Neither given: the default socket path (listen.h).
  std::string socket_path = {};
  std::optional<std::uint16_t> port = std::nullopt;  // 0 takes any free one
  // What hello tells clients to connect to, where it is not the address they used: behind a proxy
  // or in a container. "host:port".
  std::string advertised_address = {};
  bool stop_on_signals = true;
  std::size_t connections_max = 10'000;
  std::size_t cache_bytes = std::size_t{256} << 20;  // shared by all databases
  std::vector<std::string> arguments = {};           // of the command line, told by getCmdLineOpts
};

class Server {
 public:
  // Opens the data directory, creating it when it is missing, and listens.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Options& options);
  ~Server();

  [[nodiscard]] std::uint16_t port() const;                  // 0 without TCP
  [[nodiscard]] std::vector<std::string> listening() const;  // for people
  // Connection strings that reach this server, in the order of listening().
  [[nodiscard]] std::vector<std::string> uris() const;

  [[nodiscard]] Result<> run();
  void stop();

 private:
  class Rep;
  explicit Server(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace nacre::server
