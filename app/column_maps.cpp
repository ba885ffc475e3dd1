#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "color_maps.h"
#include "column_panel.h"
#include "comparison_table.h"
#include "figure_columns.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

ImU32 color_of(Rgb c) { return IM_COL32(c.r, c.g, c.b, 255); }

// Where a column's map lies in this frame.
struct MapPlace {
  ImVec2 min;
  float cell = 0.0f;
  int queries = 0, keys = 0;

  ImVec2 max() const {
    return {min.x + cell * static_cast<float>(keys), min.y + cell * static_cast<float>(queries)};
  }
  ImVec2 corner(int query, int key) const {
    return {min.x + cell * static_cast<float>(key), min.y + cell * static_cast<float>(query)};
  }
};

const ComparedColumn* column_of(const Picture& picture, std::size_t place) {
  const int at = picture.column_at(place);
  return at < 0 ? nullptr : &picture.columns()[static_cast<std::size_t>(at)];
}

MapPlace place_of(const ComparedColumn& column, ImVec2 min, float side) {
  MapPlace map{min, 0.0f, column.run->queries(column.head.kind), column.run->keys(column.head.kind)};
  map.cell = side / static_cast<float>(std::max({map.queries, map.keys, 1}));
  return map;
}

void draw_image(const Ui& ui, const TextureRef& texture, const MapPlace& map) {
  if (texture.width == 0) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddImage(texture.id, map.min, map.max(), {0, 0}, {1, 1},
                 fade(IM_COL32_WHITE, ui.stale ? 0.5f : 1.0f));
  if (map.cell >= ui.px(9)) {
    const ImU32 line = fade(ui.palette->paper, 0.55f);
    for (int i = 1; i < map.queries; ++i)
      draw->AddLine(map.corner(i, 0), map.corner(i, map.keys), line);
    for (int i = 1; i < map.keys; ++i)
      draw->AddLine(map.corner(0, i), map.corner(map.queries, i), line);
  }
  draw->AddRect({map.min.x - 1, map.min.y - 1}, {map.max().x + 1, map.max().y + 1},
                ui.palette->line);
}

void frame_cell(const MapPlace& map, Cell cell, ImU32 color, float width) {
  if (cell.query >= map.queries || cell.key >= map.keys) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddRect(map.corner(cell.query, 0), map.corner(cell.query + 1, map.keys), fade(color, 0.5f));
  draw->AddRect(map.corner(0, cell.key), map.corner(map.queries, cell.key + 1), fade(color, 0.5f));
  draw->AddRect(map.corner(cell.query, cell.key), map.corner(cell.query + 1, cell.key + 1), color,
                0, 0, width);
}

// The same cell in every column.
void draw_marks(const State& state, const Ui& ui, const MapPlace& map) {
  const Selection& pinned = state.selection;
  if (pinned.query && pinned.key)
    frame_cell(map, {*pinned.query, *pinned.key}, ui.palette->accent, ui.px(2));
  if (ui.hovered_cell) frame_cell(map, *ui.hovered_cell, ui.palette->ink, ui.px(1.5f));
}

void draw_tooltip(const Picture& picture, Ui& ui, const ComparedColumn& column, Cell cell) {
  const auto& queries = column.run->query_tokens(column.head.kind);
  const auto& keys = column.run->key_tokens(column.head.kind);
  ImGui::BeginTooltip();
  ImGui::PushFont(ui.fonts.strong);
  ImGui::Text("%s looks at %s", token_label(queries[static_cast<std::size_t>(cell.query)]).c_str(),
              token_label(keys[static_cast<std::size_t>(cell.key)]).c_str());
  ImGui::PopFont();
  ImGui::PushFont(ui.fonts.mono);
  for (std::size_t i = 0; i < picture.columns().size(); ++i) {
    const ComparedColumn& other = picture.columns()[i];
    if (!same_shape(other, column)) continue;
    const std::string title = column_title(*other.run, other.head);
    const MapValues& map = picture.column_map_values(i);
    const MapValues& difference = picture.column_differences(i);
    const std::size_t at = cell_index(map, cell.query, cell.key);
    if (i > 0 && difference.queries > 0) {
      ImGui::Text("%.4f  %+.4f  %s", map.values[at], difference.values[at], title.c_str());
    } else {
      ImGui::Text("%.4f           %s", map.values[at], title.c_str());
    }
  }
  ImGui::PopFont();
  faint_text(ui, "query %d, key %d. Click: pin", cell.query, cell.key);
  ImGui::EndTooltip();
}

