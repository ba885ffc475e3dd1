#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "head_id.h"
#include "head_summary.h"
#include "parsed_sentence.h"

namespace headlight {

/// What a head can specialise in. Each has its measure in role_measurement.h.
enum class RoleKind {
  positional,       ///< Row maxima at one fixed offset (Voita et al. 2019).
  local,            ///< Weight near the query.
  long_range,       ///< Weight far from the query.
  broad,            ///< Entropy near that of a uniform row.
  sink,             ///< Weight on the first token or a separator (Gu et al. 2025).
  duplicate_token,  ///< Looks at an earlier copy of the query token.
  induction,        ///< Looks at what followed an earlier copy (Olsson et al. 2022).
  syntactic,        ///< Strongest key is the word at the other end of a relation.
  coreference,      ///< A pronoun's strongest key is its antecedent.
  rare_token,       ///< Strongest key is the rarest token of the sentence.
  semantic,         ///< Weights follow the similarity of input embeddings.
};

/// Which end of a relation looks at which.
enum class LinkDirection { dependent_looks, governor_looks };

/// A range that holds the true score with 95 % confidence.
struct Interval {
  double low = 0.0;
  double high = 0.0;
  bool operator==(const Interval&) const = default;
};

/// One measured role of one head: the claim and its proof. All figures are of the half of the
/// battery that the role was not chosen on.
struct RoleScore {
  RoleKind kind = RoleKind::positional;
  /// Of positional: key minus query; -1: previous token, 1: next, 0: the same. Of sink: 0: the first
  /// token, 1: the separators.
  int offset = 0;
  std::optional<Relation> relation;  ///< Of syntactic only.
  LinkDirection direction = LinkDirection::dependent_looks;
  bool holds = false;      ///< Whether the head has the role; else it was measured and fell short.
  double score = 0.0;
  double threshold = 0.0;  ///< What the score has to reach.
  double baseline = 0.0;   ///< What the best trivial rule reaches on the same cases.
  std::int64_t n = 0;      ///< Cases scored.
  Interval interval;       ///< Of the score.
  double sink_share = 0.0; ///< Weight on the first token or separator in the cases scored.
  bool operator==(const RoleScore&) const = default;
};

/// A role without its figures: what a filter or a colour goes by.
/// "previous token", "next token", "same token", "offset -3", "offset +2", "local", "long-range", "broad",
/// "sink", "duplicate token", "induction", "determiner-noun" and the other relations,
/// "coreference", "rare token", "semantic".
std::string role_name(const RoleScore& score);

/// One sentence that says what was measured, with the figures: "The strongest key is the token just
/// before in 97 % of 1,240 rows (at least 90 % needed; ...)."
std::string measured(const RoleScore& score);

/// What stands behind that sentence for a head that is pruned.
inline constexpr std::string_view pruned_note =
    "The head is pruned: its rows of W_O are all 0, so nothing comes of what it looks at.";

/// Patterns of a head's maps, after Kovaleva et al. 2019, figure 2.
enum class Shape { vertical, diagonal, vertical_diagonal, block, mixed };

/// "vertical", "diagonal", "vertical + diagonal", "block", "mixed".
std::string_view shape_name(Shape shape);

/// TransformerLens' head detector (head_detector.h) on the battery's random tokens said twice: how
/// much of a head's weight lies on the token before, on earlier copies of the token, and on what
/// followed an earlier copy. Means over the sequences, of which only second halves repeat: a head
/// that does nothing but induction gets about a half. Nothing is chosen by these figures.
struct DetectorScores {
  double previous_token = 0.0;
  double duplicate_token = 0.0;
  double induction = 0.0;
  std::int64_t n = 0;  ///< Sequences.
  bool operator==(const DetectorScores&) const = default;
};

/// What one head does, on the battery.
struct HeadRoles {
  HeadId head;
  /// Those that hold first, then by score over threshold. None that holds: the head is unclassified.
  std::vector<RoleScore> scores;
  Shape shape = Shape::mixed;
  HeadStats stats;  ///< Means over the battery's sentences.
  /// None of a head that looks forward too: the detector's patterns only look back.
  std::optional<DetectorScores> detector;
  bool pruned = false;  ///< Its rows of W_O are all 0: it looks, and nothing comes of it.
  bool operator==(const HeadRoles&) const = default;
};

/// The roles of all heads of a model: plain data, written as JSON and read back.
struct RoleReport {
  std::string model_hash;  ///< Of the files it was measured on: content_hash().
  int battery = 0;         ///< Version of the battery (battery.h).
  std::vector<HeadRoles> heads;  ///< By kind, then layer, then head.
  bool operator==(const RoleReport&) const = default;
};

/// The head's entry, or null when the report has none.
const HeadRoles* find_head(const RoleReport& report, HeadId head);

}  // namespace headlight
