// The one place that names Boost.Asio.
#include "server/network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/logging.h"
#include "base/text.h"
#include "server/listen.h"
#include "server/wire.h"

namespace nacre::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadSize = 256 << 10;           // bytes a read takes at most
constexpr std::size_t kReadsPerTurn = 8;               // before other connections get theirs
constexpr std::chrono::milliseconds kSweepEvery{250};  // how exactly limits are kept
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kStopGrace{10};  // for clients that do not take their last answer
constexpr int kKeepaliveSeconds = 60;

constexpr SteadyTime kNever = SteadyTime::max();

void set_tcp_options(int fd) {
  // Each fails harmlessly on a Unix socket.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepaliveSeconds, sizeof kKeepaliveSeconds);
}

}  // namespace

class Network::Rep {
 public:
  class Connection;

  Rep(const NetworkOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        workers_(options.worker_count),
        signals_(loop_),
        sweep_(loop_) {}

  Result<> open();
  void run();
  void stop();

  std::vector<Listener> listeners_;
  std::atomic<std::size_t> connection_count_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;

 private:
  friend class Connection;

  // One listening socket inside the loop.
  struct Door {
    Door(asio::io_context& loop, int fd) : socket(loop, fd), pause(loop) {}
    asio::posix::stream_descriptor socket;
    asio::steady_timer pause;
  };

  void accept_soon(Door& door);
  void accept_waiting(Door& door);
  void welcome(int fd);
  void sweep_soon();
  void begin_stop();
  void forget(std::uint64_t id);

  const NetworkOptions options_;
  const Handler handler_;
  asio::io_context loop_{1};
  asio::thread_pool workers_;
  asio::signal_set signals_;
  asio::steady_timer sweep_;
  std::vector<std::unique_ptr<Door>> doors_;
  // Shared with the operations in flight: a connection that was closed may still be answered.
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::array<char, kReadSize> scratch_{};  // what the loop reads into, one connection at a time
  SteadyTime stop_deadline_ = kNever;
  bool stopping_ = false;
};

// One client. Everything but the handler runs on the loop's thread.
class Network::Rep::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Rep& network, asio::generic::stream_protocol::socket socket, Peer peer)
      : network_(network), socket_(std::move(socket)), peer_(std::move(peer)) {}

  void start() {
    deadline_ = after(network_.options_.header_limit);
    wait_for_bytes();
  }

  void close_if_late(SteadyTime now) {
    if (now < deadline_) return;
    log_info(format("connection {}: closed, {}", peer_.id, why_waiting()));
    close();
  }

  // Closes now, or once the message being answered has been.
  void finish() {
    close_after_answer_ = true;
    if (!busy_) close();
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
    network_.forget(peer_.id);
  }

 private:
  static SteadyTime after(std::chrono::milliseconds limit) {
    return limit.count() == 0 ? kNever : std::chrono::steady_clock::now() + limit;
  }

  [[nodiscard]] std::string_view why_waiting() const {
    if (busy_) return "the client did not take its answer in time";
    if (!received_.empty()) return "the message did not arrive in time";
    return "no message arrived in time";
  }

  void wait_for_bytes() {
    socket_.async_wait(asio::socket_base::wait_read,
                       [self = this->shared_from_this()](const error_code& error) {
                         if (self->closed_) return;
                         if (error) return self->close();
                         self->read_waiting();
                       });
  }

  void read_waiting() {
    for (std::size_t turn = 0; turn < kReadsPerTurn; ++turn) {
      error_code error;
      const std::size_t size = socket_.read_some(asio::buffer(network_.scratch_), error);
      if (error == asio::error::would_block || error == asio::error::try_again) break;
      if (error) return close();  // the end of the stream included
      received_.append(network_.scratch_.data(), size);
      if (take_message()) return;
      if (closed_ || size < network_.scratch_.size()) break;
    }
    if (closed_) return;
    note_progress();
    wait_for_bytes();
  }

  // Sets the deadline that fits what has been received of the next message.
  void note_progress() {
    if (received_.empty()) return;
    const NetworkOptions& limits = network_.options_;
    if (message_began_ == SteadyTime{}) message_began_ = std::chrono::steady_clock::now();
    const auto limit = received_.size() < kHeaderSize ? limits.header_limit : limits.message_limit;
    deadline_ = limit.count() == 0 ? kNever : message_began_ + limit;
  }

  // Hands the first message in `received_` to a worker when it is whole. The stream is closed when
  // it cannot be one.
  bool take_message() {
    const auto size = message_size(as_bytes(received_));
    if (!size.has_value()) {
      log_warning(format("connection {}: closed, {}", peer_.id, size.error().what()));
      close();
      return false;
    }
    if (!size->has_value() || received_.size() < **size) return false;
    std::string message;
    if (received_.size() == **size) {
      message.swap(received_);  // the connection keeps no memory of it
    } else {
      message = received_.substr(0, **size);
      received_.erase(0, **size);
    }
    busy_ = true;
    deadline_ = kNever;
    message_began_ = {};
    asio::post(network_.workers_,
               [self = this->shared_from_this(), message = std::move(message)]() mutable {
                 Answer answer = self->network_.handler_(self->peer_, as_bytes(message));
                 message = std::string();
                 asio::post(self->network_.loop_, [self, answer = std::move(answer)]() mutable {
                   self->answered(std::move(answer));
                 });
               });
    return true;
  }

  void answered(Answer answer) {
    if (closed_) return;
    close_after_answer_ = close_after_answer_ || answer.close;
    answer_ = std::move(answer.bytes);
    sent_ = 0;
    send_rest();
  }

  void send_rest() {
    if (sent_ == answer_.size()) return next_message();
    deadline_ = after(network_.options_.write_limit);
    socket_.async_write_some(
        asio::buffer(answer_.data() + sent_, answer_.size() - sent_),
        [self = this->shared_from_this()](const error_code& error, std::size_t size) {
          if (self->closed_) return;
          if (error) return self->close();
          self->sent_ += size;
          self->send_rest();
        });
  }

  void next_message() {
    answer_ = std::string();  // gives the memory back
    busy_ = false;
    if (close_after_answer_) return close();
    deadline_ = after(network_.options_.idle_limit);
    if (!received_.empty() && take_message()) return;
    if (closed_) return;
    note_progress();
    wait_for_bytes();
  }

  Rep& network_;
  asio::generic::stream_protocol::socket socket_;
  const Peer peer_;
  std::string received_;  // not yet taken as messages
  std::string answer_;
  std::size_t sent_ = 0;  // bytes of answer_
  SteadyTime deadline_ = kNever;
  SteadyTime message_began_{};  // zero: no byte of it is there
  bool busy_ = false;           // a message is being answered
  bool close_after_answer_ = false;
  bool closed_ = false;
};

