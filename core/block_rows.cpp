#include "block_rows.h"

#include <algorithm>

#include "layer_parts.h"
#include "routing.h"
#include "token_mixing.h"

namespace headlight {
namespace {

const float* data_or_null(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

template <typename Visit>
void each_changed_gain(const Edits& edits, const ModelConfig& config, int block, Visit visit) {
  const int layer = config.layer_of(block);
  const AttentionKind kind = config.kind_of(block);
  for (auto entry = edits.lower_bound({layer, 0});
       entry != edits.end() && entry->first.layer == layer; ++entry) {
    if (entry->first.kind == kind && entry->second.gain != 1.0f) visit(entry->first, entry->second);
  }
}

}  // namespace

BlockRows::BlockRows(const Model& model, int block, ThreadPool& pool, RowMemory& memory)
    : config_(model.config),
      weights_(model.weights.blocks[static_cast<std::size_t>(block)]),
      kind_(model.config.kind_of(block)),
      layer_(model.config.layer_of(block)),
      pool_(pool),
      memory_(memory) {}

std::size_t BlockRows::heads_width() const {
  return static_cast<std::size_t>(config_.heads_of(kind_)) * config_.d_head_of(kind_);
}

std::size_t BlockRows::qkv_width() const {
  if (kind_ == AttentionKind::cross) return heads_width();
  return kind_ == AttentionKind::self ? config_.qkv_width() : 3 * heads_width();
}

void BlockRows::project(const float* x, int rows, float* qkv) {
  const auto width = static_cast<std::size_t>(config_.d_model);
  if (pre()) {
    memory_.normed.resize(static_cast<std::size_t>(rows) * width);
    norm_rows(config_, weights_.attention_norm, x, rows, memory_.normed.data(), pool_);
    x = memory_.normed.data();
  }
  linear(x, width, rows, weights_.qkv.weight, {.bias = data_or_null(weights_.qkv.bias)}, qkv,
         qkv_width(), pool_);
  if (kind_ != AttentionKind::self) return;
  norm_heads(weights_.query_norm, qkv, rows, config_.heads);
  norm_heads(weights_.key_norm, qkv + heads_width(), rows, config_.key_value_heads);
}

// RMSNorm of every head's row by itself (Henry et al. 2020).
void BlockRows::norm_heads(const Norm& norm, float* rows, int count, int heads) const {
  if (norm.gain.empty()) return;
  const int width = config_.d_head;
  for (int head = 0; head < heads; ++head) {
    float* at = rows + static_cast<std::size_t>(head) * width;
    rms_norm(at, qkv_width(), count, width, norm.gain.data(), config_.norm_epsilon, at,
             qkv_width(), pool_);
  }
}

void BlockRows::route(const float* x, int rows, float* gates) {
  memory_.normed.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(config_.d_model));
  norm_rows(config_, weights_.attention_norm, x, rows, memory_.normed.data(), pool_);
  router_gates(config_, weights_, memory_.normed.data(), rows, gates, pool_);
}

bool BlockRows::mixes() const {
  return kind_ == AttentionKind::self && mixes_tokens(config_, layer_);
}

void BlockRows::mix(float* qkv, int rows, int start) const {
  mix_tokens(config_, weights_, layer_, start, qkv, rows);
}

int BlockRows::mixing_start(int first) const {
  return mixes() ? headlight::mixing_start(config_, layer_, first) : first;
}

void BlockRows::rotate(float* qkv, int rows, int first_position) const {
  if (kind_ != AttentionKind::self || config_.position != PositionKind::rotary) return;
  // Keys stand right behind queries, so both turn in one go.
  rotate_rows(config_, qkv, qkv_width(), rows, first_position,
              config_.heads + config_.key_value_heads);
}

void BlockRows::project_source(const float* encoder_output, int rows, float* source_kv) const {
  const Linear& kv = weights_.source_kv;
  linear(encoder_output, static_cast<std::size_t>(config_.d_model), rows, kv.weight,
         {.bias = data_or_null(kv.bias)}, source_kv, 2 * heads_width(), pool_);
}

void BlockRows::add(const float* z, int rows, float* x) {
  const auto width = static_cast<std::size_t>(config_.d_model);
  const Linear& w_o = weights_.attention_out;
  linear(z, heads_width(), rows, w_o.weight,
         {.bias = data_or_null(w_o.bias), .residual = x, .residual_stride = width}, x, width,
         pool_);
  // Post-norm models normalise the stream itself, after a residual was added.
  if (!pre()) norm_rows(config_, weights_.attention_norm, x, rows, x, pool_);
  if (weights_.has_mlp()) mlp(x, rows);
}

void BlockRows::mlp(float* x, int rows) {
  const auto width = static_cast<std::size_t>(config_.d_model);
  const float* in = x;
  if (pre()) {
    memory_.normed.resize(static_cast<std::size_t>(rows) * width);
    norm_rows(config_, weights_.mlp_norm, in, rows, memory_.normed.data(), pool_);
    in = memory_.normed.data();
  }
  const auto inner = static_cast<std::size_t>(weights_.mlp_in.weight.out());
  memory_.hidden.resize(rows * inner);
  linear(in, width, rows, weights_.mlp_in.weight,
         {.bias = data_or_null(weights_.mlp_in.bias), .activation = activation_of(config_.mlp)},
         memory_.hidden.data(), inner, pool_);
  const int d_ff = weights_.mlp_out.weight.in();
  const float* inside = memory_.hidden.data();
  if (gated(config_.mlp)) {
    memory_.product.resize(static_cast<std::size_t>(rows) * d_ff);
    const auto gate = config_.mlp == MlpKind::swiglu ? swiglu : geglu;
    gate(memory_.hidden.data(), inner, rows, d_ff, memory_.product.data(), d_ff, pool_);
    inside = memory_.product.data();
  }
  linear(inside, d_ff, rows, weights_.mlp_out.weight,
         {.bias = data_or_null(weights_.mlp_out.bias), .residual = x, .residual_stride = width}, x,
         width, pool_);
  if (!pre()) norm_rows(config_, weights_.mlp_norm, x, rows, x, pool_);
}

bool edits_output(const Edits& edits, const ModelConfig& config, int block) {
  bool any = false;
  each_changed_gain(edits, config, block, [&](HeadId, const HeadEdit&) { any = true; });
  return any;
}

void edit_output(const Edits& edits, const ModelConfig& config, int block,
                 const MeanOutputs* means, float* z, int rows) {
  const AttentionKind kind = config.kind_of(block);
  const int d_head = config.d_head_of(kind);
  const std::size_t width = static_cast<std::size_t>(config.heads_of(kind)) * d_head;
  each_changed_gain(edits, config, block, [&](HeadId id, const HeadEdit& edit) {
    for (int row = 0; row < rows; ++row) {
      float* head = z + static_cast<std::size_t>(row) * width + id.head * d_head;
      for (int i = 0; i < d_head; ++i) {
        // A pruned head's output is exactly 0, also where z is infinite.
        head[i] = edit.gain == 0.0f ? 0.0f : edit.gain * head[i];
        if (edit.replace == Replacement::mean) {
          head[i] += (1.0f - edit.gain) * means->z[MeanOutputs::place(config, id) + i];
        }
      }
    }
  });
}

}  // namespace headlight
