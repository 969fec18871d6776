#include "kv/report.h"

#include <sys/statfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/text.h"

namespace nacre::bench {
namespace {

std::string rate_text(double rate) {
  if (rate >= 1e6) return format("{:.2f} M", rate / 1e6);
  if (rate >= 1e4) return format("{:.1f} k", rate / 1e3);
  if (rate < 100) return format("{:.2f}", rate);
  return format("{:.0f}", rate);
}

const Sample* sample_of(const std::vector<Sample>& samples, const std::string& workload,
                        const std::string& engine) {
  const auto found = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
    return sample.workload == workload && sample.engine == engine;
  });
  return found == samples.end() ? nullptr : &*found;
}

// "1.25", or "-" when Nacre or every other engine is missing.
std::string ratio_text(const std::vector<Sample>& samples, const std::string& workload) {
  double best = 0;
  for (const Sample& sample : samples) {
    if (sample.workload == workload && sample.engine != "nacre") {
      const double rate = median(sample.rates);
      const bool is_better = sample.less_is_better ? best == 0 || rate < best : rate > best;
      if (is_better) best = rate;
    }
  }
  const Sample* own = sample_of(samples, workload, "nacre");
  return own == nullptr || best == 0 ? "-" : format("{:.2f}", median(own->rates) / best);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine(const Options& options) {
  utsname names{};
  uname(&names);
  struct statfs where{};
  statfs(options.directory.c_str(), &where);
  return {{"processor", processor()},
          {"cores", format("{}", std::thread::hardware_concurrency())},
          {"kernel", format("{} {}", names.sysname, names.release)},
          {"file system", hex(static_cast<std::uint64_t>(where.f_type))}};
}

std::string table(const std::vector<Sample>& samples, const std::vector<EngineKind>& kinds) {
  std::string out = format("{:36}{:>10}", "median", "");
  for (const EngineKind& kind : kinds) out += format("{:>12}", kind.name);
  out += format("{:>12}\n", "nacre/best");
  std::string last;
  for (const Sample& sample : samples) {
    if (sample.workload == last) continue;
    last = sample.workload;
    out += format("{:36}{:>10}", sample.workload, sample.unit);
    for (const EngineKind& kind : kinds) {
      const Sample* found = sample_of(samples, sample.workload, kind.name);
      out += format("{:>12}", found == nullptr ? "-" : rate_text(median(found->rates)));
    }
    out += format("{:>12}\n", ratio_text(samples, sample.workload));
  }
  return out;
}

std::string json(const Options& options, const std::vector<Sample>& samples,
                 const std::vector<EngineKind>& kinds) {
  std::string out = format(
      "{{\n\"rows\": {}, \"key_bytes\": {}, \"value_bytes\": {}, \"gets\": {}, \"seconds\": {}, "
      "\"repeat\": {},\n\"machine\": {{",
      options.rows, kKeyBytes, options.value_bytes, options.gets, options.seconds, options.repeat);
  const char* comma = "";
  for (const auto& [name, value] : machine(options)) {
    out += format("{}{}: {}", std::exchange(comma, ", "), quoted(name), quoted(value));
  }
  out += "},\n\"engines\": {";
  comma = "";
  for (const EngineKind& kind : kinds) {
    out +=
        format("{}\n  {}: {}", std::exchange(comma, ","), quoted(kind.name), quoted(kind.settings));
  }
  out += "\n},\n\"results\": [";
  comma = "";
  for (const Sample& sample : samples) {
    out += format(
        "{}\n  {{\"workload\": {}, \"unit\": {}, \"engine\": {}, \"median\": {:.1f}, "
        "\"rates\": [",
        std::exchange(comma, ","), quoted(sample.workload), quoted(sample.unit),
        quoted(sample.engine), median(sample.rates));
    for (std::size_t i = 0; i < sample.rates.size(); ++i) {
      out += format("{}{:.1f}", i == 0 ? "" : ", ", sample.rates[i]);
    }
    out += "]}";
  }
  return out + "\n]\n}\n";
}

}  // namespace nacre::bench
