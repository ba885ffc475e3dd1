#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "edit_words.h"
#include "panels.h"
#include "pruning.h"
#include "role_colors.h"
#include "widgets.h"

namespace headlight {
namespace {

struct Grid {
  ImVec2 origin;
  float cell = 0;
  float gap = 0;
  int columns = 1;
  bool named = false;  // not in order of layers, so each head has its name below

  ImVec2 corner(int place) const {
    const float across = cell + gap;
    const float down = across + (named ? name_height : 0.0f);
    return {origin.x + static_cast<float>(place % columns) * across,
            origin.y + static_cast<float>(place / columns) * down};
  }
  float name_height = 0;
};

// The head's roles as a stripe of their colours below its thumbnail.
void draw_role_stripe(const State& state, const Picture& picture, HeadId id, ImVec2 min,
                      ImVec2 max) {
  const HeadRoles* known = picture.roles(id);
  if (known == nullptr) return;
  std::vector<ImU32> colors;
  for (const RoleScore& score : known->scores) {
    if (!score.holds) continue;
    const ImU32 color = role_color(role_name(score), state.display.theme);
    if (colors.empty() || colors.back() != color) colors.push_back(color);
  }
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float width = (max.x - min.x) / static_cast<float>(std::max<std::size_t>(colors.size(), 1));
  for (std::size_t i = 0; i < colors.size(); ++i) {
    const float left = min.x + static_cast<float>(i) * width;
    draw->AddRectFilled({left, min.y}, {left + width, max.y}, colors[i]);
  }
}

// Whether several query heads read the same keys and values (MQA, GQA).
bool shares_keys(const ModelConfig& config, AttentionKind kind) {
  return kind == AttentionKind::self && config.key_value_heads < config.heads;
}

// Where a head's thumbnail lies in the texture.
struct Tile {
  ImVec2 min;
  ImVec2 max;
};

Tile tile_of(const Picture& picture, const Ui& ui, HeadId id) {
  const auto width = static_cast<float>(ui.thumbnails_texture.width);
  const auto height = static_cast<float>(ui.thumbnails_texture.height);
  const auto columns = static_cast<float>(picture.tile_columns());
  const auto rows = static_cast<float>(picture.tile_rows());
  const auto x = static_cast<float>(id.head), y = static_cast<float>(id.layer);
  return {{x * columns / width, y * rows / height},
          {(x + 1) * columns / width, (y + 1) * rows / height}};
}

// A side of `length` shared by the map's two axes in their proportion, but never a mere line.
ImVec2 map_size(const Picture& picture, float length) {
  const auto queries = static_cast<float>(picture.map().queries);
  const auto keys = static_cast<float>(picture.map().keys);
  const float longest = std::max({queries, keys, 1.0f});
  constexpr float least = 0.25f;
  return {length * std::max(keys / longest, least), length * std::max(queries / longest, least)};
}

// The enlarged head and its numbers, beside the mouse.
void draw_hovered(const Picture& picture, Ui& ui, HeadId id, const HeadEdit* edit) {
  const HeadStats& stats = picture.edited_stats(id);
  const Tile tile = tile_of(picture, ui, id);
  ImGui::BeginTooltip();
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(head_name(picture.snapshot().model->config, id).c_str());
  ImGui::PopFont();
  ImGui::Image(ui.thumbnails_texture.id, map_size(picture, ui.px(208)), tile.min, tile.max);
  ImGui::PushFont(ui.fonts.mono);
  ImGui::Text("entropy   %5.2f nats", stats.entropy);
  if (id.kind != AttentionKind::cross) {
    ImGui::Text("distance  %5.1f tokens", stats.distance);
  }
  ImGui::Text("maximum   %5.2f", stats.maximum);
  ImGui::Text("sink      %5.2f", stats.sink_share);
  if (const auto importance = picture.importance(id)) {
    ImGui::Text("ablated  %+6.3f nats on the battery", *importance);
  }
  ImGui::PopFont();
  if (const HeadRoles* known = picture.roles(id)) {
    std::string names;
    for (const RoleScore& score : known->scores) {
      if (score.holds) names += (names.empty() ? "" : ", ") + role_name(score);
    }
    ImGui::TextUnformatted(names.empty() ? unclassified : names.c_str());
  }
  const ModelConfig& config = picture.snapshot().model->config;
  if (shares_keys(config, id.kind)) {
    const int group = config.heads / config.key_value_heads;
    const int first = config.key_value_head(id.head) * group;
    ImGui::Text("H%d to H%d share keys and values", first, first + group - 1);
  }
  if (edit != nullptr && edit->gain == 0.0f) ImGui::TextUnformatted("pruned: its output is taken away");
  ImGui::EndTooltip();
}

void draw_cell(State& state, const Picture& picture, Ui& ui, const Grid& grid, int place, HeadId id) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 min = grid.corner(place);
  const ImVec2 max{min.x + grid.cell, min.y + grid.cell};

