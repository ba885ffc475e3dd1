#include <iterator>
#include <string>

#include "panels.h"
#include "role_colors.h"
#include "widgets.h"

namespace headlight {
namespace {

template <typename Enum>
void choose(Ui& ui, const char* id, std::initializer_list<const char*> labels, Enum& value) {
  int index = static_cast<int>(value);
  if (segmented(ui, id, labels, index)) value = static_cast<Enum>(index);
}

// Only weights have an end that all maps share.
void choose_range(Display& display, Ui& ui) {
  const char* largest = "to the map's maximum";
  const char* rows = "each row to its own";
  if (display.quantity == Quantity::weights) {
    choose(ui, "range", {"0 to 1", largest, rows}, display.range);
    return;
  }
  int chosen = display.range == Range::row ? 1 : 0;
  if (segmented(ui, "range", {largest, rows}, chosen)) {
    display.range = chosen == 1 ? Range::row : Range::map;
  }
}

void draw_display_popup(Display& display, Ui& ui) {
  if (ImGui::Button("Display")) ImGui::OpenPopup("display");
  ui.landmarks.mark_item("Display");
  popup_below(ui);
  if (!ImGui::BeginPopup("display")) return;
  faint_text(ui, "Map of");
  choose(ui, "quantity", {"weights", "value-weighted", "rollout"}, display.quantity);
  faint_text(ui, "Colours");
  choose(ui, "color", {"viridis", "cividis", "magma", "grey"}, display.color_map);
  faint_text(ui, "Scale");
  choose(ui, "scale", {"linear", "log"}, display.scale);
  faint_text(ui, "Range");
  choose_range(display, ui);
  ImGui::EndPopup();
}

// Goes on in the same line where `width` pixels are left in it, else in the next.
void next_group(const Ui& ui, float width) {
  ImGui::SameLine(0, ui.px(24));
  if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
}

// What the head does, in a word or two beside its name.
void draw_role_names(const State& state, const Picture& picture, Ui& ui) {
  const HeadRoles* known = picture.roles(state.selection.head);
  if (known == nullptr) return;
  std::string last;
  int shown = 0;
  for (const RoleScore& score : known->scores) {
    const std::string name = role_name(score);
    if (!score.holds || name == last || ++shown > 2) continue;
    last = name;
    ImGui::SameLine(0, ui.px(12));
    ImGui::AlignTextToFramePadding();
    ImGui::PushStyleColor(ImGuiCol_Text, role_color(name, state.display.theme));
    ImGui::TextUnformatted(name.c_str());
    ImGui::PopStyleColor();
  }
  if (shown == 0) {
    ImGui::SameLine(0, ui.px(12));
    ImGui::AlignTextToFramePadding();
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->faint);
    ImGui::TextUnformatted(unclassified);
    ImGui::PopStyleColor();
  }
}

std::string difference_words(const Picture& picture) {
  if (picture.snapshot().edited == picture.snapshot().baseline) {
    return "Nothing is edited yet, so nothing differs.  ";
  }
  if (!picture.unchanged()) return "Edited minus baseline: red gained weight, blue lost it.  ";
  if (const auto layer = picture.first_changed_layer()) {
    return "Nothing changed in this map. The first layer with a changed one is L" +
           std::to_string(*layer) + ".  ";
  }
  return "Nothing changed in this map, nor in any other of these heads.  ";
}

// The views, in as many lines as a narrow window needs: none is cut off.
void choose_view(Display& display, Ui& ui) {
  constexpr const char* names[] = {"Map", "Arcs", "Text", "Pruning", "Compare", "Variants", "Learn"};
  float padding = 2 * ImGui::GetStyle().FramePadding.x;
  const int shown = static_cast<int>(display.view);
  int chosen = shown;
  // Seven views are many for a row: narrower buttons where they would not fit else.
  float row = 0.0f;
  for (const char* name : names) row += text_width(ui.fonts.text, name) + padding + ui.px(2);
  const float inset = row > ImGui::GetContentRegionAvail().x ? ui.px(5) : ImGui::GetStyle().FramePadding.x;
  padding = 2.0f * inset;
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {inset, ImGui::GetStyle().FramePadding.y});
  for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
    if (i > 0) ImGui::SameLine(0, ui.px(2));
    if (ImGui::GetContentRegionAvail().x < text_width(ui.fonts.text, names[i]) + padding) ImGui::NewLine();
    int other = i == shown ? 0 : 1;
    if (segmented(ui, "view", {names[i]}, other)) chosen = i;
  }
  ImGui::PopStyleVar();
  display.view = static_cast<View>(chosen);
}

