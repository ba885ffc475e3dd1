#include "pass.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "attention_file.h"
#include "block_rows.h"
#include "embedding.h"
#include "generation.h"
#include "layer_parts.h"
#include "routing.h"

namespace headlight {
namespace {

bool same_ids(const std::vector<Token>& a, const std::vector<Token>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Token& x, const Token& y) { return x.id == y.id; });
}

int common_prefix(const std::vector<Token>& a, const std::vector<Token>& b) {
  const auto same = [](const Token& x, const Token& y) { return x.id == y.id; };
  const auto limit = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<int>(std::mismatch(a.begin(), a.begin() + limit, b.begin(), same).first -
                          a.begin());
}

void copy_rows(const std::vector<float>& from, std::vector<float>& to, int rows, std::size_t width) {
  std::copy_n(from.begin(), static_cast<std::size_t>(rows) * width, to.begin());
}

void check_tokens(const ModelConfig& config, const std::vector<Token>& tokens, const char* which) {
  const std::string count = std::to_string(tokens.size()) + " " + which + "tokens";
  if (tokens.empty()) {
    throw std::invalid_argument("[run] there are no " + std::string(which) + "tokens to run on");
  }
  if (tokens.size() > static_cast<std::size_t>(config.context)) {
    throw std::invalid_argument("[run] " + count + ", but the model takes at most " +
                                std::to_string(config.context));
  }
  for (const Token& token : tokens) {
    if (token.id < 0 || token.id >= config.vocabulary) {
      throw std::invalid_argument("[run] token id " + std::to_string(token.id) +
                                  " is outside the vocabulary of " +
                                  std::to_string(config.vocabulary));
    }
  }
}

}  // namespace

struct Pass::State {
  State(const Model& model, Input input, Edits edits, RunOptions options);

  void take_recorded();
  void start(const Trace* earlier);
  void enter(AttentionKind kind, int first);
  void step();
  void compute_block(BlockTrace& out, const BlockTrace* known);
  void project(BlockRows& parts, BlockTrace& out, int first);
  void attend(BlockTrace& out, int first);
  void route(BlockRows& parts, BlockTrace& out, int first);
  const float* edited_z(BlockTrace& out, int first);

  std::size_t heads_width() const {
    return static_cast<std::size_t>(config.heads_of(kind)) * config.d_head_of(kind);
  }
  float* stream(int row) { return x.data() + static_cast<std::size_t>(row) * config.d_model; }

  const Model& model;
  const ModelConfig& config;
  ThreadPool& pool;
  float* all_weights = nullptr;  // [layers, heads, query, key]; null when nobody wants them
  Trace trace;
  std::optional<MeanOutputs> own_means;
  const MeanOutputs* means = nullptr;

  int block = 0;                             // the next to compute
  AttentionKind kind = AttentionKind::self;  // of that block
  int tokens = 0;                            // rows of its stack
  int whole_blocks = 0;                      // taken over from the earlier trace
  int known_rows = 0;                        // rows taken over in the blocks below known_end
  int known_end = 0;
  std::vector<std::shared_ptr<const BlockTrace>> known;  // the earlier trace's blocks
  std::vector<float> known_output;  // rows of the stream where the known blocks end

  std::vector<float> x;  // [tokens, d_model] the residual stream
  std::vector<float> z;  // [tokens, query_width] with the edits applied
  std::vector<float> mixed;  // [tokens, qkv_width] of a block that mixes tokens
  RowMemory memory;
  std::vector<AttentionScratch> scratch;  // one a head
};

Pass::State::State(const Model& the_model, Input input, Edits edits, RunOptions options)
    : model(the_model),
      config(the_model.config),
      pool(options.pool != nullptr ? *options.pool : default_pool()),
      all_weights(options.weights) {
  trace.model_ = &model;
  trace.edits_ = normalized(std::move(edits));
  if (model.recorded) {
    take_recorded();
    return;
  }
  if (config.encoder_decoder()) {
    check_tokens(config, input.source, "source ");
    if (all_weights != nullptr) {
      throw std::invalid_argument("[run] weights on the way are for models of one stack");
    }
  } else {
    input.source.clear();
  }
  check_tokens(config, input.tokens, "");
  check(trace.edits_, config);
  if (needs_means(trace.edits_)) {
    if (options.means == nullptr) own_means = mean_outputs(model, &pool);
    means = options.means != nullptr ? options.means : &*own_means;
  }
  trace.input_ = std::move(input);
  start(options.earlier);
}

void Pass::State::take_recorded() {
  if (!trace.edits_.empty()) {
    throw std::invalid_argument(
        "[run] this attention was computed elsewhere: changing heads needs the model");
  }
  trace.input_ = recorded_input(*model.recorded);
  block = config.blocks();
}

