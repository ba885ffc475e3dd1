#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <xtensor/xtensor.hpp>

#include "input.h"
#include "mask.h"
#include "mean_outputs.h"
#include "model.h"
#include "paths.h"
#include "trace.h"

// What the tests of the pass and the trace share: small models, edits of every kind, a comparison
// of traces bit by bit, and the forward pass in double precision, term by term from the formulas.

namespace headlight::test {

// --- Small models.

inline ModelConfig small_gpt2_config() {
  ModelConfig config;
  config.family = "gpt2";
  config.layers = 3;
  config.heads = config.key_value_heads = 3;
  config.d_model = 24;
  config.d_head = 8;
  config.d_ff = 40;
  config.vocabulary = 61;
  config.context = 40;
  return config;
}

/// Grouped keys and values, heads wider than d_model / heads.
inline ModelConfig small_llama_config() {
  ModelConfig config = small_gpt2_config();
  config.family = "llama";
  config.heads = 4;
  config.key_value_heads = 2;
  config.d_model = 20;
  config.d_head = 6;
  config.norm = NormKind::rms_norm;
  config.position = PositionKind::rotary;
  config.mlp = MlpKind::swiglu;
  config.norm_epsilon = 1e-6f;
  config.rotary_frequencies = {1.0, 0.12599210498948732, 0.015874010519681994};  // 500^(-i / 3)
  return config;
}

inline ModelConfig small_bidirectional_config() {
  ModelConfig config = small_gpt2_config();
  config.layers = 2;
  config.mlp = MlpKind::gelu_erf;
  config.causal = false;
  return config;
}

/// BERT's blocks: norms after the residuals, token types, prediction of what stands there.
inline ModelConfig small_bert_config() {
  ModelConfig config = small_bidirectional_config();
  config.family = "bert";
  config.norm_place = NormPlace::post;
  config.token_types = 2;
  config.norm_epsilon = 1e-12f;
  config.predicts = ModelConfig::Predicts::masked_token;
  return config;
}

/// Windows of several lengths, positions that turn only a part of each head, scaled embeddings.
inline ModelConfig small_window_config() {
  ModelConfig config = small_llama_config();
  config.family = "mistral";
  config.d_head = 10;
  config.rotary_frequencies = {0.9, 0.02};
  config.rotary_scale = 1.2f;
  config.windows = {3, 0, 8};
  config.embedding_scale = 1.7f;
  config.mlp = MlpKind::geglu;
  return config;
}

/// Heads of every design: masks, temperatures, pools, a convolution, a router.
inline ModelConfig small_designed_config() {
  ModelConfig config = small_llama_config();
  config.family = "headlight";
  for (int layer = 0; layer < config.layers; ++layer) {
    const int pool = layer == 0 ? 4 : 1;
    config.head_designs.push_back({.mask = local_mask(5), .temperature = 0.5f});
    config.head_designs.push_back({.mask = strided_mask(3) | token_mask(1)});
    config.head_designs.push_back({.pool = pool});
    config.head_designs.push_back({.mask = local_mask(9), .temperature = 2.0f, .pool = pool});
  }
  config.convolution = 3;
  config.routing = {1, 2};
  return config;
}

/// Causal with norms after the residuals, and positions that leave out a token (RoBERTa's padding).
inline ModelConfig small_offset_config() {
  ModelConfig config = small_gpt2_config();
  config.layers = 2;
  config.norm_place = NormPlace::post;
  config.mlp = MlpKind::silu;
  config.position_offset = 2;
  config.without_position = 7;
  return config;
}

/// Encoder and decoder of other depths, heads and inner widths.
inline ModelConfig small_bart_config() {
  ModelConfig config = small_gpt2_config();
  config.family = "bart";
  config.layers = 2;
  config.d_head = 8;
  config.encoder_layers = 3;
  config.encoder_heads = 4;
  config.encoder_d_ff = 36;
  config.norm_place = NormPlace::post;
  config.mlp = MlpKind::relu;
  config.position_offset = 2;
  config.embedding_scale = 2.0f;
  config.decoder_start = 2;
  config.end_of_text = {2};
  return config;
}

/// mBART's: norms before the sub-layers and behind both stacks.
inline ModelConfig small_mbart_config() {
  ModelConfig config = small_bart_config();
  config.family = "mbart";
  config.layers = 3;
  config.encoder_layers = 2;
  config.norm_place = NormPlace::pre;
  config.mlp = MlpKind::gelu_erf;
  config.embedding_scale = 1.0f;
  return config;
}

/// What a model may have besides the blocks that random_model makes.
struct Parts {
  bool embedding_norm = false;
  bool head_norms = false;         ///< Of each query and key
  bool temperatures = false;       ///< Learned, of each head
  bool stack_norms = true;         ///< After the last block of a stack
  bool own_source_tokens = false;  ///< The encoder's token table is not the decoder's
  bool dense_head = false;         ///< With its activation and norm
  bool head_bias = false;
  bool own_output = false;  ///< Untied
};

/// A model of any blocks with seeded random weights.
inline Model random_blocks(const ModelConfig& config, const Parts& parts, std::uint32_t seed) {
  check(config);
  const auto numbers = [&seed](std::size_t count, double size) {
    std::vector<float> values(count);
    for (float& value : values) {
      seed = seed * 1664525u + 1013904223u;
      value = static_cast<float>(size * (static_cast<double>(seed >> 8) / 8388608.0 - 1.0));
    }
    return values;
  };
  const bool bias = config.norm == NormKind::layer_norm;
  const auto norm = [&](int width) {
    Norm made{numbers(static_cast<std::size_t>(width), 0.3), {}};
    for (float& gain : made.gain) gain += 1.0f;
    if (bias) made.bias = numbers(static_cast<std::size_t>(width), 0.3);
    return made;
  };
  const auto linear = [&](int in, int out) {
    const std::vector<float> weight = numbers(std::size_t(in) * out, 1.7 / std::sqrt(double(in)));
    Linear made{PackedMatrix::from_in_out(weight.data(), in, out), {}};
    if (bias) made.bias = numbers(static_cast<std::size_t>(out), 0.3);
    return made;
  };
  const std::size_t width = config.d_model, vocabulary = config.vocabulary;
  const auto embed = [&](Embedding& embedding) {
    if (config.position == PositionKind::learned) {
      embedding.position = numbers((config.position_offset + config.context) * width, 0.8);
    }
    embedding.type = numbers(config.token_types * width, 1.0);
    if (parts.embedding_norm) embedding.norm = norm(config.d_model);
  };
  const auto mlp = [&](Block& block, int d_ff) {
    block.mlp_norm = norm(config.d_model);
    block.mlp_in = linear(config.d_model, (gated(config.mlp) ? 2 : 1) * d_ff);
    block.mlp_out = linear(d_ff, config.d_model);
  };
  Model model;
  model.name = config.family;
  model.config = config;
  Weights& weights = model.weights;
  weights.embedding.token = numbers(vocabulary * width, 1.5);
  embed(weights.embedding);
  if (config.encoder_decoder()) {
    if (parts.own_source_tokens) weights.encoder_embedding.token = numbers(vocabulary * width, 1.5);
    embed(weights.encoder_embedding);
    if (parts.stack_norms) weights.encoder_norm = norm(config.d_model);
  }
  for (int i = 0; i < config.encoder_layers; ++i) {
    Block& block = weights.blocks.emplace_back();
    block.attention_norm = norm(config.d_model);
    block.qkv = linear(config.d_model, 3 * config.d_model);
    block.attention_out = linear(config.d_model, config.d_model);
    mlp(block, config.encoder_d_ff);
  }
  for (int i = 0; i < config.layers; ++i) {
    Block& block = weights.blocks.emplace_back();
    block.attention_norm = norm(config.d_model);
    block.qkv = linear(config.d_model, config.qkv_width());
    if (parts.head_norms) {
      block.query_norm.gain = norm(config.d_head).gain;
      block.key_norm.gain = norm(config.d_head).gain;
    }
    if (parts.temperatures) {
      block.temperature = numbers(static_cast<std::size_t>(config.heads), 0.4);
      for (float& temperature : block.temperature) temperature += 1.0f;
    }
    if (config.convolution > 0) {
      block.convolution = numbers(std::size_t(config.qkv_width()) * config.convolution, 1.0);
    }
    if (config.routing.any()) {
      block.router = linear(config.d_model, config.heads);
      block.router_balance = linear(config.d_model, 2);
      block.router.bias.clear();
      block.router_balance.bias.clear();
    }
    block.attention_out = linear(config.query_width(), config.d_model);
    if (config.encoder_decoder()) {
      Block& cross = weights.blocks.emplace_back();
      cross.attention_norm = norm(config.d_model);
      cross.qkv = linear(config.d_model, config.query_width());
      cross.source_kv = linear(config.d_model, 2 * config.query_width());
      cross.attention_out = linear(config.query_width(), config.d_model);
    }
    mlp(weights.blocks.back(), config.d_ff);
  }
  if (parts.stack_norms) weights.final_norm = norm(config.d_model);
  PredictionHead& head = weights.head;
  if (parts.dense_head) {
    head.dense = linear(config.d_model, config.d_model);
    head.norm = norm(config.d_model);
  }
  if (parts.own_output) head.output_embedding = numbers(vocabulary * width, 1.5);
  if (parts.head_bias) head.bias = numbers(vocabulary, 1.0);
  return model;
}

/// Models of one stack: both layouts and a bidirectional model in memory, every other kind of
/// block, and the files with an untied output matrix and with biases everywhere.
inline std::vector<Model> all_models() {
  std::vector<Model> models;
  models.push_back(random_model(small_gpt2_config(), 1));
  models.back().name = "gpt2";
  models.push_back(random_model(small_llama_config(), 2));
  models.back().name = "llama";
  models.push_back(random_model(small_bidirectional_config(), 3));
  models.back().name = "bidirectional";
  models.push_back(random_blocks(
      small_bert_config(),
      {.embedding_norm = true, .stack_norms = false, .dense_head = true, .head_bias = true}, 4));
  models.push_back(
      random_blocks(small_window_config(), {.head_norms = true, .own_output = true}, 5));
  models.back().name = "windows";
  models.push_back(random_blocks(small_offset_config(), {.stack_norms = false}, 6));
  models.back().name = "offset";
  models.push_back(random_blocks(small_designed_config(), {.temperatures = true}, 9));
  models.back().name = "designed";
  models.push_back(load_model(test_data() / "models" / "tiny-llama-gqa"));
  models.push_back(load_model(test_data() / "models" / "tiny-llama-mha-f16"));
  return models;
}

/// Encoder-decoders with norms after and before the sub-layers.
inline std::vector<Model> encoder_decoders() {
  std::vector<Model> models;
  models.push_back(random_blocks(
      small_bart_config(), {.embedding_norm = true, .stack_norms = false, .head_bias = true}, 7));
  models.push_back(
      random_blocks(small_mbart_config(), {.own_source_tokens = true, .own_output = true}, 8));
  return models;
}

/// Ids in [0, vocabulary), the same on every machine.
inline std::vector<int> some_ids(const Model& model, int count, std::uint32_t seed) {
  std::vector<int> ids;
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    ids.push_back(
        static_cast<int>((seed >> 8) % static_cast<std::uint32_t>(model.config.vocabulary)));
  }
  return ids;
}