// Hovering marks the cell in all columns, a click pins it.
void take_mouse(State& state, const Picture& picture, Ui& ui, const ComparedColumn& column,
                const MapPlace& map, const std::string& landmark) {
  ImGui::SetCursorScreenPos(map.min);
  ImGui::PushID(landmark.c_str());
  ImGui::InvisibleButton("cells", {std::max(map.max().x - map.min.x, 1.0f),
                                   std::max(map.max().y - map.min.y, 1.0f)});
  ImGui::PopID();
  ui.landmarks.mark_item(landmark);
  if (!ImGui::IsItemHovered()) return;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const Cell cell{static_cast<int>((mouse.y - map.min.y) / map.cell),
                  static_cast<int>((mouse.x - map.min.x) / map.cell)};
  if (cell.query < 0 || cell.key < 0 || cell.query >= map.queries || cell.key >= map.keys) return;
  ui.next_hovered_cell = cell;
  draw_tooltip(picture, ui, column, cell);
  if (!ImGui::IsMouseReleased(0)) return;
  Selection& pinned = state.selection;
  const bool same = pinned.query == cell.query && pinned.key == cell.key;
  pinned.query = same ? std::nullopt : std::optional<int>(cell.query);
  pinned.key = same ? std::nullopt : std::optional<int>(cell.key);
}

void draw_prediction(const Ui& ui, const ComparedColumn& column, ImVec2 at, float width) {
  if (column.prediction.position < 0) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->PushClipRect(at, {at.x + width, at.y + ui.px(200)}, true);
  const bool next = column.model->config.predicts == ModelConfig::Predicts::next_token;
  const Token& token = column.run->tokens()[static_cast<std::size_t>(column.prediction.position)];
  draw_text(draw, ui.fonts.small, at, ui.palette->faint,
            std::string(next ? "after " : "at ") + token_label(token, 12));
  const float line = ui.fonts.small->FontSize + ui.px(2);
  float y = at.y + line;
  for (const auto& [word, probability] : predicted_words(column, 3)) {
    char share[16];
    std::snprintf(share, sizeof share, "%.2f", static_cast<double>(probability));
    draw_text(draw, ui.fonts.mono, {at.x, y}, ui.palette->ink, share);
    const float used = text_width(ui.fonts.mono, "0.00") + ui.px(6);
    draw_text(draw, ui.fonts.small, {at.x + used, y + ui.px(1)}, ui.palette->ink,
              token_label({.text = word}, 16));
    y += line;
  }
  draw->PopClipRect();
}

void draw_masks(const Picture& picture, Ui& ui, const ColumnGrid& grid) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float side = ui.px(grid.slot < ui.px(150) ? 46 : 64);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw_text(draw, ui.fonts.small, {grid.left, at.y}, ui.palette->faint, "mask");
  for (std::size_t place = 0; place < grid.count; ++place) {
    const ComparedColumn* column = column_of(picture, place);
    if (column == nullptr) continue;
    const auto index = static_cast<std::size_t>(picture.column_at(place));
    MapPlace map = place_of(*column, {grid.x(place), at.y}, side);
    draw_image(ui, ui.columns[index].mask, map);
    ui.landmarks.mark("column/" + std::to_string(place) + "/picture", map.min, map.max());
    draw_prediction(ui, *column, {map.max().x + ui.px(8), at.y},
                    grid.slot - (map.max().x - map.min.x) - ui.px(8));
  }
  ImGui::SetCursorScreenPos({grid.left, at.y + ui.px(68)});
  const std::string& notices = picture.column_notices();
  if (!notices.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->accent);
    ImGui::PushFont(ui.fonts.small);
    ImGui::TextUnformatted(notices.c_str());
    ImGui::PopFont();
    ImGui::PopStyleColor();
  }
}

