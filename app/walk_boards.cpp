#include "walk_boards.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "color_maps.h"
#include "page_parts.h"
#include "token_label.h"
#include "walk_arithmetic.h"
#include "widgets.h"

namespace headlight {
namespace {

ImU32 color_of(Rgb rgb) { return IM_COL32(rgb.r, rgb.g, rgb.b, 255); }

// Draws one scene; lengths of boards are design pixels.
class ScenePainter {
 public:
  ScenePainter(const LayerWalk& walk, ImVec2 origin, Theme theme, Ui& ui)
      : walk_(walk), origin_(origin), theme_(theme), ui_(ui), draw_(ImGui::GetWindowDrawList()) {}

  void board(const WalkBoard& board);
  void frame(const WalkBoard& board, const std::set<WalkCell>& cells, ImU32 color, float thickness);
  void sign(const WalkSign& sign);
  void bars(const WalkBars& bars);

 private:
  ImVec2 at(float x, float y) const { return {origin_.x + ui_.px(x), origin_.y + ui_.px(y)}; }
  ImU32 color(const WalkBoard& board, float value) const;
  void labels(const WalkBoard& board);
  void stripes(const WalkBoard& board);
  void number(ImVec2 min, ImVec2 max, float value, ImU32 behind);

  const LayerWalk& walk_;
  ImVec2 origin_;
  Theme theme_;
  Ui& ui_;
  ImDrawList* draw_;
};

ImU32 ScenePainter::color(const WalkBoard& board, float value) const {
  if (std::isinf(value)) return ui_.palette->masked;
  if (board.weights) {
    const auto index = static_cast<std::size_t>(std::clamp(value, 0.0f, 1.0f) * 255.0f);
    return color_of(color_table(ColorMap::viridis)[index]);
  }
  const float share = std::clamp(value / board.largest, -1.0f, 1.0f);
  return color_of(diverging_table(theme_)[static_cast<std::size_t>((share + 1.0f) * 127.5f)]);
}

void ScenePainter::number(ImVec2 min, ImVec2 max, float value, ImU32 behind) {
  const std::string text = std::isinf(value) ? "−∞" : number_text(std::round(value * 100.0f) / 100.0f);
  ImFont* font = ui_.fonts.small;
  const float width = text_width(font, text);
  draw_text(draw_, font, {std::floor((min.x + max.x - width) / 2), std::floor((min.y + max.y - font->FontSize) / 2)},
            ink_on(behind), text);
}

void ScenePainter::board(const WalkBoard& board) {
  const int rows = board.drawn_rows(), columns = board.drawn_columns();
  const float gap = board.cell_width >= 8.0f && board.cell_height >= 8.0f ? 1.0f : 0.0f;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const WalkCell cell = board.cells[static_cast<std::size_t>(row) * columns + column];
      const float value = walk_.at(cell);
      const ImVec2 min = at(board.x + static_cast<float>(column) * board.cell_width,
                            board.y + static_cast<float>(row) * board.cell_height);
      const ImVec2 max = at(board.x + static_cast<float>(column + 1) * board.cell_width,
                            board.y + static_cast<float>(row + 1) * board.cell_height);
      const bool forbidden = std::isinf(value) || (board.weights && !walk_.allowed(cell.row, cell.column));
      const ImU32 fill = forbidden ? ui_.palette->masked : color(board, value);
      draw_->AddRectFilled(min, {max.x - gap, max.y - gap}, fill);
      if (forbidden && board.cell_width >= 10.0f) {  // not by colour alone
        draw_->AddLine({min.x + 2, max.y - 3}, {max.x - 3, min.y + 2}, fade(ui_.palette->faint, 0.5f));
      }
      if (board.numbers) number(min, max, value, fill);
    }
  }
  draw_->AddRect({at(board.x, 0).x - 1, at(0, board.y).y - 1},
                 at(board.x + board.width(), board.y + board.height()), ui_.palette->line);
  if (board.stripes) stripes(board);
  labels(board);
  const std::string name = std::string("board/") + to_string(board.tensor);
  ui_.landmarks.mark(name, at(board.x, board.y), at(board.x + board.width(), board.y + board.height()));
}

