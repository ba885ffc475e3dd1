#include "learn_pages.h"

#include <algorithm>

namespace headlight {
namespace {

// Points of the curves of costs.
constexpr int cost_points = 48;
// The least and most distances of the curve of a turned score.
constexpr int least_distances = 33, most_distances = 129;

LearnPages::CacheRow cache_row(const ParameterCounts& model, int length) {
  LearnPages::CacheRow row{cache_memory(model, length), model.name, model.causal};
  row.own_bytes = row.bytes[static_cast<std::size_t>(row.own)];
  return row;
}

}  // namespace

bool appends_tokens(const Model& model) {
  return !model.recorded && !model.config.encoder_decoder() && model.config.causal;
}

int cached_tokens(const Learn& learn, int tokens) {
  return learn.cached <= 0 || learn.cached >= tokens ? tokens - 1 : learn.cached;
}

void LearnPages::update(const std::shared_ptr<const Snapshot>& snapshot, const State& state) {
  if (state.display.view != View::learn || !snapshot->has_pictures()) return;
  const bool same = snapshot == snapshot_ && state.selection == selection_ && state.learn == learn_;
  snapshot_ = snapshot;
  selection_ = state.selection;
  learn_ = state.learn;
  const Model& model = *snapshot->model;
  const Trace& trace = *snapshot->edited;
  if (state.learn.page == LearnPage::parameters && counted_ != snapshot->model) {
    counted_ = snapshot->model;
    make_counts(model);
  }
  if (same) return;
  cache_.reset();
  rotary_.reset();
  if (!model.config.has(state.selection.head)) return;
  if (state.learn.page == LearnPage::cache) {
    if (!appends_tokens(model)) return;
    if (costed_ != snapshot->model) {
      costed_ = snapshot->model;
      make_costs(model);
    }
    make_cache(trace, state.selection.head, cached_tokens(state.learn, trace.size()));
  }
  if (state.learn.page == LearnPage::rotary) {
    const bool turns = appends_tokens(model) && model.config.position == PositionKind::rotary &&
                       !model.config.rotary_frequencies.empty();
    if (turns) make_rotary(trace, state.selection, state.learn.shift);
  }
}

void LearnPages::make_counts(const Model& model) {
  counts_.clear();
  if (!model.recorded) counts_.push_back(parameter_counts(model));
  for (const KnownModel& known : known_models()) counts_.push_back(parameter_counts(known));
  for (std::size_t length = 0; length < cache_lengths.size(); ++length) {
    cache_rows_[length].clear();
    for (const ParameterCounts& counts : counts_) {
      cache_rows_[length].push_back(cache_row(counts, cache_lengths[length]));
    }
    if (!appends_tokens(model)) continue;
    CacheRow& open = cache_rows_[length].front();
    open.own_bytes = CacheCost(model).bytes(open.tokens);
  }
}

void LearnPages::make_costs(const Model& model) {
  costs_.clear();
  const CacheCost cost(model);
  const int context = std::max(model.config.context, 2);
  int last = 0;
  for (int i = 0; i <= cost_points; ++i) {
    const int tokens =
        std::max(1, static_cast<int>(static_cast<long long>(context) * i / cost_points));
    if (tokens == last) continue;
    last = tokens;
    costs_.push_back({tokens, cost.with_cache(tokens), cost.without(tokens)});
  }
}

void LearnPages::make_cache(const Trace& trace, HeadId head, int cached) {
  const CacheCost cost(trace.model());
  cache_ = {cache_walk(trace, head, cached), cost.with_cache(cached + 1), cost.without(cached + 1),
            cost.bytes(cached + 1)};
}

// Without a choice: the last token, and the key that it looks at most.
void LearnPages::make_rotary(const Trace& trace, const Selection& selection, int shift) {
  const int tokens = trace.size();
  const int query = std::clamp(selection.query.value_or(tokens - 1), 0, tokens - 1);
  const std::vector<float> weights = cache_walk(trace, selection.head, query).weights;
  const auto strongest =
      static_cast<int>(std::max_element(weights.begin(), weights.end()) - weights.begin());
  const int key = std::clamp(selection.key.value_or(strongest), 0, tokens - 1);
  rotary_weight_ = key <= query ? weights[static_cast<std::size_t>(key)] : 0.0f;
  ThreadPool pool(1);  // the default one belongs to the worker
  const int context = trace.model().config.context;
  const int distances =
      std::min(std::max(context, 1), std::clamp(2 * tokens, least_distances, most_distances));
  rotary_ = rotary_walk(trace, selection.head, {query, key},
                        std::clamp(shift, 0, std::max(0, context - tokens)), distances, &pool);
}

}  // namespace headlight