/// Ids as a model of one stack reads them, or as target and source.
inline Input input_of_ids(const Model& model, const std::vector<int>& ids,
                          const std::vector<int>& source = {}) {
  return {tokens_of(model, ids), tokens_of(model, source)};
}

// --- Edits of every kind, for models of at least two layers and two heads.

inline std::vector<std::pair<std::string, Edits>> some_edits(
    const ModelConfig& config, AttentionKind kind = AttentionKind::self) {
  const HeadId a{0, 1, kind}, b{1, 0, kind},
      c{config.layers_of(kind) - 1, config.heads_of(kind) - 1, kind};
  const auto one = [](HeadId id, HeadEdit edit) { return Edits{{id, std::move(edit)}}; };
  const auto masked = [&](Mask mask) {
    HeadEdit edit;
    edit.mask = std::move(mask);
    return Edits{{a, edit}, {c, edit}};
  };
  std::vector<std::pair<std::string, Edits>> all = {
      {"none", {}},
      {"gain 0.3", one(a, {.gain = 0.3f})},
      {"gain 2.5 and -1.5", {{a, {.gain = 2.5f}}, {c, {.gain = -1.5f}}}},
      {"zero", one(b, {.gain = 0.0f})},
      {"zero twice in one layer", {{b, {.gain = 0.0f}}, {{1, 1, kind}, {.gain = 0.0f}}}},
      {"mean", one(b, {.gain = 0.0f, .replace = Replacement::mean})},
      {"half mean", {{a, {.gain = 0.5f, .replace = Replacement::mean}}, {c, {.gain = 0.2f}}}},
      {"temperature 0.25", one(a, {.temperature = 0.25f})},
      {"temperature 3", one(c, {.temperature = 3.0f})},
      {"causal", masked(causal_mask())},
      {"local 0", masked(local_mask(0))},
      {"local 3", masked(local_mask(3))},
      {"dilated 2 3", masked(dilated_mask(2, 3))},
      {"global 0", masked(global_mask(0))},
      {"global 2", masked(global_mask(2))},
      {"block 4", masked(block_mask(4))},
      {"random 3", masked(random_mask(3, 7))},
      {"local and global", masked(local_mask(1) | global_mask(1))},
      {"dilated and block and random",
       masked(dilated_mask(3, 2) | block_mask(2) | random_mask(1, 5))},
  };
  HeadEdit cells;
  cells.masked_cells = {{4, 4}, {2, 0}, {0, 0}, {2, 1}, {500, 1}, {1, 500}, {2, 0}};
  all.emplace_back("single cells", one(a, cells));
  HeadEdit row;
  for (int key = 0; key < config.context; ++key) row.masked_cells.push_back({3, key});
  all.emplace_back("a whole row of cells", one(b, row));
  HeadEdit many = cells;
  many.gain = 0.4f;
  many.replace = Replacement::mean;
  many.temperature = 0.7f;
  many.mask = local_mask(4) | global_mask(1);
  all.emplace_back("all at once",
                   Edits{{a, many}, {b, {.gain = 0.0f}}, {c, {.gain = 1.3f, .temperature = 2.0f}}});
  return all;
}

