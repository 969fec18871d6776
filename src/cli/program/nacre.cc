#include <malloc.h>

#include <string>
#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  // The allocator's own habit is to keep whatever was large once, outside of every memory budget.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  return nacre::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
}
