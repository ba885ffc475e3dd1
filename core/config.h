#pragma once

#include <string>
#include <vector>

#include "head_design.h"
#include "head_id.h"

namespace headlight {

// The blocks that transformer families are made of. A family is a choice among these, never a class.

enum class NormKind { layer_norm, rms_norm };
enum class NormPlace { pre, post };  ///< Before each sub-layer (GPT-2, Llama) or after its residual.
enum class PositionKind { learned, rotary };  ///< `learned`: a table, also where it holds sinusoids.
enum class MlpKind { gelu_tanh, gelu_erf, relu, silu, swiglu, geglu };

/// Whether the MLP has a gate beside its input.
inline bool gated(MlpKind mlp) { return mlp == MlpKind::swiglu || mlp == MlpKind::geglu; }

/// The shape and the blocks of a model, as data. Without `encoder_layers` it is one stack, causal
/// (GPT-2, Llama) or bidirectional (BERT). With them it is an encoder-decoder: `layers`, `heads` and
/// `d_ff` are the decoder's, whose every layer also attends to the encoder (AttentionKind::cross).
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

  int encoder_layers = 0;
  int encoder_heads = 0;  ///< Each of d_model / encoder_heads dimensions, with keys of its own.
  int encoder_d_ff = 0;

  NormKind norm = NormKind::layer_norm;
  NormPlace norm_place = NormPlace::pre;
  PositionKind position = PositionKind::learned;
  MlpKind mlp = MlpKind::gelu_tanh;
  bool causal = true;
  float norm_epsilon = 1e-5f;
  float embedding_scale = 1.0f;  ///< Token embeddings are multiplied by it.
  /// Rows of the position table before that of the first token (RoBERTa, BART: 2).
  int position_offset = 0;
  /// A token that has no place in the text: the others' positions do not count it, and its own is
  /// the row before the first (RoBERTa's padding); -1: none.
  int without_position = -1;
  int token_types = 0;           ///< Rows of the table for the sentences of a pair; 0: none.

  /// Rotary positions: radians a token of pairs (i, i + size) of each head, and the factor of
  /// their sines and cosines (YaRN's attention factor).
  std::vector<double> rotary_frequencies;  // [d_head / 2]
  float rotary_scale = 1.0f;

  /// Sliding window by layer: a query sees keys less than this many tokens away; 0: all. Empty:
  /// no layer has one.
  std::vector<int> windows;  // [layers] or []

  /// How the heads of self-attention were built; empty: all plainly. In models of one stack only.
  std::vector<HeadDesign> head_designs;  // [layers, heads] or []
  /// Taps of a depth-wise causal convolution of queries, keys and values over the tokens; 0: none.
  int convolution = 0;
  static constexpr int most_taps = 64;
  Routing routing;

  /// What a prediction is of: the next token, the token that stands at the position (masked
  /// language models), or nothing (no language-model head in the file).
  enum class Predicts { next_token, masked_token, nothing };
  Predicts predicts = Predicts::next_token;

  // Ids that decoding needs; -1 where the model has none.
  int decoder_start = -1;         ///< First token of a decoder.
  int forced_first = -1;          ///< Token that is always decoded first.
  int never_decoded = -1;         ///< Padding.
  std::vector<int> end_of_text;   ///< Any of them ends a text.

  bool encoder_decoder() const { return encoder_layers > 0; }
  int layers_of(AttentionKind kind) const {
    return kind == AttentionKind::encoder ? encoder_layers : layers;
  }
  int heads_of(AttentionKind kind) const {
    return kind == AttentionKind::encoder ? encoder_heads : heads;
  }
  int d_head_of(AttentionKind kind) const {
    return kind == AttentionKind::encoder ? d_model / encoder_heads : d_head;
  }
  /// Whether the model has this head.
  bool has(HeadId id) const;
  /// The kinds of attention that the model has, in the order in which a pass computes them.
  std::vector<AttentionKind> kinds() const;

  /// How a head was built; null where all are plain.
  const HeadDesign* design_of(HeadId id) const {
    if (head_designs.empty() || id.kind != AttentionKind::self) return nullptr;
    return &head_designs[static_cast<std::size_t>(id.layer * heads + id.head)];
  }

  /// Key-value head that query head `head` reads (grouped-query attention, Ainslie et al. 2023).
  int key_value_head(int head) const { return head / (heads / key_value_heads); }
  int query_width() const { return heads * d_head; }
  int key_value_width() const { return key_value_heads * d_head; }
  /// Width of one row of the fused projection: queries, then keys, then values.
  int qkv_width() const { return query_width() + 2 * key_value_width(); }

  /// A pass goes through blocks: each layer of one stack is one; after an encoder, each layer of
  /// the decoder is two, its self-attention and its cross-attention.
  int blocks() const { return encoder_layers + (encoder_decoder() ? 2 : 1) * layers; }
  int block_of(AttentionKind kind, int layer) const;
  AttentionKind kind_of(int block) const;
  int layer_of(int block) const;

  bool operator==(const ModelConfig&) const = default;
};

/// Throws std::invalid_argument when the numbers contradict one another or are out of range.
void check(const ModelConfig& config);

/// base^(-2i / dimensions) for i below dimensions / 2 (RoPE, Su et al. 2021).
std::vector<double> rotary_frequencies(int dimensions, double base);  // [dimensions / 2]

/// "L0 H3" of one stack; "encoder L0 H3", "decoder L0 H3", "cross L0 H3" of an encoder-decoder.
std::string head_name(const ModelConfig& config, HeadId id);

/// Throws std::invalid_argument, beginning with [place], unless the model has the head.
void check_head(const ModelConfig& config, HeadId id, const char* place);

}  // namespace headlight
