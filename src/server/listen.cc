#include "server/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace nacre::server {
namespace {

constexpr int kBacklog = 1024;  // connections the kernel keeps until they are accepted
constexpr mode_t kOwnerOnlyFile = 0600;
constexpr mode_t kOwnerOnlyDirectory = 0700;

std::unexpected<Error> refused(std::string_view what, std::string_view call) {
  return fail(Code::kIo,
              format("{}: {} returned {}", what, call, std::generic_category().message(errno)));
}

Result<Descriptor> new_socket(int family, std::string_view what) {
  Descriptor made(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return refused(what, "socket");
  return made;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::kInvalid, format("socket path {} has {} bytes, expected at most {}", path,
                                       path.size(), sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<std::string> checked_socket_path(std::string_view path) {
  std::error_code error;
  const std::filesystem::path absolute =
      std::filesystem::absolute(std::filesystem::path(path), error).lexically_normal();
  if (error) return fail(Code::kInvalid, format("socket path {}: {}", path, error.message()));
  std::string text = absolute.string();
  if (!text.ends_with(".sock")) {
    return fail(Code::kInvalid, format("socket path {} must end in .sock", text));
  }
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::ranges::any_of(text, upper)) {
    return fail(Code::kInvalid,
                format("socket path {} must be lower case: drivers ask for it that way", text));
  }
  return text;
}

// Makes way for a new socket at `path`: a socket file whose server is gone is removed.
Result<> remove_stale_socket(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return refused(path, "lstat");
  }
  if (!S_ISSOCK(status.st_mode)) return fail(Code::kExists, format("{} is not a socket", path));
  const Descriptor probe = NACRE_TRY(new_socket(AF_UNIX, path));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno != ECONNREFUSED) {
    return fail(Code::kConflict, format("{}: another server listens there", path));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return refused(path, "unlink");
  return {};
}

Result<Listener> listen_tcp(int family, const sockaddr* address, socklen_t size,
                            std::string_view what) {
  Descriptor socket = NACRE_TRY(new_socket(family, what));
  const int on = 1;
  // A server that comes back at once must not wait for its old connections to fade.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), address, size) != 0) {
    if (errno == EADDRINUSE) {
      return fail(Code::kConflict, format("{}: another server listens there", what));
    }
    return refused(what, "bind");
  }
  if (::listen(socket.get(), kBacklog) != 0) return refused(what, "listen");
  std::string name = NACRE_TRY(local_address(socket.get()));
  return Listener{.socket = std::move(socket), .name = std::move(name), .path = {}};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Descriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Listener> listen_unix(std::string_view path) {
  const std::string absolute = NACRE_TRY(checked_socket_path(path));
  const sockaddr_un address = NACRE_TRY(unix_address(absolute));
  const std::string parent = std::filesystem::path(absolute).parent_path().string();
  if (::mkdir(parent.c_str(), kOwnerOnlyDirectory) != 0 && errno != EEXIST) {
    return refused(parent, "mkdir");
  }
  NACRE_TRY(remove_stale_socket(absolute, address));
  Descriptor socket = NACRE_TRY(new_socket(AF_UNIX, absolute));
  // Linux gives the file the mode of the socket: it is 0600 before anybody can see it.
  if (::fchmod(socket.get(), kOwnerOnlyFile) != 0) return refused(absolute, "fchmod");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refused(absolute, "bind");
  }
  if (::listen(socket.get(), kBacklog) != 0) return refused(absolute, "listen");
  return Listener{.socket = std::move(socket), .name = absolute, .path = absolute};
}

Result<std::vector<Listener>> listen_loopback(std::uint16_t port) {
  std::vector<Listener> listeners;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listeners.push_back(NACRE_TRY(listen_tcp(AF_INET, reinterpret_cast<const sockaddr*>(&v4),
                                           sizeof v4, format("127.0.0.1:{}", port))));
  const std::uint16_t taken = listening_port(listeners.front());
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(taken);
  v6.sin6_addr = in6addr_loopback;
  auto second = listen_tcp(AF_INET6, reinterpret_cast<const sockaddr*>(&v6), sizeof v6,
                           format("[::1]:{}", taken));
  // Machines without IPv6 are common; a port somebody else holds there is only our concern when
  // the user named it.
  if (second.has_value()) {
    listeners.push_back(*std::move(second));
  } else if (second.error().code() == Code::kConflict && port != 0) {
    return std::unexpected(std::move(second).error());
  }
  return listeners;
}

std::uint16_t listening_port(const Listener& listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(listener.socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return 0;
  }
  if (storage.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  }
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

Result<std::string> local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return refused("accepted socket", "getsockname");
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (storage.ss_family) {
    case AF_INET: {
      const auto& address = *reinterpret_cast<const sockaddr_in*>(&storage);
      ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
      return format("{}:{}", text.data(), ntohs(address.sin_port));
    }
    case AF_INET6: {
      const auto& address = *reinterpret_cast<const sockaddr_in6*>(&storage);
      ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
      return format("[{}]:{}", text.data(), ntohs(address.sin6_port));
    }
    case AF_UNIX:
      return std::string(reinterpret_cast<const sockaddr_un*>(&storage)->sun_path);
    default:
      return fail(Code::kIo, format("accepted socket: family is {}", storage.ss_family));
  }
}

Result<std::string> default_socket_path() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string base = runtime != nullptr && *runtime != '\0' ? runtime : "/tmp";
  const std::string directory = format("{}/nacre-{}", base, ::getuid());
  if (::mkdir(directory.c_str(), kOwnerOnlyDirectory) != 0 && errno != EEXIST) {
    return refused(directory, "mkdir");
  }
  struct stat status{};
  if (::lstat(directory.c_str(), &status) != 0) return refused(directory, "lstat");
  // /tmp is everybody's: somebody else may have made the directory first.
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::getuid() || (status.st_mode & 077) != 0) {
    return fail(Code::kInvalid,
                format("{} must be a directory of user {} with mode 0700", directory, ::getuid()));
  }
  return directory + "/mongodb-27017.sock";
}

}  // namespace nacre::server
