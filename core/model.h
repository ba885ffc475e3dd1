#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config.h"
#include "errors.h"
#include "kernels.h"
#include "tokenizer.h"

namespace headlight {

struct RecordedAttention;
struct LoadProgress;

/// Gain and bias of a normalisation; bias is empty for RMSNorm.
struct Norm {
  std::vector<float> gain;  // [d_model]
  std::vector<float> bias;  // [d_model] or []
};

/// y = x W + b; the bias is empty where the family has none.
struct Linear {
  PackedMatrix weight;      // [in, out]
  std::vector<float> bias;  // [out] or []
};

/// One attention and what follows it up to the next: a layer of one stack, or half a decoder layer
/// that also attends to an encoder (self-attention, then cross-attention with the MLP).
struct Block {
  Norm attention_norm;   // Before the attention, or after its residual (NormPlace)
  Linear qkv;            // [d_model, qkv_width]: queries, keys, values of all heads side by side;
                         // in cross-attention queries only: [d_model, query_width]
  Linear source_kv;      // Cross-attention: [d_model, 2 * query_width] keys, values of the source
  Norm query_norm;       // [d_head] or []: RMSNorm of each head's query, before its position
  Norm key_norm;         // [d_head] or []
  std::vector<float> temperature;  // [heads] or []: learned, beside 1 / sqrt(d_head)
  std::vector<float> convolution;  // [qkv_width, taps] or []: ModelConfig::convolution
  Linear router;                   // [d_model, heads] or empty: ModelConfig::routing
  Linear router_balance;           // [d_model, 2]: shared heads against the others
  Linear attention_out;  // W_O: [query_width, d_model]
  Norm mlp_norm;
  Linear mlp_in;   // [d_model, d_ff], or [d_model, 2 * d_ff] when gated: gate, then up
  Linear mlp_out;  // [d_ff, d_model]

  bool has_mlp() const { return mlp_in.weight.in() > 0; }
};

/// What stands before the blocks of a stack.
struct Embedding {
  std::vector<float> token;     // [vocabulary, d_model]; [] in an encoder that shares the decoder's
  std::vector<float> position;  // [position_offset + context, d_model] or [] for rotary positions
  std::vector<float> type;      // [token_types, d_model] or []
  Norm norm;                    // BERT's and BART's, or []
};

/// From the last state of a position to its logits.
struct PredictionHead {
  Linear dense;  // [d_model, d_model] or []: BERT's transform, with the activation and norm below
  MlpKind activation = MlpKind::gelu_erf;
  Norm norm;
  std::vector<float> output_embedding;  // [vocabulary, d_model]; [] when tied to the token embedding
  std::vector<float> bias;              // [vocabulary] or []
};

/// The trained numbers of a model, in the order in which a pass reads them.
struct Weights {
  Embedding encoder_embedding;  // Empty without an encoder
  Norm encoder_norm;            // After the encoder's last block, or []
  Embedding embedding;
  std::vector<Block> blocks;  // ModelConfig::blocks()
  Norm final_norm;            // After the last block, or []
  PredictionHead head;

  const std::vector<float>& encoder_tokens() const {
    return encoder_embedding.token.empty() ? embedding.token : encoder_embedding.token;
  }
  const std::vector<float>& unembedding() const {
    return head.output_embedding.empty() ? embedding.token : head.output_embedding;
  }
};

/// A model: plain data, never changed after loading, shared as shared_ptr<const Model>.
struct Model {
  std::string name;            ///< The folder's or file's name.
  std::filesystem::path path;  ///< Where it was loaded from; empty for one made in memory.
  /// file_stamp() (content_hash.h) of the files before they were read; empty for one made in memory.
  std::string stamp;
  ModelConfig config;
  Weights weights;
  std::optional<Tokenizer> tokenizer;  ///< None: the user gives ids.
  /// Attention from a file, instead of weights. The config then gives its layers and heads.
  std::shared_ptr<const RecordedAttention> recorded;
  /// The decoder's, where it differs from the encoder's.
  std::optional<Tokenizer> target_tokenizer;

  std::size_t parameters() const;
  /// Of the tokens that `kind` has as queries: the encoder's or the decoder's. Null: none.
  const Tokenizer* tokenizer_of(AttentionKind kind) const {
    if (kind != AttentionKind::encoder && target_tokenizer) return &*target_tokenizer;
    return tokenizer ? &*tokenizer : nullptr;
  }
};

/// Whether the rows of W_O that read this head are all 0, as in a model that it was pruned from; not
/// of recorded attention. Throws std::invalid_argument for a head that the model lacks.
bool output_is_zero(const Model& model, HeadId head);

/// How a model is loaded.
struct LoadOptions {
  LoadProgress* progress = nullptr;
  /// Bytes that the weights may take as float32; a model that needs more is refused before any is
  /// read. 0: free_memory().
  std::uint64_t memory = 0;
};

/// Loads a model: a Hugging Face folder (config.json; model.safetensors or the files of
/// model.safetensors.index.json, in F32, F16 or BF16; the tokenizer's files), a llama2.c
/// checkpoint (.bin, with its tokenizer beside), or attention computed elsewhere (.npz, .npy,
/// .safetensors). Of a folder also config.json or the weights' file may be given.
/// Throws LoadError: `<file>: <tensor>: <what is wrong>`; never returns a model with a missing or
/// misshapen tensor.
Model load_model(const std::filesystem::path& path, const LoadOptions& options = {});

/// A GPT-2-layout model of the given shape with seeded random weights, for benchmarks and tests.
/// It has no tokenizer. Throws std::invalid_argument for a shape that check(config) refuses.
Model random_model(const ModelConfig& config, unsigned seed);

/// GPT-2 small's shape (Radford et al. 2019): 12 layers, 12 heads, d_model 768.
ModelConfig gpt2_small_config();

}  // namespace headlight
