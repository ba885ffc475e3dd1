#include "layer_walk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <xtensor/xtensor.hpp>

#include "block_rows.h"
#include "embedding.h"
#include "head_rule.h"
#include "layer_parts.h"

namespace headlight {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

std::size_t index(WalkTensor tensor) { return static_cast<std::size_t>(tensor); }

// A number from 0 to 1 that depends on all four, and is the same everywhere (splitmix64).
double uniform(unsigned seed, int head, int query, int key) {
  std::uint64_t x = seed;
  for (const int part : {head, query, key}) {
    x += 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(part);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
  }
  return static_cast<double>(x >> 11) * 0x1.0p-53;
}

}  // namespace

// Fills a walk from a trace.
struct WalkMaker {
  WalkMaker(LayerWalk& walk, const Trace& trace, const WalkOptions& options);

  void make();
  void embed();
  void project();
  void attend();
  void drop(std::vector<float>& all_z);
  void mix(std::vector<float> all_z);

  std::vector<float>& set(WalkTensor tensor, int rows, int columns) {
    walk.shapes_[index(tensor)] = {rows, columns};
    std::vector<float>& values = walk.numbers_[index(tensor)];
    values.resize(static_cast<std::size_t>(rows) * columns);
    return values;
  }
  const std::vector<float>& get(WalkTensor tensor) const { return walk.numbers_[index(tensor)]; }
  void copy(WalkTensor tensor, const xt::xtensor<float, 2>& from);
  void columns(WalkTensor tensor, const std::vector<float>& from, std::size_t width, int first, int count);

  LayerWalk& walk;
  const Trace& trace;
  const WalkOptions& options;
  const Model& model;
  const ModelConfig& config;
  HeadId head;
  int block_index;
  const BlockTrace& block;
  const Block& weights;
  ThreadPool& pool;
  RowMemory memory;
  BlockRows parts;
  int queries, keys;
};

WalkMaker::WalkMaker(LayerWalk& the_walk, const Trace& the_trace, const WalkOptions& the_options)
    : walk(the_walk),
      trace(the_trace),
      options(the_options),
      model(*the_walk.model_),
      config(model.config),
      head(the_walk.head_),
      block_index(config.block_of(head.kind, head.layer)),
      block(trace.block(block_index)),
      weights(model.weights.blocks[static_cast<std::size_t>(block_index)]),
      pool(options.pool != nullptr ? *options.pool : default_pool()),
      parts(model, block_index, pool, memory),
      queries(trace.queries(head.kind)),
      keys(trace.keys(head.kind)) {}

void WalkMaker::copy(WalkTensor tensor, const xt::xtensor<float, 2>& from) {
  std::vector<float>& to = set(tensor, static_cast<int>(from.shape(0)), static_cast<int>(from.shape(1)));
  std::copy(from.begin(), from.end(), to.begin());
}

// Some neighbouring columns of rows that are `width` numbers wide.
void WalkMaker::columns(WalkTensor tensor, const std::vector<float>& from, std::size_t width, int first,
                        int count) {
  const int rows = static_cast<int>(from.size() / width);
  std::vector<float>& to = set(tensor, rows, count);
  for (int row = 0; row < rows; ++row) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row * width) + first;
    std::copy(begin, begin + count, to.begin() + static_cast<std::ptrdiff_t>(row) * count);
  }
}

void WalkMaker::make() {
  walk.edits_ = trace.edits();
  walk.query_tokens_ = trace.query_tokens(head.kind);
  walk.key_tokens_ = trace.key_tokens(head.kind);
  walk.heads_ = config.heads_of(head.kind);
  walk.key_value_heads_ = head.kind == AttentionKind::self ? config.key_value_heads : walk.heads_;
  walk.d_head_ = config.d_head_of(head.kind);
  if (head.layer == 0 && head.kind != AttentionKind::cross) embed();
  set(WalkTensor::x, queries, config.d_model) = block.input;
  project();
  attend();
}

