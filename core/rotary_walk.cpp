#include "rotary_walk.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "attention.h"
#include "block_rows.h"
#include "layer_parts.h"

namespace headlight {
namespace {

// Queries, keys and values of two rows of a trace before their positions, one after the other.
std::vector<float> unturned_rows(const Trace& trace, int block, Cell cell, ThreadPool& pool) {
  const auto width = static_cast<std::size_t>(trace.model().config.d_model);
  const std::vector<float>& input = trace.block(block).input;
  RowMemory memory;
  BlockRows parts(trace.model(), block, pool, memory);
  const std::size_t stride = parts.qkv_width();
  const auto row = [](int index) { return static_cast<std::size_t>(index); };
  std::vector<float> both(2 * stride);
  if (!parts.mixes()) {
    std::vector<float> x(input.begin() + row(cell.query) * width,
                         input.begin() + row(cell.query + 1) * width);
    x.insert(x.end(), input.begin() + row(cell.key) * width,
             input.begin() + row(cell.key + 1) * width);
    parts.project(x.data(), 2, both.data());
    return both;
  }
  const int rows = std::max(cell.query, cell.key) + 1;
  std::vector<float> all(row(rows) * stride);
  parts.project(input.data(), rows, all.data());
  parts.mix(all.data(), rows, 0);
  std::copy_n(all.begin() + row(cell.query) * stride, stride, both.begin());
  std::copy_n(all.begin() + row(cell.key) * stride, stride, both.begin() + stride);
  return both;
}

}  // namespace

double RotaryWalk::product() const {
  double sum = rest;
  for (const RotaryPair& pair : pairs) sum += pair.part;
  return sum;
}

RotaryWalk rotary_walk(const Trace& trace, HeadId head, Cell cell, int shift, int distances,
                       ThreadPool* pool) {
  const Model& model = trace.model();
  const ModelConfig& config = model.config;
  check_head(config, head, "rotary_walk");
  if (model.recorded || config.position != PositionKind::rotary ||
      head.kind != AttentionKind::self) {
    throw std::invalid_argument("[rotary_walk] expected a model with rotary positions");
  }
  if (cell.query < 0 || cell.key < 0 || cell.query >= trace.size() || cell.key >= trace.size() ||
      shift < 0) {
    throw std::invalid_argument("[rotary_walk] expected two tokens of the text");
  }
  ThreadPool& threads = pool ? *pool : default_pool();
  const int index = config.block_of(head.kind, head.layer);
  RotaryWalk walk;
  walk.head = head;
  walk.cell = cell;
  walk.shift = shift;
  walk.score = trace.score(head, cell);

  BlockTrace before;
  before.qkv = unturned_rows(trace, index, cell, threads);
  const std::size_t stride = before.qkv.size() / 2;
  BlockTrace after = before;
  RowMemory memory;
  const BlockRows parts(model, index, threads, memory);
  parts.rotate(after.qkv.data(), 1, cell.query + shift);
  parts.rotate(after.qkv.data() + stride, 1, cell.key + shift);

  HeadInput turned = head_input(config, after, head, 1, 1);
  HeadInput plain = head_input(config, before, head, 1, 1);
  turned.k += stride;  // the second row is the key's
  plain.k += stride;
  const HeadRule rule = head_rule(model, trace.edits(), head);
  walk.divisor = 1.0 / static_cast<double>(rule.scale);
  AttentionScratch scratch;
  attention_scores(turned, rule.scale, &walk.moved_score, 1, scratch);

  const std::vector<double>& frequencies = config.rotary_frequencies;
  const auto half = static_cast<int>(frequencies.size());
  for (int i = 0; i < half; ++i) {
    const int j = i + half;
    RotaryPair pair{.first = i, .second = j, .frequency = frequencies[static_cast<std::size_t>(i)]};
    pair.query_angle = (cell.query + shift) * pair.frequency;
    pair.key_angle = (cell.key + shift) * pair.frequency;
    pair.q = {plain.q[i], plain.q[j]};
    pair.k = {plain.k[i], plain.k[j]};
    pair.turned_q = {turned.q[i], turned.q[j]};
    pair.turned_k = {turned.k[i], turned.k[j]};
    pair.part = static_cast<double>(turned.q[i]) * turned.k[i] +
                static_cast<double>(turned.q[j]) * turned.k[j];
    walk.pairs.push_back(pair);
  }
  for (int i = 2 * half; i < config.d_head; ++i) {
    walk.rest += static_cast<double>(turned.q[i]) * turned.k[i];
  }

  const double size = static_cast<double>(config.rotary_scale) * config.rotary_scale;
  for (int distance = 0; distance < distances; ++distance) {
    double product = walk.rest;
    for (const RotaryPair& p : walk.pairs) {
      // Turning both by their own angles leaves the difference of the angles (section 3.2.2).
      const double angle = distance * p.frequency;
      const double along =
          static_cast<double>(p.q[0]) * p.k[0] + static_cast<double>(p.q[1]) * p.k[1];
      const double across =
          static_cast<double>(p.q[0]) * p.k[1] - static_cast<double>(p.q[1]) * p.k[0];
      product += size * (along * std::cos(angle) + across * std::sin(angle));
    }
    walk.by_distance.push_back(product / walk.divisor);
  }
  return walk;
}

}  // namespace headlight