  ImGui::SetCursorScreenPos(min);
  ImGui::PushID(id.layer * 1000 + id.head);
  if (ImGui::InvisibleButton("head", {grid.cell, grid.cell})) state.selection.head = id;
  ImGui::PopID();
  ui.landmarks.mark_item(to_string(id));

  const auto found = state.request.edits.find(id);
  const HeadEdit* edit = found == state.request.edits.end() || found->second.is_identity()
                             ? nullptr
                             : &found->second;
  const bool pruned = edit != nullptr && edit->gain == 0.0f;
  const bool steps_back = !state.display.role.empty() && picture.snapshot().roles != nullptr &&
                          !picture.has_role(id, state.display.role) && id != state.selection.head;
  const float opacity = steps_back ? 0.12f : pruned ? 0.3f : (ui.stale ? 0.5f : 1.0f);
  const Tile tile = tile_of(picture, ui, id);
  const ImVec2 size = map_size(picture, grid.cell);
  const ImVec2 corner{min.x + (grid.cell - size.x) / 2, min.y + (grid.cell - size.y) / 2};
  if (size.x < grid.cell || size.y < grid.cell) {
    draw->AddRectFilled(min, max, fade(ui.palette->raised, 0.5f));
  }
  draw->AddImage(ui.thumbnails_texture.id, corner, {corner.x + size.x, corner.y + size.y}, tile.min,
                 tile.max, fade(IM_COL32_WHITE, opacity));
  if (!steps_back) {
    const float stripe = std::clamp(grid.cell * 0.08f, ui.px(3), ui.px(5));
    draw_role_stripe(state, picture, id, {min.x, max.y - stripe}, max);
  }
  if (grid.named) {
    const std::string name = "L" + std::to_string(id.layer) + " H" + std::to_string(id.head);
    draw_text(draw, ui.fonts.small, {min.x, max.y + ui.px(1)},
              steps_back ? fade(ui.palette->faint, 0.5f) : ui.palette->faint, name);
    if (const auto number = picture.order_number(id)) {
      char text[24];
      std::snprintf(text, sizeof text, state.display.order == HeadOrder::importance ? "%+.3f" : "%.2f",
                    *number);
      draw_text(draw, ui.fonts.small, {min.x, max.y + ui.px(15)},
                steps_back ? fade(ui.palette->ink, 0.5f) : ui.palette->ink, text);
    }
  }
  if (pruned) {
    const float in = grid.cell * 0.2f;
    draw->AddLine({min.x + in, min.y + in}, {max.x - in, max.y - in}, ui.palette->edit, ui.px(2.5f));
    draw->AddLine({min.x + in, max.y - in}, {max.x - in, min.y + in}, ui.palette->edit, ui.px(2.5f));
  }
  if (edit != nullptr) {
    const float side = std::clamp(grid.cell * 0.28f, ui.px(7), ui.px(14));
    draw->AddTriangleFilled({max.x - side, min.y}, {max.x, min.y}, {max.x, min.y + side},
                            ui.palette->edit);
  }
  if (id == state.selection.head) {
    const float out = ui.px(2);
    draw->AddRect({min.x - out, min.y - out}, {max.x + out, max.y + out}, ui.palette->accent,
                  ui.px(3), 0, ui.px(2.5f));
  } else if (ImGui::IsItemHovered()) {
    draw->AddRect(min, max, ui.palette->ink, 0, 0, ui.px(1.5f));
  }
  if (ImGui::IsItemHovered()) {
    ui.hovered_head = id;
    draw_hovered(picture, ui, id, edit);
  }
}

// Ctrl and the mouse: a click prunes or restores one head, a box all that it touches.
void box_heads(State& state, const Picture& picture, Ui& ui, const Grid& grid) {
  if (picture.snapshot().model->recorded) return;
  const ImGuiIO& io = ImGui::GetIO();
  const int heads_shown = static_cast<int>(picture.order().size());
  const ImVec2 end{grid.corner(grid.columns - 1).x + grid.cell,
                   grid.corner(heads_shown - 1).y + grid.cell};
  const bool inside = ImGui::IsMouseHoveringRect(grid.origin, end) &&
                      ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem);
  if (inside && io.KeyCtrl && ImGui::IsMouseClicked(0)) ui.box_start = io.MousePos;
  if (!ui.box_start) return;
  const ImVec2 a{std::min(ui.box_start->x, io.MousePos.x), std::min(ui.box_start->y, io.MousePos.y)};
  const ImVec2 b{std::max(ui.box_start->x, io.MousePos.x), std::max(ui.box_start->y, io.MousePos.y)};
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddRectFilled(a, b, fade(ui.palette->edit, 0.2f));
  draw->AddRect(a, b, ui.palette->edit, 0, 0, ui.px(1.5f));
  if (ImGui::IsMouseDown(0)) return;
  ui.box_start.reset();
  std::vector<HeadId> heads;
  for (std::size_t place = 0; place < picture.order().size(); ++place) {
    const ImVec2 min = grid.corner(static_cast<int>(place));
    if (min.x <= b.x && min.x + grid.cell >= a.x && min.y <= b.y && min.y + grid.cell >= a.y) {
      heads.push_back(picture.order()[place]);
    }
  }
  if (!heads.empty()) toggle_pruned(state.request.edits, heads);
}

