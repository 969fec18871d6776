// The event loop: accepts connections, cuts their bytes into messages, has a pool of workers answer
// them, and writes the answers back.
//
// Why one loop thread and blocking workers: the loop never waits for anything but sockets, so that
//   a slow disk or a slow client holds up nobody else; workers wait for the log, and many of them
//   waiting together is what makes group commit pay.
// A connection's messages are answered one after the other, in order; while one is being answered
//   nothing more is read from it. A connection holds no buffer while it waits.
// Limits:  of NetworkOptions; a connection that breaks one is closed. Out of descriptors, accepting
//          pauses for a moment instead of spinning.
// Errors:  listen: kInvalid, kConflict, kExists, kIo as in listen.h.
// Threads: internally locked; run() on one thread, stop() from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nacre::server {

struct NetworkOptions {
  std::string socket_path = {};                      // of a Unix socket; empty: none
  std::optional<std::uint16_t> port = std::nullopt;  // TCP on loopback; 0 takes any free one
  bool stop_on_signals = false;  // SIGTERM and SIGINT stop the loop; a second one kills
  std::size_t connections_max = 10'000;
  std::size_t worker_count = 32;
  // From the connection's start to its first byte, and from the first byte of a message to its
  // whole header.
  std::chrono::milliseconds header_limit{10'000};
  std::chrono::milliseconds message_limit{30'000};  // from the first byte of a message to its last
  std::chrono::milliseconds write_limit{60'000};    // without the client taking a single byte
  std::chrono::milliseconds idle_limit{0};          // between messages; 0: none
};

// The connection a message came on.
struct Peer {
  std::uint64_t id = 0;       // 1, 2, ... in order of acceptance
  std::string local_address;  // how the client reached us, see listen.h
};

struct Answer {
  std::string bytes;   // what to send; may be empty
  bool close = false;  // after sending
};

struct NetworkStats {
  std::size_t connections = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // over connections_max
};

class Network {
 public:
  // Called on a worker with one whole message (see message_size); several at once, but never two
  // of one connection.
  using Handler = std::function<Answer(const Peer& peer, Bytes message)>;

  [[nodiscard]] static Result<std::unique_ptr<Network>> listen(const NetworkOptions& options,
                                                               Handler handler);
  // Requires that run() has returned or was never called.
  ~Network();

  [[nodiscard]] std::uint16_t port() const;                  // 0 without TCP
  [[nodiscard]] std::vector<std::string> listening() const;  // names for people
  [[nodiscard]] NetworkStats stats() const;

  // Serves until stop(): then no connection is accepted and no message read, running ones are
  // answered, and run returns.
  void run();
  void stop();

 private:
  class Rep;
  explicit Network(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace nacre::server
