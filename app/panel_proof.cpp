#include <algorithm>
#include <cstdio>
#include <string>

#include "panels.h"
#include "run_command.h"
#include "widgets.h"

namespace headlight {
namespace {

std::string number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

void row(const Ui& ui, const char* name, const std::string& value, ImU32 color) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::PushStyleColor(ImGuiCol_Text, color);
  ImGui::TextUnformatted(name);
  ImGui::TableNextColumn();
  ImGui::PushFont(ui.fonts.mono);
  const float room = ImGui::GetContentRegionAvail().x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(room - text_width(ui.fonts.mono, value), 0.0f));
  ImGui::TextUnformatted(value.c_str());
  ImGui::PopFont();
  ImGui::PopStyleColor();
}

void draw_effect_rows(const PruningEffect& effect, Ui& ui, bool stale) {
  const ImU32 ink = stale ? fade(ui.palette->faint, 0.6f) : ui.palette->ink;
  if (!ImGui::BeginTable("proof", 2, ImGuiTableFlags_SizingFixedFit)) return;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableSetupColumn("value", ImGuiTableColumnFlags_WidthFixed,
                          text_width(ui.fonts.mono, "00.000 > 00.000"));
  row(ui, "Loss", number("%.3f", effect.before) + " \u2192 " + number("%.3f", effect.after), ink);
  row(ui, "Change", number("%+.3f", effect.joint()), ink);
  if (effect.heads.size() > 1) {
    row(ui, "Each alone, summed", number("%+.3f", effect.sum_of_singles()), ink);
  }
  if (!effect.controls.empty()) {
    row(ui, effect.controls.size() == 1 ? "The only other heads" : "Random control",
        number("%+.3f", effect.control_mean()), ink);
  }
  ImGui::EndTable();
  ui.landmarks.mark_item("proof");
  ImGui::PushTextWrapPos();
  if (effect.controls.empty()) {
    faint_text(ui, "No control: there are no other heads.");
  } else if (effect.controls.size() > 1) {
    faint_text(ui, "The same done to %zu draws of other heads of the same layers: %+.3f to %+.3f.",
               effect.controls.size(), effect.control_least(), effect.control_most());
  }
  if (!effect.notice.empty()) faint_text(ui, "%s", as_sentence(effect.notice).c_str());
  ImGui::PopTextWrapPos();
}

}  // namespace

EffectState effect_state(const State& state, const Picture& picture) {
  const Snapshot& s = picture.snapshot();
  const Edits edits = normalized(state.request.edits);
  if (edits.empty()) return EffectState::none;
  if (!s.effect) return EffectState::missing;
  return s.effect_edits == edits ? EffectState::known : EffectState::stale;
}

namespace {

// Once the window has come to rest with these edits.
void ask_for_effect(const State& state, const Picture& picture, Ui& ui) {
  const EffectState now = effect_state(state, picture);
  const Snapshot& s = picture.snapshot();
  if (now == EffectState::none || now == EffectState::known || ui.study.paused) return;
  if (s.model->parameters() > most_measured_unasked || ui.wishes.measure) return;
  const bool rests = s.request.edits == state.request.edits &&
                     s.request.model == state.request.model &&
                     (ui.prompt_active || !ImGui::IsAnyItemActive());
  const Edits edits = normalized(state.request.edits);
  const bool asked = ui.effect_asked == edits && (ui.study.busy || !ui.study.failed.empty());
  if (!rests || asked) return;
  ui.effect_asked = edits;
  ui.wishes.measure = StudyKind::effect;
}

}  // namespace

bool draw_measuring_line(Ui& ui) {
  if (!ui.study.busy) return false;
  ImGui::ProgressBar(ui.study.fraction, {ui.px(120), ui.px(20)}, "");
  ImGui::SameLine();
  if (ImGui::Button("Pause")) ui.wishes.pause_studies = true;
  ui.landmarks.mark_item("Pause");
  ImGui::SameLine();
  if (ImGui::GetContentRegionAvail().x < text_width(ui.fonts.small, ui.study.what)) ImGui::NewLine();
  faint_text(ui, "%s", ui.study.what.c_str());
  return true;
}

void draw_effect_missing(Ui& ui) {
  if (draw_measuring_line(ui)) return;
  if (!ui.study.failed.empty()) {
    ImGui::PushTextWrapPos();
    faint_text(ui, "%s", ui.study.failed.c_str());
    ImGui::PopTextWrapPos();
    return;
  }
  if (ImGui::Button(ui.study.paused ? "Go on" : "Measure the loss")) {
    ui.wishes.measure = StudyKind::effect;
  }
  ui.landmarks.mark_item(ui.study.paused ? "Go on" : "Measure the loss");
  if (ui.study.paused) {
    ImGui::SameLine();
    faint_text(ui, "Measuring is paused.");
  }
}

void draw_proof(const State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  if (s.model->recorded || s.model->config.predicts == ModelConfig::Predicts::nothing) return;
  ask_for_effect(state, picture, ui);
  const EffectState now = effect_state(state, picture);
  if (now == EffectState::none) return;
  heading(ui, "Loss on the battery");
  ImGui::SameLine();
  faint_text(ui, "nats per token, of all edits");
  const bool known = now == EffectState::known;
  if (s.effect) draw_effect_rows(*s.effect, ui, !known);
  if (!known) draw_effect_missing(ui);
}

}  // namespace headlight
