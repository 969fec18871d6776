// Running the nacre command as users do: a process of its own, its output, its exit code.
//
// Threads: one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace nacre::testing {

struct Ran {
  int exit = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// Runs `nacre ARGUMENTS...` to its end with `input` as standard input. The environment is this
// process.s without NO_COLOR; no stream is a terminal.
[[nodiscard]] Ran run_nacre(const std::vector<std::string>& arguments,
                            const std::string& input = "");

// A nacre process that runs beside the test.
class Background {
 public:
  explicit Background(const std::vector<std::string>& arguments);
  ~Background();  // kills it when it still runs
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Reads standard output until at least `bytes` have come in all, or it ended; everything so far.
  const std::string& read_out(std::size_t bytes);
  void signal(int number);
  // Reads what is left of both streams and waits.
  [[nodiscard]] Ran wait();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ran ran_;
};

// An empty directory, removed with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file there; returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace nacre::testing
