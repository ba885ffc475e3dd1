#include <algorithm>
#include <cmath>
#include <string>

#include "panels.h"
#include "pruning.h"
#include "widgets.h"

namespace headlight {
namespace {

struct MaskChoice {
  const char* name;
  MaskPart part;  // what a new one begins with
};

constexpr MaskChoice mask_choices[] = {
    {"local", {MaskKind::local, 4, 0}},   {"dilated", {MaskKind::dilated, 4, 2}},
    {"global", {MaskKind::global, 1, 0}}, {"block", {MaskKind::block, 8, 0}},
    {"random", {MaskKind::random, 3, 1}},
};

const char* name_of(MaskKind kind) {
  for (const MaskChoice& choice : mask_choices) {
    if (choice.part.kind == kind) return choice.name;
  }
  return kind == MaskKind::causal ? "causal" : "none";
}

// A number of a mask with its name in front.
bool mask_number(Ui& ui, const char* label, int& value, int least) {
  ImGui::AlignTextToFramePadding();
  faint_text(ui, "%s", label);
  ImGui::SameLine();
  ImGui::SetNextItemWidth(-1);
  return slider(ui, std::string("mask/") + label, value, least, std::max(32, value));
}

// The parts of a mask, each with its numbers. Returns whether it changed.
bool edit_mask(Ui& ui, Mask& mask) {
  bool changed = false;
  for (std::size_t i = 0; i < mask.parts.size(); ++i) {
    MaskPart& part = mask.parts[i];
    ImGui::PushID(static_cast<int>(i));
    const float close = ui.px(34);
    ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - close - ui.px(8));
    if (ImGui::BeginCombo("##kind", name_of(part.kind))) {
      for (const MaskChoice& choice : mask_choices) {
        if (ImGui::Selectable(choice.name, part.kind == choice.part.kind)) {
          part = choice.part;
          changed = true;
        }
      }
      ImGui::EndCombo();
    }
    ImGui::SameLine();
    const bool gone = ImGui::Button("\u00d7", {close, 0});
    switch (part.kind) {
      case MaskKind::local:
        changed |= mask_number(ui, "window", part.a, 0);
        break;
      case MaskKind::dilated:
        changed |= mask_number(ui, "window", part.a, 0);
        changed |= mask_number(ui, "gap", part.b, 1);
        break;
      case MaskKind::global:
        changed |= mask_number(ui, "first tokens", part.a, 0);
        break;
      case MaskKind::block:
        changed |= mask_number(ui, "size", part.a, 1);
        break;
      case MaskKind::random:
        changed |= mask_number(ui, "keys a row", part.a, 0);
        changed |= mask_number(ui, "seed", part.b, 0);
        break;
      default:
        break;
    }
    ImGui::PopID();
    if (gone) {
      mask.parts.erase(mask.parts.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  ImGui::SetNextItemWidth(-1);
  if (ImGui::BeginCombo("##add", mask.parts.empty() ? "none" : "+ add to the union")) {
    for (const MaskChoice& choice : mask_choices) {
      if (ImGui::Selectable(choice.name)) {
        mask.parts.push_back(choice.part);
        changed = true;
      }
      ui.landmarks.mark_item(std::string("mask/") + choice.name);
    }
    ImGui::EndCombo();
  }
  ui.landmarks.mark_item("mask");
  return changed;
}

// The heads that a change goes to.
std::vector<HeadId> targets(const State& state, const Picture& picture, EditScope scope) {
  const ModelConfig& config = picture.snapshot().model->config;
  std::vector<HeadId> ids;
  const AttentionKind kind = state.selection.head.kind;
  for (int layer = 0; layer < config.layers_of(kind); ++layer) {
    for (int head = 0; head < config.heads_of(kind); ++head) {
      const HeadId id{layer, head, kind};
      const bool in = scope == EditScope::all ||
                      (scope == EditScope::layer && layer == state.selection.head.layer) ||
                      (scope == EditScope::role ? picture.has_role(id, state.display.role)
                                                : id == state.selection.head);
      if (in) ids.push_back(id);
    }
  }
  return ids;
}

// The same choice, while no role stands out.
bool segmented_without_role(Ui& ui, int& scope) {
  int place = scope == static_cast<int>(EditScope::all) ? 2 : scope;
  if (!segmented(ui, "scope", {"This head", "Layer", "All heads"}, place)) return false;
  scope = place == 2 ? static_cast<int>(EditScope::all) : place;
  return true;
}

void draw_edits(State& state, const Picture& picture, Ui& ui) {
  Edits& edits = state.request.edits;
  const bool by_role = !state.display.role.empty() && picture.snapshot().roles != nullptr;
  if (!by_role && ui.edit_scope == EditScope::role) ui.edit_scope = EditScope::head;
  int scope = static_cast<int>(ui.edit_scope);
  if (by_role ? segmented(ui, "scope", {"Head", "Layer", "Role", "All"}, scope)
              : segmented_without_role(ui, scope)) {
    ui.edit_scope = static_cast<EditScope>(scope);
  }
  const std::vector<HeadId> ids = targets(state, picture, ui.edit_scope);
  if (ui.edit_scope == EditScope::role) {
    faint_text(ui, "%zu heads: %s", ids.size(), state.display.role.c_str());
  }
  const auto found = edits.find(state.selection.head);
  HeadEdit edit = found == edits.end() ? HeadEdit{} : found->second;
  // Only the part that was touched goes to the other heads: copy, edit, put back.
  const auto put = [&](auto change) {
    for (HeadId id : ids) change(edits[id]);
    edits = normalized(edits);
  };

  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Gain");
  const float label = ui.px(94);
  const float prune = ui.px(72);
  ImGui::SameLine(label);
  ImGui::SetNextItemWidth(-prune - ui.px(8));
  if (slider(ui, "gain", edit.gain, 0.0f, 2.0f)) {
    put([&](HeadEdit& e) { e.gain = edit.gain; });
  }
  ImGui::SameLine();
  const bool pruned = edit.gain == 0.0f;
  if (ImGui::Button(pruned ? "Restore" : "Prune", {prune, 0})) {
    set_pruned(edits, ids, !pruned);
  }
  ui.landmarks.mark_item("Prune");

  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Replace by");
  ImGui::SameLine(label);
  int replace = static_cast<int>(edit.replace);
  ImGui::BeginDisabled(edit.gain == 1.0f);
  if (segmented(ui, "replace", {"zero", "mean"}, replace)) {
    put([&](HeadEdit& e) { e.replace = static_cast<Replacement>(replace); });
  }
  ImGui::EndDisabled();
  if (ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) {
    ImGui::SetTooltip("What stands in for the part that gain takes away:\nnothing, or the head's mean "
                      "output over a reference text.");
  }

  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Temperature");
  ImGui::SameLine(label);
  ImGui::SetNextItemWidth(-1);
  if (slider(ui, "temperature", edit.temperature, 0.1f, 10.0f, ImGuiSliderFlags_Logarithmic)) {
    put([&](HeadEdit& e) { e.temperature = edit.temperature; });
  }

  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Mask");
  ImGui::SameLine(label);
  ImGui::BeginGroup();
  if (edit_mask(ui, edit.mask)) put([&](HeadEdit& e) { e.mask = edit.mask; });
  ImGui::EndGroup();
  if (!edit.masked_cells.empty()) {
    ImGui::Dummy({label - ui.px(8), 1});
    ImGui::SameLine(label);
    const std::string text = "Free " + std::to_string(edit.masked_cells.size()) + " masked cell" +
                             (edit.masked_cells.size() == 1 ? "" : "s");
    if (ImGui::Button(text.c_str())) put([](HeadEdit& e) { e.masked_cells.clear(); });
  }

  const bool none = std::none_of(ids.begin(), ids.end(), [&](HeadId id) { return edits.contains(id); });
  ImGui::BeginDisabled(none);
  const char* scope_names[] = {"Reset head", "Reset layer", "Reset role", "Reset all"};
  if (ImGui::Button(scope_names[scope])) {
    for (HeadId id : ids) edits.erase(id);
  }
  ui.landmarks.mark_item("Reset");
  ImGui::EndDisabled();
  if (ui.edit_scope != EditScope::all) {
    ImGui::SameLine();
    ImGui::BeginDisabled(edits.empty());
    if (ImGui::Button("Reset all")) edits.clear();
    ui.landmarks.mark_item("Reset all");
    ImGui::EndDisabled();
  }
}

void number_row(const Ui& ui, const char* name, float before, float after, const char* unit,
                bool edited) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextUnformatted(name);
  ImGui::PushFont(ui.fonts.mono);
  ImGui::TableNextColumn();
  ImGui::Text("%.2f", before);
  ImGui::TableNextColumn();
  if (edited) {
    const bool moved = std::fabs(after - before) >= 0.005f;
    if (moved) ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->accent);
    ImGui::Text("%.2f", after);
    if (moved) ImGui::PopStyleColor();
  }
  ImGui::PopFont();
  ImGui::TableNextColumn();
  faint_text(ui, "%s", unit);
}

void draw_numbers(const State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  const HeadId id = state.selection.head;
  if (!s.model->config.has(id) || id.kind != picture.kind()) return;
  const HeadStats& before = picture.baseline_stats(id);
  const HeadStats& after = picture.edited_stats(id);
  const bool edited = s.edited != s.baseline;
  if (!ImGui::BeginTable("numbers", 4, ImGuiTableFlags_SizingFixedFit)) return;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableSetupColumn("before", ImGuiTableColumnFlags_WidthFixed, ui.px(48));
  ImGui::TableSetupColumn("after", ImGuiTableColumnFlags_WidthFixed, ui.px(48));
  ImGui::TableSetupColumn("unit", ImGuiTableColumnFlags_WidthFixed, ui.px(48));
  if (edited) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::TableNextColumn();
    faint_text(ui, "before");
    ImGui::TableNextColumn();
    faint_text(ui, "after");
  }
  number_row(ui, "Entropy", before.entropy, after.entropy, "nats", edited);
  if (picture.kind() != AttentionKind::cross)
    number_row(ui, "Distance", before.distance, after.distance, "tokens", edited);
  number_row(ui, "Maximum", before.maximum, after.maximum, "", edited);
  number_row(ui, "Sink share", before.sink_share, after.sink_share, "", edited);
  ImGui::EndTable();
}

}  // namespace

void draw_inspector(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  begin_panel("inspector", min, max);
  if (!picture.empty()) {
    ImGui::BeginChild("content");
    ImGui::PushFont(ui.fonts.strong);
    const Model& model = *picture.snapshot().model;
    ImGui::Text("Change %s", head_name(model.config, state.selection.head).c_str());
    ImGui::PopFont();
    if (model.recorded) {
      ImGui::PushTextWrapPos();
      faint_text(ui, "Attention that was computed elsewhere: changing a head needs the model.");
      ImGui::PopTextWrapPos();
    }
    ImGui::BeginDisabled(model.recorded != nullptr);
    draw_edits(state, picture, ui);
    ImGui::EndDisabled();
    const bool masked = model.config.predicts == ModelConfig::Predicts::masked_token;
    heading(ui, masked ? "Masked token" : "Next token");
    draw_prediction(picture, ui);
    draw_proof(state, picture, ui);
    heading(ui, ("What " + head_name(model.config, state.selection.head) + " does").c_str());
    draw_head_roles(state, picture, ui);
    heading(ui, "Numbers on this text");
    draw_numbers(state, picture, ui);
    ImGui::EndChild();
  }
  end_panel();
}

}  // namespace headlight
