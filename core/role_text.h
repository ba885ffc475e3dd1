#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coreference.h"
#include "likeness.h"
#include "link_scores.h"
#include "tokenizer.h"
#include "words.h"

namespace headlight {

/// A question to a head about words: does this word's strongest key word stand among the gold ones?
/// As a LinkCase, for any measure on words.
struct WordCase {
  int measure = 0;  ///< Index of role_measures().
  int query = 0;
  std::vector<int> gold;       ///< Sorted.
  double chance = 0.0;         ///< Hits of a key drawn at random, the query left out.
  bool nearest_right = false;  ///< A pronoun's: the nearest noun is the antecedent.
  /// The strongest single token decides, not the strongest word: rare words have many tokens, so
  /// that their sum is large whatever the head does.
  bool by_token = false;
};

/// The tokens of one text as one kind of attention sees them.
struct RoleTokens {
  std::vector<Token> queries;
  std::vector<Token> keys;               ///< The same unless `cross`.
  const Tokenizer* tokenizer = nullptr;  ///< Of the queries; null: there are only ids.
  const Tokenizer* key_tokenizer = nullptr;
  bool causal = false;
  bool cross = false;  ///< Queries and keys are of two texts.
};

/// One text, and what can be measured on it: all that is known before any weight is.
struct RoleText {
  int half = 0;  ///< 0: chooses, 1: is reported.
  int queries = 0;
  int keys = 0;
  bool causal = false;
  bool cross = false;
  std::vector<std::uint8_t> sink;     // [keys] special tokens; in causal attention also the first
  std::vector<std::uint8_t> special;  // [keys] special tokens that are not the first
  std::vector<std::uint8_t> idle;     // [queries] rows of special tokens: not counted

  bool running = false;  ///< Offsets, distances and entropy are counted.
  bool window = false;   ///< Sinks and shapes are.
  int span = 0;          ///< Of random tokens said twice; 0: it is another text.
  int span_begin = 0;    ///< Where they begin.
  /// Of such a text, in causal attention: detection_patterns() of its tokens; else empty.
  std::array<std::vector<float>, 3> patterns;  // [queries, keys]
  std::optional<WordMap> words;
  std::vector<WordCase> cases;
  std::vector<int> sentence_of;  // [keys] of a window: which sentence a token is in
  std::optional<Likeness> likeness;
};

/// A sentence with its links; with `links` false only its words' rarity, and how heads look around,
/// are measured on it.
RoleText sentence_text(const RoleTokens& tokens, const ParsedSentence& sentence, bool links,
                       bool running, int half);

/// A pronoun and its antecedent.
RoleText pronoun_text(const RoleTokens& tokens, const CoreferenceItem& item, int half);

/// Random tokens from `begin` on, `span` of them, said twice.
RoleText repeated_text(const RoleTokens& tokens, int begin, int span, int half);

/// A piece of running text.
RoleText window_text(const RoleTokens& tokens, bool running, int half);

/// The rarest word, by word_count, among `words` (indices into the sentence), or -1 when two are
/// alike.
int rarest_word(const ParsedSentence& sentence, const std::vector<int>& words);

}  // namespace headlight