Result<> Network::Rep::open() {
  if (!options_.socket_path.empty()) {
    listeners_.push_back(NACRE_TRY(listen_unix(options_.socket_path)));
  }
  if (options_.port) {
    std::vector<Listener> tcp = NACRE_TRY(listen_loopback(*options_.port));
    std::ranges::move(tcp, std::back_inserter(listeners_));
  }
  if (listeners_.empty()) return fail(Code::kInvalid, "neither a socket path nor a port is given");
  return {};
}

void Network::Rep::run() {
  for (Listener& listener : listeners_) {
    doors_.push_back(std::make_unique<Door>(loop_, ::dup(listener.socket.get())));
    accept_soon(*doors_.back());
  }
  if (options_.stop_on_signals) {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](const error_code& error, int signal) {
      if (error) return;
      log_info(format("stopping on signal {}", signal));
      begin_stop();
    });
  }
  sweep_soon();
  loop_.run();
  workers_.join();
}

void Network::Rep::stop() {
  asio::post(loop_, [this] { begin_stop(); });
}

void Network::Rep::accept_soon(Door& door) {
  door.socket.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, &door](const error_code& error) {
                           if (!error && !stopping_) accept_waiting(door);
                         });
}

void Network::Rep::accept_waiting(Door& door) {
  while (true) {
    const int fd =
        ::accept4(door.socket.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      welcome(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return accept_soon(door);
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // Out of descriptors or memory: the connection stays in the kernel's queue, and the socket
      // readable, so wait and do not spin.
      door.pause.expires_after(kAcceptPause);
      door.pause.async_wait([this, &door](const error_code& error) {
        if (!error && !stopping_) accept_waiting(door);
      });
      return;
    }
  }
}

void Network::Rep::welcome(int fd) {
  Descriptor owned(fd);
  if (connections_.size() >= options_.connections_max) {
    if (refused_++ == 0) {
      log_warning(format("refusing connections: {} are open", connections_.size()));
    }
    return;
  }
  auto address = local_address(fd);
  if (!address.has_value()) return;
  set_tcp_options(fd);
  const bool tcp = address->find('/') != 0;
  const int family = !tcp ? AF_UNIX : address->starts_with('[') ? AF_INET6 : AF_INET;
  asio::generic::stream_protocol::socket socket(loop_);
  error_code error;
  socket.assign(asio::generic::stream_protocol(family, tcp ? int{IPPROTO_TCP} : 0), owned.get(),
                error);
  if (error) return;
  std::ignore = owned.release();
  socket.non_blocking(true, error);
  const std::uint64_t id = ++accepted_;
  auto connection = std::make_shared<Connection>(
      *this, std::move(socket), Peer{.id = id, .local_address = *std::move(address)});
  connections_.emplace(id, connection);
  connection_count_ = connections_.size();
  connection->start();
}

void Network::Rep::sweep_soon() {
  sweep_.expires_after(kSweepEvery);
  sweep_.async_wait([this](const error_code& error) {
    if (error) return;
    const SteadyTime now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<Connection>> all;  // closing takes them out of connections_
    all.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) all.push_back(connection);
    for (const auto& connection : all) {
      if (now >= stop_deadline_) {
        connection->close();
      } else {
        connection->close_if_late(now);
      }
    }
    if (!stopping_ || !connections_.empty()) sweep_soon();
  });
}

