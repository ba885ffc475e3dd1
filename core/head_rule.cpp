#include "head_rule.h"

#include <algorithm>
#include <cmath>

namespace headlight {
namespace {

// Whole pools before the query, by their last token, and the query's own token, which stands for
// what is there of its pool.
void pooled_ranges(int pool, int query, int keys, std::vector<KeyRange>& ranges) {
  ranges.clear();
  for (int key = pool - 1; key < std::min(query, keys); key += pool) ranges.push_back({key, key + 1});
  if (query < keys) ranges.push_back({query, query + 1});
}

void cut_out(const std::vector<Cell>& cells, int query, std::vector<KeyRange>& ranges) {
  auto cell = std::lower_bound(cells.begin(), cells.end(), Cell{query, 0});
  if (cell == cells.end() || cell->query != query) return;
  std::vector<KeyRange> left;
  for (KeyRange range : ranges) {
    for (; cell != cells.end() && cell->query == query && cell->key < range.end; ++cell) {
      if (cell->key < range.begin) continue;
      if (range.begin < cell->key) left.push_back({range.begin, cell->key});
      range.begin = cell->key + 1;
    }
    if (range.begin < range.end) left.push_back(range);
  }
  ranges = std::move(left);
}

}  // namespace

HeadRule head_rule(const Model& model, const Edits& edits, HeadId id) {
  const ModelConfig& config = model.config;
  HeadRule rule;
  rule.causal = id.kind == AttentionKind::self && config.causal;
  float temperature = 1.0f;
  if (id.kind == AttentionKind::self) {
    if (!config.windows.empty()) rule.window = config.windows[static_cast<std::size_t>(id.layer)];
    if (const HeadDesign* design = config.design_of(id)) {
      temperature = design->temperature;
      rule.pool = design->pool;
      if (!design->mask.is_full()) rule.built_in = &design->mask;
    }
    const auto block = static_cast<std::size_t>(config.block_of(id.kind, id.layer));
    const std::vector<Block>& blocks = model.weights.blocks;  // none: only the shape is known
    if (block < blocks.size() && !blocks[block].temperature.empty()) {
      temperature *= blocks[block].temperature[static_cast<std::size_t>(id.head)];
    }
  }
  if (const auto found = edits.find(id); found != edits.end()) {
    const HeadEdit& edit = found->second;
    temperature *= edit.temperature;
    if (!edit.mask.is_full()) rule.mask = &edit.mask;
    if (!edit.masked_cells.empty()) rule.masked_cells = &edit.masked_cells;
  }
  rule.scale = 1.0f / (std::sqrt(static_cast<float>(config.d_head_of(id.kind))) * temperature);
  return rule;
}

void allowed_keys(const HeadRule& rule, const std::vector<Cell>& cells, int query, int keys,
                  std::vector<KeyRange>& allowed) {
  const Mask full;
  allowed_ranges(rule.mask ? *rule.mask : full, query, keys, rule.causal, allowed);
  std::vector<KeyRange> others;
  if (rule.built_in) {
    allowed_ranges(*rule.built_in, query, keys, rule.causal, others);
    intersect(allowed, others);
  }
  if (rule.window > 0) {
    allowed_ranges(local_mask(rule.window - 1), query, keys, rule.causal, others);
    intersect(allowed, others);
  }
  if (rule.pool > 1) {
    pooled_ranges(rule.pool, query, keys, others);
    intersect(allowed, others);
  }
  cut_out(cells, query, allowed);
}

}  // namespace headlight
