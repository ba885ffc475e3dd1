#include "script_layer.h"

#include <algorithm>
#include <optional>

#include "head_rule.h"

namespace headlight {
namespace {

// What a head may look at, as options write it: "causal pool:3 local:4".
std::string words_of(const HeadRule& rule) {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " ") + more; };
  if (rule.causal) add("causal");
  if (rule.window > 0) add("window:" + std::to_string(rule.window));
  if (rule.built_in) add(to_string(*rule.built_in));
  if (rule.pool > 1) add("pool:" + std::to_string(rule.pool));
  if (rule.mask) add(to_string(*rule.mask));
  if (rule.masked_cells) add("cells:" + std::to_string(rule.masked_cells->size()));
  return text.empty() ? "none" : text;
}

bool plainly_causal(const HeadRule& rule) {
  return rule.built_in == nullptr && rule.pool == 1 && rule.mask == nullptr &&
         rule.masked_cells == nullptr;
}

}  // namespace

ScriptLayer::ScriptLayer(std::shared_ptr<const Model> model, const Trace& the_trace, HeadId head,
                         const PredictionView& the_prediction, const MeanOutputs* means)
    : walk(std::move(model), the_trace, head, {.means = means}),
      trace(the_trace),
      prediction(the_prediction) {
  read_heads();
  read_masks();
  read_edits(means);
}

bool ScriptLayer::predicts() const {
  const bool last = walk.head().layer + 1 == config().layers && kind() != AttentionKind::encoder &&
                    cross() == config().encoder_decoder();
  return last && prediction.position >= 0 && !prediction.rows.empty();
}

bool ScriptLayer::pre_norm() const {
  return config().norm_place == NormPlace::pre && !block().attention_norm.gain.empty();
}

bool ScriptLayer::post_norm() const {
  return config().norm_place == NormPlace::post && !block().attention_norm.gain.empty();
}

bool ScriptLayer::rotary() const {
  return kind() == AttentionKind::self && config().position == PositionKind::rotary;
}

bool ScriptLayer::router() const { return kind() == AttentionKind::self && config().routing.any(); }

bool ScriptLayer::convolution() const {
  return kind() == AttentionKind::self && config().convolution > 0;
}

bool ScriptLayer::pooled() const {
  return std::any_of(pools.begin(), pools.end(), [](int pool) { return pool > 1; });
}

bool ScriptLayer::heated() const {
  return std::any_of(temperature.begin(), temperature.end(), [](float t) { return t != 1.0f; });
}

bool ScriptLayer::gained() const {
  return std::any_of(gain.begin(), gain.end(), [](float g) { return g != 1.0f; });
}

void ScriptLayer::read_heads() {
  const int group = walk.heads() / walk.key_value_heads();
  for (HeadId id{walk.head().layer, 0, kind()}; id.head < walk.heads(); ++id.head) {
    const HeadDesign* design = config().design_of(id);
    float value = design ? design->temperature : 1.0f;
    const std::vector<float>& learned = block().temperature;
    if (kind() == AttentionKind::self && !learned.empty())
      value *= learned[static_cast<std::size_t>(id.head)];
    if (const auto edit = trace.edits().find(id); edit != trace.edits().end())
      value *= edit->second.temperature;
    temperature.push_back(value);
    if (id.head % group == 0) pools.push_back(design ? design->pool : 1);
  }
}

void ScriptLayer::read_masks() {
  bool plain = true, causal = true;
  std::optional<int> one_window;
  for (HeadId id{walk.head().layer, 0, kind()}; id.head < walk.heads(); ++id.head) {
    const HeadRule rule = head_rule(walk.model(), trace.edits(), id);
    masks.push_back(words_of(rule));
    plain = plain && plainly_causal(rule) && (!one_window || *one_window == rule.window);
    causal = causal && rule.causal;
    one_window = rule.window;
    for (const std::uint8_t forbidden : masked_cells(trace, id)) allowed.push_back(!forbidden);
  }
  for (std::size_t row = 0; row < allowed.size(); row += static_cast<std::size_t>(keys())) {
    const auto begin = allowed.begin() + static_cast<std::ptrdiff_t>(row);
    empty_rows = empty_rows || std::find(begin, begin + keys(), 1) == begin + keys();
  }
  window = one_window.value_or(0);
  if (!plain) {
    mask = ScriptMask::given;
    return;
  }
  mask = window > 0 ? ScriptMask::window : causal ? ScriptMask::causal : ScriptMask::none;
  allowed.clear();
}

void ScriptLayer::read_edits(const MeanOutputs* means) {
  gain.assign(static_cast<std::size_t>(walk.heads()), 1.0f);
  std::optional<MeanOutputs> measured;
  for (const auto& [id, edit] : trace.edits()) {
    if (id.layer != walk.head().layer || id.kind != kind() || edit.gain == 1.0f) continue;
    gain[static_cast<std::size_t>(id.head)] = edit.gain;
    if (edit.replace != Replacement::mean) continue;
    if (means == nullptr) means = &measured.emplace(mean_outputs(walk.model()));
    const auto d_head = static_cast<std::size_t>(walk.d_head());
    replacement.resize(gain.size() * d_head);
    for (std::size_t i = 0; i < d_head; ++i) {
      replacement[static_cast<std::size_t>(id.head) * d_head + i] =
          (1.0f - edit.gain) * means->z[MeanOutputs::place(config(), id) + i];
    }
  }
}

}  // namespace headlight
