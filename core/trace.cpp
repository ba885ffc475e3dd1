#include "trace.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <xtensor/xtensor.hpp>

#include "attention_file.h"
#include "layer_parts.h"

namespace headlight {

void Trace::refuse_recorded(const char* what) const {
  if (!model_->recorded) return;
  throw std::invalid_argument(std::string("[") + what +
                              "] this attention was computed elsewhere: there are weights only");
}

const std::vector<Token>& Trace::query_tokens(AttentionKind kind) const {
  return kind == AttentionKind::encoder ? source() : tokens();
}

const std::vector<Token>& Trace::key_tokens(AttentionKind kind) const {
  const bool others = model_->recorded && !source().empty();  // with key tokens of their own
  return kind != AttentionKind::self || others ? source() : tokens();
}

const BlockTrace& Trace::block_of(HeadId id) const {
  check_head(model_->config, id, "trace");
  return *blocks_[static_cast<std::size_t>(model_->config.block_of(id.kind, id.layer))];
}

HeadInput Trace::head_input_of(HeadId id) const {
  return head_input(model_->config, block_of(id), id, queries(id.kind), keys(id.kind));
}

HeadRule Trace::rule_of(HeadId id) const {
  check_head(model_->config, id, "trace");
  return head_rule(*model_, edits_, id);
}

void Trace::weights(HeadId id, float* out, AttentionScratch& scratch) const {
  if (model_->recorded) {
    check_head(model_->config, id, "trace");
    const std::size_t cells = static_cast<std::size_t>(queries(id.kind)) * keys(id.kind);
    const std::size_t head =
        static_cast<std::size_t>(id.layer) * model_->config.heads + id.head;
    std::copy_n(model_->recorded->weights.data() + head * cells, cells, out);
    return;
  }
  attention_weights(head_input_of(id), rule_of(id), out, keys(id.kind), scratch);
}

xt::xtensor<float, 2> Trace::weights(HeadId id) const {
  check_head(model_->config, id, "trace");
  xt::xtensor<float, 2> out =
      xt::empty<float>({query_tokens(id.kind).size(), key_tokens(id.kind).size()});
  AttentionScratch scratch;
  weights(id, out.data(), scratch);
  return out;
}

xt::xtensor<float, 2> Trace::scores(HeadId id) const {
  refuse_recorded("scores");
  const HeadInput in = head_input_of(id);
  xt::xtensor<float, 2> out =
      xt::empty<float>({query_tokens(id.kind).size(), key_tokens(id.kind).size()});
  AttentionScratch scratch;
  attention_scores(in, rule_of(id).scale, out.data(), in.keys, scratch);
  return out;
}

float Trace::score(HeadId id, Cell cell) const {
  refuse_recorded("score");
  HeadInput in = head_input_of(id);
  if (cell.query < 0 || cell.query >= in.queries || cell.key < 0 || cell.key >= in.keys) {
    throw std::invalid_argument("[score] the cell lies outside the map of " +
                                std::to_string(in.queries) + " x " + std::to_string(in.keys) +
                                " tokens");
  }
  in.q += cell.query * in.q_stride;
  in.k += cell.key * in.k_stride;
  in.queries = in.keys = 1;
  float score = 0.0f;
  AttentionScratch scratch;
  attention_scores(in, rule_of(id).scale, &score, 1, scratch);
  return score;
}

xt::xtensor<float, 2> Trace::rows_of(const float* first, std::size_t stride, int rows,
                                     int width) const {
  xt::xtensor<float, 2> out =
      xt::empty<float>({static_cast<std::size_t>(rows), static_cast<std::size_t>(width)});
  for (int row = 0; row < rows; ++row) {
    std::copy_n(first + row * stride, width, out.data() + static_cast<std::size_t>(row) * width);
  }
  return out;
}

xt::xtensor<float, 2> Trace::q(HeadId id) const {
  refuse_recorded("q");
  const HeadInput in = head_input_of(id);
  return rows_of(in.q, in.q_stride, in.queries, in.d_head);
}

xt::xtensor<float, 2> Trace::k(HeadId id) const {
  refuse_recorded("k");
  const HeadInput in = head_input_of(id);
  return rows_of(in.k, in.k_stride, in.keys, in.d_head);
}

xt::xtensor<float, 2> Trace::v(HeadId id) const {
  refuse_recorded("v");
  const HeadInput in = head_input_of(id);
  return rows_of(in.v, in.v_stride, in.keys, in.d_head);
}

xt::xtensor<float, 2> Trace::z(HeadId id) const {
  refuse_recorded("z");
  const HeadInput in = head_input_of(id);
  const std::size_t width = static_cast<std::size_t>(model_->config.heads_of(id.kind)) * in.d_head;
  return rows_of(block_of(id).z.data() + static_cast<std::size_t>(id.head) * in.d_head, width,
                 in.queries, in.d_head);
}

xt::xtensor<float, 2> Trace::residual(int layer, AttentionKind kind) const {
  refuse_recorded("residual");
  const ModelConfig& config = model_->config;
  const int layers = config.kinds().size() == 1 && kind != AttentionKind::self
                         ? -1
                         : config.layers_of(kind) - (kind == AttentionKind::cross ? 1 : 0);
  if (layer < 0 || layer > layers) {
    throw std::invalid_argument("[residual] expected a layer from 0 to " + std::to_string(layers) +
                                ", got " + std::to_string(layer));
  }
  const float* rows = kind == AttentionKind::encoder ? encoder_output_->data() : output_->data();
  if (layer < config.layers_of(kind)) {
    rows = blocks_[static_cast<std::size_t>(config.block_of(kind, layer))]->input.data();
  }
  return rows_of(rows, static_cast<std::size_t>(config.d_model), queries(kind), config.d_model);
}

const BlockTrace& Trace::block(int index) const {
  refuse_recorded("block");
  if (index < 0 || index >= static_cast<int>(blocks_.size())) {
    throw std::invalid_argument("[block] expected a block below " + std::to_string(blocks_.size()) +
                                ", got " + std::to_string(index));
  }
  return *blocks_[static_cast<std::size_t>(index)];
}

const std::vector<float>& Trace::output() const {
  refuse_recorded("output");
  return *output_;
}

const std::vector<float>& Trace::encoder_output() const {
  refuse_recorded("encoder_output");
  static const std::vector<float> none;
  return encoder_output_ ? *encoder_output_ : none;
}

std::vector<float> Trace::logits(int position) const {
  refuse_recorded("logits");
  if (position < 0 || position >= size()) {
    throw std::invalid_argument("[logits] expected a position below " + std::to_string(size()) +
                                ", got " + std::to_string(position));
  }
  const ModelConfig& config = model_->config;
  if (config.predicts == ModelConfig::Predicts::nothing) {
    throw std::invalid_argument("[logits] the model has no language-model head");
  }
  const Weights& weights = model_->weights;
  const PredictionHead& head = weights.head;
  const float* row = output_->data() + static_cast<std::size_t>(position) * config.d_model;
  std::vector<float> state(row, row + config.d_model);
  ThreadPool alone(1);
  const auto norm = [&](const Norm& by) {
    if (!by.gain.empty()) norm_rows(config, by, state.data(), 1, state.data(), alone);
  };
  norm(weights.final_norm);
  if (const PackedMatrix& dense = head.dense.weight; dense.in() > 0) {
    std::vector<float> transformed(static_cast<std::size_t>(dense.out()));
    linear(state.data(), state.size(), 1, dense,
           {.bias = head.dense.bias.empty() ? nullptr : head.dense.bias.data(),
            .activation = activation_of(head.activation)},
           transformed.data(), transformed.size(), alone);
    state = std::move(transformed);
  }
  norm(head.norm);
  const auto width = static_cast<int>(state.size());
  std::vector<float> logits(config.vocabulary);
  for (int token = 0; token < config.vocabulary; ++token) {
    const float* embedding = weights.unembedding().data() + static_cast<std::size_t>(token) * width;
    float lanes[16] = {};  // separate sums, so that the compiler may keep them in vector registers
    int i = 0;
    for (; i + 16 <= width; i += 16) {
      for (int lane = 0; lane < 16; ++lane) lanes[lane] += state[i + lane] * embedding[i + lane];
    }
    double sum = head.bias.empty() ? 0.0 : head.bias[token];
    for (; i < width; ++i) sum += static_cast<double>(state[i]) * embedding[i];
    for (float lane : lanes) sum += lane;
    logits[token] = static_cast<float>(sum);
  }
  return logits;
}

std::vector<std::uint8_t> masked_cells(const Trace& trace, HeadId head) {
  const auto queries = static_cast<std::size_t>(trace.queries(head.kind));
  const auto keys = static_cast<std::size_t>(trace.keys(head.kind));
  std::vector<std::uint8_t> masked(queries * keys);
  if (trace.model().recorded) return masked;
  check_head(trace.model().config, head, "masked_cells");
  const HeadRule rule = head_rule(trace.model(), trace.edits(), head);
  std::vector<Cell> cells;
  if (rule.masked_cells) cells = *rule.masked_cells;
  std::sort(cells.begin(), cells.end());
  std::fill(masked.begin(), masked.end(), std::uint8_t{1});
  std::vector<KeyRange> allowed;
  for (std::size_t query = 0; query < queries; ++query) {
    allowed_keys(rule, cells, static_cast<int>(query), static_cast<int>(keys), allowed);
    std::uint8_t* row = masked.data() + query * keys;
    for (const KeyRange& range : allowed) std::fill(row + range.begin, row + range.end, 0);
  }
  return masked;
}

}  // namespace headlight
