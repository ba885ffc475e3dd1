#include "input.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "attention_file.h"

namespace headlight {

Input input_of(const Model& model, std::string_view text, std::optional<std::string_view> target) {
  if (!model.tokenizer) {
    throw std::invalid_argument(
        "[run] the model has no tokenizer, so it takes token ids, not a text");
  }
  Input input;
  if (!model.config.encoder_decoder()) {
    input.tokens = model.tokenizer->encode(text);
    return input;
  }
  input.source = model.tokenizer->encode(text);
  input.tokens = tokens_of(model, {model.config.decoder_start});
  if (target) {
    const Tokenizer& tokenizer = *model.tokenizer_of(AttentionKind::self);
    for (Token& token : tokenizer.encode_target(*target)) input.tokens.push_back(std::move(token));
  }
  return input;
}

Input recorded_input(const RecordedAttention& recorded) {
  const auto tokens = [&](const std::vector<std::string>& texts) {
    std::vector<Token> made;
    for (const std::string& text : texts) made.push_back({.id = -1, .text = visible_utf8(text)});
    return made;
  };
  Input input;
  input.tokens = tokens(recorded.query_tokens);
  if (recorded.key_tokens != recorded.query_tokens) input.source = tokens(recorded.key_tokens);
  std::vector<Token>& keys = input.source.empty() ? input.tokens : input.source;
  for (std::size_t i = 0; i < recorded.token_ids.size() && i < keys.size(); ++i) {
    keys[i].id = recorded.token_ids[i];
  }
  return input;
}

std::vector<Token> tokens_of(const Model& model, const std::vector<int>& ids, AttentionKind kind) {
  const Tokenizer* tokenizer = model.tokenizer_of(kind);
  std::vector<Token> tokens;
  tokens.reserve(ids.size());
  for (int id : ids) {
    if (id < 0 || id >= model.config.vocabulary) {
      throw std::invalid_argument("[tokens_of] token id " + std::to_string(id) +
                                  " is outside the vocabulary of " +
                                  std::to_string(model.config.vocabulary));
    }
    const bool named = tokenizer != nullptr && id < tokenizer->size();
    tokens.push_back(named ? tokenizer->token(id) : Token{.id = id, .text = std::to_string(id)});
  }
  return tokens;
}

std::vector<int> token_types(const Model& model, const std::vector<Token>& tokens) {
  std::vector<int> types(tokens.size());
  const int separator = model.tokenizer ? model.tokenizer->separator() : -1;
  if (model.config.token_types < 2 || separator < 0) return types;
  const auto first = std::find_if(tokens.begin(), tokens.end(),
                                  [&](const Token& token) { return token.id == separator; });
  const auto second = first - tokens.begin() + 1;
  if (first != tokens.end()) std::fill(types.begin() + second, types.end(), 1);
  return types;
}

namespace {

// A letter, a digit or any character beyond ASCII. Bytes that are none are written as "\\x08".
bool has_letter(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 3 < text.size() && text[i + 1] == 'x') {
      i += 3;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80) {
      return true;
    }
  }
  return false;
}

}  // namespace

int predicted_position(const Model& model, const std::vector<Token>& tokens) {
  const int last = static_cast<int>(tokens.size()) - 1;
  const int mask = model.tokenizer ? model.tokenizer->mask() : -1;
  if (model.config.predicts != ModelConfig::Predicts::masked_token || mask < 0) return last;
  for (int i = 0; i <= last; ++i) {
    if (tokens[static_cast<std::size_t>(i)].id == mask) return i;
  }
  // Not the separator or the full stop, whose prediction says little: the last word.
  for (int i = last; i >= 0; --i) {
    const Token& token = tokens[static_cast<std::size_t>(i)];
    if (!model.tokenizer->is_special(token.id) && has_letter(token.text)) return i;
  }
  return last;
}

}  // namespace headlight
