#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "edit_words.h"
#include "panels.h"
#include "pruning.h"
#include "run_command.h"
#include "widgets.h"

namespace headlight {
namespace {

std::string signed_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.3f", value);
  return text;
}

std::string names_of(const std::vector<HeadId>& heads, const ModelConfig& config, std::size_t most) {
  std::string names;
  for (std::size_t i = 0; i < std::min(heads.size(), most); ++i) {
    names += (i == 0 ? "" : ", ") + head_name(config, heads[i]);
  }
  if (heads.size() > most) names += " and " + std::to_string(heads.size() - most) + " more";
  return names;
}

void wrapped(const std::string& text) {
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
}

// Bars of changes from a common zero.
struct Bars {
  double least = 0.0, most = 0.0;
  float left = 0.0f, width = 0.0f;

  void take(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  float x(double value) const {
    return left + width * static_cast<float>((value - least) / std::max(most - least, 1e-9));
  }
};

void draw_change(const Ui& ui, const Bars& bars, const char* name, double value, ImU32 color,
                 double low, double high) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = ui.px(18);
  draw_text(draw, ui.fonts.text, {at.x, at.y}, ui.palette->ink, name);
  draw->AddRectFilled({std::min(bars.x(0), bars.x(value)), at.y + ui.px(2)},
                      {std::max({bars.x(0), bars.x(value), bars.x(0) + ui.px(1)}), at.y + height},
                      color, ui.px(2));
  if (high > low) {
    const float y = at.y + ui.px(2) + (height - ui.px(2)) / 2;
    draw->AddLine({bars.x(low), y}, {bars.x(high), y}, ui.palette->ink, ui.px(2));
    for (const double end : {low, high}) {
      draw->AddLine({bars.x(end), y - ui.px(4)}, {bars.x(end), y + ui.px(4)}, ui.palette->ink, ui.px(2));
    }
  }
  const std::string number = signed_number(value);
  draw_text(draw, ui.fonts.mono, {bars.left + bars.width + ui.px(12), at.y + ui.px(1)},
            ui.palette->ink, number);
  ImGui::Dummy({1, height + ui.px(4)});
}

// "3 heads pruned: L0 H1, ..." or, where some are edited otherwise, what is done to each.
std::string what_is_edited(const Edits& edits, const ModelConfig& config) {
  const std::vector<HeadId> pruned = pruned_heads(edits);
  const std::string heads = edits.size() == 1 ? " head " : " heads ";
  if (pruned.size() == edits.size()) {
    const Replacement replace = edits.at(pruned.front()).replace;
    const bool same = std::all_of(edits.begin(), edits.end(), [&](const auto& entry) {
      return entry.second.replace == replace;
    });
    const std::string how = !same ? "" : replace == Replacement::mean ? " (mean)" : " (zero)";
    return std::to_string(pruned.size()) + heads + "pruned" + how + ": " +
           names_of(pruned, config, 12);
  }
  std::string words = std::to_string(edits.size()) + heads + "edited: ";
  std::size_t shown = 0;
  for (const auto& [head, edit] : edits) {
    if (++shown > 4) return words + " and " + std::to_string(edits.size() - 4) + " more";
    words += (shown > 1 ? "; " : "") + head_name(config, head) + " " + edit_words(edit);
  }
  return words;
}

void draw_bars(const PruningEffect& effect, const ModelConfig& config, Ui& ui, float strength) {
  Bars bars;
  bars.left = ImGui::GetCursorScreenPos().x + ui.px(190);
  bars.width = std::clamp(ImGui::GetContentRegionAvail().x - ui.px(190 + 90), ui.px(60), ui.px(560));
  for (const double value : {effect.joint(), effect.sum_of_singles(), effect.control_least(),
                             effect.control_most()}) {
    bars.take(value);
  }
  const bool one = effect.heads.size() == 1;
  const std::string set = one ? head_name(config, effect.heads.front()) : "These heads together";
  draw_change(ui, bars, set.c_str(), effect.joint(), fade(ui.palette->edit, strength), 0, 0);
  if (!one) {
    draw_change(ui, bars, "Each alone, summed", effect.sum_of_singles(),
                fade(ui.palette->edit, 0.55f * strength), 0, 0);
  }
  if (effect.controls.empty()) return;
  draw_change(ui, bars, effect.controls.size() == 1 ? "The only other set" : "Random control",
              effect.control_mean(), fade(ui.palette->faint, 0.6f * strength), effect.control_least(),
              effect.control_most());
}

void draw_controls(const PruningEffect& effect, Ui& ui) {
  const std::string heads =
      effect.heads.size() == 1 ? "another head of the same layer" : "as many other heads of the same layers";
  const std::string notice = as_sentence(effect.notice);
  ImGui::PushTextWrapPos();
  if (effect.controls.size() == 1) {
    faint_text(ui, "No random control: there is only one other choice of %s. %lld tokens. %s",
               heads.c_str(), static_cast<long long>(effect.tokens), notice.c_str());
  } else {
    faint_text(ui, "Control: the same done to %s, the mean of %zu draws; the line spans them. %lld "
                   "tokens. %s",
               heads.c_str(), effect.controls.size(), static_cast<long long>(effect.tokens),
               notice.c_str());
  }
  ImGui::PopTextWrapPos();
}

void draw_effect(const State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  const EffectState now = effect_state(state, picture);
  if (now == EffectState::none) {
    wrapped("No head is edited. Prune some: P, Ctrl+click, a Ctrl+drag box in the grid, a layer, a "
            "role, the least important ones, or a point of the curve.");
    return;
  }
  wrapped(what_is_edited(normalized(state.request.edits), s.model->config));
  const bool known = now == EffectState::known;
  if (s.effect) {
    ImGui::Text("Loss %.3f, then %.3f", s.effect->before, s.effect->after);
    draw_bars(*s.effect, s.model->config, ui, known ? 1.0f : 0.4f);
    if (known) draw_controls(*s.effect, ui);
  }
  if (!known) draw_effect_missing(ui);
}

// A text file of the user's to measure on, too.
void draw_corpus(Ui& ui, const char* button) {
  const float width = text_width(ui.fonts.text, button) + ui.px(32);
  ImGui::SetNextItemWidth(std::clamp(ImGui::GetContentRegionAvail().x - width, ui.px(120), ui.px(420)));
  bool measure = ImGui::InputTextWithHint("##corpus", "text file, a text a line", &ui.corpus_field,
                                          ImGuiInputTextFlags_EnterReturnsTrue);
  ui.landmarks.mark_item("corpus");
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("Importance is measured on the battery, on the text above and,\nwhere a file is "
                      "named here, on its lines. Or drop it on the window.");
  }
  ImGui::SameLine();
  measure |= ImGui::Button(button);
  ui.landmarks.mark_item("Measure importance");
  if (!measure) return;
  ui.wishes.measure = StudyKind::importance;
  ui.wishes.corpus = ui.corpus_field;
}

