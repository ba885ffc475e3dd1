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

struct Layer {
  Norm attention_norm;
  Linear qkv;            // [d_model, qkv_width]: queries, keys, values of all heads side by side
  Linear attention_out;  // W_O: [query_width, d_model]
  Norm mlp_norm;
  Linear mlp_in;   // [d_model, d_ff], or [d_model, 2 * d_ff] for SwiGLU: gate, then up
  Linear mlp_out;  // [d_ff, d_model]
};

/// The trained numbers of a model, in the order in which a pass reads them.
struct Weights {
  std::vector<float> token_embedding;     // [vocabulary, d_model]
  std::vector<float> position_embedding;  // [context, d_model] or [] for rotary positions
  std::vector<Layer> layers;
  Norm final_norm;
  /// Untied output matrix [vocabulary, d_model]; empty when tied to token_embedding.
  std::vector<float> output_embedding;

  const std::vector<float>& unembedding() const {
    return output_embedding.empty() ? token_embedding : output_embedding;
  }
};

/// A model: plain data, never changed after loading, shared as shared_ptr<const Model>.
struct Model {
  std::string name;            ///< The folder's name.
  std::filesystem::path path;  ///< Where it was loaded from; empty for one made in memory.
  ModelConfig config;
  Weights weights;
  std::optional<Tokenizer> tokenizer;  ///< None: the user gives ids.

  std::size_t parameters() const;
};

/// Loads a Hugging Face folder: config.json, model.safetensors (F32, F16, BF16), vocab.json with
/// merges.txt. Throws LoadError: `<file>: <tensor>: <what is wrong>`; never returns a model with a
/// missing or misshapen tensor.
Model load_model(const std::filesystem::path& folder);

/// A GPT-2-layout model of the given shape with seeded random weights, for benchmarks and tests.
/// It has no tokenizer. Throws std::invalid_argument for a shape that check(config) refuses.
Model random_model(const ModelConfig& config, unsigned seed);

/// GPT-2 small's shape (Radford et al. 2019): 12 layers, 12 heads, d_model 768.
ModelConfig gpt2_small_config();

}  // namespace headlight