// --- Comparison bit by bit.

template <typename Numbers>
std::string difference(const std::string& what, const Numbers& got, const Numbers& want) {
  if (got.size() != want.size()) {
    return what + ": " + std::to_string(got.size()) + " numbers, not " +
           std::to_string(want.size());
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::memcmp(got.data() + i, want.data() + i, sizeof(float)) == 0) continue;
    return what + "[" + std::to_string(i) + "]: " + std::to_string(*(got.data() + i)) + ", not " +
           std::to_string(*(want.data() + i));
  }
  return "";
}

/// Where the blocks [first, last) of two traces differ first, or "".
inline std::string difference_of_blocks(const Trace& got, const Trace& want, int first, int last) {
  const ModelConfig& config = got.model().config;
  std::string found;
  const auto see = [&](const std::string& what, const auto& a, const auto& b) {
    if (found.empty()) found = difference(what, a, b);
  };
  for (int block = first; block < last && found.empty(); ++block) {
    const AttentionKind kind = config.kind_of(block);
    const int layer = config.layer_of(block);
    see("residual " + std::to_string(block), got.residual(layer, kind), want.residual(layer, kind));
    for (int head = 0; head < config.heads_of(kind) && found.empty(); ++head) {
      const HeadId id{layer, head, kind};
      see(to_string(id) + " q", got.q(id), want.q(id));
      see(to_string(id) + " k", got.k(id), want.k(id));
      see(to_string(id) + " v", got.v(id), want.v(id));
      see(to_string(id) + " weights", got.weights(id), want.weights(id));
      see(to_string(id) + " z", got.z(id), want.z(id));
    }
  }
  return found;
}

