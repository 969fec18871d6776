// Log lines for the people who run a server: the one place that names spdlog.
//
// Why so small: a line is a level and a sentence. Never document contents, keys or secrets.
// Lines go to standard error; control characters in them are escaped, so that no name a client
//   chose can forge a line.
// Threads: internally locked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nacre {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError, kOff };

// Lines below `level` are dropped. kInfo at the start.
void set_log_level(LogLevel level);

void log_line(LogLevel level, std::string_view text);

inline void log_debug(std::string_view text) { log_line(LogLevel::kDebug, text); }
inline void log_info(std::string_view text) { log_line(LogLevel::kInfo, text); }
inline void log_warning(std::string_view text) { log_line(LogLevel::kWarning, text); }
inline void log_error(std::string_view text) { log_line(LogLevel::kError, text); }

// `text` on one line: "\n" between lines becomes "; ", other control bytes become \x1f.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace nacre