// What is edited, below the grid: a click selects the head, the cross takes the edit back.
void draw_edit_list(State& state, const Picture& picture, Ui& ui) {
  if (picture.snapshot().model->recorded) return;  // nothing to edit
  heading(ui, "Edits");
  const Edits edits = normalized(state.request.edits);
  if (edits.empty()) {
    ImGui::PushTextWrapPos();
    faint_text(ui, "None yet. P prunes the selected head, Ctrl+click any head, Ctrl+drag a box of them. "
                   "Temperature and mask are at the right.");
    ImGui::PopTextWrapPos();
    return;
  }
  for (const auto& [id, edit] : edits) {
    ImGui::PushID((static_cast<int>(id.kind) * 10000 + id.layer) * 10000 + id.head);
    if (ImGui::Button("\u00d7")) state.request.edits.erase(id);
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    const std::string line = head_name(picture.snapshot().model->config, id) + "   " + edit_words(edit);
    if (ImGui::Selectable(line.c_str(), id == state.selection.head)) state.selection.head = id;
    ImGui::PopID();
  }
  if (effect_state(state, picture) == EffectState::known) {
    const PruningEffect& effect = *picture.snapshot().effect;
    ImGui::PushTextWrapPos();
    faint_text(ui, effect.controls.empty() ? "Loss on the battery %+.3f" :
                                             "Loss on the battery %+.3f, control %+.3f",
               effect.joint(), effect.control_mean());
    ImGui::PopTextWrapPos();
  }
}

// The heads above their columns; a line over those that share keys and values.
void draw_column_labels(const Picture& picture, const Ui& ui, const Grid& grid, float top) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ModelConfig& config = picture.snapshot().model->config;
  const float step = grid.cell + grid.gap;
  for (int head = 0; head < picture.heads(); ++head) {
    const std::string label = "H" + std::to_string(head);
    if (text_width(ui.fonts.small, label) > grid.cell && head % 2 == 1) continue;
    draw_text(draw, ui.fonts.small, {grid.origin.x + static_cast<float>(head) * step, top},
              ui.palette->faint, label);
  }
  if (!shares_keys(config, picture.kind())) return;
  const int group = config.heads / config.key_value_heads;
  const float y = top + ui.px(20);
  for (int kv = 0; kv < config.key_value_heads; ++kv) {
    const float left = grid.origin.x + static_cast<float>(kv * group) * step;
    const float right = left + static_cast<float>(group) * step - grid.gap;
    draw->AddRectFilled({left, y}, {right, y + ui.px(3)}, fade(ui.palette->accent, 0.8f),
                        ui.px(1.5f));
  }
}

void draw_order(State& state, const Picture& picture, Ui& ui) {
  static constexpr const char* names[] = {"by layer", "by entropy", "by distance", "by maximum",
                                          "by sink share", "by importance"};
  const float width = ui.px(116);
  ImGui::SameLine(ImGui::GetContentRegionMax().x - width);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(8), ui.px(2)});
  ImGui::SetNextItemWidth(width);
  int order = static_cast<int>(state.display.order);
  if (ImGui::Combo("##order", &order, names, IM_ARRAYSIZE(names))) {
    state.display.order = static_cast<HeadOrder>(order);
    const bool wanted = state.display.order == HeadOrder::importance && !picture.snapshot().importance;
    if (wanted) ui.wishes.measure = StudyKind::importance;
  }
  ui.landmarks.mark_item("order");
  ImGui::PopStyleVar();
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("How the heads stand: by layer,\nor by a number on this text, the largest first.\nImportance is the loss change on the battery.");
  }
}

