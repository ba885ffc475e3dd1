#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lesson_phrase.h"
#include "snapshot.h"
#include "state.h"

namespace headlight {

/// What a lesson's conditions and measures are asked of.
struct Situation {
  const State& state;
  const Snapshot* snapshot = nullptr;  ///< The answer to the state's request; null: not there yet.
  std::string text_before = "";        ///< The text when the part began.
};

/// The answer is still being computed (or measured): ask again later.
struct NotYet : std::runtime_error {
  NotYet() : std::runtime_error("not computed yet") {}
};

/// The situation's snapshot, with pictures. Throws NotYet.
const Snapshot& answer_of(const Situation& situation);

/// The heads of a list as Phrase::heads reads it. Throws std::invalid_argument for one that the
/// model lacks, and NotYet.
std::vector<HeadId> heads_of(const Situation& situation, const std::string& heads);

/// What a measure found.
struct Measured {
  std::string text;              ///< As a sentence says it: "cat", "0.97", "L2 H1, L2 H2".
  std::optional<double> number;  ///< Of numbers.
};

/// A number or a token that the program reads off the open model:
///   weight of TOKEN to TOKEN in HEAD     score of TOKEN to TOKEN in HEAD
///   strongest key of TOKEN in HEAD       strongest query of TOKEN in HEAD
///   entropy|distance|maximum|sink share of HEAD
///   prediction    prediction of column N (of the Compare view, from 1; 1 is the text itself)
///   probability of "WORD"    change of prediction
///   token TOKEN   count of tokens|layers|heads   size of head|model
///   heads with role "ROLE"   count of heads with role "ROLE"
/// `baseline` before it: of the run without edits.
class Measure {
 public:
  /// Reads it from a phrase, and leaves what follows. Throws std::invalid_argument.
  static Measure read(Phrase& phrase);
  /// Throws std::invalid_argument where the model or the text has no such thing, and NotYet.
  Measured of(const Situation& situation) const;

 private:
  enum class Kind {
    weight, score, strongest_key, strongest_query, entropy, distance, maximum, sink_share,
    prediction, column_prediction, probability, change, token, tokens, layers, heads, head_size, model_size,
    heads_with, count_of
  };
  Kind kind_ = Kind::tokens;
  bool baseline_ = false;
  HeadId head_;
  TokenPlace query_, key_;
  std::size_t column_ = 0;
  std::string name_;  // of a role, or the predicted word
};

}  // namespace headlight
