// Output: a file that is written from its beginning, plain or packed by gzip, or standard output.
//
// Errors:  kIo, kExists: names the file. What was written is certain only after close().
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nacre::cli {

class Output {
 public:
  virtual ~Output() = default;
  [[nodiscard]] virtual Result<> write(std::string_view bytes) = 0;
  // Everything written is in the file; nothing more may be written.
  [[nodiscard]] virtual Result<> close() = 0;
};

// `path` "-" is standard output; a name that ends in .gz is packed. Replaces a file of that name.
[[nodiscard]] Result<std::unique_ptr<Output>> open_output(const std::string& path);

}  // namespace nacre::cli
