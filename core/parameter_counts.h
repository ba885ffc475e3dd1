#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "model.h"

namespace headlight {

/// What a model's trained numbers belong to. Of an encoder-decoder each part counts both stacks, and
/// self-attention together with cross-attention.
enum class ParameterPart {
  tokens,     ///< Token embedding.
  positions,  ///< Tables of positions and of sentence types.
  q,          ///< W_q and its bias, of all layers; so are the next ones.
  k,
  v,
  w_o,
  mlp,
  norms,       ///< In the layers, and of the embedding.
  final_norm,  ///< After the last layer.
  output,      ///< Output embedding where it is not the token embedding, and what stands before it.
  other,       ///< Routers, convolutions, learned temperatures.
};
inline constexpr int parameter_parts = 11;

/// Whether a part belongs to attention: Q, K, V and W_O.
inline bool of_attention(ParameterPart part) {
  return part >= ParameterPart::q && part <= ParameterPart::w_o;
}

/// A model by the numbers of its paper, without its weights.
struct KnownModel {
  std::string name;
  std::string source;  ///< Where the numbers are from.
  int layers = 0, heads = 0, d_model = 0, d_ff = 0, vocabulary = 0, context = 0;
  int token_types = 0;   ///< BERT's two sentences.
  bool bidirectional = false;  ///< BERT: a norm of the embedding, none at the end, and a pooler.
  std::size_t published = 0;   ///< The total as published; exact but for GPT-3's.
};

/// BERT-base, BERT-large, GPT-2 small, GPT-2 large, GPT-3 (175B).
const std::vector<KnownModel>& known_models();

struct PartCount {
  std::size_t count = 0;
  std::string formula;  ///< With the model's numbers, as "12 × (768 × 768 + 768)"; empty for 0.
};

/// The trained numbers of a model by part.
struct ParameterCounts {
  std::string name, source;
  int layers = 0, heads = 0, key_value_heads = 0, d_model = 0, d_head = 0, context = 0;
  int encoder_layers = 0;  ///< Beside `layers`, of an encoder-decoder.
  bool causal = true;
  std::array<PartCount, parameter_parts> parts;

  const PartCount& of(ParameterPart part) const { return parts[static_cast<std::size_t>(part)]; }
  std::size_t total() const;
  std::size_t attention() const;  ///< Q, K, V and W_O.
};

/// The total is Model::parameters(). Throws std::invalid_argument for recorded attention.
ParameterCounts parameter_counts(const Model& model);
ParameterCounts parameter_counts(const KnownModel& model);

/// How keys and values are shared between heads.
enum class KeySharing {
  own,      ///< MHA: each head has its own (Vaswani et al. 2017).
  grouped,  ///< GQA: a group of heads shares one (Ainslie et al. 2023).
  one,      ///< MQA: all heads share one (Shazeer 2019).
};

/// Key-value heads of `heads` heads: all of them, the most groups of at least two heads that there
/// are up to 8, or one.
int key_value_heads(KeySharing sharing, int heads);

/// Bytes that a decoder's cache takes for a text: a key and a value of d_head numbers for each
/// key-value head, layer and token. Pooled or windowed heads (model_cost) are not thought of.
double cache_bytes(int layers, int key_value_heads, int d_head, double tokens, int bytes = 2);

/// The cache of a model if its heads shared keys in each of the three ways, by KeySharing; 2 bytes a
/// number.
struct CacheMemory {
  int tokens = 0;
  bool beyond_context = false;
  std::array<int, 3> key_value_heads{};  ///< A model that groups its heads keeps its own number.
  std::array<double, 3> bytes{};
  int own = 0;  ///< Which of the three the model is.
};

/// `tokens` 0: as many as the model's context. Throws std::invalid_argument for fewer.
CacheMemory cache_memory(const ParameterCounts& model, int tokens);

}  // namespace headlight