void draw_toolbar(State& state, const Picture& picture, Ui& ui) {
  const HeadId head = state.selection.head;
  const bool of_all_models = state.display.view == View::variants;
  const bool learns = state.display.view == View::learn;
  ImGui::PushFont(ui.fonts.title);
  const bool of_layers = picture.map().quantity == Quantity::rollout && state.display.view != View::pruning;
  const std::string title = of_all_models ? "Heads made differently"
                            : of_layers   ? "Rollout up to L" + std::to_string(head.layer)
                                      : head_name(picture.snapshot().model->config, head);
  ImGui::TextUnformatted(title.c_str());
  ImGui::PopFont();
  if (!of_layers && !of_all_models) draw_role_names(state, picture, ui);
  if (state.display.presents) return;  // views by their keys
  ImGui::SameLine(0, ui.px(24));
  choose_view(state.display, ui);
  if (state.display.view == View::compare || of_all_models || learns) return;
  if (state.display.view == View::pruning) {
    faint_text(ui, "Loss in nats per predicted token, on the battery's plain texts.");
    return;
  }
  next_group(ui, text_width(ui.fonts.text, "BaselineEditedDifference") + ui.px(72));
  choose(ui, "shown", {"Baseline", "Edited", "Difference"}, state.display.shown);
  next_group(ui, text_width(ui.fonts.text, "DisplayHide first") + ui.px(56));
  draw_display_popup(state.display, ui);
  ImGui::SameLine();
  if (toggle_button(ui, "Hide first", state.display.hide_first)) {
    state.display.hide_first = !state.display.hide_first;
  }
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("Many heads rest on the first token (the attention sink).\n"
                      "Hide its weight and scale the rest of each row up to sum to 1.");
  }

  std::string notice;
  if (state.display.hide_first) {
    notice += picture.map().quantity == Quantity::value_weighted
                  ? "First token hidden.  "
                  : "First token hidden, rows scaled up to sum to 1.  ";
  }
  if (picture.waits_for_rollout()) {
    notice += "Weights: the rollout is being computed.  ";
  } else if (picture.map().quantity != state.display.quantity) {
    notice += "Weights: a file of attention has no values, and no rollout where queries and keys differ.  ";
  }
  notice += quantity_formula(picture.map().quantity, picture.snapshot().model->config, head.kind) + "  ";
  if (picture.map().log) notice += "Logarithmic colours.  ";
  if (picture.map().per_row) notice += "Each row is scaled to its own maximum.  ";
  if (state.display.shown == Shown::difference) {
    notice += difference_words(picture);
  } else if (state.display.shown == Shown::baseline && !state.request.edits.empty()) {
    notice += "The model as trained, without your edits.  ";
  }
  const auto edit = state.request.edits.find(head);
  if (edit != state.request.edits.end() && edit->second.gain == 0.0f) {
    notice += "Pruned: the weights are shown, the output is taken away.  ";
  }
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->accent);
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(notice.empty() ? " " : notice.c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopFont();
  ImGui::PopStyleColor();
}

}  // namespace

void draw_center(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  ui.walk.next_frame = 0.0;
  begin_panel("center", min, max, ImGuiWindowFlags_NoScrollWithMouse);
  if (picture.empty()) {
    ImGui::PushFont(ui.fonts.title);
    const Snapshot& s = picture.snapshot();
    ImGui::TextUnformatted(s.model == nullptr && s.error.empty() ? "Opening the model ..."
                                                                 : "Nothing to show yet");
    ImGui::PopFont();
    if (s.model == nullptr && !s.error.empty()) {
      ImGui::TextWrapped("%s", "Choose another model: File, Open model.");
    }
  } else {
    const bool walks = state.display.view == View::learn &&
                       (state.learn.page == LearnPage::walk || state.learn.page == LearnPage::tiny);
    if (!state.display.presents || !walks) draw_toolbar(state, picture, ui);  // the steps name the head
    const bool scrolls = state.display.view == View::pruning;
    ImGui::BeginChild("view", {0, 0}, false,
                      scrolls ? ImGuiWindowFlags_NoNavInputs
                              : ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    switch (state.display.view) {
      case View::map:
        draw_map(state, picture, ui);
        break;
      case View::arcs:
        draw_arcs(state, picture, ui);
        break;
      case View::text:
        draw_text_view(state, picture, ui);
        break;
      case View::pruning:
        draw_pruning(state, picture, ui);
        break;
      case View::compare:
        draw_compare(state, picture, ui);
        break;
      case View::variants:
        draw_variants(state, picture, ui);
        break;
      case View::learn:
        draw_learn(state, picture, ui);
        break;
    }
    ImGui::EndChild();
  }
  end_panel();
}

}  // namespace headlight