/// Where two traces differ first, or "" when every number is the same.
inline std::string difference_of(const Trace& got, const Trace& want) {
  if (got.size() != want.size() || got.source().size() != want.source().size()) return "sizes";
  const ModelConfig& config = got.model().config;
  std::string found = difference_of_blocks(got, want, 0, config.blocks());
  if (found.empty() && config.encoder_decoder()) {
    const int layers = config.encoder_layers;
    found = difference("encoder's output", got.residual(layers, AttentionKind::encoder),
                       want.residual(layers, AttentionKind::encoder));
  }
  if (found.empty()) {
    found = difference("output", got.residual(config.layers), want.residual(config.layers));
  }
  for (int i = 0; i < got.size() && found.empty(); ++i) {
    found = difference("logits of " + std::to_string(i), got.logits(i), want.logits(i));
  }
  return found;
}

// --- The forward pass in double precision.

using Matrix = std::vector<std::vector<double>>;  // [rows][columns]

struct PlainRun {
  std::map<HeadId, Matrix> weights;  // [query][key]
  std::map<HeadId, Matrix> z;        // [query][d_head]
  std::vector<Matrix> stream;        // [blocks][tokens][d_model] before each block
  Matrix encoder_output;             // [source][d_model]
  Matrix output;                     // [tokens][d_model] after the last block
  Matrix logits;                     // [tokens][vocabulary]
};

