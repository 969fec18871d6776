#include "cli/exit.h"

#include "base/error_codes.h"

namespace nacre::cli {
namespace {

using error_codes::kInterrupted;

}  // namespace

Exit exit_of(const Error& error) {
  if (error.number() == kInterrupted) return Exit::kInterrupted;
  switch (error.code()) {
    case Code::kInvalid:
    case Code::kUnsupported:
      return Exit::kUsage;
    case Code::kNotFound:
      return Exit::kNotFound;
    case Code::kConflict:
      return Exit::kBusy;
    case Code::kCorrupt:
      return Exit::kCorrupt;
    case Code::kIo:
    case Code::kFull:
    case Code::kClosed:
      return Exit::kSystem;
    case Code::kExists:
    case Code::kTooOld:
      return Exit::kProblem;
  }
  return Exit::kProblem;
}

}  // namespace nacre::cli
