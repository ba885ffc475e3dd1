#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "color_maps.h"
#include "panels.h"
#include "role_colors.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

// The tokens' names along both axes.
struct Labels {
  std::vector<std::string> queries;
  std::vector<std::string> keys;
};

// Where the map's parts lie in this frame, in pixels.
struct Layout {
  ImVec2 min;        // of the cells' view
  ImVec2 max;
  float cell = 0;    // side of a cell
  ImVec2 origin;     // cell at the view's corner
  int queries = 0;
  int keys = 0;

  ImVec2 corner(float query, float key) const {
    return {min.x + (key - origin.x) * cell, min.y + (query - origin.y) * cell};
  }
  int first(float at) const { return std::max(0, static_cast<int>(std::floor(at))); }
  int last(float at, float extent, int count) const {
    return std::min(count - 1, static_cast<int>(std::floor(at + extent / cell)));
  }
  int first_query() const { return first(origin.y); }
  int last_query() const { return last(origin.y, max.y - min.y, queries); }
  int first_key() const { return first(origin.x); }
  int last_key() const { return last(origin.x, max.x - min.x, keys); }
};

Layout lay_out(const Picture& picture, Ui& ui, const Labels& labels) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const ImVec2 area = ImGui::GetContentRegionAvail();
  // Wide enough for the axis name, too.
  float gutter = text_width(ui.fonts.small, "query: looks \u2193") + ui.px(4);
  for (const std::string& label : labels.queries) gutter = std::max(gutter, text_width(ui.fonts.text, label));
  gutter = std::min(gutter, ui.px(130)) + ui.px(10);
  float top = ui.px(28);
  for (const std::string& label : labels.keys) top = std::max(top, text_width(ui.fonts.text, label));
  top = std::min(top, ui.px(130)) + ui.px(10);
  const float bar = ui.px(84);
  const float axis = ui.px(24);

  Layout layout;
  layout.queries = picture.map().queries;
  layout.keys = picture.map().keys;
  layout.min = {std::floor(start.x + gutter), std::floor(start.y + top + axis)};
  const float width = std::max(area.x - gutter - bar, ui.px(60));
  const float height = std::max(area.y - top - axis - ui.px(4), ui.px(60));
  const float fit =
      std::min({width / layout.keys, height / layout.queries, ui.px(84)});
  // Never smaller than to fit, never larger than a number needs.
  const float cell = ui.camera.cell <= fit ? fit : std::min(ui.camera.cell, std::max(fit, ui.px(120)));
  layout.cell = cell;
  layout.max = {layout.min.x + std::min(width, cell * layout.keys),
                layout.min.y + std::min(height, cell * layout.queries)};
  if (ui.camera.cell <= fit) ui.camera = {};
  ui.camera.origin.x =
      std::clamp(ui.camera.origin.x, 0.0f, std::max(0.0f, layout.keys - width / cell));
  ui.camera.origin.y =
      std::clamp(ui.camera.origin.y, 0.0f, std::max(0.0f, layout.queries - height / cell));
  layout.origin = ui.camera.origin;
  return layout;
}

// Wheel zooms about the mouse, a drag pans, a double click shows all again.
void move_camera(Ui& ui, Layout& layout) {
  const ImGuiIO& io = ImGui::GetIO();
  if (ImGui::IsItemHovered() && io.MouseWheel != 0.0f) {
    const ImVec2 at{layout.origin.x + (io.MousePos.x - layout.min.x) / layout.cell,
                    layout.origin.y + (io.MousePos.y - layout.min.y) / layout.cell};
    const float cell = layout.cell * std::pow(1.2f, io.MouseWheel);
    ui.camera.cell = cell;
    ui.camera.origin = {at.x - (io.MousePos.x - layout.min.x) / cell,
                        at.y - (io.MousePos.y - layout.min.y) / cell};
  }
  if (!ui.painting && ImGui::IsItemActive() && ImGui::IsMouseDragging(0)) {
    ui.camera.origin.x -= io.MouseDelta.x / layout.cell;
    ui.camera.origin.y -= io.MouseDelta.y / layout.cell;
  }
  if (ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(0)) ui.camera = {};
}