/// Whether one part of a mask allows a cell, by the definition of its kind.
inline bool plain_allows(const MaskPart& part, int query, int key, int keys, bool causal) {
  const int distance = std::abs(query - key);
  switch (part.kind) {
    case MaskKind::full:
      return true;
    case MaskKind::causal:
      return key <= query;
    case MaskKind::local:
      return distance <= part.a;
    case MaskKind::dilated:
      return distance % part.b == 0 && distance / part.b <= part.a;
    case MaskKind::global:
      return query < part.a || key < part.a;
    case MaskKind::token:
      return query == part.a || key == part.a;
    case MaskKind::block:
      return query / part.a == key / part.a;
    case MaskKind::strided:
      return distance % part.a == 0;
    case MaskKind::columns:
      return key % part.a >= part.a - part.b;
    case MaskKind::random: {  // Has no definition but its draw, which mask_test.cpp pins.
      std::vector<std::uint8_t> allowed(causal ? query + 1 : keys);
      allow_row(Mask{{part}}, query, causal, allowed);
      return key < static_cast<int>(allowed.size()) && allowed[key] != 0;
    }
  }
  return false;
}

inline bool plain_allows(const HeadEdit& edit, int query, int key, int keys, bool causal) {
  if (causal && key > query) return false;
  for (const Cell& cell : edit.masked_cells) {
    if (cell == Cell{query, key}) return false;
  }
  if (edit.mask.parts.empty()) return true;
  return std::any_of(edit.mask.parts.begin(), edit.mask.parts.end(), [&](const MaskPart& part) {
    return plain_allows(part, query, key, keys, causal);
  });
}

/// The same in one head of a model, whose window or design may forbid more.
inline bool plain_allows(const ModelConfig& config, const Edits& edits, HeadId id, int query,
                         int key, int keys) {
  const bool self = id.kind == AttentionKind::self;
  const auto found = edits.find(id);
  if (self && !config.windows.empty()) {
    const int window = config.windows[id.layer];
    if (window > 0 && std::abs(query - key) >= window) return false;
  }
  if (const HeadDesign* design = config.design_of(id)) {
    if (!plain_allows(HeadEdit{.mask = design->mask}, query, key, keys, config.causal)) return false;
    const bool whole = (key + 1) % design->pool == 0;
    if (key != query && !whole) return false;
  }
  return plain_allows(found == edits.end() ? HeadEdit{} : found->second, query, key, keys,
                      self && config.causal);
}

/// x W + b, with W taken out of its panels.
inline Matrix plain_linear(const Matrix& x, const Linear& linear) {
  const std::size_t in = linear.weight.in(), out = linear.weight.out();
  Matrix y(x.size(), std::vector<double>(out));
  for (std::size_t r = 0; r < x.size(); ++r) {
    for (std::size_t o = 0; o < out; ++o) {
      double sum = linear.bias.empty() ? 0.0 : linear.bias[o];
      for (std::size_t i = 0; i < in; ++i) {
        const std::size_t at = (o / kPanelWidth * in + i) * kPanelWidth + o % kPanelWidth;
        sum += x[r][i] * linear.weight.data()[at];
      }
      y[r][o] = sum;
    }
  }
  return y;
}

inline Matrix plain_norm(const Matrix& x, const Norm& norm, const ModelConfig& config) {
  Matrix y = x;
  for (std::vector<double>& row : y) {
    const double width = static_cast<double>(row.size());
    double mean = 0.0, square = 0.0;
    if (config.norm == NormKind::layer_norm) {
      for (double value : row) mean += value / width;
    }
    for (double value : row) square += (value - mean) * (value - mean) / width;
    const double deviation = std::sqrt(square + static_cast<double>(config.norm_epsilon));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = (row[i] - mean) / deviation * norm.gain[i];
      if (!norm.bias.empty()) row[i] += norm.bias[i];
    }
  }
  return y;
}

inline double plain_activation(MlpKind kind, double x) {
  switch (kind) {
    case MlpKind::gelu_tanh:
    case MlpKind::geglu:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case MlpKind::gelu_erf:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case MlpKind::relu:
      return x > 0.0 ? x : 0.0;
    case MlpKind::silu:
    case MlpKind::swiglu:
      return x / (1.0 + std::exp(-x));
  }
  return 0.0;
}

inline void plain_add(Matrix& to, const Matrix& from) {
  for (std::size_t r = 0; r < to.size(); ++r) {
    for (std::size_t i = 0; i < to[r].size(); ++i) to[r][i] += from[r][i];
  }
}