// Takes over what it can from the earlier trace, and stands before the first block to compute.
void Pass::State::start(const Trace* earlier) {
  if (earlier == nullptr || earlier->model_ != &model || earlier->size() == 0 ||
      !same_ids(trace.source(), earlier->source())) {
    return enter(config.kind_of(0), 0);
  }
  const int same_blocks = first_difference(trace.edits_, earlier->edits_, config);
  const int prefix = common_prefix(trace.tokens(), earlier->tokens());
  const auto stream_before = [&](int at) -> const std::vector<float>& {
    return at == config.blocks() ? *earlier->output_
                                 : earlier->blocks_[static_cast<std::size_t>(at)]->input;
  };
  const bool same_tokens = same_ids(trace.tokens(), earlier->tokens());
  // The encoder does not depend on the decoder's tokens.
  whole_blocks = same_tokens ? same_blocks : std::min(same_blocks, config.encoder_layers);
  trace.blocks_.assign(earlier->blocks_.begin(), earlier->blocks_.begin() + whole_blocks);
  if (whole_blocks >= config.encoder_layers) trace.encoder_output_ = earlier->encoder_output_;
  block = whole_blocks;
  if (same_tokens || block < config.encoder_layers) {
    kind = config.kind_of(std::min(block, config.blocks() - 1));
    tokens = trace.queries(kind);
    x = stream_before(block);
    return;
  }
  // Rows of a causal stack depend on earlier rows only (a mask never looks at later tokens either),
  // in every block before the first changed edit. Cross-attention sees the whole source from each.
  if (config.causal && prefix > 0 && same_blocks > block) {
    known_rows = prefix;
    known_end = same_blocks;
    known = earlier->blocks_;
    // The first changed block's input is known too: it is what the last unchanged block left.
    known_output = stream_before(same_blocks);
  }
  enter(AttentionKind::self, known_rows);
}

// The embedded tokens of a stack, from row `first` on (Vaswani et al. 2017, section 3.4).
void Pass::State::enter(AttentionKind stack, int first) {
  kind = stack;
  const std::vector<Token>& ids = trace.query_tokens(kind);
  tokens = static_cast<int>(ids.size());
  const auto width = static_cast<std::size_t>(config.d_model);
  x.resize(static_cast<std::size_t>(tokens) * width);
  const std::vector<EmbeddedToken> rows = embedded_tokens(model, ids, kind);
  for (int row = first; row < tokens; ++row) {
    const EmbeddedToken& embedded = rows[static_cast<std::size_t>(row)];
    float* out = stream(row);
    for (std::size_t i = 0; i < width; ++i) out[i] = embedded.token[i] * config.embedding_scale;
    for (const float* more : {embedded.type, embedded.position}) {
      for (std::size_t i = 0; more != nullptr && i < width; ++i) out[i] += more[i];
    }
  }
  const Norm& norm = kind == AttentionKind::encoder ? model.weights.encoder_embedding.norm
                                                    : model.weights.embedding.norm;
  if (!norm.gain.empty() && first < tokens) {
    norm_rows(config, norm, stream(first), tokens - first, stream(first), pool);
  }
}

void Pass::State::step() {
  auto out = std::make_shared<BlockTrace>();
  kind = config.kind_of(block);
  const bool has_known = block < known_end;
  compute_block(*out, has_known ? known[static_cast<std::size_t>(block)].get() : nullptr);
  trace.blocks_.push_back(std::move(out));
  ++block;
  // The next block, if an edit changed it, needs all rows of the stream, also those not computed
  // here.
  if (block == known_end && known_rows > 0) {
    copy_rows(known_output, x, known_rows, static_cast<std::size_t>(config.d_model));
  }
  if (config.encoder_decoder() && block == config.encoder_layers) {
    if (!model.weights.encoder_norm.gain.empty()) {
      norm_rows(config, model.weights.encoder_norm, x.data(), tokens, x.data(), pool);
    }
    trace.encoder_output_ = std::make_shared<const std::vector<float>>(std::move(x));
    x = {};
    enter(AttentionKind::self, 0);
  }
}

void Pass::State::compute_block(BlockTrace& out, const BlockTrace* known_block) {
  BlockRows parts(model, block, pool, memory);
  const int first = known_block != nullptr ? known_rows : 0;
  if (known_block != nullptr) {
    copy_rows(known_block->input, x, first, static_cast<std::size_t>(config.d_model));
  }
  out.input = x;

  out.qkv.resize(static_cast<std::size_t>(tokens) * parts.qkv_width());
  out.z.resize(static_cast<std::size_t>(tokens) * heads_width());
  if (known_block != nullptr) {
    copy_rows(known_block->qkv, out.qkv, first, parts.qkv_width());
    copy_rows(known_block->z, out.z, first, heads_width());
    if (parts.routes()) {
      out.gates.resize(static_cast<std::size_t>(tokens) * config.heads);
      copy_rows(known_block->gates, out.gates, first, static_cast<std::size_t>(config.heads));
    }
    out.source_kv = known_block->source_kv;
  }
  if (first == tokens) return;

  project(parts, out, first);
  attend(out, first);
  route(parts, out, first);
  parts.add(edited_z(out, first), tokens - first, stream(first));
}