std::optional<Cell> cell_under_mouse(const Layout& layout) {
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const Cell cell{static_cast<int>(layout.origin.y + (mouse.y - layout.min.y) / layout.cell),
                  static_cast<int>(layout.origin.x + (mouse.x - layout.min.x) / layout.cell)};
  if (cell.query < 0 || cell.key < 0 || cell.query >= layout.queries || cell.key >= layout.keys) {
    return std::nullopt;
  }
  return cell;
}

// Whether a causal head may never look there.
bool comes_later(const Picture& picture, Cell cell) {
  return picture.kind() == AttentionKind::self && picture.snapshot().model->config.causal &&
         cell.key > cell.query;
}

void paint_cell(State& state, const Picture& picture, Cell cell, bool mask) {
  if (comes_later(picture, cell)) return;
  std::vector<Cell>& masked = state.request.edits[state.selection.head].masked_cells;
  const auto place = std::lower_bound(masked.begin(), masked.end(), cell);
  const bool is_masked = place != masked.end() && *place == cell;
  if (mask && !is_masked) masked.insert(place, cell);
  if (!mask && is_masked) masked.erase(place);
}

// With Shift, or the right button, a stroke masks the cells under it, or frees them when it begins on
// a masked one.
void paint(State& state, const Picture& picture, Ui& ui, Cell cell) {
  if (picture.snapshot().model->recorded) return;  // nothing computes it again
  const bool begins = (ImGui::IsMouseClicked(0) && ImGui::GetIO().KeyShift) ||
                      ImGui::IsMouseClicked(1);
  if (begins) {
    const auto edit = state.request.edits.find(state.selection.head);
    bool was = false;
    if (edit != state.request.edits.end()) {
      std::vector<Cell>& masked = edit->second.masked_cells;
      std::sort(masked.begin(), masked.end());  // A session file may have them in any order.
      was = std::binary_search(masked.begin(), masked.end(), cell);
    }
    ui.painting = Painting{!was, cell};
  }
  if (!ui.painting) return;
  // The mouse may have gone over several cells since the last frame.
  const Cell from = ui.painting->at;
  const int steps = std::max({std::abs(cell.query - from.query), std::abs(cell.key - from.key), 1});
  for (int step = 0; step <= steps; ++step) {
    const auto between = [&](int a, int b) {
      return a + static_cast<int>(std::lround(static_cast<double>((b - a) * step) / steps));
    };
    paint_cell(state, picture,
               {between(from.query, cell.query), between(from.key, cell.key)},
               ui.painting->mask);
  }
  ui.painting->at = cell;
}

// A click pins.
void click(State& state, Cell cell) {
  const bool pinned = state.selection.query == cell.query && state.selection.key == cell.key;
  state.selection.query = pinned ? std::nullopt : std::optional<int>(cell.query);
  state.selection.key = pinned ? std::nullopt : std::optional<int>(cell.key);
}