/// The embedded tokens of one stack. Types change behind the first separator.
inline Matrix plain_embedding(const Model& model, const std::vector<float>& table,
                              const Embedding& embedding, const std::vector<Token>& tokens) {
  const ModelConfig& config = model.config;
  const std::size_t width = config.d_model;
  Matrix x;
  int position = config.position_offset, type = 0;
  for (const Token& token : tokens) {
    std::vector<double>& row = x.emplace_back(width);
    const bool placeless = token.id == config.without_position;
    const int at = placeless ? config.position_offset - 1 : position++;
    for (std::size_t i = 0; i < width; ++i) {
      row[i] = static_cast<double>(table[token.id * width + i]) * config.embedding_scale;
      if (!embedding.position.empty()) row[i] += embedding.position[at * width + i];
      if (!embedding.type.empty()) row[i] += embedding.type[type * width + i];
    }
    if (model.tokenizer && token.id == model.tokenizer->separator() && config.token_types > 1) {
      type = 1;
    }
  }
  return embedding.norm.gain.empty() ? x : plain_norm(x, embedding.norm, config);
}

/// Columns of one head.
inline Matrix plain_columns(const Matrix& x, int first, int count) {
  Matrix y;
  for (const std::vector<double>& row : x) {
    y.emplace_back(row.begin() + first, row.begin() + first + count);
  }
  return y;
}

/// RMSNorm of a head's queries or keys, then the turn of dimension i together with i + n, n the
/// number of frequencies.
inline void plain_place(const ModelConfig& config, const Norm& norm, Matrix& head) {
  for (std::size_t r = 0; r < head.size(); ++r) {
    std::vector<double>& row = head[r];
    if (!norm.gain.empty()) {
      double square = 0.0;
      for (double value : row) square += value * value / static_cast<double>(row.size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] *= norm.gain[i] / std::sqrt(square + static_cast<double>(config.norm_epsilon));
      }
    }
    if (config.position != PositionKind::rotary) continue;
    const std::size_t pairs = config.rotary_frequencies.size();
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(r) * config.rotary_frequencies[i];
      const double a = row[i], b = row[i + pairs];
      row[i] = config.rotary_scale * (a * std::cos(angle) - b * std::sin(angle));
      row[i + pairs] = config.rotary_scale * (a * std::sin(angle) + b * std::cos(angle));
    }
  }
}

/// Every column with its own taps, the last tap for the row itself.
inline Matrix plain_convolved(const ModelConfig& config, const Block& weights, const Matrix& x) {
  if (weights.convolution.empty()) return x;
  Matrix y = x;
  const int taps = config.convolution;
  for (int r = 0; r < static_cast<int>(x.size()); ++r) {
    for (std::size_t c = 0; c < x[r].size(); ++c) {
      y[r][c] = 0.0;
      for (int back = 0; back < taps && back <= r; ++back) {
        y[r][c] += weights.convolution[c * taps + taps - 1 - back] * x[r - back][c];
      }
    }
  }
  return y;
}

/// Each row's mean with the rows of its pool before it.
inline Matrix plain_pooled(const Matrix& x, int pool) {
  Matrix y = x;
  for (int r = 0; r < static_cast<int>(x.size()); ++r) {
    const int first = r / pool * pool;
    for (std::size_t c = 0; c < x[r].size(); ++c) {
      y[r][c] = 0.0;
      for (int from = first; from <= r; ++from) y[r][c] += x[from][c] / (r - first + 1);
    }
  }
  return y;
}

inline std::vector<double> plain_softmax(const std::vector<double>& x) {
  std::vector<double> y;
  double sum = 0.0;
  for (double value : x) sum += y.emplace_back(std::exp(value));
  for (double& value : y) value /= sum;
  return y;
}

