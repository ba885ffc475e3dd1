#include <algorithm>
#include <string>

#include "column_panel.h"
#include "compared_column.h"
#include "mask_presets.h"
#include "model_list.h"
#include "widgets.h"

namespace headlight {
namespace {

struct Preset {
  const char* name;
  const char* mask;
};

constexpr Preset presets[] = {
    {"no mask", "none"},          {"local", "local:4"},
    {"dilated", "dilated:4:2"},   {"global", "global:1"},
    {"block", "block:4"},         {"random", "random:3:1"},
    {"strided", "strided:3"},
};

constexpr const char* place_words[] = {"this head", "its layer", "all heads", "split in three"};

std::string tag(const char* what, std::size_t place) {
  return "column/" + std::to_string(place) + "/" + what;
}

struct Number {
  const char* name = nullptr;  // Of what the slider sets; null: nothing.
  int least = 0;
};

// What the two numbers of a part mean.
std::pair<Number, Number> numbers_of(MaskKind kind) {
  switch (kind) {
    case MaskKind::local: return {{"w", 0}, {}};
    case MaskKind::dilated: return {{"w", 0}, {"gap", 1}};
    case MaskKind::global: return {{"k", 0}, {}};
    case MaskKind::token: return {{"at", 0}, {}};
    case MaskKind::block: return {{"size", 1}, {}};
    case MaskKind::strided: return {{"step", 1}, {}};
    case MaskKind::columns: return {{"step", 1}, {"count", 0}};
    case MaskKind::random: return {{"n", 0}, {"seed", 0}};
    default: return {{}, {}};
  }
}

// A number with its name in it: "w 4". Wide enough for a part of the column.
bool slider(Ui& ui, const char* id, const Number& number, int& value, int most, float width,
            const std::string& landmark) {
  ImGui::SetNextItemWidth(width);
  const std::string format = std::string(number.name) + " %d";
  const bool changed = ImGui::SliderInt(id, &value, number.least, std::max(most, value),
                                        format.c_str(), ImGuiSliderFlags_AlwaysClamp);
  ui.landmarks.mark_item(landmark);
  return changed;
}

// The numbers of all parts in one line.
bool draw_numbers(Ui& ui, Mask& mask, int tokens, float width, std::size_t place) {
  int count = 0;
  for (const MaskPart& part : mask.parts) {
    const auto [a, b] = numbers_of(part.kind);
    count += (a.name != nullptr) + (b.name != nullptr);
  }
  if (count == 0) {
    ImGui::Dummy({width, ImGui::GetFrameHeight()});
    return false;
  }
  const float gap = ui.px(4);
  const float each = (width - gap * static_cast<float>(count - 1)) / static_cast<float>(count);
  const int most = std::max(tokens, 8);
  bool changed = false, first = true;
  for (std::size_t i = 0; i < mask.parts.size(); ++i) {
    MaskPart& part = mask.parts[i];
    const auto [a, b] = numbers_of(part.kind);
    ImGui::PushID(static_cast<int>(i));
    const auto line = [&] {
      if (!first) ImGui::SameLine(0, gap);
      first = false;
    };
    if (a.name) {
      line();
      changed |= slider(ui, "##a", a, part.a, most, each, tag(a.name, place));
    }
    if (b.name) {
      line();
      changed |= slider(ui, "##b", b, part.b, most, each, tag(b.name, place));
    }
    ImGui::PopID();
  }
  return changed;
}

// What a column shows of its own: the mask, where it is put; the first one's are the request's.
struct MaskChoice {
  Mask mask;
  MaskPlace place = MaskPlace::all;
};

MaskChoice shown_of(const State& state, const Ui& ui, std::size_t place) {
  if (place > 0) return {state.columns[place - 1].mask, state.columns[place - 1].place};
  const auto edit = state.request.edits.find(state.selection.head);
  return {edit == state.request.edits.end() ? Mask{} : edit->second.mask, ui.first_place};
}

void put(State& state, const Picture& picture, Ui& ui, std::size_t place, const MaskChoice& shown,
         bool moved) {
  if (place > 0) {
    Column& column = state.columns[place - 1];
    column.mask = shown.mask;
    column.place = shown.place;
    if (moved) column.head = state.selection.head;
    return;
  }
  ui.first_place = shown.mask.is_full() ? MaskPlace::all : shown.place;
  const ModelConfig& config = picture.snapshot().model->config;
  Column whole{.mask = shown.mask, .place = shown.place, .head = state.selection.head,
               .edits = state.request.edits};
  for (auto& [id, edit] : whole.edits) {
    if (id.kind == state.selection.head.kind && moved) edit.mask = {};
  }
  if (shown.mask.is_full()) {
    whole.edits = with_mask(whole.edits, heads_at(config, shown.place, state.selection.head), {});
  }
  state.request.edits = column_edits(whole, config);
}

// The selected head's map, or that of another one beside it.
void draw_own_head(State& state, const Picture& picture, Ui& ui, std::size_t place) {
  Column& column = state.columns[place - 1];
  bool own = column.shows.has_value();
  if (ImGui::Checkbox("a head of its own", &own))
    column.shows = own ? std::optional(state.selection.head) : std::nullopt;
  ui.landmarks.mark_item(tag("own head", place));
  if (!column.shows || picture.empty()) return;
  HeadId& head = *column.shows;
  const ModelConfig& config = picture.snapshot().model->config;
  const auto number = [&](const char* name, int& value, int count) {
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ui.px(110));
    const std::string format = std::string(name) + "%d";
    ImGui::SliderInt(("##" + std::string(name)).c_str(), &value, 0, std::max(0, count - 1),
                     format.c_str(), ImGuiSliderFlags_AlwaysClamp);
    ui.landmarks.mark_item(tag(name, place));
  };
  number("L", head.layer, config.layers_of(head.kind));
  number("H", head.head, config.heads_of(head.kind));
}

void draw_own_input(State& state, const Picture& picture, Ui& ui, std::size_t place) {
  if (place == 0) {
    faint_text(ui, "The first column has the text and the model of the window.");
    return;
  }
  Column& column = state.columns[place - 1];
  faint_text(ui, "Text of its own (empty: as the first column)");
  ImGui::SetNextItemWidth(ui.px(360));
  std::string& text = ui.column_text;
  text.resize(std::max<std::size_t>(text.size() + 1, 2048), '\0');
  if (ImGui::InputText("##text", text.data(), text.size())) {
    const std::string typed = text.c_str();
    column.text = typed.empty() ? std::nullopt : std::optional<std::string>(typed);
  }
  text.resize(std::char_traits<char>::length(text.c_str()));
  ui.landmarks.mark_item(tag("text", place));
  faint_text(ui, "Head");
  draw_own_head(state, picture, ui, place);
  faint_text(ui, "Model");
  const auto choose = [&](const char* label, const std::optional<std::string>& model) {
    if (ImGui::Selectable(label, column.model == model, ImGuiSelectableFlags_DontClosePopups))
      column.model = model;
    ui.landmarks.mark_item(tag("model", place) + "/" + label);
  };
  choose("as the first column", std::nullopt);
  if (ui.models) {
    for (const auto* list : {&ui.models->built_in, &ui.models->variants, &ui.models->recent}) {
      for (const ModelInfo& model : *list) {
        if (!model.problem.empty()) continue;
        const bool built_in = list == &ui.models->built_in;
        choose(model.name.c_str(), built_in ? model.name : model.path.string());
      }
    }
  }
}

// What else belongs to a column: its own text and model. Returns whether it shall go.
bool draw_menu(State& state, const Picture& picture, Ui& ui, std::size_t place) {
  bool gone = false;
  if (ImGui::Button("...")) {
    ImGui::OpenPopup("own");
    ui.wishes.list_models = !ui.models;
    ui.column_text = place > 0 ? state.columns[place - 1].text.value_or("") : "";
  }
  ui.landmarks.mark_item(tag("menu", place));
  if (ImGui::IsItemHovered()) ImGui::SetTooltip("This column's own text, head and model; take it away");
  popup_below(ui);
  if (ImGui::BeginPopup("own")) {
    draw_own_input(state, picture, ui, place);
    if (place > 0) {
      ImGui::Separator();
      ImGui::BeginDisabled(state.columns.size() <= least_columns);
      gone = ImGui::Selectable("Remove this column");
      ui.landmarks.mark_item(tag("remove", place));
      ImGui::EndDisabled();
    }
    ImGui::EndPopup();
  }
  return gone;
}

}  // namespace

