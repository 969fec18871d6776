#include "base/result.h"

namespace nacre {

std::string_view name(Code code) {
  switch (code) {
    case Code::kIo:
      return "io";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kInvalid:
      return "invalid";
    case Code::kFull:
      return "full";
    case Code::kClosed:
      return "closed";
    case Code::kTooOld:
      return "too_old";
    case Code::kExists:
      return "exists";
    case Code::kUnsupported:
      return "unsupported";
  }
  return "unknown";
}

Error::Error(Code code, std::string what, const char* file, int line)
    : rep_(std::make_unique<Rep>(Rep{.code = code,
                                     .number = 0,
                                     .what = std::move(what),
                                     .context = {},
                                     .details = {},
                                     .file = file,
                                     .line = line})) {}

Error&& Error::while_doing(std::string_view step) && {
  rep_->context.append("\n  while ").append(step);
  return std::move(*this);
}

Error&& Error::with_number(std::int32_t number) && {
  rep_->number = number;
  return std::move(*this);
}

Error&& Error::with_details(std::string bson) && {
  rep_->details = std::move(bson);
  return std::move(*this);
}

std::string Error::text() const {
  std::string text(name(rep_->code));
  text.append(": ").append(rep_->what).append(rep_->context);
  return text;
}

Error Error::clone() const { return Error(std::make_unique<Rep>(*rep_)); }

}  // namespace nacre
