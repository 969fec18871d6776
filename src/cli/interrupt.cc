#include "cli/interrupt.h"

#include <csignal>

namespace nacre::cli {
namespace {

std::atomic<bool> interrupt_noted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may store it");

void note_interrupt(int signal) {
  interrupt_noted.store(true);
  // What comes next is the default: the end.
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = note_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_noted.load(); }

const std::atomic<bool>& interrupt_flag() { return interrupt_noted; }

}  // namespace nacre::cli
