#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>
#include <xtensor/xtensor.hpp>

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
  config.rotary_base = 500.0f;
  return config;
}

inline ModelConfig small_bidirectional_config() {
  ModelConfig config = small_gpt2_config();
  config.layers = 2;
  config.mlp = MlpKind::gelu_erf;
  config.causal = false;
  return config;
}

/// Both layouts and a bidirectional model in memory, and the files with an untied output matrix and
/// with biases everywhere.
inline std::vector<Model> all_models() {
  std::vector<Model> models;
  models.push_back(random_model(small_gpt2_config(), 1));
  models.back().name = "gpt2";
  models.push_back(random_model(small_llama_config(), 2));
  models.back().name = "llama";
  models.push_back(random_model(small_bidirectional_config(), 3));
  models.back().name = "bidirectional";
  models.push_back(load_model(test_data() / "models" / "tiny-llama-gqa"));
  models.push_back(load_model(test_data() / "models" / "tiny-llama-mha-f16"));
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

// --- Edits of every kind, for models of at least two layers and two heads.

inline std::vector<std::pair<std::string, Edits>> some_edits(const ModelConfig& config) {
  const HeadId a{0, 1}, b{1, 0}, c{config.layers - 1, config.heads - 1};
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
      {"zero twice in one layer", {{{1, 0}, {.gain = 0.0f}}, {{1, 1}, {.gain = 0.0f}}}},
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

/// Where the layers [first, last) of two traces differ first, or "".
inline std::string difference_of_layers(const Trace& got, const Trace& want, int first, int last) {
  const ModelConfig& config = got.model().config;
  std::string found;
  const auto see = [&](const std::string& what, const auto& a, const auto& b) {
    if (found.empty()) found = difference(what, a, b);
  };
  for (int layer = first; layer < last && found.empty(); ++layer) {
    see("residual " + std::to_string(layer), got.residual(layer), want.residual(layer));
    for (int head = 0; head < config.heads && found.empty(); ++head) {
      const HeadId id{layer, head};
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
  if (got.size() != want.size()) return "sizes";
  const int layers = got.model().config.layers;
  std::string found = difference_of_layers(got, want, 0, layers);
  if (found.empty()) found = difference("output", got.residual(layers), want.residual(layers));
  for (int i = 0; i < got.size() && found.empty(); ++i) {
    found = difference("logits of " + std::to_string(i), got.logits(i), want.logits(i));
  }
  return found;
}

// --- The forward pass in double precision.

using Matrix = std::vector<std::vector<double>>;  // [rows][columns]

struct PlainRun {
  std::vector<std::vector<Matrix>> weights;  // [layers][heads][query][key]
  std::vector<Matrix> z;                     // [layers][tokens][query_width]
  std::vector<Matrix> residual;              // [layers + 1][tokens][d_model]
  Matrix logits;                             // [tokens][vocabulary]
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
    case MaskKind::block:
      return query / part.a == key / part.a;
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
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case MlpKind::gelu_erf:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case MlpKind::swiglu:
      return x / (1.0 + std::exp(-x));
  }
  return 0.0;
}

/// Turns dimension i of a head together with dimension i + d_head / 2.
inline void plain_rotate(const ModelConfig& config, std::vector<double>& row, int first,
                         int position) {
  const int half = config.d_head / 2;
  for (int i = 0; i < half; ++i) {
    const double angle =
        position / std::pow(static_cast<double>(config.rotary_base), 2.0 * i / config.d_head);
    const double a = row[first + i], b = row[first + i + half];
    row[first + i] = a * std::cos(angle) - b * std::sin(angle);
    row[first + i + half] = a * std::sin(angle) + b * std::cos(angle);
  }
}

inline PlainRun plain_run(const Model& model, const std::vector<int>& ids, const Edits& edits,
                          const MeanOutputs& means) {
  const ModelConfig& config = model.config;
  const Weights& weights = model.weights;
  const int n = static_cast<int>(ids.size()), d = config.d_head;
  PlainRun run;
  Matrix x(n, std::vector<double>(config.d_model));
  for (int r = 0; r < n; ++r) {
    for (int i = 0; i < config.d_model; ++i) {
      x[r][i] = weights.token_embedding[static_cast<std::size_t>(ids[r]) * config.d_model + i];
      if (config.position == PositionKind::learned) {
        x[r][i] += weights.position_embedding[static_cast<std::size_t>(r) * config.d_model + i];
      }
    }
  }
  for (int l = 0; l < config.layers; ++l) {
    const Layer& layer = weights.layers[l];
    run.residual.push_back(x);
    Matrix qkv = plain_linear(plain_norm(x, layer.attention_norm, config), layer.qkv);
    if (config.position == PositionKind::rotary) {
      for (int r = 0; r < n; ++r) {
        for (int head = 0; head < config.heads + config.key_value_heads; ++head) {
          plain_rotate(config, qkv[r], head * d, r);
        }
      }
    }
    Matrix z(n, std::vector<double>(config.query_width()));
    Matrix mixed = z;
    std::vector<Matrix> maps;
    for (int head = 0; head < config.heads; ++head) {
      const auto found = edits.find({l, head});
      const HeadEdit edit = found == edits.end() ? HeadEdit{} : found->second;
      const int group = head / (config.heads / config.key_value_heads);
      const int q = head * d, k = (config.heads + group) * d;
      const int v = (config.heads + config.key_value_heads + group) * d;
      Matrix map(n, std::vector<double>(n));
      for (int query = 0; query < n; ++query) {
        std::vector<double> score(n, -std::numeric_limits<double>::infinity());
        double largest = -std::numeric_limits<double>::infinity(), sum = 0.0;
        for (int key = 0; key < n; ++key) {
          if (!plain_allows(edit, query, key, n, config.causal)) continue;
          score[key] = 0.0;
          for (int i = 0; i < d; ++i) score[key] += qkv[query][q + i] * qkv[key][k + i];
          score[key] /= std::sqrt(static_cast<double>(d)) * edit.temperature;
          largest = std::max(largest, score[key]);
        }
        for (int key = 0; key < n; ++key) {
          if (std::isfinite(score[key])) sum += map[query][key] = std::exp(score[key] - largest);
        }
        for (int key = 0; key < n; ++key) {
          if (sum > 0.0) map[query][key] /= sum;
          for (int i = 0; i < d; ++i) z[query][q + i] += map[query][key] * qkv[key][v + i];
        }
        for (int i = 0; i < d; ++i) {
          const double mean =
              edit.replace == Replacement::mean && !means.z.empty()
                  ? means.z[static_cast<std::size_t>(l) * config.query_width() + q + i]
                  : 0.0;
          mixed[query][q + i] = edit.gain * z[query][q + i] + (1.0 - edit.gain) * mean;
        }
      }
      maps.push_back(std::move(map));
    }
    run.weights.push_back(std::move(maps));
    run.z.push_back(std::move(z));
    const Matrix attention = plain_linear(mixed, layer.attention_out);
    for (int r = 0; r < n; ++r) {
      for (int i = 0; i < config.d_model; ++i) x[r][i] += attention[r][i];
    }
    const Matrix inner = plain_linear(plain_norm(x, layer.mlp_norm, config), layer.mlp_in);
    Matrix hidden(n, std::vector<double>(config.d_ff));
    for (int r = 0; r < n; ++r) {
      for (int i = 0; i < config.d_ff; ++i) {
        hidden[r][i] = plain_activation(config.mlp, inner[r][i]);
        if (config.mlp == MlpKind::swiglu) hidden[r][i] *= inner[r][config.d_ff + i];
      }
    }
    const Matrix mlp = plain_linear(hidden, layer.mlp_out);
    for (int r = 0; r < n; ++r) {
      for (int i = 0; i < config.d_model; ++i) x[r][i] += mlp[r][i];
    }
  }
  run.residual.push_back(x);
  const Matrix normed = plain_norm(x, weights.final_norm, config);
  const std::vector<float>& unembedding =
      weights.output_embedding.empty() ? weights.token_embedding : weights.output_embedding;
  run.logits.assign(n, std::vector<double>(config.vocabulary));
  for (int r = 0; r < n; ++r) {
    for (int token = 0; token < config.vocabulary; ++token) {
      for (int i = 0; i < config.d_model; ++i) {
        run.logits[r][token] +=
            normed[r][i] * unembedding[static_cast<std::size_t>(token) * config.d_model + i];
      }
    }
  }
  return run;
}

}  // namespace headlight::test
