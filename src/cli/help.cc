#include "cli/help.h"

#include <algorithm>
#include <vector>

#include "base/nearest.h"
#include "base/text.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kColumns = 80;

constexpr std::string_view kExamples =
    "  nacre import cities.json --db world --collection cities\n"
    "  nacre create-index country --db world --collection cities\n"
    "  nacre find '{\"country\": \"AD\"}' --db world --collection cities --limit 3\n"
    "  nacre verify --db world\n";

constexpr std::string_view kExitCodes =
    "  0    done\n"
    "  1    done, and something is wrong: bad documents, damage, a duplicate key\n"
    "  2    the command line, or a filter in it, is not understood\n"
    "  3    no such file, database, collection or index\n"
    "  4    another process has the database open\n"
    "  5    stored data is damaged; nacre verify says where\n"
    "  6    the operating system refused: input, output, no space left\n"
    "  130  interrupted with Ctrl-C\n";

constexpr std::string_view kEnvironment =
    "  NO_COLOR   any value: no colour, on terminals either\n";

// `text` in lines that end before kColumns, each after `indent` spaces; the first line goes on
// where `used` columns are taken.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t used) {
  std::string out;
  std::size_t column = used;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > indent && column + 1 + word.size() > kColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

[[nodiscard]] std::string option_lines(const std::vector<Arguments::Entry>& entries) {
  std::size_t width = std::string_view("-h, --help").size();
  for (const auto& entry : entries) width = std::max(width, entry.spelling.size());
  const std::size_t indent = 2 + width + 2;
  const auto line = [&](std::string_view spelling, std::string_view help) {
    return "  " + std::string(spelling) + std::string(width - spelling.size() + 2, ' ') +
           wrapped(help, indent, indent) + "\n";
  };
  std::string out;
  for (const auto& entry : entries) {
    out += line(entry.spelling, entry.help + (entry.required ? " (required)" : ""));
  }
  return out + line("-h, --help", "This page.");
}

}  // namespace

std::string front_page(const Console& console, std::span<const std::unique_ptr<Command>> commands) {
  const auto title = [&](std::string_view text) {
    return console.styled(Style::kBold, text) + "\n";
  };
  std::size_t width = 0;
  for (const auto& command : commands) width = std::max(width, command->text().name.size());
  std::string out = console.styled(Style::kBold, "nacre") +
                    ": a document database in a directory; speaks MongoDB.\n\n";
  out += "Usage: nacre COMMAND [options]\n\n";
  out += title("Commands");
  for (const auto& command : commands) {
    const CommandText& text = command->text();
    out += format("  {:<{}}  {}\n", text.name, width, text.summary);
  }
  out += "\n'nacre COMMAND --help' explains a command and shows examples.\n\n";
  out += title("Examples") + std::string(kExamples) + "\n";
  out += title("Exit codes") + std::string(kExitCodes) + "\n";
  out += title("Environment") + std::string(kEnvironment) + "\n";
  out += "Results go to standard output, messages and progress to standard error.\n";
  return out;
}

std::string command_page(const Console& console, const CommandText& text,
                         const Arguments& arguments) {
  const auto title = [&](std::string_view name) {
    return console.styled(Style::kBold, name) + "\n";
  };
  std::string out = format(
      "{}: {}\n\n", console.styled(Style::kBold, format("nacre {}", text.name)), text.summary);
  out += "Usage: " + wrapped(arguments.usage(), 7, 7) + "\n\n";
  out += std::string(text.about) + "\n";
  out += title("Options") + option_lines(arguments.entries()) + "\n";
  out += title("Examples") + std::string(text.examples);
  return out;
}

std::string nearest_command(std::string_view typed,
                            std::span<const std::unique_ptr<Command>> commands) {
  std::vector<std::string_view> names;
  for (const auto& command : commands) names.push_back(command->text().name);
  return std::string(nearest_name(typed, names));
}

}  // namespace nacre::cli