void ScenePainter::stripes(const WalkBoard& board) {
  const int heads = board.columns / walk_.d_head();
  const int all = board.tensor == WalkTensor::all_k || board.tensor == WalkTensor::all_v ? walk_.key_value_heads() : walk_.heads();
  const int own = (all == walk_.heads() ? walk_.query_column() : walk_.key_column()) / walk_.d_head();
  const float each = board.width() / static_cast<float>(heads);
  for (int head = 0; head < heads; ++head) {
    const ImVec2 min = at(board.x + each * static_cast<float>(head), board.y - 16.0f);
    const ImVec2 max = at(board.x + each * static_cast<float>(head + 1), board.y - 2.0f);
    draw_->AddRectFilled(min, {max.x - 1, max.y}, fade(head_color(head, theme_), head == own ? 1.0f : 0.55f));
    const std::string text = std::to_string(head);
    if (text_width(ui_.fonts.small, text) + 2 < max.x - min.x) {
      const float middle = (min.x + max.x - text_width(ui_.fonts.small, text)) / 2;
      draw_text(draw_, ui_.fonts.small, {middle, (min.y + max.y - ui_.fonts.small->FontSize) / 2},
                head == own ? ink_on(head_color(head, theme_)) : ui_.palette->ink, text);
    }
    if (head == own) draw_->AddRect(min, at(board.x + each * static_cast<float>(head + 1), board.y + board.height()),
                                    ui_.palette->ink, 0.0f, 0, ui_.px(1.5f));
  }
}

void ScenePainter::labels(const WalkBoard& board) {
  float top = board.y - (board.shape_below ? 36.0f : 22.0f);
  if (board.stripes) top -= 16.0f;
  ImFont* small = ui_.fonts.small;
  const auto& tokens = [&](BoardAxis axis) -> const std::vector<Token>& {
    return axis == BoardAxis::queries ? walk_.query_tokens() : walk_.key_tokens();
  };
  if (board.above != BoardAxis::none) {
    const int group = board.transposed ? board.row_group : board.column_group;
    const float line = small->FontSize / ui_.scale;
    int last = -1000;
    for (int column = 0; column < board.drawn_columns(); ++column) {
      if (static_cast<float>(column - last) * board.cell_width < line) continue;
      last = column;
      const std::string text = token_label(tokens(board.above)[static_cast<std::size_t>(column * group)], 9);
      const float middle = board.x + (static_cast<float>(column) + 0.5f) * board.cell_width - line * 0.5f;
      vertical_text(draw_, small, at(middle, board.y - 5.0f), ui_.palette->faint, text);
    }
    top -= 62.0f;
  }
  if (board.left != BoardAxis::none) {
    const float line = small->FontSize / ui_.scale;
    float next = -1000.0f;
    for (int row = 0; row < board.drawn_rows(); ++row) {
      const float y = board.y + (static_cast<float>(row) + 0.5f) * board.cell_height - line * 0.5f;
      if (y < next) continue;
      next = y + line;
      const int group = board.transposed ? board.column_group : board.row_group;
      const std::string text = token_label(tokens(board.left)[static_cast<std::size_t>(row * group)], 11);
      ImVec2 place = at(board.x - 6.0f, y);
      place.x -= text_width(small, text);
      draw_text(draw_, small, place, ui_.palette->faint, text);
    }
  }
  if (board.title.empty()) return;
  const ImVec2 place = at(board.x, top);
  draw_text(draw_, ui_.fonts.strong, {place.x, place.y - ui_.px(2)}, ui_.palette->ink, board.title);
  const ImVec2 beside = {place.x + text_width(ui_.fonts.strong, board.title) + ui_.px(8), place.y + ui_.px(2)};
  draw_text(draw_, small, board.shape_below ? ImVec2{place.x, place.y + ui_.px(17)} : beside, ui_.palette->faint,
            board.shape);
}