void draw_heading(State& state, const Picture& picture, Ui& ui) {
  const ModelConfig& config = picture.snapshot().model->config;
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted("Heads");
  ImGui::PopFont();
  ImGui::SameLine();
  const auto counted = [](int count, const char* noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  };
  std::string size =
      counted(picture.layers(), "layer") + " x " + counted(picture.heads(), "head");
  if (shares_keys(config, picture.kind())) {
    size += ", " + std::to_string(config.key_value_heads) + " key-value";
  }
  const bool fits = text_width(ui.fonts.small, size) + ui.px(130) <= ImGui::GetContentRegionAvail().x;
  faint_text(ui, "%s", fits ? size.c_str() : "");
  draw_order(state, picture, ui);
  if (!config.encoder_decoder()) return;

  // In the order in which the model computes them.
  static constexpr AttentionKind kinds[] = {AttentionKind::encoder, AttentionKind::self,
                                            AttentionKind::cross};
  HeadId& head = state.selection.head;
  int chosen = static_cast<int>(std::find(std::begin(kinds), std::end(kinds), head.kind) - kinds);
  if (segmented(ui, "kind", {"Encoder", "Decoder", "Cross"}, chosen)) {
    head.kind = kinds[chosen];
    state.selection.query.reset();
    state.selection.key.reset();
  }
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("Encoder: the source looks at itself.\nDecoder: the target looks at itself.\n"
                      "Cross: the target (rows) looks at the source (columns).");
  }
}

}  // namespace

void draw_heads(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  begin_panel("heads", min, max);
  ui.hovered_head.reset();
  if (!picture.empty() && ui.thumbnails_texture.width > 0) {
    draw_heading(state, picture, ui);
    ImGui::BeginChild("grid", {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
    ImDrawList* draw = ImGui::GetWindowDrawList();
    const ImVec2 area = ImGui::GetContentRegionAvail();
    const bool shared = shares_keys(picture.snapshot().model->config, picture.kind());
    const int layers = picture.layers(), heads = picture.heads();
    const float gutter = ui.px(28);
    Grid grid;
    grid.gap = ui.px(heads > 12 ? 3 : 6);
    const float wide = (area.x - gutter - ui.px(6)) / static_cast<float>(heads) - grid.gap;
    grid.cell = float(int(std::clamp(wide, ui.px(18), ui.px(128))));
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    grid.origin = {float(int(corner.x + gutter)),
                   float(int(corner.y + ui.px(shared ? 28 : 22)))};
    grid.columns = heads;
    grid.named = state.display.order != HeadOrder::layers;
    if (grid.named) {  // names need their width
      const float name = text_width(ui.fonts.small, "L00 H00");
      grid.columns = std::clamp(static_cast<int>((area.x - gutter) / (name + grid.gap)), 1, heads);
      grid.cell = std::max(grid.cell, float(int(name)));
    }
    grid.name_height = ui.px(30);
    if (!grid.named) draw_column_labels(picture, ui, grid, corner.y);
    for (int layer = 0; layer < layers && !grid.named; ++layer) {
      draw_text(draw, ui.fonts.small,
                {corner.x, grid.corner(layer * heads).y + grid.cell / 2 - ui.px(8)},
                ui.palette->faint, "L" + std::to_string(layer));
    }
    for (int place = 0; place < static_cast<int>(picture.order().size()); ++place) {
      draw_cell(state, picture, ui, grid, place, picture.order()[static_cast<std::size_t>(place)]);
    }
    box_heads(state, picture, ui, grid);
    const int rows = (static_cast<int>(picture.order().size()) + grid.columns - 1) / grid.columns;
    ImGui::SetCursorScreenPos({corner.x, grid.corner(rows * grid.columns).y});
    ImGui::Dummy({1, ui.px(8)});
    const bool edited = !normalized(state.request.edits).empty();
    if (edited) draw_edit_list(state, picture, ui);
    draw_role_list(state, picture, ui);
    if (!edited) draw_edit_list(state, picture, ui);
    ImGui::EndChild();
  }
  end_panel();
}

}  // namespace headlight
