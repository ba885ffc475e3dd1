#include "map_values.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <stdexcept>

#include "head_summary.h"
#include "value_weighted.h"

namespace headlight {
namespace {

// What a run computed, by where it lies.
std::vector<const BlockTrace*> blocks_of(const Trace& trace) {
  std::vector<const BlockTrace*> blocks;
  if (trace.model().recorded) return blocks;
  for (int i = 0; i < trace.model().config.blocks(); ++i) blocks.push_back(&trace.block(i));
  return blocks;
}

// All layers' rollout. Every head of a run asks for it, so each thread keeps the last two (a
// difference takes two runs in turn), with their traces: what those hold cannot be another's memory
// meanwhile. Their model may be gone, so it is not touched.
const std::vector<float>& layers_rollout(const Trace& trace, AttentionKind kind) {
  struct Known {
    std::optional<Trace> trace;
    std::vector<const BlockTrace*> blocks;
    AttentionKind kind = AttentionKind::self;
    std::vector<float> layers;
  };
  thread_local Known known[2];
  std::vector<const BlockTrace*> blocks = blocks_of(trace);
  for (const Known& run : known) {
    if (run.trace && !blocks.empty() && run.kind == kind && run.blocks == blocks &&
        run.trace->edits() == trace.edits()) {
      return run.layers;
    }
  }
  std::swap(known[0], known[1]);
  known[0] = {trace, std::move(blocks), kind, shown_rollout(trace, kind)};
  return known[0].layers;
}

std::vector<float> rollout_of(const Trace& trace, HeadId head, const std::vector<float>* known) {
  const std::vector<float>& layers = known != nullptr ? *known : layers_rollout(trace, head.kind);
  const std::size_t cells = static_cast<std::size_t>(trace.queries(head.kind)) *
                            static_cast<std::size_t>(trace.keys(head.kind));
  const auto first = layers.begin() + static_cast<std::ptrdiff_t>(cells) * head.layer;
  return {first, first + static_cast<std::ptrdiff_t>(cells)};
}

// `rollout` is the run's, where it is known.
std::vector<float> weights_of(const Trace& trace, HeadId head, const Display& display,
                              const std::vector<float>* rollout) {
  const int queries = trace.queries(head.kind), keys = trace.keys(head.kind);
  const bool hide_first = display.hide_first;
  const Quantity quantity = shown_quantity(trace, head, display);
  if (quantity == Quantity::value_weighted) {
    std::vector<float> values = value_weighted(trace, head);
    if (hide_first)  // these rows have no sum to be scaled to
      for (int query = 0; query < queries; ++query)
        values[static_cast<std::size_t>(query) * static_cast<std::size_t>(keys)] = 0.0f;
    return values;
  }
  if (quantity == Quantity::rollout) {
    std::vector<float> values = rollout_of(trace, head, rollout);
    if (hide_first) hide_first_key(values.data(), queries, keys);
    return values;
  }
  std::vector<float> weights(static_cast<std::size_t>(queries) * static_cast<std::size_t>(keys));
  AttentionScratch scratch;
  trace.weights(head, weights.data(), scratch);
  if (hide_first) hide_first_key(weights.data(), queries, keys);
  return weights;
}

float largest_magnitude(std::span<const float> values) {
  float largest = 0.0f;
  for (float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// The least step of 1, 2 or 5 times a power of ten that needs at most `steps` steps to `high`.
float tick_step(float high, int steps) {
  const float power = std::pow(10.0f, std::floor(std::log10(high / static_cast<float>(steps))));
  for (float factor : {1.0f, 2.0f, 5.0f})
    if (power * factor * static_cast<float>(steps) >= high * 0.999f) return power * factor;
  return power * 10.0f;
}

// Ticks above 0 up to `high`, which is always one of them.
std::vector<float> upper_ticks(const MapValues& map) {
  std::vector<float> ticks;
  if (map.log) {
    for (int decade = -4; decade <= 0; ++decade) {
      const float tick = std::pow(10.0f, static_cast<float>(decade));
      if (tick * 1.5f < map.high) ticks.push_back(tick);
    }
  } else {
    const float step = map.high == 1.0f ? (map.diverging ? 0.5f : 0.25f)
                                        : tick_step(map.high, map.diverging ? 2 : 4);
    for (int i = 1; static_cast<float>(i) * step < map.high - 0.4f * step; ++i)
      ticks.push_back(static_cast<float>(i) * step);
  }
  ticks.push_back(map.high);
  return ticks;
}

}  // namespace

Quantity shown_quantity(const Trace& trace, HeadId head, const Display& display) {
  const bool recorded = trace.model().recorded != nullptr;
  if (recorded && display.quantity == Quantity::value_weighted) return Quantity::weights;
  if (!has_rollout(trace, head.kind)) return Quantity::weights;
  return display.quantity;
}

bool to_largest(Quantity quantity, const Display& display) {
  return display.range == Range::map ||
         (quantity != Quantity::weights && display.range == Range::unit);
}

const char* quantity_name(Quantity quantity) {
  switch (quantity) {
    case Quantity::weights:
      return "attention weight";
    case Quantity::value_weighted:
      return "weight \u00D7 ||v W_O||";
    case Quantity::rollout:
      return "attention rollout";
  }
  throw std::invalid_argument("[quantity_name] no such quantity");
}

std::string quantity_formula(Quantity quantity, const ModelConfig& config, AttentionKind kind) {
  switch (quantity) {
    case Quantity::weights:
      return "";
    case Quantity::value_weighted:
      return "gain \u00D7 weight \u00D7 ||v W_O||: how much each key's value adds "
             "(Kobayashi et al. 2020).";
    case Quantity::rollout:
      return std::string("Rollout: all layers up to this one multiplied, each 0.5 mean of its heads + "
                         "0.5 I (Abnar & Zuidema 2020)") +
             (corrects_rollout(config, kind) ? ", over what uniform weights would give." : ".");
  }
  throw std::invalid_argument("[quantity_formula] no such quantity");
}

std::vector<float> shown_weights(const Trace& baseline, const Trace& edited, HeadId head,
                                 const Display& display, const Rollouts* rollouts) {
  const auto* first = rollouts != nullptr ? rollouts->baseline.get() : nullptr;
  const auto* second = rollouts != nullptr ? rollouts->edited.get() : nullptr;
  std::vector<float> values = display.shown == Shown::baseline
                                  ? weights_of(baseline, head, display, first)
                                  : weights_of(edited, head, display, second);
  if (display.shown == Shown::difference) {
    if (baseline.queries(head.kind) != edited.queries(head.kind) ||
        baseline.keys(head.kind) != edited.keys(head.kind))
      throw std::invalid_argument("[map_values] a difference needs two runs on the same tokens");
    const std::vector<float> before = weights_of(baseline, head, display, first);
    for (std::size_t i = 0; i < before.size(); ++i) values[i] -= before[i];
  }
  return values;
}

MapValues map_values(const Trace& baseline, const Trace& edited, HeadId head,
                     const Display& display, const Rollouts* rollouts) {
  MapValues map;
  map.diverging = display.shown == Shown::difference;
  map.log = display.scale == Scale::log;
  map.per_row = display.range == Range::row;

  map.values = shown_weights(baseline, edited, head, display, rollouts);
  const Trace& shown = display.shown == Shown::baseline ? baseline : edited;
  map.queries = shown.queries(head.kind);
  map.keys = shown.keys(head.kind);

  map.quantity = shown_quantity(shown, head, display);
  const HeadDesign* design = shown.model().config.design_of(head);
  if (design != nullptr && map.quantity != Quantity::rollout) map.pool = design->pool;
  const bool largest = to_largest(map.quantity, display);
  set_range_end(map, largest ? range_end(largest_value(map), display.scale) : 1.0f);
  return map;
}

float largest_value(const MapValues& map) {
  if (map.diverging) {
    const float largest = largest_magnitude(map.values);
    return largest > 0.0f ? std::max(largest, least_difference) : 0.0f;
  }
  float largest = 0.0f;
  const auto keys = static_cast<std::size_t>(map.keys);
  for (std::size_t row = 0; row < static_cast<std::size_t>(map.queries); ++row) {
    const std::span<const float> values(map.values.data() + row * keys, keys);
    if (std::count(values.begin(), values.end(), 0.0f) + 1 < map.keys)
      largest = std::max(largest, largest_magnitude(values));
  }
  return largest;
}

float range_end(float largest, Scale scale) {
  if (scale == Scale::log) largest = std::max(largest, 10.0f * log_floor);
  return largest > 0.0f ? largest : 1.0f;
}

void set_range_end(MapValues& map, float high) {
  map.high = high;
  map.low = map.diverging ? -high : map.log ? log_floor : 0.0f;
  map.position.resize(map.values.size());
  const auto keys = static_cast<std::size_t>(map.keys);
  for (std::size_t row = 0; row < static_cast<std::size_t>(map.queries); ++row) {
    const std::span<const float> values(map.values.data() + row * keys, keys);
    const float largest = map.per_row ? largest_magnitude(values) : 1.0f;
    const float share = largest > 0.0f ? 1.0f / largest : 0.0f;
    float* position = map.position.data() + row * keys;
    if (map.log) {
      for (std::size_t key = 0; key < keys; ++key)
        position[key] = color_position(map, values[key] * share);
    } else {  // the same, in a form that compiles to vectors: thumbnails take it for every head
      const float middle = map.diverging ? 0.5f : 0.0f;
      for (std::size_t key = 0; key < keys; ++key)
        position[key] =
            std::clamp(middle + (1.0f - middle) * (values[key] * share / map.high), 0.0f, 1.0f);
    }
  }
}

std::vector<float> color_bar_ticks(const MapValues& map) {
  const std::vector<float> upper = upper_ticks(map);
  std::vector<float> ticks;
  if (map.diverging)
    for (auto tick = upper.rbegin(); tick != upper.rend(); ++tick) ticks.push_back(-*tick);
  if (map.diverging || !map.log) ticks.push_back(0.0f);
  ticks.insert(ticks.end(), upper.begin(), upper.end());
  return ticks;
}

float color_position(const MapValues& map, float value) {
  float share = std::abs(value) / map.high;
  if (map.log) {
    share = std::abs(value) > log_floor
                ? std::log(std::abs(value) / log_floor) / std::log(map.high / log_floor)
                : 0.0f;
  }
  if (map.diverging)
    share = 0.5f + (value < 0.0f ? -0.5f : 0.5f) * share;
  else if (value < 0.0f)
    share = 0.0f;
  return std::clamp(share, 0.0f, 1.0f);
}

}  // namespace headlight
