#pragma once

#include <cstdint>
#include <vector>

#include "role.h"
#include "words.h"

namespace headlight {

/// One question to a head: does this word's strongest key word stand at the other end of the
/// relation?
struct LinkCase {
  Relation relation = Relation::determiner_noun;
  LinkDirection direction = LinkDirection::dependent_looks;
  int query = 0;          ///< Index of the word that looks.
  std::vector<int> gold;  ///< Sorted: the other ends. Any of them counts as a hit.
  bool operator==(const LinkCase&) const = default;
};

/// The cases of a sentence, one for each relation, direction and word that has the relation: a noun
/// with two adjectives is one case with two gold words when the governor looks, two cases with one
/// when the dependents look. Words without tokens of their own are left out; of a causal model also
/// the gold words behind the query.
/// Throws std::invalid_argument when a link names a word that the sentence does not have.
std::vector<LinkCase> link_cases(const ParsedSentence& sentence, const WordMap& map, bool causal);

/// The key word with the most weight that is not the query itself, the first of equals; -1 when all
/// key words together, the query left out, have less than `minimum_mass`.
int strongest_word(const WordWeights& weights, int query, double minimum_mass);

/// What a row has to leave for other words than the query's own so that its strongest word counts;
/// below, the case is a miss. Without it, a head that gives all to the sink is named after the
/// crumbs. Of the hits of BERT's published heads (40 sentences) L3 H9 has 5 % below 0.076, L7 H10
/// none below 0.2: their scores change by at most one case in 88.
inline constexpr double minimum_word_mass = 0.05;

/// Counts of one relation in one direction, over all heads.
struct LinkCounts {
  static constexpr int longest_offset = 32;

  std::int64_t n = 0;              ///< Cases.
  std::vector<std::int64_t> hits;  // [heads]
  std::vector<double> sink;        // [heads] weight on sink tokens, summed over the cases
  /// Cases with a gold word so many words behind the query (before it where negative); farther ones
  /// are not counted. [2 * longest_offset + 1], offset 0 in the middle
  std::vector<std::int64_t> offsets;
  bool operator==(const LinkCounts&) const = default;
};

/// The score of one head on one relation in one direction.
struct LinkScore {
  double score = 0.0;       ///< Hits by cases.
  double baseline = 0.0;    ///< The same of the rule "the word at the best fixed offset".
  int baseline_offset = 0;  ///< Chosen on the cases that are scored: as strong as such a rule gets.
  std::int64_t n = 0;
  Interval interval;        ///< Wilson's, 95 %.
  double sink_share = 0.0;  ///< Mean weight on sink tokens.
};

/// How often heads look along grammatical links (Voita et al. 2019; Clark et al. 2019), counted
/// over sentences. Plain counts: those of parts of a corpus can be made side by side and merged.
struct LinkScores {
  /// Heads are numbered as the caller likes: layer * heads + head.
  explicit LinkScores(int heads);

  /// Counts a sentence's cases, once for all heads. Then every head has to count them.
  void count_cases(const std::vector<LinkCase>& cases);
  /// Counts which cases the head hits. Different heads may be counted at the same time.
  void count_head(int head, const std::vector<LinkCase>& cases, const WordWeights& weights,
                  double minimum_mass = minimum_word_mass);
  /// Adds the counts of other sentences. Throws std::invalid_argument for another number of heads.
  void merge(const LinkScores& other);

  const LinkCounts& of(Relation relation, LinkDirection direction) const;
  /// All 0 without cases. Throws std::invalid_argument for a head that is not there.
  LinkScore score(Relation relation, LinkDirection direction, int head) const;
  /// The direction in which the head scores higher, the dependent's when both are alike; one with
  /// fewest_cases (role_measures.h) before one with fewer, and one with any before one with none.
  LinkDirection better_direction(Relation relation, int head) const;

  int heads = 0;
  std::vector<LinkCounts> counts;  // [relations, directions]
  bool operator==(const LinkScores&) const = default;
};

/// Wilson's interval of a share: holds the true one with 95 % confidence (Wilson 1927). [0, 1] for
/// n = 0.
Interval wilson_interval(std::int64_t hits, std::int64_t n);

}  // namespace headlight
