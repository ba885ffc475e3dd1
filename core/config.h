#pragma once

#include <string>

namespace headlight {

// The blocks that transformer families are made of. A family is a choice among these, never a class.

enum class NormKind { layer_norm, rms_norm };
enum class NormPlace { pre, post };  ///< Before each sub-layer (GPT-2, Llama) or after its residual.
enum class PositionKind { learned, rotary };
enum class MlpKind { gelu_tanh, gelu_erf, swiglu };

/// The shape and the blocks of a model, as data.
struct ModelConfig {
  std::string family;  ///< As the config file names it: "gpt2", "llama".

  int layers = 0;
  int heads = 0;           ///< Query heads of a layer.
  int key_value_heads = 0; ///< Heads that share keys and values: = heads (MHA), fewer (GQA), 1 (MQA).
  int d_model = 0;
  int d_head = 0;
  int d_ff = 0;
  int vocabulary = 0;
  int context = 0;  ///< The most tokens that the model takes.

  NormKind norm = NormKind::layer_norm;
  NormPlace norm_place = NormPlace::pre;
  PositionKind position = PositionKind::learned;
  MlpKind mlp = MlpKind::gelu_tanh;
  bool causal = true;
  float norm_epsilon = 1e-5f;
  float rotary_base = 10000.0f;

  /// Key-value head that query head `head` reads (grouped-query attention, Ainslie et al. 2023).
  int key_value_head(int head) const { return head / (heads / key_value_heads); }
  int query_width() const { return heads * d_head; }
  int key_value_width() const { return key_value_heads * d_head; }
  /// Width of one row of the fused projection: queries, then keys, then values.
  int qkv_width() const { return query_width() + 2 * key_value_width(); }

  bool operator==(const ModelConfig&) const = default;
};

/// Throws std::invalid_argument when the numbers contradict one another or are out of range.
void check(const ModelConfig& config);

}  // namespace headlight
