#include "comparison.h"

#include <algorithm>

#include "input.h"

namespace headlight {
namespace {

bool predicts(const Model& model) {
  return !model.recorded && model.config.predicts != ModelConfig::Predicts::nothing;
}

std::int64_t free_cells(const std::vector<std::uint8_t>& masked) {
  return std::count(masked.begin(), masked.end(), 0);
}

int position_of(const Trace& trace, const PredictionOptions& options) {
  if (!options.position) return predicted_position(trace.model(), trace.tokens());
  return std::clamp(*options.position, 0, trace.size() - 1);
}

}  // namespace

HeadMeasures measure_head(const ColumnRun& column) {
  const HeadId head = column.head;
  check_head(column.run.model().config, head, "measure_head");
  HeadMeasures out;
  const int queries = column.run.queries(head.kind), keys = column.run.keys(head.kind);
  std::vector<float> weights(static_cast<std::size_t>(queries) * static_cast<std::size_t>(keys));
  AttentionScratch scratch;
  column.run.weights(head, weights.data(), scratch);
  out.stats = head_stats(weights.data(), queries, keys);

  const std::vector<std::uint8_t> masked = masked_cells(column.run, head);
  out.cells = free_cells(masked);
  out.full_cells = free_cells(masked_cells(column.baseline, head));
  out.all_cells = static_cast<std::int64_t>(queries) * keys;
  if (&column.run == &column.baseline) return out;
  column.baseline.weights(head, weights.data(), scratch);
  double removed = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) removed += masked[i] ? weights[i] : 0.0f;
  out.weight_removed = removed / std::max(queries, 1);
  return out;
}

std::vector<MaskCost> mask_costs(const Model& model, const Edits& edits, HeadId head) {
  check_head(model.config, head, "mask_costs");
  std::vector<MaskCost> costs;
  if (model.recorded) return costs;
  const HeadRule rule = head_rule(model, edits, head);
  for (int tokens : comparison_lengths) {
    costs.push_back(mask_cost(rule, tokens, model.config.d_head_of(head.kind)));
  }
  return costs;
}

PredictionMeasures measure_prediction(const Trace& run, const Trace& first,
                                      const PredictionOptions& options) {
  PredictionMeasures out;
  if (!predicts(run.model())) return out;
  out.position = position_of(run, options);
  const std::vector<float> logits = run.logits(out.position);
  out.top = top_candidates(logits, options.candidates);
  if (!predicts(first.model()) || !same_vocabulary(run.model(), first.model())) return out;
  const bool same = &run == &first;
  out.kl = same ? 0.0 : kl_divergence(first.logits(position_of(first, options)), logits);
  if (!options.mean || run.size() != first.size()) return out;
  std::vector<double> each(static_cast<std::size_t>(run.size()));
  if (!same) {
    ThreadPool& pool = options.pool ? *options.pool : default_pool();
    pool.run(run.size(), [&](int position) {
      each[static_cast<std::size_t>(position)] =
          kl_divergence(first.logits(position), run.logits(position));
    });
  }
  double sum = 0.0;
  for (double kl : each) sum += kl;
  out.mean_kl = sum / static_cast<double>(each.size());
  return out;
}

bool same_vocabulary(const Model& a, const Model& b) {
  if (&a == &b) return true;
  if (a.config.vocabulary != b.config.vocabulary) return false;
  const Tokenizer* of_a = a.tokenizer_of(AttentionKind::self);
  const Tokenizer* of_b = b.tokenizer_of(AttentionKind::self);
  if (of_a == nullptr || of_b == nullptr || of_a->size() != of_b->size()) return of_a == of_b;
  for (int id = 0; id < of_a->size(); ++id) {
    if (of_a->token(id).text != of_b->token(id).text) return false;
  }
  return true;
}

}  // namespace headlight
