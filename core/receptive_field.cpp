#include "receptive_field.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "layer_parts.h"

namespace headlight {
namespace {

using Bits = std::vector<std::uint64_t>;  // One for each token.

bool has(const Bits& bits, int token) { return bits[token / 64] >> (token % 64) & 1; }
void add(Bits& bits, int token) { bits[token / 64] |= std::uint64_t{1} << (token % 64); }

// The tokens that each row of a layer depends on, made when they are asked for.
class LayerRows {
 public:
  LayerRows(const ModelConfig& config, const Edits& edits, AttentionKind kind, int layer, int tokens)
      : config_(config), edits_(edits), tokens_(tokens), rows_(tokens), masked_(tokens) {
    for (int head = 0; head < config.heads_of(kind); ++head) {
      const auto edit = edits.find({layer, head, kind});
      if (edit != edits.end() && edit->second.gain == 0.0f) continue;
      heads_.push_back({layer, head, kind});
    }
  }

  const Bits& row(int query) {
    Bits& row = rows_[static_cast<std::size_t>(query)];
    if (!row.empty()) return row;
    row.assign((static_cast<std::size_t>(tokens_) + 63) / 64, 0);
    add(row, query);  // the residual stream
    for (HeadId head : heads_) {
      masked_row(config_, edits_, head, query, masked_);
      for (int key = 0; key < tokens_; ++key) {
        if (!masked_[static_cast<std::size_t>(key)]) add(row, key);
      }
      // Of most rows the first head already sees all that any could.
      const int reach = config_.causal && head.kind == AttentionKind::self ? query + 1 : tokens_;
      if (std::count(masked_.begin(), masked_.end(), 0) == reach) break;
    }
    return row;
  }

 private:
  const ModelConfig& config_;
  const Edits& edits_;
  int tokens_;
  std::vector<HeadId> heads_;
  std::vector<Bits> rows_;
  std::vector<std::uint8_t> masked_;
};

}  // namespace

int ReceptiveField::reached() const {
  return static_cast<int>(std::count_if(depth.begin(), depth.end(), [](int d) { return d >= 0; }));
}

ReceptiveField receptive_field(const ModelConfig& config, const Edits& edits, AttentionKind kind,
                               int tokens, int position) {
  if (position < 0 || position >= tokens) {
    throw std::invalid_argument("[receptive_field] expected a position below " +
                                std::to_string(tokens) + ", got " + std::to_string(position));
  }
  if (kind == AttentionKind::cross) kind = AttentionKind::self;
  ReceptiveField field;
  field.position = position;
  field.layers = config.layers_of(kind);
  field.depth.assign(static_cast<std::size_t>(tokens), -1);
  field.depth[static_cast<std::size_t>(position)] = 0;

  std::vector<LayerRows> layers;
  for (int layer = 0; layer < field.layers; ++layer) {
    layers.emplace_back(config, edits, kind, layer, tokens);
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