void draw_tooltip(const State& state, const Picture& picture, Ui& ui, Cell cell) {
  const Snapshot& s = picture.snapshot();
  const MapValues& map = picture.map();
  const Cell hovered = cell;
  cell.key = covering_key(map, cell.query, cell.key);
  ImGui::BeginTooltip();
  ImGui::PushFont(ui.fonts.strong);
  ImGui::Text("%s looks at %s", token_label(picture.query_tokens()[cell.query]).c_str(),
              token_label(picture.key_tokens()[hovered.key]).c_str());
  ImGui::PopFont();
  if (const int first = cell.key / map.pool * map.pool; first < cell.key && hovered.key <= cell.query) {
    faint_text(ui, "as one key, the mean of tokens %d to %d", first, cell.key);
  }
  ImGui::PushFont(ui.fonts.mono);
  if (!picture.allowed(cell.query, cell.key)) {
    ImGui::TextUnformatted(comes_later(picture, cell) ? "not allowed: it comes later" : "masked");
  } else {
    const float value = map.values[cell_index(map, cell.query, cell.key)];
    const char* names[] = {"weight ", "a ||vW||", "rollout"};
    if (map.diverging) {
      ImGui::Text("change  %+.4f", value);
    } else {
      ImGui::Text("%s %.4f", names[static_cast<int>(map.quantity)], value);
    }
    const Trace& trace = state.display.shown == Shown::baseline ? *s.baseline : *s.edited;
    if (!s.model->recorded) {
      ImGui::Text("score   %+.3f", trace.score(state.selection.head, cell));
    }
  }
  ImGui::PopFont();
  faint_text(ui, "query %d, key %d. Click: pin.%s", cell.query, hovered.key,
             s.model->recorded ? "" : " Shift+drag: mask");
  ImGui::EndTooltip();
}

// "0.93", "+0.12"; what rounds to nothing is "0".
std::string cell_text(float value, bool diverging) {
  if (std::fabs(value) < 0.005f) return "0";
  char text[16];
  std::snprintf(text, sizeof text, diverging ? "%+.2f" : "%.2f", value);
  return text;
}

// Every how many tokens a label fits.
int label_step(const Ui& ui, const Layout& layout) {
  return std::max(1, static_cast<int>(std::ceil(ui.px(17) / layout.cell)));
}

void draw_labels(const State& state, Ui& ui, const Layout& layout,
                 const Labels& labels) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const Palette& p = *ui.palette;
  const int step = label_step(ui, layout);
  std::optional<int> query = state.selection.query;
  std::optional<int> key = state.selection.key;
  if (ui.hovered_cell) {
    query = ui.hovered_cell->query;
    key = ui.hovered_cell->key;
  }
  const auto shows = [&](int i, const std::optional<int>& marked) {
    // The marked token's label takes the place of its neighbours'.
    if (marked == i) return true;
    if (i % step != 0) return false;
    return !marked || std::abs(*marked - i) >= step;
  };
  const float limit = ui.px(130);
  const float size = ui.fonts.text->FontSize;
  draw->PushClipRect({layout.min.x - limit - ui.px(10), layout.min.y - size / 2},
                     {layout.max.x, layout.max.y + size / 2});
  for (int i = layout.first_query(); i <= layout.last_query(); ++i) {
    if (!shows(i, query)) continue;
    const std::string& label = labels.queries[static_cast<std::size_t>(i)];
    const float width = std::min(text_width(ui.fonts.text, label), limit);
    const float y = layout.corner(i + 0.5f, 0).y - size / 2;
    draw_text(draw, ui.fonts.text, {layout.min.x - ui.px(8) - width, y},
              query == i ? p.accent : p.ink, label);
  }
  draw->PopClipRect();
  for (int i = layout.first_key(); i <= layout.last_key(); ++i) {
    if (!shows(i, key)) continue;
    const float x = layout.corner(0, i + 0.5f).x - size / 2;
    if (x < layout.min.x - size / 2 || x > layout.max.x - size / 2) continue;
    vertical_text(draw, ui.fonts.text, {std::floor(x), std::floor(layout.min.y - ui.px(8))},
                  key == i ? p.accent : p.ink, labels.keys[static_cast<std::size_t>(i)]);
  }
  draw_text(draw, ui.fonts.small, {layout.min.x, ImGui::GetWindowPos().y + ui.px(2)}, p.faint,
            "key: is looked at \u2192");
  draw_text(draw, ui.fonts.small,
            {layout.min.x - ui.px(10) - text_width(ui.fonts.small, "query: looks \u2193"),
             layout.min.y - ui.px(24)},
            p.faint, "query: looks \u2193");
}

