// What the examples share: main, which runs one function on the database of the command line.
#pragma once

#include <cstdio>
#include <string>

#include "nacre/nacre.hpp"

inline void say(const std::string& line) { std::puts(line.c_str()); }

inline int run_example(nacre::Result<> (*run)(const char* path), int argc, char** argv) {
  const auto done = run(argc > 1 ? argv[1] : "example.nacre");
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}
