#include <bson/bson.h>

#include <memory>

#include "base/text.h"
#include "bson/json.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

constexpr std::int32_t kFailedToParse = 9;

struct Destroy {
  void operator()(bson_json_reader_t* reader) const { bson_json_reader_destroy(reader); }
};

// A bson_t is over-aligned, which unique_ptr's template argument would lose.
struct Parsed {
  Parsed() = default;
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  ~Parsed() { bson_destroy(bson); }
  bson_t* bson = bson_new();
};

std::unexpected<Error> damaged(std::string_view what) {
  return fail(Code::kInvalid, kFailedToParse, format("JSON: {}", what));
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// libbson stops reading at the end of the first value; what follows is found by reading again.
Result<Document> parse(std::string_view text) {
  const std::unique_ptr<bson_json_reader_t, Destroy> reader(
      bson_json_data_reader_new(/*allow_multiple=*/true, 0));
  bson_json_data_reader_ingest(reader.get(), reinterpret_cast<const std::uint8_t*>(text.data()),
                               text.size());
  const Parsed parsed;
  bson_error_t error{};
  const int status = bson_json_reader_read(reader.get(), parsed.bson, &error);
  if (status < 0) return damaged(error.message);
  if (status == 0) return damaged("the text ends before its value does");

  const Parsed extra;
  if (bson_json_reader_read(reader.get(), extra.bson, &error) != 0) {
    return damaged("there is more behind the end of the value");
  }
  const Bytes bytes = std::as_bytes(std::span(bson_get_data(parsed.bson), parsed.bson->len));
  return Document(NACRE_TRY(validate(bytes)));
}

}  // namespace

Result<Document> from_json(std::string_view text) {
  text = without_space(text);
  if (text.empty()) return damaged("the text is empty, an object was expected");
  if (text.front() != '{') return damaged("the text does not start with an object");
  return parse(text);
}

Result<Document> array_from_json(std::string_view text) {
  text = without_space(text);
  if (text.empty()) return damaged("the text is empty, an array was expected");
  if (text.front() != '[') return damaged("the text does not start with an array");
  // libbson takes an array alone but trips over some types in it; inside an object it does not.
  const Document holder = NACRE_TRY(parse(format("{{\"a\":{}}}", text)));
  if (holder.view().count() != 1) return damaged("there is more behind the end of the array");
  return Document(holder.find("a").array());
}

}  // namespace nacre::bson