// One frame around all of the cells where they fill a rectangle, as a row does; else one around each.
void ScenePainter::frame(const WalkBoard& board, const std::set<WalkCell>& cells, ImU32 color, float thickness) {
  std::set<std::pair<int, int>> places;
  for (WalkCell cell : cells) {
    if (const auto place = board.place_of(cell)) places.insert(*place);
  }
  if (places.empty()) return;
  const auto outline = [&](int top, int left, int bottom, int right) {
    const ImVec2 min = at(board.x + static_cast<float>(left) * board.cell_width,
                          board.y + static_cast<float>(top) * board.cell_height);
    const ImVec2 max = at(board.x + static_cast<float>(right + 1) * board.cell_width,
                          board.y + static_cast<float>(bottom + 1) * board.cell_height);
    draw_->AddRect({min.x - 1, min.y - 1}, {max.x + 1, max.y + 1}, color, 0.0f, 0, ui_.px(thickness));
  };
  int top = places.begin()->first, bottom = top, left = places.begin()->second, right = left;
  for (const auto& [row, column] : places) {
    top = std::min(top, row), bottom = std::max(bottom, row);
    left = std::min(left, column), right = std::max(right, column);
  }
  if (static_cast<std::size_t>((bottom - top + 1) * (right - left + 1)) == places.size()) {
    return outline(top, left, bottom, right);
  }
  for (const auto& [row, column] : places) outline(row, column, row, column);
}

void ScenePainter::sign(const WalkSign& sign) {
  if (sign.small) return draw_text(draw_, ui_.fonts.text, at(sign.x, sign.y), ui_.palette->ink, sign.text);
  ImFont* font = sign.text.size() > 4 ? ui_.fonts.text : ui_.fonts.title;
  const ImVec2 middle = at(sign.x, sign.y);
  draw_text(draw_, font, {middle.x - text_width(font, sign.text) / 2, middle.y - font->FontSize / 2}, ui_.palette->ink,
            sign.text);
}

void ScenePainter::bars(const WalkBars& bars) {
  const float title = 22.0f;
  draw_text(draw_, ui_.fonts.text, at(bars.x, bars.y), ui_.palette->ink, bars.title);
  const float height = bars.height - title - 16.0f;
  const float each = bars.width / static_cast<float>(bars.values.size());
  const float base = bars.y + title + height;
  for (std::size_t i = 0; i < bars.values.size(); ++i) {
    const float x = bars.x + each * static_cast<float>(i);
    const auto share = static_cast<float>(bars.values[i]);
    draw_->AddRectFilled(at(x, base - height * share), at(x + std::max(each - 2.0f, 1.0f), base), ui_.palette->accent);
    if (each > 26.0f) {
      const std::string text = token_label(walk_.key_tokens()[i], std::max(2, static_cast<int>(each / 8.0f)));
      draw_text(draw_, ui_.fonts.small, at(x, base + 2.0f), ui_.palette->faint, text);
    }
  }
  draw_->AddLine(at(bars.x, base), at(bars.x + bars.width, base), ui_.palette->line);
}

}  // namespace

std::optional<WalkCell> draw_scene(const LayerWalk& walk, const WalkScene& scene, ImVec2 origin,
                                   std::optional<WalkCell> lit, Theme theme, Ui& ui) {
  ScenePainter painter(walk, origin, theme, ui);
  for (const WalkBoard& board : scene.boards) painter.board(board);
  for (const WalkSign& sign : scene.signs) painter.sign(sign);
  for (const WalkBars& bars : scene.bars) painter.bars(bars);
  if (lit && walk.has(*lit)) {
    std::set<WalkCell> inputs;
    for (const WalkTerm& term : walk.derive(*lit).terms) {
      if (term.left_cell) inputs.insert(*term.left_cell);
      if (term.right_cell) inputs.insert(*term.right_cell);
    }
    inputs.erase(*lit);
    for (const WalkBoard& board : scene.boards) painter.frame(board, inputs, ui.palette->accent, 2.5f);
    for (const WalkBoard& board : scene.boards) painter.frame(board, {*lit}, ui.palette->ink, 3.0f);
  }
  if (!ImGui::IsWindowHovered()) return {};
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const float x = (mouse.x - origin.x) / ui.scale, y = (mouse.y - origin.y) / ui.scale;
  for (auto board = scene.boards.rbegin(); board != scene.boards.rend(); ++board) {
    if (const auto cell = board->cell_at(x, y)) return cell;
  }
  return {};
}

}  // namespace headlight