void draw_least_important(State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  draw_corpus(ui, s.importance ? "Measure again" : "Measure importance");
  if (!s.importance) {
    ImGui::PushTextWrapPos();
    faint_text(ui, "Of every head: how the loss changes when it alone is ablated.");
    ImGui::PopTextWrapPos();
    return;
  }
  const ImportanceReport& report = *s.importance;
  ui.importance_set = std::min(ui.importance_set, report.sets.size() - 1);
  const std::vector<HeadId> order = by_importance(report, ui.importance_set);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Prune the");
  ImGui::SameLine();
  ui.least_important = std::clamp(ui.least_important, 1, static_cast<int>(order.size()));
  ImGui::SetNextItemWidth(ui.px(140));
  slider(ui, "least", ui.least_important, 1, static_cast<int>(order.size()));
  ImGui::SameLine();
  if (ImGui::Button("least important heads")) {
    set_pruned(state.request.edits, pruned_heads(state.request.edits), false);
    set_pruned(state.request.edits, {order.begin(), order.begin() + ui.least_important}, true);
  }
  ui.landmarks.mark_item("least important heads");
  if (report.sets.size() > 1) {
    ImGui::SameLine();
    if (ImGui::GetContentRegionAvail().x < ui.px(190)) ImGui::NewLine();
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted("on");
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ui.px(150));
    if (ImGui::BeginCombo("##set", report.sets[ui.importance_set].name.c_str())) {
      for (std::size_t i = 0; i < report.sets.size(); ++i) {
        ImGui::PushID(static_cast<int>(i));
        if (ImGui::Selectable(report.sets[i].name.c_str(), i == ui.importance_set)) ui.importance_set = i;
        ImGui::PopID();
      }
      ImGui::EndCombo();
    }
    ui.landmarks.mark_item("importance set");
  }
  std::string sets;
  for (const ImportanceReport::Set& set : report.sets) {
    char loss[32];
    std::snprintf(loss, sizeof loss, " %.3f", set.loss);
    sets += (sets.empty() ? "" : ", ") + set.name + loss + " (" + std::to_string(set.tokens) + " tokens)";
  }
  ImGui::PushTextWrapPos();
  faint_text(ui, "Loss on %s.", sets.c_str());
  ImGui::PopTextWrapPos();
}

}  // namespace

void draw_pruning(State& state, const Picture& picture, Ui& ui) {
  if (picture.snapshot().model->recorded) {
    wrapped("Attention that was computed elsewhere: pruning needs the model.");
    return;
  }
  if (!ui.study.failed.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->error);
    wrapped(ui.study.failed);
    ImGui::PopStyleColor();
  }
  heading(ui, "What the edits did");
  draw_effect(state, picture, ui);
  heading(ui, "Importance");
  draw_least_important(state, picture, ui);
  heading(ui, "Pruning curve");
  draw_curve(state, picture, ui);
  const EffectState effect = effect_state(state, picture);
  const bool shown = effect == EffectState::missing || effect == EffectState::stale;
  if (!shown) draw_measuring_line(ui);
}

}  // namespace headlight
