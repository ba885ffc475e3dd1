#include "variant_pass.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "block_rows.h"
#include "layer_parts.h"
#include "routing.h"

namespace headlight {

struct VariantPass::State {
  // One run, and where its rows are in `x` once it was entered.
  struct Variant {
    int index = 0;  // As the caller counts
    Edits edits;
    int first = 0;  // The first block that differs from the baseline
  };

  State(const Trace& baseline, std::vector<Edits> given, const RunOptions& options);

  void step();
  void finish();
  void begin_decoder();
  void append(std::vector<float>& rows, const std::vector<float>& of_baseline, std::size_t width);
  void attend_entered(BlockRows& parts);
  void attend_changed_heads(const Variant& variant, float* z);

  int entered_by(int at) const {
    const auto end = std::find_if(variants.begin(), variants.end(),
                                  [&](const Variant& variant) { return variant.first > at; });
    return static_cast<int>(end - variants.begin());
  }

  const Trace& baseline;
  const Model& model;
  const ModelConfig& config;
  ThreadPool& pool;
  std::optional<MeanOutputs> own_means;
  const MeanOutputs* means = nullptr;
  std::vector<Variant> variants;  // By their first block

  int first = 0;    // Block that the first step computes
  int block = 0;    // The next to compute
  int tokens = 0;   // Rows of each variant in the stack of that block
  int entered = 0;  // Variants that have rows in x
  int changed_sources = 0;  // Of these, those whose encoder differs from the baseline's

