#include "role_text.h"

#include <algorithm>

#include "head_detector.h"
#include "role_measures.h"
#include "word_frequency.h"

namespace headlight {
namespace {

bool is_special(const Token& token, const Tokenizer* tokenizer) {
  return tokenizer && token.begin == token.end && tokenizer->is_special(token.id);
}

RoleText plain_text(const RoleTokens& tokens, int half) {
  RoleText text;
  text.half = half;
  text.queries = static_cast<int>(tokens.queries.size());
  text.keys = static_cast<int>(tokens.keys.size());
  text.causal = tokens.causal;
  text.cross = tokens.cross;
  const Tokenizer* of_keys = tokens.cross ? tokens.key_tokenizer : tokens.tokenizer;
  for (std::size_t key = 0; key < tokens.keys.size(); ++key) {
    const bool special = is_special(tokens.keys[key], of_keys);
    text.sink.push_back(special || (tokens.causal && key == 0));
    text.special.push_back(special && key > 0);
  }
  for (const Token& token : tokens.queries) {
    text.idle.push_back(is_special(token, tokens.tokenizer));
  }
  return text;
}

WordMap words_of(const RoleTokens& tokens, const std::vector<WordSpan>& words) {
  return map_words(tokens.queries, words,
                   tokens.causal ? SinkTokens::special_and_first : SinkTokens::special,
                   tokens.tokenizer);
}

// Words with tokens that a query word can see, itself left out.
std::vector<int> candidates_of(const std::vector<int>& counts, int query, bool causal) {
  std::vector<int> seen;
  for (int word = 0; word < static_cast<int>(counts.size()); ++word) {
    if (word != query && counts[static_cast<std::size_t>(word)] > 0 && !(causal && word > query)) {
      seen.push_back(word);
    }
  }
  return seen;
}

}  // namespace

int rarest_word(const ParsedSentence& sentence, const std::vector<int>& words) {
  int best = -1;
  std::int64_t least = -1;
  for (const int word : words) {
    const WordSpan& span = sentence.words[static_cast<std::size_t>(word)];
    const std::int64_t count =
        word_count(std::string_view(sentence.text).substr(span.begin, span.end - span.begin));
    if (least < 0 || count < least) {
      least = count;
      best = word;
    } else if (count == least) {
      best = -1;
    }
  }
  return best;
}

RoleText sentence_text(const RoleTokens& tokens, const ParsedSentence& sentence, bool links,
                       bool running, int half) {
  RoleText text = plain_text(tokens, half);
  text.running = running;
  if (tokens.cross) return text;
  text.words = words_of(tokens, sentence.words);
  const std::vector<int> counts = text.words->token_counts();
  if (links) {
    for (LinkCase& one : link_cases(sentence, *text.words, tokens.causal)) {
      const double seen =
          static_cast<double>(candidates_of(counts, one.query, tokens.causal).size());
      const double chance = static_cast<double>(one.gold.size()) / seen;
      text.cases.push_back(
          {measure_of(one.relation, one.direction), one.query, std::move(one.gold), chance});
    }
  }
  if (!running) return text;
  constexpr std::size_t fewest_candidates = 4;  // Among fewer, chance finds the rarest too often
  const int measure = measure_of(RoleKind::rare_token);
  for (int query = 0; query < text.words->words; ++query) {
    if (counts[static_cast<std::size_t>(query)] == 0) continue;
    const std::vector<int> seen = candidates_of(counts, query, tokens.causal);
    if (seen.size() < fewest_candidates) continue;
    const int rarest = rarest_word(sentence, seen);
    if (rarest < 0) continue;
    int tokens_seen = 0;
    for (const int word : seen) tokens_seen += counts[static_cast<std::size_t>(word)];
    const double chance =
        static_cast<double>(counts[static_cast<std::size_t>(rarest)]) / tokens_seen;
    text.cases.push_back({measure, query, {rarest}, chance, false, true});
  }
  return text;
}

RoleText pronoun_text(const RoleTokens& tokens, const CoreferenceItem& item, int half) {
  RoleText text = plain_text(tokens, half);
  if (tokens.cross) return text;
  text.words = words_of(tokens, item.words);
  const CoreferenceCase one = coreference_case(item, *text.words, tokens.causal);
  if (one.antecedent.empty()) return text;
  const std::vector<int> counts = text.words->token_counts();
  const double seen = static_cast<double>(candidates_of(counts, one.pronoun, tokens.causal).size());
  text.cases.push_back({measure_of(RoleKind::coreference), one.pronoun, one.antecedent,
                        static_cast<double>(one.antecedent.size()) / seen, one.nearest});
  return text;
}

RoleText repeated_text(const RoleTokens& tokens, int begin, int span, int half) {
  RoleText text = plain_text(tokens, half);
  text.span = span;
  text.span_begin = begin;
  if (text.causal && !text.cross) {
    std::vector<int> ids;
    for (const Token& token : tokens.queries) ids.push_back(token.id);
    text.patterns = detection_patterns(ids);
  }
  return text;
}

RoleText window_text(const RoleTokens& tokens, bool running, int half) {
  RoleText text = plain_text(tokens, half);
  text.window = true;
  text.running = running;
  int sentence = 0;
  for (const Token& token : tokens.keys) {
    text.sentence_of.push_back(sentence);
    if (token.text.find_first_of(".?!") != std::string::npos) ++sentence;
  }
  return text;
}

}  // namespace headlight