void WalkMaker::embed() {
  std::vector<float>& tokens = set(WalkTensor::token_rows, queries, config.d_model);
  std::vector<float>& others = set(WalkTensor::position_rows, queries, config.d_model);
  const auto width = static_cast<std::size_t>(config.d_model);
  std::size_t at = 0;
  bool any = false;
  for (const EmbeddedToken& rows : embedded_tokens(model, walk.query_tokens_, head.kind)) {
    for (std::size_t i = 0; i < width; ++i, ++at) {
      tokens[at] = rows.token[i] * config.embedding_scale;
      for (const float* more : {rows.type, rows.position}) {
        if (more != nullptr) others[at] += more[i];
      }
    }
    any |= rows.type != nullptr || rows.position != nullptr;
  }
  if (!any) set(WalkTensor::position_rows, 0, 0);
}

// Queries, keys and values of all heads, as the products leave them.
void WalkMaker::project() {
  const auto d_model = static_cast<std::size_t>(config.d_model);
  const float* x = block.input.data();
  if (config.norm_place == NormPlace::pre) {
    std::vector<float>& normed = set(WalkTensor::normed, queries, config.d_model);
    norm_rows(config, weights.attention_norm, x, queries, normed.data(), pool);
    x = normed.data();
  }
  const int query_width = walk.heads_ * walk.d_head_;
  const int key_width = walk.key_value_heads_ * walk.d_head_;
  walk.shapes_[index(WalkTensor::w_q)] = {config.d_model, query_width};
  walk.shapes_[index(WalkTensor::w_k)] = {config.d_model, key_width};
  walk.shapes_[index(WalkTensor::w_v)] = {config.d_model, key_width};
  const auto product = [&](const float* rows, int count, const Linear& by) {
    const auto out = static_cast<std::size_t>(by.weight.out());
    std::vector<float> y(static_cast<std::size_t>(count) * out);
    linear(rows, d_model, count, by.weight, {.bias = by.bias.empty() ? nullptr : by.bias.data()}, y.data(),
           out, pool);
    return y;
  };
  const std::vector<float> qkv = product(x, queries, weights.qkv);
  const std::size_t width = parts.qkv_width();
  columns(WalkTensor::all_q, qkv, width, 0, query_width);
  if (head.kind != AttentionKind::cross) {
    columns(WalkTensor::all_k, qkv, width, query_width, key_width);
    columns(WalkTensor::all_v, qkv, width, query_width + key_width, key_width);
    return;
  }
  set(WalkTensor::source, keys, config.d_model) = trace.encoder_output();
  const std::vector<float> kv = product(trace.encoder_output().data(), keys, weights.source_kv);
  columns(WalkTensor::all_k, kv, 2 * static_cast<std::size_t>(key_width), 0, key_width);
  columns(WalkTensor::all_v, kv, 2 * static_cast<std::size_t>(key_width), key_width, key_width);
}

void WalkMaker::attend() {
  copy(WalkTensor::q, trace.q(head));
  copy(WalkTensor::k, trace.k(head));
  copy(WalkTensor::v, trace.v(head));
  const HeadRule rule = head_rule(model, walk.edits_, head);
  walk.divisor_ = 1.0 / static_cast<double>(rule.scale);
  walk.temperature_ = walk.divisor_ / std::sqrt(static_cast<double>(walk.d_head_));
  AttentionScratch scratch;
  const HeadInput in = head_input(config, block, head, queries, keys);
  const auto cells = static_cast<std::size_t>(keys);
  attention_scores(in, 1.0f, set(WalkTensor::products, queries, keys).data(), cells, scratch);
  copy(WalkTensor::scores, trace.scores(head));
  const std::vector<std::uint8_t> forbidden = masked_cells(trace, head);
  std::vector<float>& masked = set(WalkTensor::masked, queries, keys);
  masked = get(WalkTensor::scores);
  for (std::size_t i = 0; i < masked.size(); ++i) {
    if (forbidden[i]) masked[i] = minus_infinity;
  }
  copy(WalkTensor::weights, trace.weights(head));
  for (int row = 0; !block.gates.empty() && row < queries; ++row) {
    walk.gates_.push_back(block.gates[static_cast<std::size_t>(row * walk.heads_ + head.head)]);
  }
  std::vector<float> all_z = block.z;
  if (walk.dropout_.p > 0.0f) drop(all_z);
  columns(WalkTensor::z, all_z, parts.heads_width(), walk.query_column(), walk.d_head_);
  mix(std::move(all_z));
}