  std::vector<float> x;                // [entered, tokens, d_model]
  std::vector<float> z;                // [entered, tokens, query_width]
  std::vector<float> encoder_outputs;  // [changed_sources, source, d_model]
  BlockTrace rows;                     // qkv: [entered, tokens, qkv_width]; source_kv likewise
  RowMemory memory;
  std::vector<AttentionScratch> scratch;
};

VariantPass::State::State(const Trace& the_baseline, std::vector<Edits> given,
                          const RunOptions& options)
    : baseline(the_baseline),
      model(the_baseline.model()),
      config(model.config),
      pool(options.pool != nullptr ? *options.pool : default_pool()) {
  if (model.recorded) {
    throw std::invalid_argument(
        "[run] this attention was computed elsewhere: changing heads needs the model");
  }
  bool wants_means = false;
  for (Edits& edits : given) {
    check(edits, config);
    Variant variant{static_cast<int>(variants.size()), normalized(std::move(edits)), 0};
    variant.first = first_difference(variant.edits, baseline.edits(), config);
    wants_means = wants_means || needs_means(variant.edits);
    variants.push_back(std::move(variant));
  }
  std::stable_sort(variants.begin(), variants.end(),
                   [](const Variant& a, const Variant& b) { return a.first < b.first; });
  if (wants_means) {
    if (options.means == nullptr) own_means = mean_outputs(model, &pool);
    means = options.means != nullptr ? options.means : &*own_means;
  }
  block = first = variants.empty() ? config.blocks() : variants.front().first;
  if (block == config.blocks()) finish();

}

// Gives the variants that begin to differ here the baseline's rows.
void VariantPass::State::append(std::vector<float>& to, const std::vector<float>& of_baseline,
                                std::size_t width) {
  const std::size_t size = static_cast<std::size_t>(tokens) * width;
  to.resize(static_cast<std::size_t>(entered) * size);
  const int all = entered_by(block);
  for (int i = entered; i < all; ++i) to.insert(to.end(), of_baseline.begin(), of_baseline.end());
}

void VariantPass::State::step() {
  BlockRows parts(model, block, pool, memory);
  const BlockTrace& known = baseline.block(block);
  if (entered > 0) {
    rows.qkv.resize(static_cast<std::size_t>(entered) * tokens * parts.qkv_width());
    parts.project(x.data(), entered * tokens, rows.qkv.data());
    for (int i = 0; i < entered; ++i) {
      float* qkv = rows.qkv.data() + static_cast<std::size_t>(i) * tokens * parts.qkv_width();
      if (parts.mixes()) parts.mix(qkv, tokens, 0);
      parts.rotate(qkv, tokens, 0);
    }
    if (parts.kind() == AttentionKind::cross && changed_sources > 0) {
      const int sources = changed_sources * static_cast<int>(baseline.source().size());
      rows.source_kv.resize(static_cast<std::size_t>(sources) * 2 * parts.heads_width());
      parts.project_source(encoder_outputs.data(), sources, rows.source_kv.data());
    }
    z.resize(static_cast<std::size_t>(entered) * tokens * parts.heads_width());
    attend_entered(parts);
    if (parts.routes()) {
      rows.gates.resize(static_cast<std::size_t>(entered) * tokens * config.heads);
      parts.route(x.data(), entered * tokens, rows.gates.data());
      apply_gates(config, rows.gates.data(), entered * tokens, z.data());
    }
  }
  append(x, known.input, static_cast<std::size_t>(config.d_model));
  append(z, known.z, parts.heads_width());
  const int all = entered_by(block);
  const std::size_t z_size = static_cast<std::size_t>(tokens) * parts.heads_width();
  for (int i = 0; i < all; ++i) {
    const Variant& variant = variants[static_cast<std::size_t>(i)];
    float* own = z.data() + static_cast<std::size_t>(i) * z_size;
    if (i >= entered) attend_changed_heads(variant, own);
    edit_output(variant.edits, config, block, means, own, tokens);
  }
  entered = all;
  parts.add(z.data(), entered * tokens, x.data());
  ++block;
  if (config.encoder_decoder() && block == config.encoder_layers) begin_decoder();
  if (block == config.blocks()) finish();
}

// z of the variants that have rows already, from these.
void VariantPass::State::attend_entered(BlockRows& parts) {
  const AttentionKind kind = parts.kind();
  const int heads = config.heads_of(kind);
  const int keys = baseline.keys(kind);
  const bool cross = kind == AttentionKind::cross;
  scratch.resize(std::max(scratch.size(), static_cast<std::size_t>(entered * heads)));
  pool.run(entered * heads, [&](int task) {
    const int i = task / heads;
    const HeadId id{config.layer_of(block), task % heads, kind};
    const std::size_t before = static_cast<std::size_t>(i) * tokens;
    HeadInput in = head_input(config, rows, id, tokens, keys);
    in.q += before * in.q_stride;
    if (cross && i >= changed_sources) {
      const HeadInput known = head_input(config, baseline.block(block), id, tokens, keys);
      in.k = known.k;
      in.v = known.v;
    } else {
      const std::size_t keys_before = static_cast<std::size_t>(i) * keys;
      in.k += keys_before * in.k_stride;
      in.v += keys_before * in.v_stride;
    }
    attention_output(in, head_rule(model, variants[static_cast<std::size_t>(i)].edits, id),
                     z.data() + before * parts.heads_width() + task % heads * in.d_head,
                     parts.heads_width(), nullptr, 0, scratch[static_cast<std::size_t>(task)]);
  });
}

// z of the heads whose weights differ from the baseline's in a variant's first block: queries, keys
// and values are the baseline's.
void VariantPass::State::attend_changed_heads(const Variant& variant, float* own) {
  const AttentionKind kind = config.kind_of(block);
  const int layer = config.layer_of(block);
  const auto changes = [](const Edits& edits, HeadId id) {
    const auto at = edits.find(id);
    HeadEdit edit = at == edits.end() ? HeadEdit{} : at->second;
    edit.gain = 1.0f;
    edit.replace = Replacement::zero;
    return edit;
  };
  if (scratch.empty()) scratch.resize(1);
  for (int head = 0; head < config.heads_of(kind); ++head) {
    const HeadId id{layer, head, kind};
    if (changes(variant.edits, id) == changes(baseline.edits(), id)) continue;
    const HeadInput in =
        head_input(config, baseline.block(block), id, tokens, baseline.keys(kind));
    const std::size_t width = static_cast<std::size_t>(config.heads_of(kind)) * in.d_head;
    attention_output(in, head_rule(model, variant.edits, id), own + head * in.d_head, width,
                     nullptr, 0, scratch.front());
    if (kind == AttentionKind::self && config.routing.any()) {
      apply_gate(config, baseline.block(block).gates.data(), id.head, tokens, own);
    }
  }
}

// The decoder begins with the same rows in every variant.
void VariantPass::State::begin_decoder() {
  if (!model.weights.encoder_norm.gain.empty()) {
    norm_rows(config, model.weights.encoder_norm, x.data(), entered * tokens, x.data(), pool);
  }
  encoder_outputs = std::move(x);
  x = {};
  changed_sources = entered;
  tokens = baseline.queries(AttentionKind::self);
  const std::vector<float>& start = baseline.block(block).input;
  for (int i = 0; i < entered; ++i) x.insert(x.end(), start.begin(), start.end());
}

// Variants that change nothing are the baseline.
void VariantPass::State::finish() {
  tokens = baseline.size();
  append(x, baseline.output(), static_cast<std::size_t>(config.d_model));
  entered = static_cast<int>(variants.size());
}

VariantPass::VariantPass(const Trace& baseline, std::vector<Edits> variants, RunOptions options)
    : state_(std::make_unique<State>(baseline, std::move(variants), options)) {}
VariantPass::~VariantPass() = default;
VariantPass::VariantPass(VariantPass&&) noexcept = default;
VariantPass& VariantPass::operator=(VariantPass&&) noexcept = default;

bool VariantPass::step() {
  if (state_->block >= state_->config.blocks()) return false;
  // A stack that no variant has entered yet is the baseline's.
  state_->tokens = state_->baseline.queries(state_->config.kind_of(state_->block));
  state_->step();
  return true;
}

int VariantPass::steps() const { return state_->config.blocks() - state_->first; }
int VariantPass::steps_done() const { return state_->block - state_->first; }

const float* VariantPass::output(int variant) const {
  if (state_->block < state_->config.blocks()) {
    throw std::logic_error("[output] the pass has blocks left to compute");
  }
  const auto place = std::find_if(state_->variants.begin(), state_->variants.end(),
                                  [&](const auto& entry) { return entry.index == variant; });
  if (place == state_->variants.end()) {
    throw std::invalid_argument("[output] there is no variant " + std::to_string(variant));
  }
  return state_->x.data() + static_cast<std::size_t>(place - state_->variants.begin()) *
                                state_->tokens * state_->config.d_model;
}

}  // namespace headlight