// The query tokens beside the first column's map.
void draw_row_labels(const State& state, const Ui& ui, const ColumnGrid& grid,
                     const ComparedColumn& column, const MapPlace& map) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto& tokens = column.run->query_tokens(column.head.kind);
  const float size = ui.fonts.small->FontSize;
  const int step = std::max(1, static_cast<int>(std::ceil(size / map.cell)));
  std::optional<int> marked = state.selection.query;
  if (ui.hovered_cell) marked = ui.hovered_cell->query;
  draw->PushClipRect({grid.left, map.min.y - size}, {map.min.x, map.max().y + size}, true);
  for (int i = 0; i < map.queries; ++i) {
    const bool is_marked = marked == i;
    if (!is_marked && (i % step != 0 || (marked && std::abs(*marked - i) < step))) continue;
    const std::string label = token_label(tokens[static_cast<std::size_t>(i)], 14);
    draw_text(draw, ui.fonts.small,
              {map.min.x - ui.px(6) - text_width(ui.fonts.small, label),
               map.corner(i, 0).y + (map.cell - size) / 2},
              is_marked ? ui.palette->accent : ui.palette->ink, label);
  }
  draw->PopClipRect();
}

void draw_color_bar(const State& state, const Ui& ui, const MapValues& map, float left, float top,
                    float height, const char* name) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto& table = map.diverging ? diverging_table(state.display.theme)
                                    : color_table(state.display.color_map);
  const float width = ui.px(11);
  constexpr int steps = 64;
  for (int i = 0; i < steps; ++i) {
    draw->AddRectFilled({left, top + height * static_cast<float>(i) / steps},
                        {left + width, top + height * static_cast<float>(i + 1) / steps},
                        color_of(table[static_cast<std::size_t>(255 - i * 255 / (steps - 1))]));
  }
  for (float tick : color_bar_ticks(map)) {
    const float y = top + height * (1.0f - color_position(map, tick));
    char text[24];
    std::snprintf(text, sizeof text, map.diverging && tick != 0.0f ? "%+.2g" : "%.2g",
                  static_cast<double>(tick));
    draw_text(draw, ui.fonts.small, {left + width + ui.px(5), y - ui.px(8)}, ui.palette->faint, text);
  }
  draw_text(draw, ui.fonts.small, {left, top + height + ui.px(5)}, ui.palette->faint, name);
}

// The room of a map that is not there, with the reason.
void draw_reason(const Ui& ui, const ColumnGrid& grid, std::size_t place, float top,
                 const std::string& reason, bool is_error) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 min{grid.x(place), top};
  draw->AddRect(min, {min.x + grid.side, top + grid.side}, ui.palette->line);
  draw->AddText(ui.fonts.small, ui.fonts.small->FontSize, {min.x + ui.px(8), top + ui.px(8)},
                is_error ? ui.palette->error : ui.palette->faint, reason.c_str(), nullptr,
                grid.side - ui.px(16));
}

// Whether the chosen column shows the first one's map now.
bool shows_first(const Ui& ui, std::size_t place) {
  return ui.flickers && place > 0 && place == static_cast<std::size_t>(std::max(ui.column, 1)) &&
         static_cast<long long>(ImGui::GetTime() * 4.0) % 2 == 1;
}

