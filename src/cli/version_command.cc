#include "base/text.h"
#include "cli/command.h"

#ifndef NACRE_VERSION
#error "the build defines NACRE_VERSION"
#endif

namespace nacre::cli {
namespace {

constexpr CommandText kText{.name = "version",
                            .summary = "Print the version",
                            .about = "Prints the version of this program.\n",
                            .examples = "  nacre version --json\n"};

class VersionCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.flag("--json", json_, "Print {\"version\":\"...\"}.");
  }

  Result<Exit> run(Console& console) override {
    console.print(json_ ? format("{{\"version\":\"{}\"}}\n", NACRE_VERSION)
                        : format("nacre {}\n", NACRE_VERSION));
    return Exit::kOk;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_version_command() { return std::make_unique<VersionCommand>(); }

}  // namespace nacre::cli
