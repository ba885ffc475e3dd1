#include "trace.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <xtensor/xtensor.hpp>

#include "layer_parts.h"

namespace headlight {

const LayerTrace& Trace::layer_of(HeadId id) const {
  const ModelConfig& config = model_->config;
  if (id.layer < 0 || id.layer >= config.layers || id.head < 0 || id.head >= config.heads) {
    throw std::invalid_argument("[trace] there is no head " + to_string(id) + ": the model has " +
                                std::to_string(config.layers) + " layers of " +
                                std::to_string(config.heads) + " heads, counted from 0");
  }
  return *layers_[id.layer];
}

HeadInput Trace::input_of(HeadId id) const {
  const ModelConfig& config = model_->config;
  const float* row = layer_of(id).qkv.data();
  const int kv = config.key_value_head(id.head);
  HeadInput in;
  in.q = row + id.head * config.d_head;
  in.k = row + config.query_width() + kv * config.d_head;
  in.v = row + config.query_width() + config.key_value_width() + kv * config.d_head;
  in.q_stride = in.k_stride = in.v_stride = config.qkv_width();
  in.queries = in.keys = size();
  in.d_head = config.d_head;
  return in;
}

HeadRule Trace::rule_of(HeadId id) const { return head_rule(model_->config, edits_, id); }

void Trace::weights(HeadId id, float* out, AttentionScratch& scratch) const {
  attention_weights(input_of(id), rule_of(id), out, size(), scratch);
}

xt::xtensor<float, 2> Trace::weights(HeadId id) const {
  xt::xtensor<float, 2> out = xt::empty<float>({tokens_.size(), tokens_.size()});
  AttentionScratch scratch;
  weights(id, out.data(), scratch);
  return out;
}

xt::xtensor<float, 2> Trace::scores(HeadId id) const {
  xt::xtensor<float, 2> out = xt::empty<float>({tokens_.size(), tokens_.size()});
  AttentionScratch scratch;
  attention_scores(input_of(id), rule_of(id).scale, out.data(), size(), scratch);
  return out;
}

float Trace::score(HeadId id, Cell cell) const {
  HeadInput in = input_of(id);
  if (cell.query < 0 || cell.query >= size() || cell.key < 0 || cell.key >= size()) {
    throw std::invalid_argument("[score] the cell lies outside the map of " +
                                std::to_string(size()) + " tokens");
  }
  in.q += cell.query * in.q_stride;
  in.k += cell.key * in.k_stride;
  in.queries = in.keys = 1;
  float score = 0.0f;
  AttentionScratch scratch;
  attention_scores(in, rule_of(id).scale, &score, 1, scratch);
  return score;
}

xt::xtensor<float, 2> Trace::columns(const std::vector<float>& rows, int stride, int first,
                                     int width) const {
  xt::xtensor<float, 2> out =
      xt::empty<float>({tokens_.size(), static_cast<std::size_t>(width)});
  for (std::size_t row = 0; row < tokens_.size(); ++row) {
    const float* source = rows.data() + row * stride + first;
    std::copy(source, source + width, out.data() + row * width);
  }
  return out;
}

xt::xtensor<float, 2> Trace::q(HeadId id) const {
  const ModelConfig& config = model_->config;
  return columns(layer_of(id).qkv, config.qkv_width(), id.head * config.d_head, config.d_head);
}

xt::xtensor<float, 2> Trace::k(HeadId id) const {
  const ModelConfig& config = model_->config;
  const int first = config.query_width() + config.key_value_head(id.head) * config.d_head;
  return columns(layer_of(id).qkv, config.qkv_width(), first, config.d_head);
}

xt::xtensor<float, 2> Trace::v(HeadId id) const {
  const ModelConfig& config = model_->config;
  const int first = config.query_width() + config.key_value_width() +
                    config.key_value_head(id.head) * config.d_head;
  return columns(layer_of(id).qkv, config.qkv_width(), first, config.d_head);
}

xt::xtensor<float, 2> Trace::z(HeadId id) const {
  const ModelConfig& config = model_->config;
  return columns(layer_of(id).z, config.query_width(), id.head * config.d_head, config.d_head);
}

xt::xtensor<float, 2> Trace::residual(int layer) const {
  const ModelConfig& config = model_->config;
  if (layer < 0 || layer > config.layers) {
    throw std::invalid_argument("[residual] expected a layer from 0 to " +
                                std::to_string(config.layers) + ", got " + std::to_string(layer));
  }
  const std::vector<float>& rows = layer == config.layers ? *output_ : layers_[layer]->input;
  return columns(rows, config.d_model, 0, config.d_model);
}

std::vector<float> Trace::logits(int position) const {
  if (position < 0 || position >= size()) {
    throw std::invalid_argument("[logits] expected a position below " + std::to_string(size()) +
                                ", got " + std::to_string(position));
  }
  const ModelConfig& config = model_->config;
  const Weights& weights = model_->weights;
  const float* row = output_->data() + static_cast<std::size_t>(position) * config.d_model;
  std::vector<float> normed(row, row + config.d_model);
  ThreadPool alone(1);
  if (!weights.final_norm.gain.empty()) {
    norm_rows(config, weights.final_norm, row, 1, normed.data(), alone);
  }
  std::vector<float> logits(config.vocabulary);
  for (int token = 0; token < config.vocabulary; ++token) {
    const float* embedding =
        weights.unembedding().data() + static_cast<std::size_t>(token) * config.d_model;
    float lanes[16] = {};  // separate sums, so that the compiler may keep them in vector registers
    int i = 0;
    for (; i + 16 <= config.d_model; i += 16) {
      for (int lane = 0; lane < 16; ++lane) lanes[lane] += normed[i + lane] * embedding[i + lane];
    }
    double sum = 0.0;
    for (; i < config.d_model; ++i) sum += static_cast<double>(normed[i]) * embedding[i];
    for (float lane : lanes) sum += lane;
    logits[token] = static_cast<float>(sum);
  }
  return logits;
}

std::vector<std::uint8_t> masked_cells(const Trace& trace, HeadId head) {
  const auto tokens = static_cast<std::size_t>(trace.size());
  const auto edit = trace.edits().find(head);
  const HeadEdit none;
  const HeadEdit& rule = edit == trace.edits().end() ? none : edit->second;
  std::vector<std::uint8_t> masked(tokens * tokens);
  for (std::size_t query = 0; query < tokens; ++query) {
    const std::span<std::uint8_t> row(masked.data() + query * tokens, tokens);
    allow_row(rule.mask, static_cast<int>(query), trace.model().config.causal, row);
    for (std::uint8_t& cell : row) cell = !cell;
  }
  for (const Cell& cell : rule.masked_cells) {
    if (std::max(cell.query, cell.key) < trace.size())
      masked[static_cast<std::size_t>(cell.query) * tokens + static_cast<std::size_t>(cell.key)] =
          1;
  }
  return masked;
}

}  // namespace headlight
