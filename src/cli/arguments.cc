#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ranges>
#include <utility>

#include "base/text.h"

namespace nacre::cli {

class Arguments::Parser {
 public:
  CLI::App app;
};

Arguments::Arguments(std::string command)
    : command_(std::move(command)), parser_(std::make_unique<Parser>()) {
  parser_->app.set_help_flag();
  parser_->app.add_flag("-h,--help", help_wanted_);
}

Arguments::~Arguments() = default;

void Arguments::positional(const std::string& name, std::string& target, std::string help,
                           Need need) {
  // Whether it is there is checked in parse(), after --help.
  parser_->app.add_option(name, target);
  entries_.push_back({.spelling = name,
                      .help = std::move(help),
                      .required = need == Need::kRequired,
                      .positional = true});
}

void Arguments::positionals(const std::string& name, std::vector<std::string>& target,
                            std::string help) {
  parser_->app.add_option(name, target);
  entries_.push_back(
      {.spelling = name, .help = std::move(help), .required = true, .positional = true});
}

void Arguments::option(const std::string& name, const std::string& value, std::string& target,
                       std::string help, Need need) {
  parser_->app.add_option(name, target);
  entries_.push_back({.spelling = name + " " + value,
                      .help = std::move(help),
                      .required = need == Need::kRequired,
                      .positional = false});
}

void Arguments::number(const std::string& name, const std::string& value, std::int64_t& target,
                       std::int64_t least, std::int64_t most, std::string help) {
  const auto check = [name, least, most](const std::string& text) {
    std::int64_t parsed = 0;
    const bool whole = CLI::detail::lexical_cast(text, parsed) &&
                       text.find_first_not_of("-0123456789") == std::string::npos;
    if (whole && parsed >= least && parsed <= most) return std::string();
    return format("is {}, expected a number from {} to {}", text, least, most);
  };
  parser_->app.add_option(name, target)->check(check);
  entries_.push_back({.spelling = name + " " + value,
                      .help = std::move(help),
                      .required = false,
                      .positional = false});
}

void Arguments::choice(const std::string& name, const std::vector<std::string>& choices,
                       std::string& target, std::string help) {
  std::string shown;
  for (const std::string& each : choices) shown += (shown.empty() ? "" : "|") + each;
  const auto check = [choices, shown](const std::string& text) {
    if (std::ranges::find(choices, text) != choices.end()) return std::string();
    return format("is {}, expected {}", text, shown);
  };
  parser_->app.add_option(name, target)->check(check);
  entries_.push_back({.spelling = name + " " + shown,
                      .help = std::move(help),
                      .required = false,
                      .positional = false});
}

void Arguments::flag(const std::string& name, bool& target, std::string help) {
  parser_->app.add_flag(name, target);
  entries_.push_back(
      {.spelling = name, .help = std::move(help), .required = false, .positional = false});
}

// CLI11 does not say in a usable way which option ended without its value.
std::string Arguments::missing_value(const std::vector<std::string>& words) const {
  for (const std::string& word : std::views::reverse(words)) {
    for (const Entry& entry : entries_) {
      if (!entry.positional && entry.spelling.starts_with(word + " ")) {
        return entry.spelling + " needs a value";
      }
    }
  }
  return "an option lacks its value";
}

Result<> Arguments::parse(const std::vector<std::string>& words) {
  try {
    parser_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ExtrasError&) {
    const auto extras = parser_->app.remaining();
    return fail(Code::kInvalid,
                format("{} is not known here", extras.empty() ? "a word" : extras.front()));
  } catch (const CLI::ArgumentMismatch&) {
    return fail(Code::kInvalid, missing_value(words));
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    while (what.ends_with('\n')) what.pop_back();
    return fail(Code::kInvalid, what);
  }
  if (help_wanted_) return {};
  for (const Entry& entry : entries_) {
    const std::string name = entry.spelling.substr(0, entry.spelling.find(' '));
    if (entry.required && parser_->app.get_option(name)->count() == 0) {
      return fail(Code::kInvalid, format("{} is required", entry.spelling));
    }
  }
  return {};
}

std::string Arguments::usage() const {
  std::string text = "nacre " + command_;
  bool optional = false;
  for (const Entry& entry : entries_) {
    if (entry.positional) {
      text += entry.required ? " " + entry.spelling : " [" + entry.spelling + "]";
    } else if (entry.required) {
      text += " " + entry.spelling;
    } else {
      optional = true;
    }
  }
  return text + (optional ? " [options]" : "");
}

}  // namespace nacre::cli
