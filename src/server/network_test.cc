#include "server/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <string>
#include <thread>

#include "base/codec.h"
#include "server/listen.h"
#include "server/wire.h"

namespace nacre::server {
namespace {

using namespace std::chrono_literals;

class Directory {
 public:
  Directory() {
    char name[] = "/tmp/nacre-net-test-XXXXXX";
    std::string made = ::mkdtemp(name);
    // Socket paths are lower case, and mkdtemp's letters are not.
    for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::filesystem::remove(name);
    std::filesystem::create_directory(made);
    path_ = made;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A message that carries `text` where its sections would be; the network does not look there.
std::string message(const std::string& text) {
  std::string bytes;
  append_le(bytes, static_cast<std::uint32_t>(kHeaderSize + text.size()));
  append_le(bytes, std::uint64_t{0});
  append_le(bytes, std::uint32_t{2013});
  return bytes + text;
}

Answer echo(const Peer&, Bytes bytes) { return {.bytes = to_string(bytes)}; }

// A network that runs on a thread of its own until the end of the test.
class Running {
 public:
  Running(const NetworkOptions& options, Network::Handler handler) {
    auto network = Network::listen(options, std::move(handler));
    EXPECT_TRUE(network.has_value()) << network.error().text();
    network_ = *std::move(network);
    port_ = network_->port();
    thread_ = std::thread([this] { network_->run(); });
  }
  ~Running() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    network_->stop();
    thread_.join();
  }
  void stop_soon() { network_->stop(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] NetworkStats stats() const { return network_->stats(); }

 private:
  std::unique_ptr<Network> network_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }

  void send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto size =
          ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }

  // Up to `size` bytes; fewer when the server closes.
  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const auto more = ::recv(socket_.get(), bytes.data() + got, size - got, 0);
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    return bytes;
  }

  [[nodiscard]] bool closed_by_server() { return receive(1).empty(); }

 private:
  Descriptor socket_;
  bool connected_ = false;
};

TEST(Network, AnswersComeInTheOrderOfTheirMessagesHoweverTheBytesArrive) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock"}, echo);
  Client client(directory / "a.sock");
  ASSERT_TRUE(client.connected());
  std::string stream;
  for (int i = 0; i < 50; ++i) stream += message("text " + std::to_string(i));
  client.send(stream.substr(0, 3));
  client.send(stream.substr(3, 400));
  client.send(stream.substr(403));
  EXPECT_EQ(client.receive(stream.size()), stream);
}

TEST(Network, LargeMessagesPassBothWays) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock"}, echo);
  Client client(directory / "a.sock");
  const std::string large = message(std::string(5'000'000, 'x'));
  std::thread sender([&] { client.send(large); });
  EXPECT_EQ(client.receive(large.size()), large);
  sender.join();
}

TEST(Network, AMessageThatCannotBeOneClosesItsConnectionAndNoOther) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock"}, echo);
  Client good(directory / "a.sock");
  Client bad(directory / "a.sock");
  bad.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(bad.closed_by_server());
  good.send(message("still here"));
  EXPECT_EQ(good.receive(26), message("still here"));
}

TEST(Network, AnAnswerMayBeEmptyOrTheLast) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock"}, [](const Peer&, Bytes bytes) {
    const std::string text = to_string(bytes.subspan(kHeaderSize));
    return Answer{.bytes = text == "silent" ? "" : text, .close = text == "last"};
  });
  Client client(directory / "a.sock");
  client.send(message("silent") + message("heard") + message("last") + message("never"));
  EXPECT_EQ(client.receive(9), "heardlast");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Network, SlowClientsAreClosed) {
  const Directory directory;
  const Running network(
      {.socket_path = directory / "a.sock", .header_limit = 50ms, .message_limit = 100ms}, echo);
  Client silent(directory / "a.sock");
  Client half_header(directory / "a.sock");
  half_header.send(message("x").substr(0, 7));
  Client half_message(directory / "a.sock");
  half_message.send(message("some text").substr(0, 20));
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(half_header.closed_by_server());
  EXPECT_TRUE(half_message.closed_by_server());
}