void draw_row(State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid, bool differences) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ComparedColumn* first = column_of(picture, 0);
  float height = 0.0f;
  for (std::size_t place = 0; place < grid.count; ++place) {
    const ComparedColumn* column = column_of(picture, place);
    const std::string landmark =
        "column/" + std::to_string(place) + (differences ? "/difference" : "/map");
    if (column == nullptr) {
      const std::string& error = picture.column_error(place);
      if (!differences) {
        draw_reason(ui, grid, place, at.y, error.empty() ? "Computing ..." : error, !error.empty());
        ui.landmarks.mark(landmark, {grid.x(place), at.y}, {grid.x(place) + grid.side, at.y + grid.side});
      }
      height = std::max(height, grid.side);
      continue;
    }
    const auto index = static_cast<std::size_t>(picture.column_at(place));
    const MapPlace map = place_of(*column, {grid.x(place), at.y}, grid.side);
    height = std::max(height, map.max().y - map.min.y);
    if (differences && (place == 0 || picture.column_differences(index).queries == 0)) {
      draw_reason(ui, grid, place, at.y,
                  place == 0 ? "The others minus this one" : "Other tokens than the first column",
                  false);
      continue;
    }
    const bool swapped = !differences && shows_first(ui, place) && first && same_shape(*column, *first);
    const ColumnTextures& own = ui.columns[index];
    draw_image(ui, differences ? own.difference : swapped ? ui.columns[0].map : own.map, map);
    if (ui.flickers && !differences && place == static_cast<std::size_t>(std::max(ui.column, 1))) {
      ImGui::GetWindowDrawList()->AddRect({map.min.x - 2, map.min.y - 2},
                                          {map.max().x + 2, map.max().y + 2}, ui.palette->accent, 0,
                                          0, ui.px(2));
      draw_text(ImGui::GetWindowDrawList(), ui.fonts.strong,
                {map.max().x - ui.px(18), map.min.y + ui.px(4)}, ui.palette->accent,
                swapped ? "1" : std::to_string(place + 1));
    }
    draw_marks(state, ui, map);
    if (place == 0) draw_row_labels(state, ui, grid, *column, map);
    take_mouse(state, picture, ui, *column, map, landmark);
  }
  // One bar for all.
  const float bar = std::clamp(grid.side - ui.px(20), ui.px(60), ui.px(200));
  const float bars = grid.right() + grid.gap;
  if (!differences && first != nullptr) {
    const auto index = static_cast<std::size_t>(picture.column_at(0));
    draw_color_bar(state, ui, picture.column_map_values(index), bars, at.y, bar, "weight");
  }
  for (std::size_t i = 1; differences && i < picture.columns().size(); ++i) {
    if (picture.column_differences(i).queries == 0) continue;
    draw_color_bar(state, ui, picture.column_differences(i), bars, at.y, bar, "change");
    break;
  }
  ImGui::SetCursorScreenPos({grid.left, at.y + height + ui.px(10)});
}

// Which tokens reach the position, below the keys.
void draw_fields(const State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = ui.px(14);
  draw_text(draw, ui.fonts.small, {grid.left, at.y - ui.px(1)}, ui.palette->faint, "layers to reach");
  for (std::size_t place = 0; place < grid.count; ++place) {
    const ComparedColumn* column = column_of(picture, place);
    if (column == nullptr) continue;
    const MapPlace map = place_of(*column, {grid.x(place), at.y}, grid.side);
    const ReceptiveField& field = column->field;
    for (std::size_t token = 0; token < field.depth.size(); ++token) {
      const float left = map.min.x + map.cell * static_cast<float>(token);
      const float gap = map.cell >= ui.px(6) ? 1.0f : 0.0f;
      draw->AddRectFilled({left, at.y}, {left + std::max(map.cell - gap, 1.0f), at.y + height},
                          color_of(depth_color(field.depth[token], field.layers, state.display.theme)));
      if (map.cell < ui.px(11) || field.depth[token] < 0) continue;
      const std::string digits = std::to_string(field.depth[token]);
      const bool near = 2 * field.depth[token] <= field.layers;
      const bool on_dark = (state.display.theme == Theme::light) == near;
      draw_text(draw, ui.fonts.small,
                {left + (map.cell - text_width(ui.fonts.small, digits)) / 2, at.y - ui.px(1)},
                on_dark ? IM_COL32(255, 255, 255, 255) : IM_COL32(20, 22, 28, 255), digits);
    }
    ui.landmarks.mark("column/" + std::to_string(place) + "/field", {map.min.x, at.y},
                      {map.max().x, at.y + height});
  }
  ImGui::SetCursorScreenPos({grid.left, at.y + height + ui.px(10)});
}

}  // namespace

void draw_column_maps(State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid) {
  draw_masks(picture, ui, grid);
  draw_row(state, picture, ui, grid, false);
  draw_row(state, picture, ui, grid, true);
  draw_fields(state, picture, ui, grid);
}

}  // namespace headlight
