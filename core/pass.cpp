#include "pass.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels.h"
#include "layer_parts.h"

namespace headlight {
namespace {

bool needs_means(const Edits& edits) {
  return std::any_of(edits.begin(), edits.end(), [](const auto& entry) {
    return entry.second.replace == Replacement::mean && entry.second.gain != 1.0f;
  });
}

int common_prefix(const std::vector<Token>& a, const std::vector<Token>& b) {
  const auto same = [](const Token& x, const Token& y) { return x.id == y.id; };
  const auto limit = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<int>(std::mismatch(a.begin(), a.begin() + limit, b.begin(), same).first -
                          a.begin());
}

void copy_rows(const std::vector<float>& from, std::vector<float>& to, int rows, int width) {
  std::copy_n(from.begin(), static_cast<std::size_t>(rows) * width, to.begin());
}

}  // namespace

struct Pass::State {
  State(const Model& model, std::vector<Token> tokens, Edits edits, RunOptions options);

  void step();
  void compute_layer(LayerTrace& out, const LayerTrace* known);
  void project_qkv(LayerTrace& out, int first);
  void attend(LayerTrace& out, int first);
  const float* edited_z(LayerTrace& out, int first);
  void mlp(const Layer& layer, int first);
  void embed(int first);

  const Model& model;
  const ModelConfig& config;
  ThreadPool& pool;
  float* all_weights = nullptr;  // [layers, heads, query, key]; null when nobody wants them
  Trace trace;
  std::optional<MeanOutputs> own_means;
  const MeanOutputs* means = nullptr;

  int tokens = 0;
  int layer = 0;        // the next to compute
  int whole_layers = 0;  // taken over from the earlier trace
  int known_rows = 0;    // rows of every other layer taken over
  std::vector<std::shared_ptr<const LayerTrace>> known;  // the earlier trace's layers, for their rows
  std::vector<float> known_output;