/// [tokens][heads] what the router multiplies each head's output by; [] without one.
inline Matrix plain_gates(const ModelConfig& config, const Block& weights, const Matrix& in) {
  if (weights.router.weight.in() == 0) return {};
  Matrix gates = plain_linear(in, weights.router);
  const Matrix balances = plain_linear(in, weights.router_balance);
  const auto [shared, top_k] = config.routing;
  for (std::size_t r = 0; r < gates.size(); ++r) {
    const std::vector<double> balance = plain_softmax(balances[r]);
    const auto middle = gates[r].begin() + shared;
    const std::vector<double> ours = plain_softmax({gates[r].begin(), middle});
    const std::vector<double> others = plain_softmax({middle, gates[r].end()});
    for (int h = 0; h < config.heads; ++h) {
      double& gate = gates[r][h];
      if (h < shared) {
        gate = balance[0] * ours[h] * (shared + top_k);
        continue;
      }
      const double own = others[h - shared];
      const auto larger = std::count_if(others.begin(), others.end(),
                                        [&](double other) { return other > own; });
      gate = larger < top_k ? balance[1] * own * (shared + top_k) : 0.0;
    }
  }
  return gates;
}

struct PlainPass {
  const Model& model;
  const Edits& edits;
  const MeanOutputs& means;
  PlainRun run = {};
  std::size_t means_before = 0;  // Numbers of the blocks before in means.z

  bool pre() const { return model.config.norm_place == NormPlace::pre; }

  /// softmax(mask(q k^T / sqrt(d) / temperature)) and its product with v.
  void head(HeadId id, const Matrix& q, const Matrix& k, const Matrix& v) {
    const auto found = edits.find(id);
    double temperature = found == edits.end() ? 1.0 : found->second.temperature;
    if (const HeadDesign* design = model.config.design_of(id)) temperature *= design->temperature;
    const Block& block = model.weights.blocks[model.config.block_of(id.kind, id.layer)];
    if (!block.temperature.empty()) temperature *= block.temperature[id.head];
    const std::size_t d = q[0].size();
    const int keys = static_cast<int>(k.size());
    Matrix map, z;
    for (int query = 0; query < static_cast<int>(q.size()); ++query) {
      std::vector<double> row(k.size(), 0.0), score(k.size(), 0.0);
      double largest = -std::numeric_limits<double>::infinity(), sum = 0.0;
      const auto allowed = [&](int key) {
        return plain_allows(model.config, edits, id, query, key, keys);
      };
      for (int key = 0; key < keys; ++key) {
        for (std::size_t i = 0; i < d; ++i) score[key] += q[query][i] * k[key][i];
        score[key] /= std::sqrt(static_cast<double>(d)) * temperature;
        if (allowed(key)) largest = std::max(largest, score[key]);
      }
      for (int key = 0; key < keys; ++key) {
        if (allowed(key)) sum += row[key] = std::exp(score[key] - largest);
      }
      std::vector<double>& mixed = z.emplace_back(d);
      for (int key = 0; key < keys; ++key) {
        if (sum > 0.0) row[key] /= sum;
        for (std::size_t i = 0; i < d; ++i) mixed[i] += row[key] * v[key][i];
      }
      map.push_back(std::move(row));
    }
    run.weights[id] = std::move(map);
    run.z[id] = std::move(z);
  }

