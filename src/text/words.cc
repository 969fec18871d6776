#include "text/words.h"

#include <libstemmer.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <map>
#include <memory>

#include "text/stop_words_internal.h"

namespace nacre::text {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_word_byte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_word_point(UChar32 c) {
  if (c < 0x80) return c >= 0 && is_word_byte(static_cast<unsigned char>(c));
  if (u_isalnum(c)) return true;
  const auto kind = u_charType(c);
  return kind == U_NON_SPACING_MARK || kind == U_COMBINING_SPACING_MARK || kind == U_OTHER_LETTER ||
         kind == U_CONNECTOR_PUNCTUATION;
}

bool is_apostrophe(UChar32 c) { return c == '\'' || c == 0x2019; }

icu::UnicodeString wide_of(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

// The letters without their marks: what lies apart after decomposition.
void take_accents(icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* decompose = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) return;
  const icu::UnicodeString apart = decompose->normalize(text, status);
  if (U_FAILURE(status)) return;
  icu::UnicodeString kept;
  for (std::int32_t at = 0; at < apart.length(); at = apart.moveIndex32(at, 1)) {
    const UChar32 c = apart.char32At(at);
    if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
  }
  text = std::move(kept);
}

void to_lower_ascii(std::string& word) {
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

void cut(std::string& term) {
  if (term.size() <= kTermBytesMax) return;
  std::size_t size = kTermBytesMax;
  while (size > 0 && (static_cast<unsigned char>(term[size]) & 0xc0) == 0x80) --size;
  term.resize(size);
}

struct Stem {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

// A stemmer keeps state while it works: one for each thread and language.
sb_stemmer* stemmer_of(const char* algorithm) {
  thread_local std::map<const char*, std::unique_ptr<sb_stemmer, Stem>> stemmers;
  auto& stemmer = stemmers[algorithm];
  if (stemmer == nullptr) stemmer.reset(sb_stemmer_new(algorithm, "UTF_8"));
  return stemmer.get();
}

void stem(const char* algorithm, std::string& word) {
  sb_stemmer* stemmer = stemmer_of(algorithm);
  if (stemmer == nullptr) return;
  const sb_symbol* out = sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(word.data()),
                                         static_cast<int>(word.size()));
  if (out == nullptr) return;  // out of memory: the word as it is
  word.assign(reinterpret_cast<const char*>(out),
              static_cast<std::size_t>(sb_stemmer_length(stemmer)));
}

// Calls word(text) for each run of word characters, `joined` across single apostrophes.
template <class Word>
void split(std::string_view text, bool joined, const Word& word) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t start = -1;
  std::int32_t end = -1;  // behind the last character of the word
  bool apostrophe = false;
  const auto finish = [&] {
    if (start >= 0) {
      word(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)));
    }
    start = -1;
    apostrophe = false;
  };
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t here = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    if (is_word_point(c)) {
      if (start < 0) start = here;
      end = at;
      apostrophe = false;
    } else if (joined && start >= 0 && !apostrophe && is_apostrophe(c)) {
      apostrophe = true;
    } else {
      finish();
    }
  }
  finish();
}

}  // namespace

struct Language::Entry {
  static const Language* find(std::string_view wanted) {
    static const Language kAll[] = {{"none", "none", nullptr, ""},
                                    {"danish", "da", "danish", stop_words::kDanish},
                                    {"dutch", "nl", "dutch", stop_words::kDutch},
                                    {"english", "en", "english", stop_words::kEnglish},
                                    {"finnish", "fi", "finnish", stop_words::kFinnish},
                                    {"french", "fr", "french", stop_words::kFrench},
                                    {"german", "de", "german", stop_words::kGerman},
                                    {"hungarian", "hu", "hungarian", stop_words::kHungarian},
                                    {"italian", "it", "italian", stop_words::kItalian},
                                    {"norwegian", "nb", "norwegian", stop_words::kNorwegian},
                                    {"portuguese", "pt", "portuguese", stop_words::kPortuguese},
                                    {"romanian", "ro", "romanian", stop_words::kRomanian},
                                    {"russian", "ru", "russian", stop_words::kRussian},
                                    {"spanish", "es", "spanish", stop_words::kSpanish},
                                    {"swedish", "sv", "swedish", stop_words::kSwedish},
                                    {"turkish", "tr", "turkish", stop_words::kTurkish}};
    std::string name(wanted);
    to_lower_ascii(name);
    for (const Language& language : kAll) {
      if (language.name_ == name || language.code_ == name) return &language;
    }
    return nullptr;
  }
};

const Language* Language::find(std::string_view name) { return Entry::find(name); }

bool Language::is_stop_word(std::string_view word) const {
  for (std::size_t at = stop_words_.find(word); at != std::string_view::npos;
       at = stop_words_.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || stop_words_[at - 1] == ' ';
    if (starts && (end == stop_words_.size() || stop_words_[end] == ' ')) return true;
  }
  return false;
}

void Language::terms(std::string_view text, const Term& term, Sensitivity sensitivity) const {
  std::string word;
  std::string lower;
  split(text, code_ == "en", [&](std::string_view found) {
    const bool plain = is_ascii(found);
    lower.assign(found);
    if (plain) {
      to_lower_ascii(lower);
    } else {
      icu::UnicodeString wide = wide_of(found);
      wide.findAndReplace(icu::UnicodeString(UChar{0x2019}), icu::UnicodeString(UChar{'\''}));
      lower.clear();
      wide.foldCase().toUTF8String(lower);
    }
    if (is_stop_word(lower)) return;
    word.assign(sensitivity.to_case ? found : std::string_view(lower));
    if (stemmer_ != nullptr) stem(stemmer_, word);
    if (!plain && !sensitivity.to_accents) {
      icu::UnicodeString wide = wide_of(word);
      take_accents(wide);
      word.clear();
      wide.toUTF8String(word);
    }
    cut(word);
    if (!word.empty()) term(word);
  });
}

std::string folded(std::string_view text, Sensitivity sensitivity) {
  std::string result(text);
  if (is_ascii(text)) {
    if (!sensitivity.to_case) to_lower_ascii(result);
    return result;
  }
  icu::UnicodeString wide = wide_of(text);
  if (!sensitivity.to_case) wide.foldCase();
  if (!sensitivity.to_accents) take_accents(wide);
  result.clear();
  wide.toUTF8String(result);
  return result;
}

void words(std::string_view text, const std::function<void(std::string_view word)>& word) {
  split(text, true, word);
}

}  // namespace nacre::text