// Queries, keys and values of rows `first` and after, with their rotary positions.
void Pass::State::project(BlockRows& parts, BlockTrace& out, int first) {
  float* qkv = out.qkv.data() + static_cast<std::size_t>(first) * parts.qkv_width();
  if (const int start = parts.mixing_start(first); parts.mixes()) {
    mixed.resize(static_cast<std::size_t>(tokens - start) * parts.qkv_width());
    parts.project(stream(start), tokens - start, mixed.data());
    parts.mix(mixed.data(), tokens - start, start);
    const std::size_t skipped = static_cast<std::size_t>(first - start) * parts.qkv_width();
    std::copy(mixed.begin() + static_cast<std::ptrdiff_t>(skipped), mixed.end(), qkv);
  } else {
    parts.project(stream(first), tokens - first, qkv);
  }
  parts.rotate(qkv, tokens - first, first);
  if (kind == AttentionKind::cross && out.source_kv.empty()) {
    out.source_kv.resize(trace.source().size() * 2 * parts.heads_width());
    parts.project_source(trace.encoder_output_->data(), static_cast<int>(trace.source().size()),
                         out.source_kv.data());
  }
}

// z = softmax(mask(q k^T * scale)) v for each head (Vaswani et al. 2017, eq. 1).
void Pass::State::attend(BlockTrace& out, int first) {
  const int heads = config.heads_of(kind);
  const int layer = config.layer_of(block);
  const int keys = trace.keys(kind);
  if (static_cast<int>(scratch.size()) < heads) scratch.resize(heads);
  pool.run(heads, [&](int head) {
    const HeadId id{layer, head, kind};
    HeadInput in = head_input(config, out, id, tokens - first, keys);
    in.q += static_cast<std::size_t>(first) * in.q_stride;
    in.first_query = first;
    float* z_out =
        out.z.data() + static_cast<std::size_t>(first) * heads_width() + head * in.d_head;
    const std::size_t at =
        (static_cast<std::size_t>(layer) * heads + head) * tokens + first;  // row of weights
    attention_output(in, head_rule(model, trace.edits_, id), z_out, heads_width(),
                     all_weights ? all_weights + at * tokens : nullptr, tokens, scratch[head]);
  });
}

// Multiplies the outputs by the router's gates.
void Pass::State::route(BlockRows& parts, BlockTrace& out, int first) {
  if (!parts.routes()) return;
  const auto at = static_cast<std::size_t>(first);
  out.gates.resize(static_cast<std::size_t>(tokens) * config.heads);
  float* gates = out.gates.data() + at * config.heads;
  parts.route(stream(first), tokens - first, gates);
  apply_gates(config, gates, tokens - first, out.z.data() + at * heads_width());
}

// The heads' outputs of rows `first` and after with the edits of this block applied; z itself when
// there are none.
const float* Pass::State::edited_z(BlockTrace& out, int first) {
  const std::size_t begin = static_cast<std::size_t>(first) * heads_width();
  if (!edits_output(trace.edits_, config, block)) return out.z.data() + begin;
  z.assign(out.z.begin() + static_cast<std::ptrdiff_t>(begin), out.z.end());
  edit_output(trace.edits_, config, block, means, z.data(), tokens - first);
  return z.data();
}

Pass::Pass(const Model& model, Input input, Edits edits, RunOptions options)
    : state_(std::make_unique<State>(model, std::move(input), std::move(edits), options)) {}
Pass::~Pass() = default;
Pass::Pass(Pass&&) noexcept = default;
Pass& Pass::operator=(Pass&&) noexcept = default;

bool Pass::step() {
  if (state_->block >= steps()) return false;
  state_->step();
  return true;
}

int Pass::steps() const { return state_->config.blocks(); }
int Pass::steps_done() const { return state_->block; }
int Pass::reused_steps() const { return state_->whole_blocks; }
int Pass::reused_rows() const { return state_->known_rows; }

Trace Pass::take() {
  if (state_->block < steps()) {
    throw std::logic_error("[take] the pass has blocks left to compute");
  }
  if (state_->trace.tokens().empty()) throw std::logic_error("[take] the trace is taken already");
  state_->trace.output_ = std::make_shared<const std::vector<float>>(std::move(state_->x));
  return std::move(state_->trace);
}

Trace run(const Model& model, const Input& input, const Edits& edits, RunOptions options) {
  Pass pass(model, input, edits, options);
  while (pass.step()) {
  }
  return pass.take();
}

Trace run(const Model& model, std::string_view text, const Edits& edits, RunOptions options) {
  if (model.recorded) return run(model, Input{}, edits, options);
  if (!model.config.encoder_decoder()) return run(model, input_of(model, text), edits, options);
  Generation generation(model, input_of(model, text), edits, model.config.context, options);
  while (generation.step()) {
  }
  return generation.take();
}

Trace run(const Model& model, const std::vector<int>& ids, const Edits& edits, RunOptions options) {
  return run(model, Input{tokens_of(model, ids), {}}, edits, options);
}

}  // namespace headlight
