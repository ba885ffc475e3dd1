#include "pruning_effect.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>

namespace headlight {
namespace {

using Place = std::pair<AttentionKind, int>;  // Kind and layer

// Fisher and Yates' shuffle; its sequence is the same with every library.
void shuffle(std::vector<HeadId>& heads, std::mt19937& random) {
  for (std::size_t i = heads.size(); i > 1; --i) std::swap(heads[i - 1], heads[random() % i]);
}

std::string notice_of(const ModelConfig& config, const std::map<Place, int>& wanted,
                      const std::map<Place, std::vector<HeadId>>& others, std::size_t all_wanted,
                      std::size_t drawn) {
  std::string notice;
  for (const auto& [place, count] : wanted) {
    const auto at = others.find(place);
    const std::size_t there = at == others.end() ? 0 : at->second.size();
    if (there >= static_cast<std::size_t>(count)) continue;
    notice += (notice.empty() ? "" : ", ") +
              (config.encoder_decoder() ? to_string(place.first) + " " : std::string()) + "layer " +
              std::to_string(place.second) + " has " + std::to_string(there) + " other heads for " +
              std::to_string(count);
  }
  if (notice.empty()) return "";
  return notice + (drawn == all_wanted ? ": the rest of the control is from the nearest layers"
                                       : ": the control is of " + std::to_string(drawn) +
                                             " heads, not " + std::to_string(all_wanted));
}

}  // namespace

ControlDraws control_draws(const ModelConfig& config, const std::vector<HeadId>& heads, int count,
                           unsigned seed, const Edits& base, const std::vector<HeadId>& avoid) {
  const std::set<HeadId> pruned(heads.begin(), heads.end());
  const std::set<HeadId> avoided(avoid.begin(), avoid.end());
  std::map<Place, int> wanted;
  for (HeadId head : pruned) ++wanted[{head.kind, head.layer}];
  std::map<Place, std::vector<HeadId>> others;
  for (HeadId head : all_heads(config)) {
    const auto edit = base.find(head);
    const bool gone = edit != base.end() && edit->second.gain == 0.0f;
    if (gone || pruned.contains(head) || avoided.contains(head)) continue;
    others[{head.kind, head.layer}].push_back(head);
  }
  ControlDraws result;
  std::mt19937 random(seed);
  std::set<std::vector<HeadId>> seen;
  constexpr int kTriesADraw = 20;
  for (int tries = 0; static_cast<int>(result.draws.size()) < count && tries < kTriesADraw * count;
       ++tries) {
    std::map<Place, std::vector<HeadId>> left = others;
    for (auto& [place, list] : left) shuffle(list, random);
    std::vector<HeadId> draw;
    const auto take = [&](Place place, int most) {
      std::vector<HeadId>& list = left[place];
      int taken = 0;
      for (; taken < most && !list.empty(); ++taken) {
        draw.push_back(list.back());
        list.pop_back();
      }
      return taken;
    };
    std::map<Place, int> missing;
    for (const auto& [place, number] : wanted) missing[place] = number - take(place, number);
    for (auto& [place, number] : missing) {
      const int layers = config.layers_of(place.first);
      for (int distance = 1; distance < layers && number > 0; ++distance) {
        for (int layer : {place.second - distance, place.second + distance}) {
          if (layer >= 0 && layer < layers) number -= take({place.first, layer}, number);
        }
      }
    }
    std::sort(draw.begin(), draw.end());
    if (draw.empty() || !seen.insert(draw).second) continue;
    result.draws.push_back(std::move(draw));
  }
  const std::size_t drawn = result.draws.empty() ? 0 : result.draws.front().size();
  result.notice = notice_of(config, wanted, others, pruned.size(), drawn);
  return result;
}

double PruningEffect::sum_of_singles() const {
  return std::accumulate(singles.begin(), singles.end(), 0.0);
}
double PruningEffect::control_mean() const {
  if (controls.empty()) return 0.0;
  return std::accumulate(controls.begin(), controls.end(), 0.0) /
         static_cast<double>(controls.size());
}
double PruningEffect::control_least() const {
  return controls.empty() ? 0.0 : *std::min_element(controls.begin(), controls.end());
}
double PruningEffect::control_most() const {
  return controls.empty() ? 0.0 : *std::max_element(controls.begin(), controls.end());
}

namespace {

PruningEffect planned(const ModelConfig& config, std::vector<HeadId> heads,
                      const PruningEffectOptions& options) {
  PruningEffect effect;
  std::sort(heads.begin(), heads.end());
  heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
  if (heads.empty()) throw std::invalid_argument("[pruning_effect] there are no heads to prune");
  for (HeadId head : heads) check_head(config, head, "pruning_effect");
  ControlDraws draws =
      control_draws(config, heads, options.controls, options.seed, options.base, options.avoid);
  effect.heads = std::move(heads);
  effect.control_heads = std::move(draws.draws);
  effect.notice = std::move(draws.notice);
  return effect;
}

// What is done to a head of the set, by its place in the set.
HeadEdit edit_of(const PruningEffect& effect, const PruningEffectOptions& options, std::size_t i,
                 const Edits& before, HeadId to) {
  const auto own = options.edits.find(effect.heads[i]);
  if (own != options.edits.end()) return own->second;
  const auto there = before.find(to);
  HeadEdit edit = there == before.end() ? HeadEdit{} : there->second;
  edit.gain = 0.0f;
  edit.replace = options.replace;
  return edit;
}

// The base with what is done to the set done to these heads, each in its head's place.
Edits edited(const PruningEffect& effect, const PruningEffectOptions& options,
             const std::vector<HeadId>& heads) {
  Edits edits = options.base;
  for (std::size_t i = 0; i < std::min(heads.size(), effect.heads.size()); ++i) {
    edits[heads[i]] = edit_of(effect, options, i, options.base, heads[i]);
  }
  return edits;
}

// The set, each of its heads, each control.
std::vector<Edits> variants_of(const PruningEffect& effect, const PruningEffectOptions& options) {
  std::vector<Edits> variants = {edited(effect, options, effect.heads)};
  for (std::size_t i = 0; i < effect.heads.size(); ++i) {
    Edits single = options.base;
    single[effect.heads[i]] = edit_of(effect, options, i, options.base, effect.heads[i]);
    variants.push_back(std::move(single));
  }
  for (const std::vector<HeadId>& heads : effect.control_heads) {
    variants.push_back(edited(effect, options, heads));
  }
  return variants;
}

}  // namespace

PruningEffectMeasurement::PruningEffectMeasurement(const Model& model, std::vector<LossText> texts,
                                                   std::vector<HeadId> heads,
                                                   const PruningEffectOptions& options)
    : effect_(planned(model.config, std::move(heads), options)),
      sweep_(model, std::move(texts), variants_of(effect_, options), options.base,
             options.sweep) {}

PruningEffect PruningEffectMeasurement::take() {
  const SweepResult result = sweep_.take();
  effect_.before = result.baseline_mean();
  effect_.after = result.mean(0);
  for (const LossSum& sum : result.baseline) effect_.tokens += sum.tokens;
  int variant = 1;
  for (std::size_t i = 0; i < effect_.heads.size(); ++i) {
    effect_.singles.push_back(result.change(variant++));
  }
  for (std::size_t i = 0; i < effect_.control_heads.size(); ++i) {
    effect_.controls.push_back(result.change(variant++));
  }
  return std::move(effect_);
}

PruningEffect pruning_effect(const Model& model, const std::vector<LossText>& texts,
                             const std::vector<HeadId>& heads,
                             const PruningEffectOptions& options) {
  PruningEffectMeasurement measurement(model, texts, heads, options);
  while (measurement.step()) {
  }
  return measurement.take();
}

}  // namespace headlight
