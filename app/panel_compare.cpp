#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "column_panel.h"
#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

// Buttons above the columns.
void draw_tools(State& state, const Picture& picture, Ui& ui) {
  ImGui::BeginDisabled(state.columns.size() >= most_columns_beside);
  if (ImGui::Button("+ Column")) {
    Column column;
    column.head = state.selection.head;
    column.mask = block_mask(4);
    state.columns.push_back(column);
    ui.column = static_cast<int>(state.columns.size());
  }
  ImGui::EndDisabled();
  ui.landmarks.mark_item("+ Column");
  ImGui::SameLine();
  if (toggle_button(ui, "Flicker", ui.flickers)) ui.flickers = !ui.flickers;
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("The chosen column shows the first one's map every other quarter of a second (F).");
  }
  ImGui::SameLine();
  if (toggle_button(ui, "Hide first", state.display.hide_first)) {
    state.display.hide_first = !state.display.hide_first;
  }
  ImGui::SameLine();
  const bool all_known =
      std::all_of(picture.columns().begin(), picture.columns().end(),
                  [](const ComparedColumn& column) { return column.loss.has_value(); });
  ImGui::BeginDisabled(all_known);
  if (ImGui::Button("Measure loss")) ui.wishes.measure = StudyKind::columns;
  ImGui::EndDisabled();
  ui.landmarks.mark_item("Measure loss");
  if (ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled))
    ImGui::SetTooltip("Each column's loss on the built-in texts, in nats per predicted token.");
  ImGui::SameLine();
  if (ImGui::Button("Export")) ui.open(Dialog::export_);
  ImGui::SameLine(0, ui.px(16));
  ImGui::AlignTextToFramePadding();
  const int at = picture.column_at(static_cast<std::size_t>(ui.column));
  const ComparedColumn* column = at < 0 ? nullptr : &picture.columns()[static_cast<std::size_t>(at)];
  if (picture.snapshot().model->recorded) {
    faint_text(ui, "Computed elsewhere: masks need the model.");
  } else if (column != nullptr) {
    const auto& tokens = column->run->query_tokens(column->head.kind);
    faint_text(ui, "Chips: layers to %s in column %d",
               token_label(tokens[static_cast<std::size_t>(column->field.position)]).c_str(),
               ui.column + 1);
  } else {
    faint_text(ui, " ");
  }
}

// The numbers of all columns, a line each.
void draw_numbers(const Picture& picture, Ui& ui, const ColumnGrid& grid) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float line = ui.fonts.text->FontSize + ui.px(5);
  for (const ComparisonRow& row : picture.column_rows()) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    draw->AddLine({grid.left, at.y}, {grid.right(), at.y}, fade(ui.palette->line, 0.6f));
    draw_text(draw, ui.fonts.small, {grid.left, at.y + ui.px(3)}, ui.palette->faint, row.name);
    for (std::size_t place = 0; place < grid.count; ++place) {
      const int index = picture.column_at(place);
      if (index < 0) continue;
      draw_text(draw, ui.fonts.mono, {grid.x(place), at.y + ui.px(3)}, ui.palette->ink,
                row.values[static_cast<std::size_t>(index)]);
    }
    ImGui::PushID(row.name.c_str());
    ImGui::InvisibleButton("row", {std::max(grid.right() - grid.left, 1.0f), line});
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", row.meaning.c_str());
    ImGui::PopID();
  }
}

}  // namespace

void draw_compare(State& state, const Picture& picture, Ui& ui) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {ui.px(8), ui.px(6)});
  ui.column = std::clamp(ui.column, 0, static_cast<int>(state.columns.size()));
  draw_tools(state, picture, ui);
  ImGui::BeginChild("columns", {0, 0}, false, ImGuiWindowFlags_HorizontalScrollbar);
  ColumnGrid grid;
  grid.count = state.columns.size() + 1;
  grid.left = ImGui::GetCursorScreenPos().x;
  const ImVec2 room = ImGui::GetContentRegionAvail();
  grid.gutter = ui.px(room.x < ui.px(760) ? 118 : 132);
  grid.gap = ui.px(14);
  grid.bars = ui.px(52);
  const auto columns = static_cast<float>(grid.count);
  grid.slot = std::floor((room.x - grid.gutter - grid.bars - grid.gap * columns) / columns);
  grid.slot = std::clamp(grid.slot, ui.px(104), ui.px(420));
  // Both maps, their mask and a few numbers fit the window's height.
  const float header = ui.px(104), mask = ui.px(76);
  const float numbers = std::clamp(room.y * 0.24f, ui.px(84), ui.px(320));
  const float fit = (room.y - header - mask - numbers) / 2;
  grid.side = std::floor(std::clamp(fit, ui.px(104), grid.slot));
  ui.column_side = static_cast<int>(grid.side);

  const float top = ImGui::GetCursorScreenPos().y;
  float bottom = top;
  for (std::size_t place = 0; place < grid.count; ++place) {
    ImGui::SetCursorScreenPos({grid.x(place), top});
    ImGui::PushID(static_cast<int>(place));
    ImGui::BeginGroup();
    draw_column_header(state, picture, ui, grid, place);
    ImGui::EndGroup();
    ImGui::PopID();
    bottom = std::max(bottom, ImGui::GetItemRectMax().y);
    if (place >= state.columns.size() + 1) break;  // it was removed just now
  }
  ImGui::SetCursorScreenPos({grid.left, bottom + ui.px(6)});
  draw_column_maps(state, picture, ui, grid);
  draw_numbers(picture, ui, grid);
  ImGui::Dummy({1, ui.px(8)});
  ImGui::EndChild();
  ImGui::PopStyleVar();
}

}  // namespace headlight