void draw_column_header(State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid,
                        std::size_t place) {
  const bool computes = picture.snapshot().model->recorded == nullptr;
  MaskChoice shown = shown_of(state, ui, place);
  bool changed = false, moved = false;
  const float button = text_width(ui.fonts.text, "...") + 2 * ImGui::GetStyle().FramePadding.x;
  const bool active = ui.column == static_cast<int>(place);

  std::string number = std::to_string(place + 1);
  if (place > 0 && state.columns[place - 1].shows)
    number += " " + to_string(*state.columns[place - 1].shows);
  if (toggle_button(ui, number.c_str(), active)) ui.column = static_cast<int>(place);
  ui.landmarks.mark_item(tag("choose", place));
  if (ImGui::IsItemHovered())
    ImGui::SetTooltip("Its receptive field is drawn over the sentence; it is the one that flickers.");
  ImGui::SameLine(0, ui.px(4));
  ImGui::BeginDisabled(!computes);
  ImGui::SetNextItemWidth(
      std::max(grid.x(place) + grid.slot - ImGui::GetCursorScreenPos().x, ui.px(40)));
  const std::string title = shown.mask.is_full() ? "no mask" : to_string(shown.mask);
  if (ImGui::BeginCombo("##mask", title.c_str(), ImGuiComboFlags_HeightLargest)) {
    for (const Preset& preset : presets) {
      if (ImGui::Selectable(preset.name)) {
        shown.mask = parse_mask(preset.mask);
        changed = true;
      }
      ui.landmarks.mark_item(tag("mask", place) + "/" + preset.name);
    }
    ImGui::Separator();
    for (const MaskPreset& preset : mask_presets()) {
      const std::string name(preset.name);
      if (ImGui::Selectable(name.c_str())) {
        shown.mask = parse_mask(preset.mask);
        changed = true;
      }
      if (ImGui::IsItemHovered())
        ImGui::SetTooltip("%s.", std::string(preset.source).c_str());
      ui.landmarks.mark_item(tag("mask", place) + "/" + name);
    }
    ImGui::EndCombo();
  }
  ui.landmarks.mark_item(tag("mask", place));
  // A split has masks of its own.
  if (changed && shown.place == MaskPlace::split) {
    shown.place = MaskPlace::all;
    moved = true;
  }
  const int tokens = picture.snapshot().edited ? picture.tokens() : 16;
  changed |= draw_numbers(ui, shown.mask, tokens, grid.slot, place);
  ImGui::SetNextItemWidth(grid.slot - button - ui.px(4));
  if (ImGui::BeginCombo("##place",
                        place_words[static_cast<int>(shown.place)])) {
    for (int i = 0; i < 4; ++i) {
      if (ImGui::Selectable(place_words[i], static_cast<int>(shown.place) == i)) {
        shown.place = static_cast<MaskPlace>(i);
        if (shown.place == MaskPlace::split &&
            (shown.mask.is_full() || shown.mask.parts[0].kind != MaskKind::dilated)) {
          shown.mask = dilated_mask(4, 2);
        }
        changed = moved = true;
      }
      if (i == 3 && ImGui::IsItemHovered())
        ImGui::SetTooltip("In each layer the first third of the heads local, the second dilated,\n"
                          "the rest without a mask.");
      ui.landmarks.mark_item(tag("on", place) + "/" + place_words[i]);
    }
    ImGui::EndCombo();
  }
  ui.landmarks.mark_item(tag("on", place));
  ImGui::EndDisabled();
  ImGui::SameLine(0, ui.px(4));
  const bool gone = draw_menu(state, picture, ui, place);
  if (changed) {
    put(state, picture, ui, place, shown, moved);
    ui.column = static_cast<int>(place);
  }
  if (gone) {
    state.columns.erase(state.columns.begin() + static_cast<std::ptrdiff_t>(place) - 1);
    ui.column = std::min(ui.column, static_cast<int>(state.columns.size()));
  }
}

}  // namespace headlight
