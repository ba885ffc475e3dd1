#pragma once

#include <string>
#include <vector>

#include "coreference.h"
#include "parsed_sentence.h"

namespace headlight {

/// Of the texts and rules that heads are measured on. It rises with every change that can move a
/// score, so that a report says what it was measured with.
inline constexpr int battery_version = 2;

/// Plain sentences and short paragraphs, written for this battery, to measure a model's loss on.
std::vector<std::string> loss_texts();

/// Sentences with their gold links, made from our own templates and lexicon with a fixed seed:
/// every relation, with up to two adjectives and with adverbs, prepositional phrases and relative
/// clauses between the words that belong together, so that no fixed offset finds them.
std::vector<ParsedSentence> parsed_battery();

/// Items in which gender, number, or being a person decides, each with the antecedent before or
/// behind the distractor equally often: the nearest noun is right in half of them.
std::vector<CoreferenceItem> coreference_battery();

/// `count` of the ids, drawn without repetition as long as there are enough. The same seed gives
/// the same ids everywhere. Throws std::invalid_argument for no ids.
std::vector<int> random_ids(const std::vector<int>& ids, int count, unsigned seed);

/// Lengths of the random spans that are said twice, one sequence each: all different, so that a
/// head which looks a fixed distance back finds the earlier copy in few of them.
std::vector<int> repeated_spans();

}  // namespace headlight