// Numbers in the cells, as soon as they fit.
void draw_numbers(const State& state, const Picture& picture, Ui& ui, const Layout& layout) {
  ImFont* font = ui.fonts.mono;
  const MapValues& map = picture.map();
  if (layout.cell < text_width(font, map.diverging ? "+0.00" : "0.00") + ui.px(6)) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto& table = map.diverging ? diverging_table(state.display.theme)
                                    : color_table(state.display.color_map);
  for (int query = layout.first_query(); query <= layout.last_query(); ++query) {
    for (int key = layout.first_key(); key <= layout.last_key(); ++key) {
      if (!picture.allowed(query, key)) continue;
      const std::size_t at = cell_index(map, query, key);
      const std::string text = cell_text(map.values[at], map.diverging);
      const Rgb c = table[std::clamp(static_cast<int>(map.position[at] * 255.0f + 0.5f), 0, 255)];
      const bool bright = 0.299f * c.r + 0.587f * c.g + 0.114f * c.b > 140.0f;
      const int first = map.pool > 1 ? key / map.pool * map.pool : key;
      const ImVec2 middle = layout.corner(query + 0.5f, (first + key + 1) / 2.0f);
      draw_text(draw, font,
                {middle.x - text_width(font, text) / 2, middle.y - font->FontSize / 2},
                bright ? IM_COL32(20, 20, 24, 255) : IM_COL32(245, 245, 245, 255), text);
    }
  }
}

// The cells that make the head's roles, each role in its colour.
void draw_role_cells(const State& state, const Picture& picture, Ui& ui, const Layout& layout) {
  const HeadRoles* known = picture.roles(state.selection.head);
  if (known == nullptr) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  std::size_t shown = 0;
  for (const RoleScore& score : known->scores) {
    if (!score.holds || shown >= picture.activities().size()) continue;
    const ImU32 color = role_color(role_name(score), state.display.theme);
    for (const Cell cell : picture.activities()[shown].cells) {
      if (cell.query >= layout.queries || cell.key >= layout.keys) continue;
      const float in = layout.cell > ui.px(12) ? ui.px(1) : 0.0f;
      const ImVec2 min = layout.corner(cell.query, cell.key);
      const ImVec2 max = layout.corner(cell.query + 1, cell.key + 1);
      draw->AddRect({min.x + in, min.y + in}, {max.x - in, max.y - in}, color, 0, 0,
                    layout.cell > ui.px(12) ? ui.px(2) : 1.0f);
    }
    ++shown;
  }
}

void draw_color_bar(const State& state, const Picture& picture, Ui& ui, const Layout& layout) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const MapValues& map = picture.map();
  const auto& table = map.diverging ? diverging_table(state.display.theme)
                                    : color_table(state.display.color_map);
  const float left = layout.max.x + ui.px(20);
  const float width = ui.px(14);
  const float height = std::clamp(layout.max.y - layout.min.y, ui.px(80), ui.px(280));
  const float top = layout.min.y;
  constexpr int steps = 64;
  for (int i = 0; i < steps; ++i) {
    const Rgb c = table[255 - i * 255 / (steps - 1)];
    draw->AddRectFilled({left, top + height * i / steps},
                        {left + width, top + height * (i + 1) / steps},
                        IM_COL32(c.r, c.g, c.b, 255));
  }
  for (float tick : color_bar_ticks(map)) {
    const float y = top + height * (1.0f - color_position(map, tick));
    draw->AddLine({left + width, y}, {left + width + ui.px(4), y}, ui.palette->faint);
    char text[24];
    std::snprintf(text, sizeof text, map.diverging && tick != 0.0f ? "%+.2g" : "%.2g", tick);
    draw_text(draw, ui.fonts.small, {left + width + ui.px(7), y - ui.px(8)}, ui.palette->faint,
              text);
  }
  const char* names[] = {"weight", "a ||v W_O||", "rollout"};
  const char* name = map.diverging ? "change" : (map.per_row ? "of row" : names[static_cast<int>(map.quantity)]);
  draw_text(draw, ui.fonts.small, {left, top + height + ui.px(8)}, ui.palette->faint, name);
}

}  // namespace

