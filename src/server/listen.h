// Listening sockets: where a server may be reached, made safely.
//
// A Unix socket is for its owner alone: the file is 0600 from its first moment, a parent directory
//   that has to be made is 0700. Drivers write host names in lower case and know a socket by its
//   ending, so the path must be lower case and end in ".sock"; it is bound by its absolute form,
//   because hello hands the clients what getsockname says.
// TCP is loopback only: 127.0.0.1 and, where the machine has it, ::1.
// Errors:  kInvalid: the path breaks a rule above; kConflict: another server listens there;
//          kExists: the path is there and no socket; kIo: the system refused.
// Threads: each value belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nacre::server {

// A file descriptor that is closed by its last owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release();
  void close();

 private:
  int fd_ = -1;
};

struct Listener {
  Descriptor socket;  // listening, non-blocking
  std::string name;   // for log lines: "127.0.0.1:27017", "/run/nacre/mongodb-27017.sock"
  std::string path;   // of a Unix socket, to be removed at the end; else empty
};

// Replaces a socket file that nobody answers at; makes the last directory of the path if needed.
[[nodiscard]] Result<Listener> listen_unix(std::string_view path);

// Port 0 takes any free one; both listeners get the same.
[[nodiscard]] Result<std::vector<Listener>> listen_loopback(std::uint16_t port);

// The port of a TCP listener; 0 for others.
[[nodiscard]] std::uint16_t listening_port(const Listener& listener);

// The address by which the client of accepted socket `fd` reached us, as drivers write it:
// "127.0.0.1:27017", "[::1]:27017" or the absolute path of the Unix socket.
[[nodiscard]] Result<std::string> local_address(int fd);

// "<$XDG_RUNTIME_DIR or /tmp>/nacre-<user id>/mongodb-27017.sock", in lower case. The directory is
// made 0700 when missing; one that others own or may enter is refused (kInvalid).
[[nodiscard]] Result<std::string> default_socket_path();

}  // namespace nacre::server
