#include "handout.h"

#include <algorithm>
#include <cmath>

#include "color_maps.h"
#include "handout_page.h"
#include "token_label.h"
#include "walk_arithmetic.h"
#include "walk_code.h"
#include "walk_scene.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr double points = 0.58;  // of a scene's design pixel
constexpr double picture_height = 180.0;

const PageColors& colors() { return page_colors(Theme::light); }
const Words& words() { return window_words("walk"); }

// Draws a scene with its upper left corner at x, y.
class ScenePrinter {
 public:
  ScenePrinter(const Canvas& canvas, const LayerWalk& walk, double x, double y)
      : canvas_(canvas), walk_(walk), x_(x), y_(y) {}

  void board(const WalkBoard& board) const;
  void sign(const WalkSign& sign) const;
  void bars(const WalkBars& bars) const;

 private:
  double left(float x) const { return x_ + points * static_cast<double>(x); }
  double top(float y) const { return y_ + points * static_cast<double>(y); }
  Rgb color(const WalkBoard& board, float value) const;
  void labels(const WalkBoard& board) const;

  const Canvas& canvas_;
  const LayerWalk& walk_;
  double x_, y_;
};

Rgb ScenePrinter::color(const WalkBoard& board, float value) const {
  if (std::isinf(value)) return colors().masked;
  if (board.weights) {
    return color_table(ColorMap::grey)[static_cast<std::size_t>(std::clamp(value, 0.0f, 1.0f) * 255.0f)];
  }
  const float share = std::clamp(value / board.largest, -1.0f, 1.0f);
  return diverging_table(Theme::light)[static_cast<std::size_t>((share + 1.0f) * 127.5f)];
}

void ScenePrinter::board(const WalkBoard& board) const {
  const int rows = board.drawn_rows(), columns = board.drawn_columns();
  const double width = points * static_cast<double>(board.cell_width), height = points * static_cast<double>(board.cell_height);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const float value = walk_.at(board.cells[static_cast<std::size_t>(row) * columns + column]);
      const double x = left(board.x) + column * width, y = top(board.y) + row * height;
      canvas_.fill(x, y, width, height, color(board, value));
      if (board.numbers) {
        const std::string text = number_text(std::round(static_cast<double>(value) * 100.0) / 100.0);
        const bool dark = !std::isinf(value) && std::abs(value) > 0.6f * board.largest;
        canvas_.text(x + width / 2, y + height / 2 - 4.0, text, {.size = 6.5, .color = dark ? colors().page : colors().ink},
                     Align::center);
      }
    }
  }
  canvas_.frame(left(board.x), top(board.y), columns * width, rows * height, colors().line);
  labels(board);
}

void ScenePrinter::labels(const WalkBoard& board) const {
  const TextStyle small{.size = 6.5, .color = colors().muted};
  float above = board.y - (board.shape_below ? 36.0f : 22.0f) - (board.stripes ? 16.0f : 0.0f);
  const auto token = [&](BoardAxis axis, int at) {
    const auto& tokens = axis == BoardAxis::queries ? walk_.query_tokens() : walk_.key_tokens();
    return token_label(tokens[static_cast<std::size_t>(at)], 10);
  };
  if (board.above != BoardAxis::none) {
    const int group = board.transposed ? board.row_group : board.column_group;
    const int step = std::max(1, static_cast<int>(std::ceil(9.0 / (points * static_cast<double>(board.cell_width)))));
    for (int column = 0; column < board.drawn_columns(); column += step) {
      canvas_.text_up(left(board.x) + (column + 0.5) * points * static_cast<double>(board.cell_width), top(board.y) - 2.0,
                      token(board.above, column * group), small);
    }
    above -= 62.0f;
  }
  if (board.left != BoardAxis::none) {
    const int group = board.transposed ? board.column_group : board.row_group;
    const int step = std::max(1, static_cast<int>(std::ceil(8.0 / (points * static_cast<double>(board.cell_height)))));
    for (int row = 0; row < board.drawn_rows(); row += step) {
      canvas_.text(left(board.x) - 3.0, top(board.y) + (row + 0.5) * points * static_cast<double>(board.cell_height) - 4.5,
                   token(board.left, row * group), small, Align::right);
    }
  }
  if (board.stripes) {
    const int heads = board.columns / walk_.d_head();
    const double each = points * static_cast<double>(board.width()) / heads;
    for (int head = 0; head < heads; ++head) {
      canvas_.frame(left(board.x) + head * each, top(board.y - 15.0f), each, points * 13.0, colors().line);
      if (each > 8.0) {
        canvas_.text(left(board.x) + (head + 0.5) * each, top(board.y - 15.0f), std::to_string(head), small, Align::center);
      }
    }
  }
  if (board.title.empty()) return;
  const Extent title = canvas_.text(left(board.x), top(above), board.title, {.size = 8.5, .color = colors().ink, .bold = true});
  if (board.shape_below) {
    canvas_.text(left(board.x), top(above) + 9.5, board.shape, small);
  } else {
    canvas_.text(left(board.x) + title.width + 5.0, top(above) + 1.5, board.shape, small);
  }
}