void Network::Rep::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  stop_deadline_ = std::chrono::steady_clock::now() + kStopGrace;
  error_code ignored;
  signals_.cancel(ignored);
  signals_.clear(ignored);  // a second signal acts as if nobody listened
  for (const auto& door : doors_) {
    door->socket.close(ignored);
    door->pause.cancel();
  }
  for (Listener& listener : listeners_) {
    if (!listener.path.empty()) ::unlink(listener.path.c_str());
    listener.socket.close();
  }
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->finish();
  if (connections_.empty()) sweep_.cancel();
}

void Network::Rep::forget(std::uint64_t id) {
  connections_.erase(id);
  connection_count_ = connections_.size();
  if (stopping_ && connections_.empty()) sweep_.cancel();
}

Network::Network(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Network::~Network() {
  for (const Listener& listener : rep_->listeners_) {
    // Still open: run() was never called.
    if (!listener.path.empty() && listener.socket.get() >= 0) ::unlink(listener.path.c_str());
  }
}

Result<std::unique_ptr<Network>> Network::listen(const NetworkOptions& options, Handler handler) {
  auto rep = std::make_unique<Rep>(options, std::move(handler));
  NACRE_TRY(rep->open());
  return std::unique_ptr<Network>(new Network(std::move(rep)));
}

std::uint16_t Network::port() const {
  for (const Listener& listener : rep_->listeners_) {
    if (const std::uint16_t port = listening_port(listener); port != 0) return port;
  }
  return 0;
}

std::vector<std::string> Network::listening() const {
  std::vector<std::string> names;
  for (const Listener& listener : rep_->listeners_) names.push_back(listener.name);
  return names;
}

NetworkStats Network::stats() const {
  return {.connections = rep_->connection_count_,
          .accepted = rep_->accepted_,
          .refused = rep_->refused_};
}

void Network::run() { rep_->run(); }

void Network::stop() { rep_->stop(); }

}  // namespace nacre::server