void draw_map(State& state, const Picture& picture, Ui& ui) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const Palette& p = *ui.palette;
  Labels labels;
  for (const Token& token : picture.query_tokens()) labels.queries.push_back(token_label(token));
  for (const Token& token : picture.key_tokens()) labels.keys.push_back(token_label(token));
  Layout layout = lay_out(picture, ui, labels);
  ui.map_factor = std::max(1, static_cast<int>(std::ceil(0.999f / layout.cell)));

  ImGui::SetCursorScreenPos(layout.min);
  ImGui::InvisibleButton("cells", {layout.max.x - layout.min.x, layout.max.y - layout.min.y},
                         ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
  ui.landmarks.mark_item("map");
  const bool hovered = ImGui::IsItemHovered();
  // A stroke ends with the button, wherever the mouse is; the release itself is still part of it.
  if (ui.painting && !ImGui::IsMouseDown(0) && !ImGui::IsMouseDown(1) &&
      !ImGui::IsMouseReleased(0) && !ImGui::IsMouseReleased(1)) {
    ui.painting.reset();
  }
  move_camera(ui, layout);

  if (ui.map_texture.width > 0) {
    draw->PushClipRect(layout.min, layout.max, true);
    // A texture of pooled cells may reach past the last token.
    const auto covered = [](int texture, int count) {
      return static_cast<float>(texture) * std::ceil(static_cast<float>(count) / texture);
    };
    draw->AddImage(ui.map_texture.id, layout.corner(0, 0),
                   layout.corner(covered(ui.map_texture.height, layout.queries),
                                 covered(ui.map_texture.width, layout.keys)),
                   {0, 0}, {1, 1}, fade(IM_COL32_WHITE, ui.stale ? 0.5f : 1.0f));
    if (layout.cell >= ui.px(10)) {
      const ImU32 line = fade(p.paper, 0.55f);
      for (int i = layout.first_query(); i <= layout.queries; ++i) {
        draw->AddLine(layout.corner(i, 0), layout.corner(i, layout.keys), line);
      }
      for (int i = layout.first_key(); i <= layout.keys; ++i) {
        if (i % picture.map().pool != 0) continue;  // Within a key
        draw->AddLine(layout.corner(0, i), layout.corner(layout.queries, i), line);
      }
    }
    draw_numbers(state, picture, ui, layout);
    if (state.display.outline) draw_role_cells(state, picture, ui, layout);
    const auto frame = [&](Cell cell, ImU32 color) {
      draw->AddRect(layout.corner(cell.query, 0), layout.corner(cell.query + 1, layout.keys),
                    fade(color, 0.55f));
      draw->AddRect(layout.corner(0, cell.key), layout.corner(layout.queries, cell.key + 1),
                    fade(color, 0.55f));
      draw->AddRect(layout.corner(cell.query, cell.key), layout.corner(cell.query + 1, cell.key + 1),
                    color, 0, 0, ui.px(2));
    };
    if (state.selection.query && state.selection.key && *state.selection.query < layout.queries &&
        *state.selection.key < layout.keys) {
      frame({*state.selection.query, *state.selection.key}, p.accent);
    }
    if (hovered) {
      if (const auto cell = cell_under_mouse(layout)) frame(*cell, p.ink);
    }
    draw->PopClipRect();
  }
  draw_labels(state, ui, layout, labels);
  draw_color_bar(state, picture, ui, layout);

  if (!hovered) return;
  const auto cell = cell_under_mouse(layout);
  if (!cell) return;
  ui.next_hovered_cell = cell;
  draw_tooltip(state, picture, ui, *cell);
  paint(state, picture, ui, *cell);
  const ImVec2 left = ImGui::GetMouseDragDelta(0, 0.0f);
  const bool still = left.x * left.x + left.y * left.y < 16.0f;
  if (ImGui::IsMouseReleased(0) && still && !ui.painting) click(state, *cell);
}

}  // namespace headlight
