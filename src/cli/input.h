// Input: a stream of bytes to import, from a file or from standard input.
//
// Errors: kNotFound names a file that does not exist, kIo whatever else the system refused.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace nacre::cli {

class Input {
 public:
  virtual ~Input() = default;
  // Fills as much of `into` as there is; 0 only at the end.
  [[nodiscard]] virtual Result<std::size_t> read(MutableBytes into) = 0;
  // What messages call it: the path, or "standard input".
  [[nodiscard]] virtual const std::string& name() const = 0;
  // Absent for pipes and terminals.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
};

// `path` "-" is standard input. A file whose name ends in .gz is read unpacked.
[[nodiscard]] Result<std::unique_ptr<Input>> open_input(const std::string& path);

// Reads `text`, handed out in parts of at most `part_bytes` (0: all at once).
[[nodiscard]] std::unique_ptr<Input> text_input(std::string text, std::size_t part_bytes = 0);

}  // namespace nacre::cli
