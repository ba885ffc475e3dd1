#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model.h"

namespace headlight {

/// What a model reads. A model of one stack reads `tokens`; an encoder-decoder encodes `source` and
/// feeds `tokens`, its start token first, to the decoder.
struct Input {
  std::vector<Token> tokens;
  std::vector<Token> source;
  bool operator==(const Input&) const = default;
};

/// The text as the model reads it. In an encoder-decoder the text is the source; without a target
/// the decoder gets its start token alone, ready for Generation.
/// Throws std::invalid_argument for a model without a tokenizer.
Input input_of(const Model& model, std::string_view text,
               std::optional<std::string_view> target = {});

/// The tokens of attention that was read from a file: the queries', and as source the keys' where
/// they differ.
Input recorded_input(const RecordedAttention& recorded);

/// Ids as tokens, with their texts where the model has a tokenizer, that of the decoder for
/// `self` and `cross`. Throws std::invalid_argument for an id outside the vocabulary.
std::vector<Token> tokens_of(const Model& model, const std::vector<int>& ids,
                             AttentionKind kind = AttentionKind::self);

/// Which sentence of a pair each token belongs to: 0 up to and including the first separator, then
/// 1. All 0 for a model without token types or a tokenizer that knows its separator.
std::vector<int> token_types(const Model& model, const std::vector<Token>& tokens);

/// Where the prediction of a reader's interest stands: a masked language model's first mask, else
/// its last word, as far as it has one; of others the last token.
int predicted_position(const Model& model, const std::vector<Token>& tokens);

}  // namespace headlight