void ScenePrinter::sign(const WalkSign& sign) const {
  const TextStyle style{.size = sign.small ? 7.5 : sign.text.size() > 4 ? 8.5 : 12.0, .color = colors().ink};
  canvas_.text(left(sign.x), top(sign.y) - (sign.small ? 0.0 : 8.0), sign.text, style,
               sign.small ? Align::left : Align::center);
}

void ScenePrinter::bars(const WalkBars& bars) const {
  canvas_.text(left(bars.x), top(bars.y), bars.title, {.size = 7.5, .color = colors().ink});
  const double height = points * static_cast<double>(bars.height) - 24.0;
  const double each = points * static_cast<double>(bars.width) / static_cast<double>(bars.values.size());
  const double base = top(bars.y) + 14.0 + height;
  for (std::size_t i = 0; i < bars.values.size(); ++i) {
    canvas_.fill(left(bars.x) + each * static_cast<double>(i), base - height * bars.values[i], std::max(each - 1.0, 0.5),
                 height * bars.values[i], {90, 100, 120});
    if (each > 16.0) {
      canvas_.text(left(bars.x) + each * static_cast<double>(i), base + 1.0,
                   token_label(walk_.key_tokens()[i], std::max(2, static_cast<int>(each / 4.0))), {.size = 6.0, .color = colors().muted});
    }
  }
  canvas_.fill(left(bars.x), base, points * static_cast<double>(bars.width), 0.5, colors().line);
}

// The number whose arithmetic is written out on a step.
std::optional<WalkCell> cell_on(const LayerWalk& walk, WalkStep step, std::optional<WalkCell> wanted) {
  if (wanted && step_of(wanted->tensor) == step && walk.has(*wanted)) return wanted;
  const std::vector<WalkTensor> made = made_in(walk, step);
  for (auto tensor = made.rbegin(); tensor != made.rend(); ++tensor) {
    if (*tensor == WalkTensor::w_o) continue;
    const WalkShape shape = walk.shape(*tensor);
    WalkCell best{*tensor, shape.rows - 1, 0};
    for (int column = 0; column < shape.columns; ++column) {
      const WalkCell cell{*tensor, shape.rows - 1, column};
      if (!std::isinf(walk.at(cell)) && std::abs(walk.at(cell)) > std::abs(walk.at(best))) best = cell;
    }
    return best;
  }
  return {};
}

void print_step(HandoutPage& page, const LayerWalk& walk, WalkStep step, bool fused, std::optional<WalkCell> wanted) {
  page.need(345.0);
  const Canvas& canvas = page.canvas();
  const TextStyle text{.size = 9.0, .color = colors().ink};
  const TextStyle code{.size = 8.0, .color = colors().ink, .mono = true};
  page.text(std::to_string(static_cast<int>(step) + 1) + ". " + words().get(std::string("title.") + to_string(step)),
            {.size = 14.0, .color = colors().ink, .bold = true});
  page.skip(2.0);
  page.text(step_words(walk, step, fused), text);
  page.skip(6.0);
  WalkSceneOptions options;
  options.width = static_cast<float>(page.width() / points);
  options.height = static_cast<float>(picture_height / points);
  options.fused = fused;
  const WalkScene scene = make_scene(walk, step, options);
  const ScenePrinter printer(canvas, walk, handout_margin, page.y());
  for (const WalkBoard& board : scene.boards) printer.board(board);
  for (const WalkSign& sign : scene.signs) printer.sign(sign);
  for (const WalkBars& bars : scene.bars) printer.bars(bars);
  page.skip(picture_height + 6.0);
  page.text(step_formula(walk, step), {.size = 11.0, .color = colors().ink, .bold = true});
  page.skip(3.0);
  std::string lines = step_code(walk, step, fused);
  if (!lines.empty()) lines.pop_back();
  page.text(lines, code);
  page.skip(4.0);
  if (const auto cell = cell_on(walk, step, wanted)) {
    const WalkArithmetic arithmetic = arithmetic_of(walk, *cell);
    page.text(arithmetic.name + " = " + arithmetic.value + (arithmetic.line.empty() ? "" : "        " + arithmetic.line), text);
  }
  page.skip(16.0);
}

}  // namespace

bool is_handout_file(const std::string& file) { return file.ends_with(".pdf"); }

std::string walk_handout(const LayerWalk& walk, const std::string& text, bool fused, std::optional<WalkCell> cell) {
  const std::string head = head_name(walk.model().config, walk.head());
  const std::string title = words().get("handout.title", {{"head", head}, {"model", walk.model().name}});
  return handout_file(title, title, [&](HandoutPage& page) {
    page.text(title, {.size = 18.0, .color = colors().ink, .bold = true});
    page.text("“" + text + "”", {.size = 11.0, .color = colors().muted});
    page.skip(10.0);
    for (int step = 0; step < walk_steps; ++step) print_step(page, walk, static_cast<WalkStep>(step), fused, cell);
  });
}

}  // namespace headlight
