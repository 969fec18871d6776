// Words: a text cut into the terms that a text index holds, and the same for what is searched for.
//
// A word is a run of letters, digits and marks (an apostrophe between letters is part of it in
//   English). It is folded to one case, dropped when the language has it as a stop word, cut to its
//   stem (libstemmer), and its accents are taken away (ICU). So "Réunions" and "reunion" are one
//   term in French.
// Why not a dictionary: MongoDB has none either; languages without spaces are searched by the runs
//   between punctuation.
// Invariants: TEXT-1 equal texts give equal terms in one version of ICU and libstemmer
// Cost:    text in ASCII takes one pass without ICU; a few hundred ns for a word that is stemmed.
// Threads: pure functions; a Language is immutable and lives forever.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace nacre::text {

inline constexpr std::size_t kTermBytesMax = 255;  // longer ones are cut

// How close a comparison of texts looks.
struct Sensitivity {
  bool to_case = false;
  bool to_accents = false;
};

class Language {
 public:
  // By name ("french", "fr", "none"), in any case; null when there is none.
  [[nodiscard]] static const Language* find(std::string_view name);

  [[nodiscard]] std::string_view name() const { return name_; }

  // Calls term(text) for each word of `text` that is no stop word, in order. The term is valid
  // until the call returns.
  // A text index holds the terms without sensitivity.
  using Term = std::function<void(std::string_view term)>;
  void terms(std::string_view text, const Term& term, Sensitivity sensitivity = {}) const;

  struct Entry;

 private:
  friend struct Entry;
  Language(std::string_view name, std::string_view code, const char* stemmer,
           std::string_view stop_words)
      : name_(name), code_(code), stemmer_(stemmer), stop_words_(stop_words) {}

  [[nodiscard]] bool is_stop_word(std::string_view word) const;

  std::string_view name_;
  std::string_view code_;
  const char* stemmer_;          // null: none
  std::string_view stop_words_;  // between spaces
};

// The text as it is compared under `sensitivity`.
[[nodiscard]] std::string folded(std::string_view text, Sensitivity sensitivity);

// Calls word(text) for each word of `text`, as it stands there.
void words(std::string_view text, const std::function<void(std::string_view word)>& word);

}  // namespace nacre::text
