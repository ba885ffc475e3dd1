#include "receptive_field.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "head_rule.h"

namespace headlight {
namespace {

using Bits = std::vector<std::uint64_t>;  // One for each token.

bool has(const Bits& bits, int token) { return bits[token / 64] >> (token % 64) & 1; }
void add(Bits& bits, int token) { bits[token / 64] |= std::uint64_t{1} << (token % 64); }

// The tokens that each row of a layer depends on, made when they are asked for.
class LayerRows {
 public:
  LayerRows(const Model& model, const Edits& edits, AttentionKind kind, int layer, int tokens)
      : tokens_(tokens), rows_(static_cast<std::size_t>(tokens)) {
    const ModelConfig& config = model.config;
    causal_ = config.causal && kind == AttentionKind::self;
    if (kind == AttentionKind::self && config.convolution > 0) before_ = config.convolution - 1;
    for (int head = 0; head < config.heads_of(kind); ++head) {
      const HeadId id{layer, head, kind};
      const auto edit = edits.find(id);
      if (edit != edits.end() && edit->second.gain == 0.0f) continue;
      rules_.push_back(head_rule(model, edits, id));
      cells_.emplace_back();
      if (rules_.back().masked_cells) cells_.back() = *rules_.back().masked_cells;
      std::sort(cells_.back().begin(), cells_.back().end());
    }
  }

  const Bits& row(int query) {
    Bits& row = rows_[static_cast<std::size_t>(query)];
    if (!row.empty()) return row;
    row.assign((static_cast<std::size_t>(tokens_) + 63) / 64, 0);
    add(row, query);  // the residual stream
    for (std::size_t head = 0; head < rules_.size(); ++head) {
      const int pool = rules_[head].pool;
      allowed_keys(rules_[head], cells_[head], query, tokens_, ranges_);
      if (!ranges_.empty()) add_from(row, query - before_, query);
      for (const KeyRange& range : ranges_) {
        add_from(row, range.begin / pool * pool - before_, range.end - 1);
      }
      // Of most rows the first head already sees all that any could.
      const int reach = causal_ ? query + 1 : tokens_;
      if (ranges_.size() == 1 && ranges_[0] == KeyRange{0, reach}) break;
    }
    return row;
  }

 private:
  void add_from(Bits& row, int first, int last) {
    for (int token = std::max(first, 0); token <= last; ++token) add(row, token);
  }

  int tokens_;
  bool causal_ = true;
  int before_ = 0;  // Tokens before each that a convolution brings in.
  std::vector<HeadRule> rules_;
  std::vector<std::vector<Cell>> cells_;  // Of each rule, sorted.
  std::vector<Bits> rows_;
  std::vector<KeyRange> ranges_;
};

}  // namespace

int ReceptiveField::reached() const {
  return static_cast<int>(std::count_if(depth.begin(), depth.end(), [](int d) { return d >= 0; }));
}

ReceptiveField receptive_field(const Model& model, const Edits& edits, AttentionKind kind,
                               int tokens, int position) {
  if (position < 0 || position >= tokens) {
    throw std::invalid_argument("[receptive_field] expected a position below " +
                                std::to_string(tokens) + ", got " + std::to_string(position));
  }
  if (kind == AttentionKind::cross) kind = AttentionKind::self;
  ReceptiveField field;
  field.position = position;
  field.layers = model.config.layers_of(kind);
  if (model.recorded) return field;
  field.depth.assign(static_cast<std::size_t>(tokens), -1);
  field.depth[static_cast<std::size_t>(position)] = 0;

  std::vector<LayerRows> layers;
  for (int layer = 0; layer < field.layers; ++layer) {
    layers.emplace_back(model, edits, kind, layer, tokens);
    // Back from the state after this layer to the tokens.
    Bits reached((static_cast<std::size_t>(tokens) + 63) / 64);
    add(reached, position);
    for (int below = layer; below >= 0; --below) {
      Bits next = reached;
      for (int query = 0; query < tokens; ++query) {
        if (!has(reached, query)) continue;
        const Bits& row = layers[static_cast<std::size_t>(below)].row(query);
        for (std::size_t i = 0; i < next.size(); ++i) next[i] |= row[i];
      }
      reached = std::move(next);
    }
    for (int token = 0; token < tokens; ++token) {
      int& depth = field.depth[static_cast<std::size_t>(token)];
      if (depth < 0 && has(reached, token)) depth = layer + 1;
    }
  }
  return field;
}

}  // namespace headlight
