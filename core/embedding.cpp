#include "embedding.h"

#include "input.h"

namespace headlight {

std::vector<EmbeddedToken> embedded_tokens(const Model& model, const std::vector<Token>& tokens,
                                           AttentionKind stack) {
  const ModelConfig& config = model.config;
  const bool encoder = stack == AttentionKind::encoder;
  const Embedding& embedding =
      encoder ? model.weights.encoder_embedding : model.weights.embedding;
  const std::vector<float>& table =
      encoder ? model.weights.encoder_tokens() : model.weights.embedding.token;
  const std::vector<int> types = token_types(model, tokens);
  const auto width = static_cast<std::size_t>(config.d_model);
  const auto row_of = [&](const std::vector<float>& rows, std::size_t which) {
    return rows.empty() ? nullptr : rows.data() + which * width;
  };
  std::vector<EmbeddedToken> embedded;
  auto next_position = static_cast<std::size_t>(config.position_offset);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EmbeddedToken& rows = embedded.emplace_back();
    rows.token = row_of(table, static_cast<std::size_t>(tokens[i].id));
    rows.type = row_of(embedding.type, static_cast<std::size_t>(types[i]));
    const bool counts = tokens[i].id != config.without_position;
    rows.position = row_of(embedding.position, counts ? next_position++
                                                      : static_cast<std::size_t>(config.position_offset) - 1);
  }
  return embedded;
}

}  // namespace headlight
