#include "family.h"

namespace headlight {
namespace {

// Touvron et al. 2023, in the layout of Hugging Face's LlamaModel and LlamaForCausalLM. Rotary
// positions turn dimension i of a head together with dimension i + d_head / 2 (rotate_half).

float rotary_base(const ConfigFile& file) {
  if (file.has("rope_scaling")) {
    file.refuse("rope_scaling", "scaled rotary positions are not supported");
  }
  if (!file.has("rope_parameters")) return file.number("rope_theta", 10000.0f);
  const ConfigFile rope = file.section("rope_parameters");  // transformers 5
  if (rope.text("rope_type", "default") != "default") {
    rope.refuse("rope_type", "scaled rotary positions are not supported");
  }
  return rope.number("rope_theta", 10000.0f);
}

ModelConfig read_config(const ConfigFile& file) {
  if (const std::string act = file.text("hidden_act", "silu"); act != "silu" && act != "swish") {
    file.refuse("hidden_act", "\"" + act + "\" is not known; known is silu");
  }
  ModelConfig config;
  config.layers = file.integer("num_hidden_layers");
  config.heads = file.integer("num_attention_heads");
  config.key_value_heads = file.integer("num_key_value_heads", config.heads);
  config.d_model = file.integer("hidden_size");
  if (file.has("head_dim")) {
    config.d_head = file.integer("head_dim");
  } else if (config.heads < 1 || config.d_model % config.heads != 0) {
    file.refuse("num_attention_heads", "the width hidden_size = " + std::to_string(config.d_model) +
                                           " cannot be cut into " + std::to_string(config.heads) +
                                           " heads");
  } else {
    config.d_head = config.d_model / config.heads;
  }
  config.d_ff = file.integer("intermediate_size");
  config.vocabulary = file.integer("vocab_size");
  config.context = file.integer("max_position_embeddings", 2048);
  config.norm = NormKind::rms_norm;
  config.position = PositionKind::rotary;
  config.mlp = MlpKind::swiglu;
  config.norm_epsilon = file.number("rms_norm_eps", 1e-6f);
  config.rotary_base = rotary_base(file);
  return config;
}

Weights read_weights(const ModelConfig& config, const ConfigFile& file, WeightReader& reader) {
  const int width = config.d_model;
  const bool attention_bias = file.flag("attention_bias", false);
  const bool mlp_bias = file.flag("mlp_bias", false);
  Weights weights;
  weights.token_embedding = reader.matrix("embed_tokens.weight", config.vocabulary, width);
  for (int i = 0; i < config.layers; ++i) {
    const std::string at = "layers." + std::to_string(i) + ".";
    Layer& layer = weights.layers.emplace_back();
    layer.attention_norm = reader.norm(at + "input_layernorm", width, false);
    layer.qkv = reader.out_in({{at + "self_attn.q_proj", config.query_width()},
                               {at + "self_attn.k_proj", config.key_value_width()},
                               {at + "self_attn.v_proj", config.key_value_width()}},
                              width, attention_bias);
    layer.attention_out =
        reader.out_in({{at + "self_attn.o_proj", width}}, config.query_width(), attention_bias);
    layer.mlp_norm = reader.norm(at + "post_attention_layernorm", width, false);
    layer.mlp_in = reader.out_in(
        {{at + "mlp.gate_proj", config.d_ff}, {at + "mlp.up_proj", config.d_ff}}, width, mlp_bias);
    layer.mlp_out = reader.out_in({{at + "mlp.down_proj", width}}, config.d_ff, mlp_bias);
  }
  weights.final_norm = reader.norm("norm", width, false);
  if (!file.flag("tie_word_embeddings", false)) {
    weights.output_embedding = reader.matrix("lm_head.weight", config.vocabulary, width);
  }
  reader.refuse_unread("layers.", {".rotary_emb.inv_freq"});
  return weights;
}

}  // namespace

const Family llama_family{"llama", "model.", read_config, read_weights};

}  // namespace headlight