TEST(Network, AnIdleConnectionStaysOpenUnlessALimitIsSet) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock", .header_limit = 50ms}, echo);
  const Running strict({.socket_path = directory / "b.sock", .idle_limit = 50ms}, echo);
  Client idle(directory / "a.sock");
  Client limited(directory / "b.sock");
  for (Client* client : {&idle, &limited}) {
    client->send(message("x"));
    ASSERT_EQ(client->receive(17), message("x"));
  }
  EXPECT_TRUE(limited.closed_by_server());  // takes longer than the other's header limit
  idle.send(message("y"));
  EXPECT_EQ(idle.receive(17), message("y"));
}

TEST(Network, BeyondTheLimitConnectionsAreRefusedAndOthersServed) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock", .connections_max = 2}, echo);
  Client first(directory / "a.sock");
  first.send(message("1"));
  EXPECT_EQ(first.receive(17), message("1"));
  {
    Client second(directory / "a.sock");
    second.send(message("2"));
    EXPECT_EQ(second.receive(17), message("2"));
    Client third(directory / "a.sock");
    EXPECT_TRUE(third.closed_by_server());
    EXPECT_EQ(network.stats().refused, 1U);
    first.send(message("1"));
    EXPECT_EQ(first.receive(17), message("1"));
  }
  // The place of one that left is free again, as soon as the server has seen it leave.
  while (network.stats().connections > 1) std::this_thread::yield();
  Client fourth(directory / "a.sock");
  fourth.send(message("4"));
  EXPECT_EQ(fourth.receive(17), message("4"));
}

TEST(Network, StopAnswersWhatRunsAndAcceptsNothingMore) {
  const Directory directory;
  std::latch running(1);
  std::latch release(1);
  Running network({.socket_path = directory / "a.sock"}, [&](const Peer&, Bytes bytes) {
    running.count_down();
    release.wait();
    return Answer{.bytes = to_string(bytes)};
  });
  Client busy(directory / "a.sock");
  Client idle(directory / "a.sock");
  busy.send(message("x"));
  running.wait();
  network.stop_soon();
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_FALSE(Client(directory / "a.sock").connected());
  EXPECT_FALSE(std::filesystem::exists(directory / "a.sock"));
  release.count_down();
  EXPECT_EQ(busy.receive(17), message("x"));
  EXPECT_TRUE(busy.closed_by_server());
  network.stop();
}

TEST(Network, ClientsAreToldTheAddressTheyUsed) {
  const Directory directory;
  const Running network({.socket_path = directory / "a.sock", .port = 0},
                        [](const Peer& peer, Bytes) { return Answer{peer.local_address, true}; });
  Client local(directory / "a.sock");
  local.send(message(""));
  EXPECT_EQ(local.receive(1000), directory / "a.sock");
  Client tcp(network.port());
  tcp.send(message(""));
  EXPECT_EQ(tcp.receive(1000), "127.0.0.1:" + std::to_string(network.port()));
}

TEST(Listen, AUnixSocketIsForItsOwnerAlone) {
  const Directory directory;
  const auto listener = listen_unix(directory / "new/a.sock");
  ASSERT_TRUE(listener.has_value()) << listener.error().text();
  struct stat status{};
  ASSERT_EQ(::stat((directory / "new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat((directory / "new/a.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Listen, OnlyASocketNobodyAnswersAtIsReplaced) {
  const Directory directory;
  {
    const auto gone = listen_unix(directory / "a.sock");
    ASSERT_TRUE(gone.has_value());
    const auto second = listen_unix(directory / "a.sock");
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code(), Code::kConflict);
  }
  EXPECT_TRUE(listen_unix(directory / "a.sock").has_value());
  std::ofstream(directory / "file.sock") << "precious";
  const auto file = listen_unix(directory / "file.sock");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code(), Code::kExists);
}

TEST(Listen, PathsThatDriversCannotNameAreRefused) {
  const Directory directory;
  for (const char* name : {"a.socket", "A.sock", ".", "x"}) {
    const auto listener = listen_unix(directory / name);
    ASSERT_FALSE(listener.has_value()) << name;
    EXPECT_EQ(listener.error().code(), Code::kInvalid);
  }
  EXPECT_FALSE(listen_unix(directory / std::string(200, 'x') + ".sock").has_value());
}

}  // namespace
}  // namespace nacre::server
