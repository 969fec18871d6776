#include <utility>

#include "base/text.h"
#include "cli/command.h"
#include "server/server.h"

namespace nacre::cli {
namespace {

constexpr std::int64_t kNoPort = -1;

constexpr CommandText kText{
    .name = "serve",
    .summary = "Answer MongoDB clients: mongosh and the drivers",
    .about =
        "Serves every database below one directory; clients create new ones by writing to\n"
        "them. Without --port the server listens on a Unix socket that only you can open:\n"
        "a 0600 file in a 0700 directory, shown at the start. With --port it listens on\n"
        "this machine's loopback addresses, and everyone on this machine can reach it:\n"
        "there are no passwords yet.\n\n"
        "Ctrl-C or SIGTERM finishes the running commands and closes every database.\n",
    .examples =
        "  nacre serve --data /srv/nacre\n"
        "  nacre serve --data /srv/nacre --port 27017\n"
        "  mongosh \"mongodb://127.0.0.1:27017/world\"\n"};

class ServeCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.option("--data", "DIR", data_, "The directory of the databases, one directory each.",
                     Need::kRequired);
    arguments.option("--socket", "PATH", socket_,
                     "The Unix socket: a path in lower case that ends in .sock.");
    arguments.number("--port", "N", port_, 0, 65'535,
                     "Loopback TCP on this port; 0 takes a free one.");
    arguments.number("--cache-mb", "N", cache_mb_, 1, 1 << 20,
                     "Memory that all databases share; 256 if not given.");
  }

  Result<Exit> run(Console& console) override {
    server::Options options;
    options.data_directory = data_;
    options.socket_path = socket_;
    if (port_ != kNoPort) options.port = static_cast<std::uint16_t>(port_);
    options.cache_bytes = static_cast<std::size_t>(cache_mb_) << 20;
    options.arguments = {"nacre", "serve", "--data", data_};
    auto server = NACRE_TRY(server::Server::open(options));
    for (const std::string& uri : server->uris()) {
      console.message(format("serving {}: mongosh '{}'", data_, uri));
    }
    NACRE_TRY(server->run());
    console.message("stopped; every database is closed");
    return Exit::kOk;
  }

 private:
  std::string data_;
  std::string socket_;
  std::int64_t port_ = kNoPort;
  std::int64_t cache_mb_ = 256;
};

}  // namespace

std::unique_ptr<Command> make_serve_command() { return std::make_unique<ServeCommand>(); }

}  // namespace nacre::cli
