#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "mask_presets.h"
#include "panel_mask.h"
#include "panels.h"
#include "pruning.h"
#include "widgets.h"

namespace headlight {
namespace {

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

void split_masks(State& state, const Picture& picture, const std::vector<HeadId>& ids) {
  const ModelConfig& config = picture.snapshot().model->config;
  const int heads = config.heads_of(state.selection.head.kind);
  const std::vector<Mask> masks =
      multi_resolution_masks(heads, local_mask(4), dilated_mask(4, 3));
  for (HeadId id : ids) {
    state.request.edits[id].mask = masks[static_cast<std::size_t>(id.head)];
  }
  state.request.edits = normalized(state.request.edits);
}

// What the model itself lets the head see, when that is not all.
void draw_built_in_rule(const State& state, const Picture& picture, Ui& ui) {
  const ModelConfig& config = picture.snapshot().model->config;
  const HeadId id = state.selection.head;
  if (!config.has(id) || config.design_of(id) == nullptr) return;
  const HeadDesign& design = *config.design_of(id);
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!design.mask.is_full()) add("mask " + to_string(design.mask));
  if (design.pool > 1) add("keys pooled by " + std::to_string(design.pool));
  if (design.temperature != 1.0f) {
    char number[24];
    std::snprintf(number, sizeof number, "%g", design.temperature);
    add(std::string("temperature ") + number);
  }
  if (text.empty()) return;
  ImGui::PushTextWrapPos();
  faint_text(ui, "built so: %s", text.c_str());
  ImGui::PopTextWrapPos();
}

// A line under the controls, wrapped.
void hint(Ui& ui, float left, const std::string& text) {
  ImGui::Dummy({left - ui.px(8), 1});
  ImGui::SameLine(left);
  ImGui::PushTextWrapPos();
  faint_text(ui, "%s", text.c_str());
  ImGui::PopTextWrapPos();
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
  if (ui.edit_scope == EditScope::layer || ui.edit_scope == EditScope::all) {
    if (ImGui::Button("Split over the heads")) split_masks(state, picture, ids);
    ui.landmarks.mark_item("mask/split");
    if (ImGui::IsItemHovered()) {
      ImGui::SetTooltip(
          "Multi-resolution: of each layer's heads the first third sees the last 4 tokens\n"
          "(local:4), the second every third token of the last 12 (dilated:4:3), the others all.");
    }
  }
  draw_built_in_rule(state, picture, ui);
  ImGui::EndGroup();
  if (!edit.masked_cells.empty()) {
    ImGui::Dummy({label - ui.px(8), 1});
    ImGui::SameLine(label);
    const std::string text = "Free " + std::to_string(edit.masked_cells.size()) + " masked cell" +
                             (edit.masked_cells.size() == 1 ? "" : "s");
    if (ImGui::Button(text.c_str())) put([](HeadEdit& e) { e.masked_cells.clear(); });
    ui.landmarks.mark_item("mask/free");
    const auto beyond = std::count_if(
        edit.masked_cells.begin(), edit.masked_cells.end(), [&](const Cell& cell) {
          return cell.query >= picture.map().queries || cell.key >= picture.map().keys;
        });
    if (beyond > 0) {
      hint(ui, label, std::to_string(beyond) + " of them lie beyond this text, and wait for a longer one.");
    }
  }
  if (const int blind = picture.blind_rows(); blind > 0) {
    hint(ui, label, blind == picture.map().queries
                        ? std::string("This mask hides every key: all rows are 0.")
                        : std::to_string(blind) + " tokens have no key left: their rows are 0.");
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
    if (!model.recorded) draw_router(state, picture, ui);
    heading(ui, ("What " + head_name(model.config, state.selection.head) + " does").c_str());
    draw_head_roles(state, picture, ui);
    heading(ui, "Numbers on this text");
    draw_numbers(state, picture, ui);
    ImGui::EndChild();
  }
  end_panel();
}

}  // namespace headlight
