// The rows of the table: what is measured of each engine, and how.
//
// Threads: as Engine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "documents/engine.h"

namespace nacre::bench {

struct RowOptions {
  double seconds = 3;             // of each row that repeats one operation
  std::vector<std::string> rows;  // empty: all
};

struct Measured {
  std::string row;
  double value = 0;  // per second, or what the unit says
  std::string unit;
  double check = 0;  // rows that came back: engines must agree
};

struct Stage {
  std::function<void()> turn;                 // returns when nobody else is being measured
  std::function<void(const Measured&)> seen;  // gets each figure as soon as it is there
};

void measure(Engine& engine, const Dataset& dataset, const RowOptions& options, const Stage& stage);

}  // namespace nacre::bench