  std::vector<float> x;       // [tokens, d_model] the residual stream
  std::vector<float> normed;  // [tokens, d_model]
  std::vector<float> hidden;  // [tokens, d_ff or 2 d_ff]
  std::vector<float> gated;   // [tokens, d_ff]
  std::vector<float> z;       // [tokens, query_width] with the edits applied
  std::vector<AttentionScratch> scratch;  // one a head
};

Pass::State::State(const Model& the_model, std::vector<Token> the_tokens, Edits edits,
                   RunOptions options)
    : model(the_model),
      config(the_model.config),
      pool(options.pool != nullptr ? *options.pool : default_pool()),
      all_weights(options.weights) {
  tokens = static_cast<int>(the_tokens.size());
  if (tokens == 0) throw std::invalid_argument("[run] there are no tokens to run on");
  if (tokens > config.context) {
    throw std::invalid_argument("[run] " + std::to_string(tokens) + " tokens, but the model takes at most " +
                                std::to_string(config.context));
  }
  for (const Token& token : the_tokens) {
    if (token.id < 0 || token.id >= config.vocabulary) {
      throw std::invalid_argument("[run] token id " + std::to_string(token.id) +
                                  " is outside the vocabulary of " +
                                  std::to_string(config.vocabulary));
    }
  }
  edits = normalized(std::move(edits));
  check(edits, config);
  if (needs_means(edits)) {
    if (options.means == nullptr) own_means = mean_outputs(model, &pool);
    means = options.means != nullptr ? options.means : &*own_means;
  }

  trace.model_ = &model;
  trace.tokens_ = std::move(the_tokens);
  trace.edits_ = std::move(edits);

  if (const Trace* earlier = options.earlier;
      earlier != nullptr && earlier->model_ == &model && earlier->size() > 0) {
    const int same_tokens = common_prefix(trace.tokens_, earlier->tokens_);
    const int same_layers = first_difference(trace.edits_, earlier->edits_, config.layers);
    if (same_tokens == tokens && earlier->size() == tokens) {
      whole_layers = same_layers;
      trace.layers_.assign(earlier->layers_.begin(), earlier->layers_.begin() + same_layers);
      x = same_layers == config.layers ? *earlier->output_ : earlier->layers_[same_layers]->input;
      layer = same_layers;
      return;
    }
    // Rows of a causal model depend on earlier rows only (a mask never looks at later tokens either), in
    // every layer before the first changed edit.
    if (config.causal && same_tokens > 0 && same_layers > 0) {
      known_rows = same_tokens;
      known.assign(earlier->layers_.begin(), earlier->layers_.begin() + same_layers);
      // The first changed layer's input is known too: it is what the last unchanged layer left.
      known_output = same_layers == config.layers ? *earlier->output_
                                                  : earlier->layers_[same_layers]->input;
    }
  }
  embed(known_rows);
}

void Pass::State::embed(int first) {
  const Weights& weights = model.weights;
  x.resize(static_cast<std::size_t>(tokens) * config.d_model);
  for (int row = first; row < tokens; ++row) {
    const float* token = weights.token_embedding.data() +
                         static_cast<std::size_t>(trace.tokens_[row].id) * config.d_model;
    float* out = x.data() + static_cast<std::size_t>(row) * config.d_model;
    std::copy_n(token, config.d_model, out);
    if (config.position == PositionKind::learned) {
      const float* position =
          weights.position_embedding.data() + static_cast<std::size_t>(row) * config.d_model;
      for (int i = 0; i < config.d_model; ++i) out[i] += position[i];
    }
  }
}

void Pass::State::step() {
  auto out = std::make_shared<LayerTrace>();
  const bool has_known = layer < static_cast<int>(known.size());
  compute_layer(*out, has_known ? known[layer].get() : nullptr);
  trace.layers_.push_back(std::move(out));
  ++layer;
  // The next layer, if an edit changed it, needs all rows of the stream, also those not computed here.
  if (layer == static_cast<int>(known.size()) && known_rows > 0) {
    copy_rows(known_output, x, known_rows, config.d_model);
  }
}

void Pass::State::compute_layer(LayerTrace& out, const LayerTrace* known_layer) {
  const Layer& weights = model.weights.layers[layer];
  const int first = known_layer != nullptr ? known_rows : 0;
  if (known_layer != nullptr) copy_rows(known_layer->input, x, first, config.d_model);
  out.input = x;

  out.qkv.resize(static_cast<std::size_t>(tokens) * config.qkv_width());
  out.z.resize(static_cast<std::size_t>(tokens) * config.query_width());
  if (known_layer != nullptr) {
    copy_rows(known_layer->qkv, out.qkv, first, config.qkv_width());
    copy_rows(known_layer->z, out.z, first, config.query_width());
  }
  if (first == tokens) return;

  project_qkv(out, first);
  attend(out, first);
  const float* heads = edited_z(out, first);

  const std::size_t stream = static_cast<std::size_t>(first) * config.d_model;
  const Linear& w_o = weights.attention_out;
  linear(heads, config.query_width(), tokens - first, w_o.weight,
         {.bias = w_o.bias.empty() ? nullptr : w_o.bias.data(),
          .residual = x.data() + stream,
          .residual_stride = static_cast<std::size_t>(config.d_model)},
         x.data() + stream, config.d_model, pool);
  mlp(weights, first);
}

// Queries, keys and values of rows `first` and after, with their rotary positions.
void Pass::State::project_qkv(LayerTrace& out, int first) {
  const Layer& weights = model.weights.layers[layer];
  const int rows = tokens - first;
  const std::size_t stream = static_cast<std::size_t>(first) * config.d_model;
  normed.resize(x.size());
  norm_rows(config, weights.attention_norm, x.data() + stream, rows, normed.data(), pool);
  float* qkv = out.qkv.data() + static_cast<std::size_t>(first) * config.qkv_width();
  linear(normed.data(), config.d_model, rows, weights.qkv.weight,
         {.bias = weights.qkv.bias.empty() ? nullptr : weights.qkv.bias.data()}, qkv,
         config.qkv_width(), pool);
  if (config.position == PositionKind::rotary) {
    // Keys stand right behind queries, so both turn in one go.
    rotate_rows(config, qkv, config.qkv_width(), rows, first,
                config.heads + config.key_value_heads);
  }
}

// z = softmax(mask(q k^T * scale)) v for each head (Vaswani et al. 2017, eq. 1).
void Pass::State::attend(LayerTrace& out, int first) {
  const std::size_t width = config.qkv_width();
  scratch.resize(config.heads);
  pool.run(config.heads, [&](int head) {
    const float* row = out.qkv.data();
    const int kv = config.key_value_head(head) * config.d_head;
    HeadInput in;
    in.q = row + first * width + head * config.d_head;
    in.k = row + config.query_width() + kv;
    in.v = row + config.query_width() + config.key_value_width() + kv;
    in.q_stride = in.k_stride = in.v_stride = width;
    in.first_query = first;
    in.queries = tokens - first;
    in.keys = tokens;
    in.d_head = config.d_head;
    float* z_out = out.z.data() + static_cast<std::size_t>(first) * config.query_width() +
                   head * config.d_head;
    const std::size_t at =
        (static_cast<std::size_t>(layer) * config.heads + head) * tokens + first;  // row of weights
    attention_output(in, head_rule(config, trace.edits_, {layer, head}), z_out,
                     config.query_width(), all_weights ? all_weights + at * tokens : nullptr, tokens,
                     scratch[head]);
  });
}

// gain * z + (1 - gain) * replacement for the edited heads of this layer; z itself when there are none.
const float* Pass::State::edited_z(LayerTrace& out, int first) {
  const std::size_t begin = static_cast<std::size_t>(first) * config.query_width();
  bool copied = false;
  for (auto entry = trace.edits_.lower_bound({layer, 0});
       entry != trace.edits_.end() && entry->first.layer == layer; ++entry) {
    const auto& [id, edit] = *entry;
    if (edit.gain == 1.0f) continue;
    if (!copied) z.assign(out.z.begin() + static_cast<std::ptrdiff_t>(begin), out.z.end());
    copied = true;
    for (int row = 0; row < tokens - first; ++row) {
      float* head = z.data() + static_cast<std::size_t>(row) * config.query_width() +
                    id.head * config.d_head;
      for (int i = 0; i < config.d_head; ++i) {
        // A pruned head's output is exactly 0, also where z is infinite.
        head[i] = edit.gain == 0.0f ? 0.0f : edit.gain * head[i];
        if (edit.replace == Replacement::mean) {
          const std::size_t at = static_cast<std::size_t>(layer) * config.query_width() +
                                 id.head * config.d_head + i;
          head[i] += (1.0f - edit.gain) * means->z[at];
        }
      }
    }
  }
  return copied ? z.data() : out.z.data() + begin;
}

void Pass::State::mlp(const Layer& weights, int first) {
  const int rows = tokens - first;
  float* stream = x.data() + static_cast<std::size_t>(first) * config.d_model;
  norm_rows(config, weights.mlp_norm, stream, rows, normed.data(), pool);

  const std::size_t inner = weights.mlp_in.weight.out();
  hidden.resize(rows * inner);
  Activation activation = Activation::none;
  if (config.mlp == MlpKind::gelu_tanh) activation = Activation::gelu_tanh;
  if (config.mlp == MlpKind::gelu_erf) activation = Activation::gelu_erf;
  linear(normed.data(), config.d_model, rows, weights.mlp_in.weight,
         {.bias = weights.mlp_in.bias.empty() ? nullptr : weights.mlp_in.bias.data(),
          .activation = activation},
         hidden.data(), inner, pool);
  const float* inside = hidden.data();
  if (config.mlp == MlpKind::swiglu) {
    gated.resize(static_cast<std::size_t>(rows) * config.d_ff);
    swiglu(hidden.data(), inner, rows, config.d_ff, gated.data(), config.d_ff, pool);
    inside = gated.data();
  }
  linear(inside, config.d_ff, rows, weights.mlp_out.weight,
         {.bias = weights.mlp_out.bias.empty() ? nullptr : weights.mlp_out.bias.data(),
          .residual = stream,
          .residual_stride = static_cast<std::size_t>(config.d_model)},
         stream, config.d_model, pool);
}

Pass::Pass(const Model& model, std::vector<Token> tokens, Edits edits, RunOptions options)
    : state_(std::make_unique<State>(model, std::move(tokens), std::move(edits), options)) {}
Pass::~Pass() = default;
Pass::Pass(Pass&&) noexcept = default;
Pass& Pass::operator=(Pass&&) noexcept = default;

bool Pass::step() {
  if (state_->layer >= state_->config.layers) return false;
  state_->step();
  return true;
}

int Pass::layers_done() const { return state_->layer; }
int Pass::reused_layers() const { return state_->whole_layers; }
int Pass::reused_rows() const { return state_->known_rows; }

Trace Pass::take() {
  if (state_->layer < state_->config.layers) {
    throw std::logic_error("[take] the pass has layers left to compute");
  }
  if (state_->trace.tokens_.empty()) throw std::logic_error("[take] the trace is taken already");
  state_->trace.output_ = std::make_shared<const std::vector<float>>(std::move(state_->x));
  return std::move(state_->trace);
}

std::vector<Token> tokens_of(const Model& model, const std::vector<int>& ids) {
  std::vector<Token> tokens;
  tokens.reserve(ids.size());
  for (int id : ids) {
    if (id < 0 || id >= model.config.vocabulary) {
      throw std::invalid_argument("[tokens_of] token id " + std::to_string(id) +
                                  " is outside the vocabulary of " +
                                  std::to_string(model.config.vocabulary));
    }
    const bool named = model.tokenizer.has_value() && id < model.tokenizer->size();
    tokens.push_back(named ? model.tokenizer->token(id) : Token{.id = id, .text = std::to_string(id)});
  }
  return tokens;
}

Trace run(const Model& model, std::string_view text, const Edits& edits, RunOptions options) {
  if (!model.tokenizer) {
    throw std::invalid_argument("[run] the model has no tokenizer, so it takes token ids, not a text");
  }
  Pass pass(model, model.tokenizer->encode(text), edits, options);
  while (pass.step()) {
  }
  return pass.take();
}

Trace run(const Model& model, const std::vector<int>& ids, const Edits& edits, RunOptions options) {
  Pass pass(model, tokens_of(model, ids), edits, options);
  while (pass.step()) {
  }
  return pass.take();
}

}  // namespace headlight