  /// One block, from the stream before it to that behind it.
  void block(const Block& weights, AttentionKind kind, int layer, Matrix& x) {
    const ModelConfig& config = model.config;
    const bool self = kind == AttentionKind::self, encoder = kind == AttentionKind::encoder;
    const int heads = encoder ? config.encoder_heads : config.heads;
    const int d = encoder ? config.d_model / config.encoder_heads : config.d_head;
    const int kv_heads = self ? config.key_value_heads : heads;
    const int d_ff = encoder ? config.encoder_d_ff : config.d_ff;
    run.stream.push_back(x);
    const Matrix in = pre() ? plain_norm(x, weights.attention_norm, config) : x;
    const Matrix qkv = plain_convolved(config, weights, plain_linear(in, weights.qkv));
    const Matrix gates = plain_gates(config, weights, in);
    const bool cross = kind == AttentionKind::cross;
    const Matrix others = cross ? plain_linear(run.encoder_output, weights.source_kv) : qkv;
    const int keys_at = cross ? 0 : heads * d;
    Matrix mixed(x.size(), std::vector<double>(heads * d));
    for (int h = 0; h < heads; ++h) {
      const int group = h / (heads / kv_heads);
      Matrix q = plain_columns(qkv, h * d, d), k = plain_columns(others, keys_at + group * d, d);
      Matrix v = plain_columns(others, keys_at + (kv_heads + group) * d, d);
      if (const HeadDesign* design = config.design_of({layer, h, kind})) {
        k = plain_pooled(k, design->pool);
        v = plain_pooled(v, design->pool);
      }
      if (self) {
        plain_place(config, weights.query_norm, q);
        plain_place(config, weights.key_norm, k);
      }
      const HeadId id{layer, h, kind};
      head(id, q, k, v);
      if (!gates.empty()) {
        for (std::size_t r = 0; r < x.size(); ++r) {
          for (double& value : run.z[id][r]) value *= gates[r][h];
        }
      }
      const auto found = edits.find(id);
      const HeadEdit edit = found == edits.end() ? HeadEdit{} : found->second;
      for (std::size_t r = 0; r < x.size(); ++r) {
        for (int i = 0; i < d; ++i) {
          const bool by_mean = edit.replace == Replacement::mean && !means.z.empty();
          const double mean = by_mean ? means.z[means_before + h * d + i] : 0.0;
          mixed[r][h * d + i] = edit.gain * run.z[id][r][i] + (1.0 - edit.gain) * mean;
        }
      }
    }
    means_before += heads * d;
    plain_add(x, plain_linear(mixed, weights.attention_out));
    if (!pre()) x = plain_norm(x, weights.attention_norm, config);
    if (weights.mlp_in.weight.in() == 0) return;
    const Matrix inner =
        plain_linear(pre() ? plain_norm(x, weights.mlp_norm, config) : x, weights.mlp_in);
    Matrix hidden(x.size(), std::vector<double>(d_ff));
    for (std::size_t r = 0; r < x.size(); ++r) {
      for (int i = 0; i < d_ff; ++i) {
        hidden[r][i] = plain_activation(config.mlp, inner[r][i]);
        if (inner[r].size() > hidden[r].size()) hidden[r][i] *= inner[r][d_ff + i];
      }
    }
    plain_add(x, plain_linear(hidden, weights.mlp_out));
    if (!pre()) x = plain_norm(x, weights.mlp_norm, config);
  }

  void predict() {
    const ModelConfig& config = model.config;
    const PredictionHead& head = model.weights.head;
    Matrix x = run.output;
    const auto norm = [&](const Norm& by) {
      if (!by.gain.empty()) x = plain_norm(x, by, config);
    };
    norm(model.weights.final_norm);
    if (head.dense.weight.in() > 0) {
      x = plain_linear(x, head.dense);
      for (std::vector<double>& row : x) {
        for (double& value : row) value = plain_activation(head.activation, value);
      }
    }
    norm(head.norm);
    const std::vector<float>& table =
        head.output_embedding.empty() ? model.weights.embedding.token : head.output_embedding;
    run.logits.assign(x.size(), std::vector<double>(config.vocabulary));
    for (std::size_t r = 0; r < x.size(); ++r) {
      for (int token = 0; token < config.vocabulary; ++token) {
        double& logit = run.logits[r][token];
        logit = head.bias.empty() ? 0.0 : head.bias[token];
        for (std::size_t i = 0; i < x[r].size(); ++i) {
          logit += x[r][i] * table[token * x[r].size() + i];
        }
      }
    }
  }
};

inline PlainRun plain_run(const Model& model, const Input& input, const Edits& edits,
                          const MeanOutputs& means) {
  const ModelConfig& config = model.config;
  const Weights& weights = model.weights;
  PlainPass pass{model, edits, means};
  auto block = weights.blocks.begin();
  if (config.encoder_layers > 0) {
    const std::vector<float>& table = weights.encoder_embedding.token.empty()
                                          ? weights.embedding.token
                                          : weights.encoder_embedding.token;
    Matrix x = plain_embedding(model, table, weights.encoder_embedding, input.source);
    for (int layer = 0; layer < config.encoder_layers; ++layer) {
      pass.block(*block++, AttentionKind::encoder, layer, x);
    }
    if (!weights.encoder_norm.gain.empty()) x = plain_norm(x, weights.encoder_norm, config);
    pass.run.encoder_output = std::move(x);
  }
  Matrix x = plain_embedding(model, weights.embedding.token, weights.embedding, input.tokens);
  for (int layer = 0; layer < config.layers; ++layer) {
    pass.block(*block++, AttentionKind::self, layer, x);
    if (config.encoder_layers > 0) pass.block(*block++, AttentionKind::cross, layer, x);
  }
  pass.run.output = std::move(x);
  pass.predict();
  return std::move(pass.run);
}

inline PlainRun plain_run(const Model& model, const std::vector<int>& ids, const Edits& edits,
                          const MeanOutputs& means) {
  return plain_run(model, Input{tokens_of(model, ids), {}}, edits, means);
}

}  // namespace headlight::test
