#include <cmath>

#include "family.h"
#include "head_design_file.h"

namespace headlight {
namespace {

// Touvron et al. 2023, in the layout of Hugging Face's LlamaModel and LlamaForCausalLM. Rotary
// positions turn dimension i of a head together with dimension i + d_head / 2 (rotate_half). Mistral
// (Jiang et al. 2023) adds a sliding window, Qwen2 biases on q, k, v and a window in the upper
// layers, Qwen3 a norm of each head's query and key; Phi-3 stores q, k, v and gate, up side by side;
// Gemma scales embeddings, gates with GELU, and stores the norms' gains less 1. "headlight" is Llama
// with heads that may be built differently (head_design_file.h).

bool qwen(const ConfigFile& file) { return file.text("model_type").starts_with("qwen"); }

// Sliding windows by layer; empty when no layer has one that the context can exceed.
std::vector<int> windows(const ConfigFile& file, const ModelConfig& config) {
  if (!file.has("sliding_window") || !file.flag("use_sliding_window", !qwen(file))) return {};
  const std::string type = file.text("model_type");
  if (type == "llama") return {};  // It has the key in some files, and does not use it.
  const int window = file.integer("sliding_window");
  if (window < 1) file.refuse("sliding_window", "expected at least 1");
  if (window >= config.context || config.layers < 1) return {};
  const auto layers = static_cast<std::size_t>(config.layers);
  std::vector<int> windows(layers, window);
  if (file.has("layer_types")) {
    const std::vector<std::string> types = file.texts("layer_types");
    if (types.size() != layers) {
      file.refuse("layer_types", "names " + std::to_string(types.size()) + " layers of " +
                                     std::to_string(layers));
    }
    for (std::size_t i = 0; i < layers; ++i) {
      if (types[i] == "full_attention") {
        windows[i] = 0;
      } else if (types[i] != "sliding_attention") {
        file.refuse("layer_types", "\"" + types[i] +
                                       "\" is not known; known are full_attention and "
                                       "sliding_attention");
      }
    }
  } else if (qwen(file)) {
    const int first = file.integer("max_window_layers", 28);
    for (std::size_t i = 0; i < layers && static_cast<int>(i) < first; ++i) windows[i] = 0;
  }
  return windows;
}

bool designed(const ConfigFile& file) { return file.text("model_type") == "headlight"; }

bool gemma(const ConfigFile& file) { return file.text("model_type") == "gemma"; }

MlpKind gate(const ConfigFile& file) {
  if (gemma(file)) {  // Its first files say "gelu" where the tanh form is meant.
    const std::string act = file.text("hidden_activation", "gelu_pytorch_tanh");
    if (act == "gelu_pytorch_tanh") return MlpKind::geglu;
    file.refuse("hidden_activation", "\"" + act + "\" is not known; known is gelu_pytorch_tanh");
  }
  const std::string act = file.text("hidden_act", "silu");
  if (act == "silu" || act == "swish") return MlpKind::swiglu;
  file.refuse("hidden_act", "\"" + act + "\" is not known; known is silu");
}

ModelConfig read_config(const ConfigFile& file) {
  ModelConfig config;
  config.layers = file.integer("num_hidden_layers");
  config.heads = file.integer("num_attention_heads");
  config.key_value_heads = file.integer("num_key_value_heads", config.heads);
  config.d_model = file.integer("hidden_size");
  config.d_head = file.has("head_dim") ? file.integer("head_dim")
                                       : head_width(file, "num_attention_heads", config.heads,
                                                    "hidden_size", config.d_model);
  config.d_ff = file.integer("intermediate_size");
  config.vocabulary = file.integer("vocab_size");
  config.context = file.integer("max_position_embeddings", 2048);
  config.norm = NormKind::rms_norm;
  config.mlp = gate(file);
  if (gemma(file)) config.embedding_scale = std::sqrt(static_cast<float>(config.d_model));
  config.norm_epsilon = file.number("rms_norm_eps", 1e-6f);
  if (config.layers <= 4096) config.windows = windows(file, config);
  read_rotary(file, config);
  if (designed(file)) read_designs(file, config);
  return config;
}

bool has_head(const ConfigFile& file, const WeightReader& reader) {
  return file.flag("tie_word_embeddings", gemma(file)) || reader.has("lm_head.weight");
}

Weights read_weights(const ModelConfig& config, const ConfigFile& file, WeightReader& reader) {
  const int width = config.d_model;
  const std::string type = file.text("model_type");
  const bool attention_bias = file.flag("attention_bias", false);
  const bool qkv_bias = type == "qwen2" || attention_bias;
  const bool mlp_bias = file.flag("mlp_bias", false);
  const bool fused = type == "phi3";
  const auto norm = [&](const std::string& name, int size) {
    Norm norm = reader.norm(name, size, false);
    if (gemma(file)) {
      for (float& gain : norm.gain) gain += 1.0f;
    }
    return norm;
  };
  Weights weights;
  weights.embedding.token = reader.matrix("embed_tokens.weight", config.vocabulary, width);
  for (int i = 0; i < config.layers; ++i) {
    const std::string at = "layers." + std::to_string(i) + ".";
    Block& block = weights.blocks.emplace_back();
    block.attention_norm = norm(at + "input_layernorm", width);
    const std::string attention = at + "self_attn.";
    block.qkv = fused ? reader.out_in({{attention + "qkv_proj", config.qkv_width()}}, width, false)
                      : reader.out_in({{attention + "q_proj", config.query_width()},
                                       {attention + "k_proj", config.key_value_width()},
                                       {attention + "v_proj", config.key_value_width()}},
                                      width, qkv_bias);
    if (type == "qwen3") {
      block.query_norm = norm(at + "self_attn.q_norm", config.d_head);
      block.key_norm = norm(at + "self_attn.k_norm", config.d_head);
    }
    if (designed(file)) read_design_weights(config, file, attention, reader, block);
    block.attention_out =
        reader.out_in({{at + "self_attn.o_proj", width}}, config.query_width(), attention_bias);
    block.mlp_norm = norm(at + "post_attention_layernorm", width);
    block.mlp_in =
        fused ? reader.out_in({{at + "mlp.gate_up_proj", 2 * config.d_ff}}, width, false)
              : reader.out_in({{at + "mlp.gate_proj", config.d_ff}, {at + "mlp.up_proj", config.d_ff}},
                              width, mlp_bias);
    block.mlp_out = reader.out_in({{at + "mlp.down_proj", width}}, config.d_ff, mlp_bias);
  }
  weights.final_norm = norm("norm", width);
  if (!file.flag("tie_word_embeddings", gemma(file)) && has_head(file, reader)) {
    weights.head.output_embedding = reader.matrix("lm_head.weight", config.vocabulary, width);
  }
  reader.refuse_unread("layers.", {".rotary_emb.inv_freq"});
  return weights;
}

OutputTensor output_tensor(AttentionKind, int layer) {
  return {"layers." + std::to_string(layer) + ".self_attn.o_proj.weight"};
}

}  // namespace

const Family llama_family{{"llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "headlight"}, "model.", read_config,
                          has_head, read_weights, output_tensor};

}  // namespace headlight
