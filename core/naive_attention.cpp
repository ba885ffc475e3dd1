#include "naive_attention.h"

#include <algorithm>
#include <stdexcept>

#include "attention.h"
#include "block_rows.h"
#include "layer_parts.h"

namespace headlight {
namespace {

// Columns of the fused projection that belong to one head: its query, its key, its value.
std::vector<int> columns_of(const ModelConfig& config, int head) {
  std::vector<int> columns;
  const auto add = [&](int first) {
    for (int i = 0; i < config.d_head; ++i) columns.push_back(first + i);
  };
  const int keys = config.query_width() + config.key_value_head(head) * config.d_head;
  add(head * config.d_head);
  add(keys);
  add(keys + config.key_value_width());
  return columns;
}

Linear cut(const Linear& linear, const std::vector<int>& columns) {
  const int in = linear.weight.in();
  const auto out = static_cast<int>(columns.size());
  std::vector<float> weight(static_cast<std::size_t>(in) * columns.size());
  Linear part;
  for (int c = 0; c < out; ++c) {
    const int column = columns[static_cast<std::size_t>(c)];
    for (int i = 0; i < in; ++i) {
      weight[static_cast<std::size_t>(i * out + c)] = linear.weight.at(i, column);
    }
    if (!linear.bias.empty()) part.bias.push_back(linear.bias[static_cast<std::size_t>(column)]);
  }
  part.weight = PackedMatrix::from_in_out(weight.data(), in, out);
  return part;
}

Model head_alone(const Model& model, int layer, int head) {
  Model alone;
  alone.config = model.config;
  ModelConfig& config = alone.config;
  config.layers = config.heads = config.key_value_heads = 1;
  config.routing = {};
  if (!config.windows.empty()) config.windows = {config.windows[static_cast<std::size_t>(layer)]};
  if (const HeadDesign* design = model.config.design_of({layer, head})) {
    config.head_designs = {*design};
  }
  const Block& whole = model.weights.blocks[static_cast<std::size_t>(layer)];
  Block& block = alone.weights.blocks.emplace_back();
  block.attention_norm = whole.attention_norm;
  block.query_norm = whole.query_norm;
  block.key_norm = whole.key_norm;
  const std::vector<int> columns = columns_of(model.config, head);
  block.qkv = cut(whole.qkv, columns);
  for (std::size_t i = 0; !whole.convolution.empty() && i < columns.size(); ++i) {
    const auto taps = whole.convolution.begin() + columns[i] * config.convolution;
    block.convolution.insert(block.convolution.end(), taps, taps + config.convolution);
  }
  if (!whole.temperature.empty()) {
    block.temperature = {whole.temperature[static_cast<std::size_t>(head)]};
  }
  return alone;
}

void check_layer(const Model& model, int layer) {
  if (model.recorded || model.config.encoder_decoder()) {
    throw std::invalid_argument("[naive_attention] expected a model of one stack");
  }
  check_head(model.config, {layer, 0}, "naive_attention");
}

}  // namespace

NaiveAttention::NaiveAttention(const Model& model, int layer) {
  check_layer(model, layer);
  for (int head = 0; head < model.config.heads; ++head) {
    heads_.push_back(head_alone(model, layer, head));
  }
}

void NaiveAttention::run(const float* x, int rows, float* z, ThreadPool& pool) const {
  RowMemory memory;
  AttentionScratch scratch;
  for (std::size_t head = 0; head < heads_.size(); ++head) {
    const Model& model = heads_[head];
    const auto d_head = static_cast<std::size_t>(model.config.d_head);
    BlockRows parts(model, 0, pool, memory);
    BlockTrace block;
    block.qkv.resize(static_cast<std::size_t>(rows) * parts.qkv_width());
    parts.project(x, rows, block.qkv.data());
    if (parts.mixes()) parts.mix(block.qkv.data(), rows, 0);
    parts.rotate(block.qkv.data(), rows, 0);
    const HeadId id{0, 0};
    attention_output(head_input(model.config, block, id, rows, rows), head_rule(model, {}, id),
                     z + head * d_head, heads_.size() * d_head, nullptr, 0, scratch);
  }
}

void vectorised_attention(const Model& model, int layer, const float* x, int rows, float* z,
                          ThreadPool& pool) {
  check_layer(model, layer);
  const ModelConfig& config = model.config;
  RowMemory memory;
  BlockRows parts(model, layer, pool, memory);
  BlockTrace block;
  block.qkv.resize(static_cast<std::size_t>(rows) * parts.qkv_width());
  parts.project(x, rows, block.qkv.data());
  if (parts.mixes()) parts.mix(block.qkv.data(), rows, 0);
  parts.rotate(block.qkv.data(), rows, 0);
  std::vector<AttentionScratch> scratch(static_cast<std::size_t>(config.heads));
  pool.run(config.heads, [&](int head) {
    const HeadId id{layer, head};
    attention_output(head_input(config, block, id, rows, rows), head_rule(model, {}, id),
                     z + static_cast<std::size_t>(head) * config.d_head,
                     static_cast<std::size_t>(config.query_width()), nullptr, 0,
                     scratch[static_cast<std::size_t>(head)]);
  });
}

}  // namespace headlight
