#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"

namespace nacre::text {
namespace {

constexpr std::int32_t kBadPattern = 51091;
constexpr std::int32_t kBadOption = 51108;
constexpr std::int32_t kMatchFailed = 51246;

constexpr std::uint32_t kStepsMax = 5'000'000;
constexpr std::uint32_t kDepthMax = 50'000;
constexpr std::uint32_t kHeapMax = 16 * 1024;  // kibibytes

struct MatchTools {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);

  MatchTools() {
    pcre2_set_match_limit(context, kStepsMax);
    pcre2_set_depth_limit(context, kDepthMax);
    pcre2_set_heap_limit(context, kHeapMax);
  }
  MatchTools(const MatchTools&) = delete;
  MatchTools& operator=(const MatchTools&) = delete;
  ~MatchTools() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 160> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

void Pattern::Destroy::operator()(void* code) const {
  pcre2_code_free(static_cast<pcre2_code*>(code));
}

Result<Pattern> Pattern::compile(std::string_view pattern, std::string_view options) {
  std::uint32_t flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
  for (const char option : options) {
    switch (option) {
      case 'i':
        flags |= PCRE2_CASELESS;
        break;
      case 'm':
        flags |= PCRE2_MULTILINE;
        break;
      case 's':
        flags |= PCRE2_DOTALL;
        break;
      case 'x':
        flags |= PCRE2_EXTENDED;
        break;
      case 'u':
        break;
      default:
        return fail(Code::kInvalid, kBadOption,
                    format(" invalid flag in regex options: {}", option));
    }
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  Pattern compiled;
  compiled.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                     flags, &error, &offset, nullptr));
  if (compiled.code_ == nullptr) {
    return fail(
        Code::kInvalid, kBadPattern,
        format("Regular expression is invalid: {} at offset {}", message_of(error), offset));
  }
  // Only faster: where no code can be generated, the interpreter matches.
  pcre2_jit_compile(static_cast<pcre2_code*>(compiled.code_.get()), PCRE2_JIT_COMPLETE);
  compiled.pattern_ = pattern;
  compiled.options_ = options;
  std::ranges::sort(compiled.options_);
  return compiled;
}

Result<bool> Pattern::matches(std::string_view text) const {
  thread_local const MatchTools tools;
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  int status =
      pcre2_match(code, subject, text.size(), 0, PCRE2_NO_UTF_CHECK, tools.data, tools.context);
  if (status == PCRE2_ERROR_JIT_STACKLIMIT) {
    status = pcre2_match(code, subject, text.size(), 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         tools.data, tools.context);
  }
  if (status >= 0) return true;
  if (status == PCRE2_ERROR_NOMATCH) return false;
  return fail(Code::kInvalid, kMatchFailed,
              format("regular expression /{}/: {}", pattern_, message_of(status)));
}

Result<std::vector<Pattern::Part>> Pattern::find(std::string_view text, std::size_t from) const {
  thread_local const MatchTools limits;
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code, nullptr), &pcre2_match_data_free);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  int status =
      pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, data.get(), limits.context);
  if (status == PCRE2_ERROR_JIT_STACKLIMIT) {
    status = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         data.get(), limits.context);
  }
  std::vector<Part> parts;
  if (status == PCRE2_ERROR_NOMATCH) return parts;
  if (status < 0) {
    return fail(Code::kInvalid, kMatchFailed,
                format("regular expression /{}/: {}", pattern_, message_of(status)));
  }
  const std::span<const PCRE2_SIZE> ends(pcre2_get_ovector_pointer(data.get()),
                                         2 * std::size_t{pcre2_get_ovector_count(data.get())});
  for (std::size_t i = 0; i < ends.size(); i += 2) {
    parts.push_back(ends[i] == PCRE2_UNSET ? Part{.begin = kNoGroup, .end = kNoGroup}
                                           : Part{.begin = ends[i], .end = ends[i + 1]});
  }
  return parts;
}

}  // namespace nacre::text