// The outputs of all heads when some of their weights are dropped.
void WalkMaker::drop(std::vector<float>& all_z) {
  const float kept = 1.0f / (1.0f - walk.dropout_.p);
  const auto d_head = static_cast<std::size_t>(walk.d_head_);
  for (HeadId id = {head.layer, 0, head.kind}; id.head < walk.heads_; ++id.head) {
    const xt::xtensor<float, 2> all = trace.weights(id), values = trace.v(id);
    std::vector<float> dropped(all.begin(), all.end());
    for (int query = 0; query < queries; ++query) {
      float* row = dropped.data() + static_cast<std::size_t>(query) * keys;
      for (int key = 0; key < keys; ++key) {
        row[key] *= uniform(walk.dropout_.seed, id.head, query, key) < walk.dropout_.p ? 0.0f : kept;
      }
      float* z = all_z.data() + static_cast<std::size_t>(query) * parts.heads_width() + id.head * d_head;
      const float gate =
          block.gates.empty() ? 1.0f : block.gates[static_cast<std::size_t>(query * walk.heads_ + id.head)];
      for (std::size_t i = 0; i < d_head; ++i) {
        double sum = 0.0;
        for (int key = 0; key < keys; ++key) sum += static_cast<double>(row[key]) * values(key, i);
        z[i] = gate * static_cast<float>(sum);
      }
    }
    if (id == head) set(WalkTensor::dropped, queries, keys) = std::move(dropped);
  }
}

void WalkMaker::mix(std::vector<float> all_z) {
  const int width = static_cast<int>(parts.heads_width());
  if (edits_output(walk.edits_, config, block_index)) {
    std::optional<MeanOutputs> measured;
    const MeanOutputs* means = options.means;
    if (means == nullptr && needs_means(walk.edits_)) means = &measured.emplace(mean_outputs(model, &pool));
    edit_output(walk.edits_, config, block_index, means, all_z.data(), queries);
  }
  const std::vector<float>& z = set(WalkTensor::concatenated, queries, width) = std::move(all_z);
  walk.shapes_[index(WalkTensor::w_o)] = {width, config.d_model};
  const Linear& w_o = weights.attention_out;
  const auto d_model = static_cast<std::size_t>(config.d_model);
  const float* bias = w_o.bias.empty() ? nullptr : w_o.bias.data();
  linear(z.data(), z.size() / static_cast<std::size_t>(queries), queries, w_o.weight, {.bias = bias},
         set(WalkTensor::mixed, queries, config.d_model).data(), d_model, pool);

  std::vector<float> alone(z.size());  // the head's columns, and 0 in all others
  for (int row = 0; row < queries; ++row) {
    const auto begin = static_cast<std::ptrdiff_t>(row) * width + walk.query_column();
    std::copy_n(z.begin() + begin, walk.d_head_, alone.begin() + begin);
  }
  linear(alone.data(), static_cast<std::size_t>(width), queries, w_o.weight, {},
         set(WalkTensor::contribution, queries, config.d_model).data(), d_model, pool);

  std::vector<float>& stream = set(WalkTensor::stream, queries, config.d_model);
  linear(z.data(), static_cast<std::size_t>(width), queries, w_o.weight,
         {.bias = bias, .residual = block.input.data(), .residual_stride = d_model}, stream.data(), d_model,
         pool);
  if (config.norm_place == NormPlace::post) {
    norm_rows(config, weights.attention_norm, stream.data(), queries, stream.data(), pool);
  }
  std::vector<float>& output = set(WalkTensor::output, queries, config.d_model);
  output = block.input;
  parts.add(z.data(), queries, output.data());
}

