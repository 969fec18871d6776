#include "cli/holder.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace nacre::cli {
namespace {

constexpr std::string_view kUnknown = "a server or another command has it open";

std::vector<std::string> command_of(long process) {
  std::ifstream file(format("/proc/{}/cmdline", process), std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

std::string describe_holder(const std::string& directory) {
  long process = 0;
  std::ifstream lock(directory + "/LOCK");
  if (!(lock >> process)) return std::string(kUnknown);
  const std::vector<std::string> words = command_of(process);
  const bool is_server = words.size() > 1 && words[1] == "serve";
  if (!is_server) return format("{} (process {})", kUnknown, process);
  std::string command = "nacre";
  for (std::size_t i = 1; i < words.size(); ++i) command += " " + words[i];
  return format(
      "the server '{}' (process {}) has it open: ask it through mongosh or a driver, or stop it "
      "first",
      command, process);
}

}  // namespace nacre::cli
