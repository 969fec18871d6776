#include "base/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/text.h"

namespace nacre {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

// Never destroyed: threads may still log while the process ends.
spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto* made = new spdlog::logger("nacre", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

void log_line(LogLevel level, std::string_view text) {
  if (level == LogLevel::kOff) return;
  const spdlog::level::level_enum spdlog_level = to_spdlog(level);
  if (!logger().should_log(spdlog_level)) return;
  const std::string line = one_line(text);
  logger().log(spdlog_level, spdlog::string_view_t(line.data(), line.size()));
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      while (line.ends_with(' ')) line.pop_back();
      line += "; ";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += format("\\x{:02x}", byte);
    } else if (c == ' ' && line.ends_with("; ")) {
      continue;  // the indentation of a context line
    } else {
      line.push_back(c);
    }
  }
  return line;
}

}  // namespace nacre