LayerWalk::LayerWalk(std::shared_ptr<const Model> model, const Trace& trace, HeadId head,
                     const WalkOptions& options)
    : model_(std::move(model)),
      head_(head),
      dropout_(options.dropout),
      shapes_(walk_tensors),
      numbers_(walk_tensors) {
  if (model_->recorded) {
    throw std::invalid_argument("[walk] this attention was computed elsewhere: there is no layer to walk through");
  }
  check_head(model_->config, head, "walk");
  if (!(dropout_.p >= 0.0f && dropout_.p < 1.0f)) {
    throw std::invalid_argument("[walk] a dropout of " + std::to_string(dropout_.p) +
                                ": expected at least 0 and below 1");
  }
  const int tokens = std::max(trace.queries(head.kind), trace.keys(head.kind));
  if (tokens > most_tokens) {
    throw std::invalid_argument("[walk] " + std::to_string(tokens) + " tokens are too many to walk through: " +
                                std::to_string(most_tokens) + " at the most");
  }
  WalkMaker(*this, trace, options).make();
}

const Block& LayerWalk::block() const {
  return model_->weights.blocks[static_cast<std::size_t>(model_->config.block_of(head_.kind, head_.layer))];
}

bool LayerWalk::has(WalkCell cell) const {
  const WalkShape size = shape(cell.tensor);
  return cell.row >= 0 && cell.row < size.rows && cell.column >= 0 && cell.column < size.columns;
}

float LayerWalk::at(WalkCell cell) const {
  const int query_width = heads_ * d_head_, key_width = key_value_heads_ * d_head_;
  const bool cross = head_.kind == AttentionKind::cross;
  const Linear& keys_from = cross ? block().source_kv : block().qkv;
  const int keys_begin = cross ? 0 : query_width;
  switch (cell.tensor) {
    case WalkTensor::w_q:
      return block().qkv.weight.at(cell.row, cell.column);
    case WalkTensor::w_k:
      return keys_from.weight.at(cell.row, keys_begin + cell.column);
    case WalkTensor::w_v:
      return keys_from.weight.at(cell.row, keys_begin + key_width + cell.column);
    case WalkTensor::w_o:
      return block().attention_out.weight.at(cell.row, cell.column);
    default:
      return numbers_[index(cell.tensor)][static_cast<std::size_t>(cell.row) * shape(cell.tensor).columns +
                                          static_cast<std::size_t>(cell.column)];
  }
}

std::vector<float> LayerWalk::values(WalkTensor tensor) const {
  if (!numbers_[index(tensor)].empty()) return numbers_[index(tensor)];
  std::vector<float> values;
  const WalkShape size = shape(tensor);
  for (int row = 0; row < size.rows; ++row) {
    for (int column = 0; column < size.columns; ++column) values.push_back(at({tensor, row, column}));
  }
  return values;
}

std::vector<float> LayerWalk::bias(WalkTensor tensor) const {
  const bool cross = head_.kind == AttentionKind::cross;
  const auto part = [](const std::vector<float>& all, int first, int count) {
    if (all.empty()) return std::vector<float>{};
    return std::vector<float>(all.begin() + first, all.begin() + first + count);
  };
  const int query_width = heads_ * d_head_, key_width = key_value_heads_ * d_head_;
  const std::vector<float>& qkv = block().qkv.bias;
  const std::vector<float>& kv = cross ? block().source_kv.bias : qkv;
  const int keys_begin = cross ? 0 : query_width;
  if (tensor == WalkTensor::all_q) return part(qkv, 0, query_width);
  if (tensor == WalkTensor::all_k) return part(kv, keys_begin, key_width);
  if (tensor == WalkTensor::all_v) return part(kv, keys_begin + key_width, key_width);
  if (tensor == WalkTensor::mixed) return block().attention_out.bias;
  return {};
}

bool LayerWalk::allowed(int query, int key) const {
  return at({WalkTensor::masked, query, key}) != minus_infinity;
}

}  // namespace headlight
