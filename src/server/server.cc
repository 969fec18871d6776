#include "server/server.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/posix_file_system.h"
#include "server/cursors.h"
#include "server/databases.h"
#include "server/dispatcher.h"
#include "server/listen.h"
#include "server/network.h"
#include "server/server_clock.h"
#include "server/sessions.h"

namespace nacre::server {
namespace {

constexpr std::chrono::seconds kHousekeepingEvery{10};

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

// "/run/nacre/a.sock" as a connection string names it.
std::string uri_of(std::string_view address) {
  if (!address.starts_with('/')) return format("mongodb://{}/", address);
  std::string host;
  for (const char c : address) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    host += plain ? std::string(1, c) : format("%{:02X}", static_cast<unsigned char>(c));
  }
  return format("mongodb://{}/", host);
}

}  // namespace

class Server::Rep {
 public:
  explicit Rep(const Options& options) : files_(io::make_posix_file_system()) {
    facts_.advertised_address = options.advertised_address;
    facts_.host_name = host_name();
    facts_.started_ms = clock_.milliseconds();
    facts_.process_id = ::getpid();
    facts_.arguments = options.arguments;
  }

  Result<> open(const Options& options) {
    txn::Options engine{.file_system = files_.get()};
    engine.cache_bytes = options.cache_bytes;
    engine.memory = std::make_shared<MemoryBudget>(options.cache_bytes);
    databases_ = NACRE_TRY(Databases::open(options.data_directory, engine));
    services_ =
        std::make_unique<Services>(Services{.databases = *databases_,
                                            .cursors = cursors_,
                                            .sessions = sessions_,
                                            .transactions = transactions_,
                                            .clock = clock_,
                                            .usage = usage_,
                                            .facts = facts_,
                                            .network_stats = [this] { return network_->stats(); }});
    dispatcher_ = std::make_unique<Dispatcher>(*services_);
    NetworkOptions network{.socket_path = options.socket_path,
                           .port = options.port,
                           .stop_on_signals = options.stop_on_signals,
                           .connections_max = options.connections_max};
    if (network.socket_path.empty() && !network.port) {
      network.socket_path = NACRE_TRY(default_socket_path());
    }
    network_ = NACRE_TRY(Network::listen(network, [this](const Peer& peer, Bytes message) {
      return dispatcher_->answer(peer, message);
    }));
    return {};
  }

  Result<> run() {
    for (const std::string& name : network_->listening()) log_info(format("listening on {}", name));
    std::jthread housekeeper([this](const std::stop_token& stop) { keep_house(stop); });
    network_->run();
    {
      const MutexLock lock(mutex_);  // so that it cannot miss the call between looking and waiting
      housekeeper.request_stop();
    }
    wake_.notify_all();
    housekeeper.join();
    cursors_.kill_all();
    transactions_.abort_all();
    NACRE_TRY(databases_->close());
    log_info("stopped, every database is closed");
    return {};
  }

  const Network& network() const { return *network_; }
  void stop() { network_->stop(); }

 private:
  void keep_house(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::size_t count = cursors_.kill_idle(std::chrono::steady_clock::now());
      if (count > 0) log_info(format("{} idle cursors were closed", count));
      const std::size_t aborted = transactions_.abort_idle(std::chrono::steady_clock::now());
      if (aborted > 0) log_info(format("{} idle transactions were aborted", aborted));
      const MutexLock lock(mutex_);
      if (!stop.stop_requested()) wake_.wait_for(mutex_, kHousekeepingEvery);
    }
  }

  std::unique_ptr<io::FileSystem> files_;
  ServerClock clock_{io::system_clock()};
  ServerFacts facts_;
  std::unique_ptr<Databases> databases_;
  Cursors cursors_;  // gone before the databases they read
  Sessions sessions_;
  Transactions transactions_{cursors_};
  Usage usage_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Network> network_;
  Mutex mutex_{"server housekeeping", 1};
  Condition wake_;
};

Server::Server(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(const Options& options) {
  auto rep = std::make_unique<Rep>(options);
  NACRE_TRY(rep->open(options));
  return std::unique_ptr<Server>(new Server(std::move(rep)));
}

std::uint16_t Server::port() const { return rep_->network().port(); }

std::vector<std::string> Server::listening() const { return rep_->network().listening(); }

std::vector<std::string> Server::uris() const {
  std::vector<std::string> uris;
  for (const std::string& address : listening()) uris.push_back(uri_of(address));
  return uris;
}

Result<> Server::run() { return rep_->run(); }

void Server::stop() { rep_->stop(); }

}  // namespace nacre::server
