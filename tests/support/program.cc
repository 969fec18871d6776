#include "support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace nacre::testing {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {.read = ends[0], .write = ends[1]};
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// Starts the program; the ends of the pipes that are the child's are closed here.
pid_t start(const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<std::string> words = {NACRE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::unsetenv("NO_COLOR");
  ::execv(pointers.front(), pointers.data());
  ::_exit(127);
}

// Reads what is there into `text`; false at the end.
bool read_some(int fd, std::string& text) {
  std::array<char, 1 << 16> part{};
  const ssize_t count = ::read(fd, part.data(), part.size());
  if (count < 0) return errno == EINTR;
  text.append(part.data(), static_cast<std::size_t>(count));
  return count > 0;
}

// Feeds and reads until both outputs ended: whoever waits for one pipe only may wait forever.
void exchange(int in, const std::string& input, int out, int err, Ran& ran) {
  std::size_t fed = 0;
  while (out >= 0 || err >= 0) {
    if (in >= 0 && fed == input.size()) close_fd(in);
    std::array<pollfd, 3> wanted = {pollfd{.fd = out, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = err, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = in, .events = POLLOUT, .revents = 0}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
    if (wanted[0].revents != 0 && !read_some(out, ran.out)) close_fd(out);
    if (wanted[1].revents != 0 && !read_some(err, ran.err)) close_fd(err);
    if (wanted[2].revents != 0) {
      const ssize_t count = ::write(in, input.data() + fed, input.size() - fed);
      if (count < 0 && errno != EINTR && errno != EAGAIN) close_fd(in);
      if (count > 0) fed += static_cast<std::size_t>(count);
    }
  }
  close_fd(in);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Ran run_nacre(const std::vector<std::string>& arguments, const std::string& input) {
  // A program that does not read its input must not end the test.
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const pid_t pid = start(arguments, in.read, out.write, err.write);
  close_fd(in.read);
  close_fd(out.write);
  close_fd(err.write);
  ::fcntl(in.write, F_SETFL, O_NONBLOCK);
  Ran ran;
  exchange(in.write, input, out.read, err.read, ran);
  ran.exit = wait_for(pid);
  return ran;
}

Background::Background(const std::vector<std::string>& arguments) {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_ = start(arguments, nothing, out.write, err.write);
  ::close(nothing);
  close_fd(out.write);
  close_fd(err.write);
  out_ = out.read;
  err_ = err.read;
}

Background::~Background() {
  if (pid_ > 0) {
    signal(SIGKILL);
    (void)wait();
  }
}

const std::string& Background::read_out(std::size_t bytes) {
  while (ran_.out.size() < bytes && read_some(out_, ran_.out)) {
  }
  return ran_.out;
}

void Background::signal(int number) { ::kill(pid_, number); }

Ran Background::wait() {
  exchange(-1, "", out_, err_, ran_);
  ran_.exit = wait_for(pid_);
  pid_ = -1;
  return ran_;
}

ScratchDirectory::ScratchDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "nacre-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::write(const std::string& name, const std::string& text) const {
  const std::string path = *this / name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace nacre::testing
