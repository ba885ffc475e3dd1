#include "walk_scene.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "token_label.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr float title_height = 24.0f;
constexpr float label_width = 84.0f;   // token labels to the left
constexpr float label_height = 70.0f;  // and above
constexpr float stripe_height = 16.0f;
constexpr float sign_width = 40.0f;
constexpr float character_width = 6.6f, number_height = 13.5f;  // of the numbers in cells
constexpr float narrow = 230.0f;  // a board whose shape does not fit beside its title

// A board's words; symbols stand in the code.
std::string said(const std::string& key, std::initializer_list<std::pair<std::string_view, std::string>> values = {}) {
  return window_words("walk").get("board." + key, values);
}

std::string head_words(int head) { return said("head", {{"head", std::to_string(head)}}); }

// Room for a board and all that stands around it.
struct Room {
  float x, y, width, height;
};

int groups(int count, float room, float least) {
  return std::max(1, static_cast<int>(std::ceil(static_cast<float>(count) * least / std::max(room, least))));
}

std::string shape_words(const WalkBoard& board, WalkShape whole) {
  std::string text = "[" + std::to_string(whole.rows) + ", " + std::to_string(whole.columns) + "]";
  if (board.columns < whole.columns) {
    text = "[" + std::to_string(whole.rows) + ", " + std::to_string(board.columns) + "]";
  }
  if (board.transposed) {
    text = "[" + std::to_string(board.columns) + ", " + std::to_string(whole.rows) + "]";
  }
  if (board.row_group > 1 && board.column_group > 1) {
    text += "  " + said("grouped_both", {{"rows", std::to_string(board.row_group)}, {"columns", std::to_string(board.column_group)}});
  } else if (board.row_group * board.column_group > 1) {
    text += "  " + said("grouped", {{"count", std::to_string(board.row_group * board.column_group)}});
  }
  return text;
}

class SceneMaker {
 public:
  SceneMaker(const LayerWalk& walk, const WalkSceneOptions& options) : walk_(walk), options_(options) {}
  WalkScene make(WalkStep step);

 private:
  struct What {
    WalkTensor tensor;
    std::string title;
    BoardAxis left = BoardAxis::none, above = BoardAxis::none;
    bool transposed = false, stripes = false;
    int first_column = 0, columns = -1;  // -1: all
  };

  WalkBoard& place(const What& what, Room room, bool square = false);
  void fill(WalkBoard& board);
  bool numbers_fit(const WalkBoard& board, float width) const;
  void sign(float x, float y, const std::string& text) { scene_.signs.push_back({x, y, text}); }
  void stack(const std::vector<What>& boards, const std::vector<std::string>& signs);
  void agree_on_numbers();
  static void alike(WalkBoard& board, const WalkBoard& other);
  void embed();
  void project();
  void split();
  void scores();
  void pair(const What& left, const std::string& between, const What& right, float height);
  void scale();
  void softmax();
  void blend();
  void concatenate();
  void mix();
  void residual();
  What read() const;

  const LayerWalk& walk_;
  const WalkSceneOptions& options_;
  WalkScene scene_;
};

// A board in the upper left corner of a room, as large as fits.
WalkBoard& SceneMaker::place(const What& what, Room room, bool square) {
  WalkBoard board;
  board.tensor = what.tensor;
  board.transposed = what.transposed;
  const WalkShape whole = walk_.shape(what.tensor);
  board.first_column = what.first_column;
  board.rows = whole.rows;
  board.columns = what.columns < 0 ? whole.columns : what.columns;
  board.title = what.title;
  board.left = what.left;
  board.above = what.above;
  board.stripes = what.stripes;
  board.weights = what.tensor == WalkTensor::weights || what.tensor == WalkTensor::dropped;
  const float left = what.left == BoardAxis::none ? 0.0f : label_width;
  board.shape_below = room.width < narrow;
  float top = board.shape_below ? title_height + 14.0f : title_height;
  if (what.above != BoardAxis::none) top += label_height;
  if (what.stripes) top += stripe_height;
  const float width = room.width - left, height = room.height - top;
  const int across = board.transposed ? board.rows : board.columns;
  const int down = board.transposed ? board.columns : board.rows;
  const int across_group = groups(across, width, 2.5f), down_group = groups(down, height, 4.0f);
  (board.transposed ? board.row_group : board.column_group) = across_group;
  (board.transposed ? board.column_group : board.row_group) = down_group;
  const auto drawn_across = static_cast<float>(cells_for(across, across_group));
  const auto drawn_down = static_cast<float>(cells_for(down, down_group));
  float cell_width = width / drawn_across, cell_height = height / drawn_down;
  board.numbers = cell_height >= number_height && across_group * down_group == 1 && numbers_fit(board, cell_width);
  const float largest_cell = std::max(30.0f, options_.width / 24.0f);
  const float most_width = board.numbers ? 72.0f : largest_cell;
  cell_width = std::min(cell_width, most_width);
  cell_height = std::min(cell_height, board.numbers ? 34.0f : largest_cell);
  if (square && !board.numbers) cell_width = cell_height = std::min(cell_width, cell_height);
  board.cell_width = cell_width;
  board.cell_height = std::max(cell_height, 1.0f);
  board.x = room.x + left;
  board.y = room.y + top;
  board.shape = shape_words(board, whole);
  fill(board);
  scene_.boards.push_back(std::move(board));
  return scene_.boards.back();
}

// Whether every number, with two decimals, is narrower than a cell.
bool SceneMaker::numbers_fit(const WalkBoard& board, float width) const {
  const auto most = static_cast<std::size_t>(width / character_width);
  if (most < 4) return false;
  for (int row = 0; row < board.rows; ++row) {
    for (int column = 0; column < board.columns; ++column) {
      const float value = walk_.at({board.tensor, row, board.first_column + column});
      char text[32];
      std::snprintf(text, sizeof text, "%.2f", std::isinf(value) ? 0.0 : static_cast<double>(value));
      std::string trimmed = text;
      while (trimmed.back() == '0') trimmed.pop_back();
      if (trimmed.size() > most) return false;
    }
  }
  return true;
}

// The strongest number of each group, and the end of the colours.
void SceneMaker::fill(WalkBoard& board) {
  const int rows = cells_for(board.rows, board.row_group), columns = cells_for(board.columns, board.column_group);
  const int drawn_columns = board.transposed ? rows : columns;
  board.cells.resize(static_cast<std::size_t>(rows) * columns);
  board.largest = 0.0f;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      WalkCell strongest{board.tensor, r * board.row_group, board.first_column + c * board.column_group};
      float most = -1.0f;
      for (int row = r * board.row_group; row < std::min((r + 1) * board.row_group, board.rows); ++row) {
        for (int i = c * board.column_group; i < std::min((c + 1) * board.column_group, board.columns); ++i) {
          const float size = std::abs(walk_.at({board.tensor, row, board.first_column + i}));
          if (std::isinf(size) || size <= most) continue;
          most = size;
          strongest = {board.tensor, row, board.first_column + i};
        }
      }
      board.largest = std::max(board.largest, most);
      const int at = board.transposed ? c * drawn_columns + r : r * drawn_columns + c;
      board.cells[static_cast<std::size_t>(at)] = strongest;
    }
  }
  if (board.weights) board.largest = 1.0f;
  if (board.largest <= 0.0f) board.largest = 1.0f;
}

// Wide boards, one below the other.
void SceneMaker::stack(const std::vector<What>& boards, const std::vector<std::string>& signs) {
  const auto count = static_cast<float>(boards.size());
  const float each = (options_.height - 8.0f * (count - 1)) / count;
  float y = 0.0f;
  for (std::size_t i = 0; i < boards.size(); ++i) {
    const WalkBoard& board = place(boards[i], {sign_width, y, options_.width - sign_width, each});
    if (!signs[i].empty()) sign(sign_width * 0.5f, board.y + board.height() * 0.5f, signs[i]);
    y = std::min(y + each + 8.0f, board.y + board.height() + 14.0f);
  }
}

SceneMaker::What SceneMaker::read() const {
  if (!walk_.has(WalkTensor::normed)) return {WalkTensor::x, "X", BoardAxis::queries};
  const bool layer_norm = walk_.model().config.norm == NormKind::layer_norm;
  return {WalkTensor::normed, layer_norm ? "LayerNorm(X)" : "RMSNorm(X)", BoardAxis::queries};
}

void SceneMaker::embed() {
  std::vector<What> boards;
  std::vector<std::string> signs;
  if (walk_.has(WalkTensor::token_rows)) {
    boards.push_back({WalkTensor::token_rows, said("tokens"), BoardAxis::queries});
    signs.push_back("");
    if (walk_.has(WalkTensor::position_rows)) {
      boards.push_back({WalkTensor::position_rows, said("positions"), BoardAxis::queries});
      signs.push_back("+");
    }
  }
  boards.push_back({WalkTensor::x, "X", BoardAxis::queries});
  signs.push_back(signs.empty() ? "" : "=");
  stack(boards, signs);
}

void SceneMaker::project() {
  const float width = options_.width, height = options_.height;
  const bool cross = walk_.has(WalkTensor::source);
  const WalkTensor by[] = {WalkTensor::w_q, WalkTensor::w_k, WalkTensor::w_v};
  const WalkTensor out[] = {WalkTensor::all_q, WalkTensor::all_k, WalkTensor::all_v};
  const char* names[] = {"Q", "K", "V"};
  if (options_.fused && !cross) {
    const WalkBoard x = place(read(), {0, 0, width, height * 0.3f});
    float y = x.y + x.height() + 30.0f, left = label_width;
    sign(label_width * 0.5f, y + height * 0.16f, "×");
    const float each = (width - label_width - 4.0f) / 3.0f;  // two gaps between them
    const float band = (height - y) * 0.5f;
    for (int i = 0; i < 3; ++i) {
      const WalkBoard board =
          place({by[i], i == 0 ? "W_qkv" : "", BoardAxis::none, BoardAxis::none, false, true}, {left, y, each, band});
      left = board.x + board.width() + 2.0f;
    }
    y += band + 6.0f;
    left = 0.0f;
    sign(label_width * 0.2f, y + band * 0.5f, "=");
    for (int i = 0; i < 3; ++i) {
      const WalkBoard board = place({out[i], names[i], i == 0 ? BoardAxis::queries : BoardAxis::none, BoardAxis::none,
                                     false, true},
                                    {left, y, i == 0 ? each + label_width : each, height - y});
      left = board.x + board.width() + 2.0f;
    }
    return;
  }
  const float band = (height - 16.0f) / 3.0f;
  const bool small = walk_.shape(WalkTensor::w_q).columns <= 16;  // with numbers in the cells
  const float read_width = width * 0.33f, weight_width = width * (small ? 0.26f : 0.22f);
  const WalkBoard x = place(read(), {0, cross ? 0.0f : band * 0.5f, read_width, cross ? band : height - band});
  std::optional<WalkBoard> source;
  if (cross) {
    source = place({WalkTensor::source, said("source"), BoardAxis::keys}, {0, band * 1.5f, read_width, band});
  }
  for (int i = 0; i < 3; ++i) {
    const float y = static_cast<float>(i) * (band + 8.0f);
    const float weight_x = read_width + sign_width;
    const std::string biased = walk_.bias(out[i]).empty() ? "" : "  + b";
    const WalkBoard w = place({by[i], std::string("W_") + static_cast<char>(names[i][0] + 32) + biased, BoardAxis::none,
                               BoardAxis::none, false, true},
                              {weight_x, y, weight_width, band});
    sign(weight_x - sign_width * 0.5f, w.y + w.height() * 0.5f, "×");
    const float out_x = weight_x + weight_width + sign_width;
    sign(out_x - sign_width * 0.5f, w.y + w.height() * 0.5f, "=");
    const BoardAxis tokens = cross && i > 0 ? BoardAxis::keys : BoardAxis::queries;
    place({out[i], names[i], small ? BoardAxis::none : tokens, BoardAxis::none, false, true}, {out_x, y, width - out_x, band});
  }
}

// The columns of Q, head by head, on their way to a matrix for each head.
void SceneMaker::split() {
  const int heads = walk_.heads(), d_head = walk_.d_head();
  const float width = options_.width, height = options_.height;
  const WalkBoard all =
      place({WalkTensor::all_q, "Q", BoardAxis::queries, BoardAxis::none, false, true}, {0, 0, width, height * 0.36f});
  const float top = all.y + all.height() + 34.0f;
  const int per_row = std::min(heads, heads <= 6 ? heads : (heads + 1) / 2);
  const int lines = cells_for(heads, per_row);
  const float each_width = (width - 10.0f * static_cast<float>(per_row)) / static_cast<float>(per_row);
  const float each_height = (height - top) / static_cast<float>(lines) - 6.0f;
  for (int head = 0; head < heads; ++head) {
    What what{WalkTensor::all_q, head_words(head)};
    what.first_column = head * d_head;
    what.columns = d_head;
    const float x = static_cast<float>(head % per_row) * (each_width + 10.0f);
    const float y = top + static_cast<float>(head / per_row) * (each_height + 6.0f);
    WalkBoard& board = place(what, {x, y, each_width, each_height});
    board.largest = all.largest;  // nothing is computed: the colours stay
    const float t = options_.progress * options_.progress * (3.0f - 2.0f * options_.progress);
    const float from_x = all.x + static_cast<float>(head * d_head) / static_cast<float>(all.columns) * all.width();
    board.x = from_x + (board.x - from_x) * t;
    board.y = all.y + (board.y - all.y) * t;
  }
  scene_.signs.push_back({0.0f, all.y + all.height() + 8.0f,
                          "[" + std::to_string(all.rows) + ", " + std::to_string(heads * d_head) + "]  →  view [" +
                              std::to_string(all.rows) + ", " + std::to_string(heads) + ", " +
                              std::to_string(d_head) + "]  →  transpose [" + std::to_string(heads) + ", " +
                              std::to_string(all.rows) + ", " + std::to_string(d_head) + "]",
                          true});
}

void SceneMaker::scores() {
  const float width = options_.width, height = options_.height;
  const float left = width * 0.36f;
  const float top = std::max(height * 0.40f, title_height + label_height + height * 0.2f);
  const WalkBoard k = place({WalkTensor::k, said("k_transposed"), BoardAxis::none, BoardAxis::keys, true},
                            {left + sign_width + label_width, 0, width - left - sign_width - label_width, top});
  const float y = k.y + k.height() + 12.0f;
  // The product's columns stand below the keys that make them, its rows beside their queries.
  WalkBoard& products = place({WalkTensor::products, "Q Kᵀ"}, {k.x, y, k.width(), height - y});
  products.cell_width = k.cell_width;
  products.numbers = products.numbers && numbers_fit(products, products.cell_width);
  const WalkBoard made = products;
  WalkBoard& q = place({WalkTensor::q, "Q", BoardAxis::queries}, {0, y, left, height - y});
  q.cell_height = made.cell_height;
  q.numbers = q.numbers && q.cell_height >= number_height;
  q.row_group = made.row_group;
  fill(q);
}

// Cells as large as another board's, where those are smaller.
void SceneMaker::alike(WalkBoard& board, const WalkBoard& other) {
  if (board.row_group != other.row_group || board.column_group != other.column_group) return;
  board.cell_width = std::min(board.cell_width, other.cell_width);
  board.cell_height = std::min(board.cell_height, other.cell_height);
}

// Numbers in all of the boards, or in none.
void SceneMaker::agree_on_numbers() {
  bool all = true;
  for (const WalkBoard& board : scene_.boards) {
    all = all && board.row_group * board.column_group == 1 && board.cell_height >= number_height && numbers_fit(board, board.cell_width);
  }
  for (WalkBoard& board : scene_.boards) board.numbers = all;
}

// Two boards side by side, with a sign between.
void SceneMaker::pair(const What& left, const std::string& between, const What& right, float height) {
  const float gap = sign_width + (between.size() > 2 ? 110.0f : 0.0f);
  const float each = (options_.width - gap) * 0.5f;
  const WalkBoard first = place(left, {0, 0, each, height}, true);
  const float x = first.x + first.width() + gap;
  sign(first.x + first.width() + gap * 0.5f, first.y + first.height() * 0.5f, between);
  alike(place(right, {x, 0, options_.width - x, height}, true), first);
  agree_on_numbers();
}

void SceneMaker::scale() {
  char divisor[80];
  std::snprintf(divisor, sizeof divisor, "÷ %.4g", walk_.divisor());
  const float bars = std::min(110.0f, options_.height * 0.24f);
  pair({WalkTensor::products, "Q Kᵀ", BoardAxis::queries, BoardAxis::keys}, divisor,
       {WalkTensor::scores, said("scores"), BoardAxis::none, BoardAxis::keys}, options_.height - bars - 34.0f);
  const int queries = walk_.shape(WalkTensor::scores).rows;
  const int row = options_.row >= 0 && options_.row < queries ? options_.row : queries - 1;
  std::vector<double> with;
  for (int key = 0; key < walk_.shape(WalkTensor::scores).columns; ++key) {
    with.push_back(walk_.at({WalkTensor::weights, row, key}));
  }
  const float y = options_.height - bars, each = (options_.width - 24.0f) * 0.5f;
  scene_.bars.push_back({0, y, each, bars, "without", unscaled_weights(walk_, row)});
  scene_.bars.push_back({each + 24.0f, y, each, bars, "with", with});
  for (WalkBars& row_bars : scene_.bars) {
    char largest[16];
    std::snprintf(largest, sizeof largest, "%.3f", *std::max_element(row_bars.values.begin(), row_bars.values.end()));
    row_bars.title = window_words("walk").get(
        "bars." + row_bars.title,
        {{"token", token_label(walk_.query_tokens()[static_cast<std::size_t>(row)])}, {"largest", largest}});
  }
}

void SceneMaker::softmax() {
  const What masked{WalkTensor::masked, said("masked"), BoardAxis::queries, BoardAxis::keys};
  const What weights{WalkTensor::weights, said("weights"), BoardAxis::none, BoardAxis::keys};
  if (!walk_.has(WalkTensor::dropped)) return pair(masked, said("softmax"), weights, options_.height);
  const float each = (options_.width - 2.0f * sign_width) / 3.0f;
  const WalkBoard first = place(masked, {0, 0, each + 40.0f, options_.height}, true);
  float x = first.x + first.width() + sign_width;
  sign(x - sign_width * 0.5f, first.y + first.height() * 0.5f, "→");
  WalkBoard& next = place(weights, {x, 0, each - 20.0f, options_.height}, true);
  alike(next, first);
  const WalkBoard second = next;
  x = second.x + second.width() + sign_width;
  sign(x - sign_width * 0.5f, first.y + first.height() * 0.5f, "→");
  alike(place({WalkTensor::dropped, said("dropped"), BoardAxis::none, BoardAxis::keys},
              {x, 0, options_.width - x, options_.height}, true),
        second);
  agree_on_numbers();
}

void SceneMaker::blend() {
  const bool dropped = walk_.has(WalkTensor::dropped);
  const float width = options_.width, height = options_.height;
  const What by{dropped ? WalkTensor::dropped : WalkTensor::weights, dropped ? said("dropped") : said("weights"),
                BoardAxis::queries, BoardAxis::keys};
  const WalkBoard weights = place(by, {0, 0, width * 0.4f, height}, true);
  const float x = weights.x + weights.width() + sign_width;
  const float half = (height - 20.0f) * 0.5f;
  const WalkBoard v = place({WalkTensor::v, "V", BoardAxis::keys}, {x, 0, width - x, half});
  sign(x - sign_width * 0.5f, v.y + v.height() * 0.5f, "×");
  const float y = std::max(half + 20.0f, v.y + v.height() + 20.0f);
  const WalkBoard z = place({WalkTensor::z, "Z", BoardAxis::queries}, {x, y, width - x, height - y});
  sign(x - sign_width * 0.5f, z.y + z.height() * 0.5f, "=");
}

void SceneMaker::concatenate() {
  const WalkBoard z = place({WalkTensor::z, said("z_of", {{"head", head_words(walk_.head().head)}}), BoardAxis::queries},
                            {0, 0, options_.width * 0.5f, options_.height * 0.44f});
  const float y = z.y + z.height() + 40.0f;
  const WalkBoard all = place({WalkTensor::concatenated, said("all_heads_long"), BoardAxis::queries, BoardAxis::none,
                               false, true},
                              {0, y, options_.width, options_.height - y});
  const float to = all.x + (static_cast<float>(walk_.query_column()) + 0.5f * static_cast<float>(walk_.d_head())) /
                               static_cast<float>(all.columns) * all.width();
  sign(to, y - 12.0f, "↓");
}

void SceneMaker::mix() {
  const float width = options_.width, half = (options_.height - 16.0f) * 0.5f;
  const float read = width * 0.36f, by = width * 0.24f;
  const std::string head = head_words(walk_.head().head);
  const int first = walk_.query_column(), count = walk_.d_head();
  const bool biased = !walk_.bias(WalkTensor::mixed).empty();
  const auto line = [&](float y, const What& left, const What& weight, const What& right) {
    const WalkBoard a = place(left, {0, y, read, half});
    const float x = read + sign_width;
    sign(x - sign_width * 0.5f, a.y + a.height() * 0.5f, "×");
    place(weight, {x, y, by, half});
    const float out = x + by + sign_width;
    sign(out - sign_width * 0.5f, a.y + a.height() * 0.5f, "=");
    place(right, {out, y, width - out, half});
  };
  line(0.0f, {WalkTensor::concatenated, said("all_heads"), BoardAxis::queries, BoardAxis::none, false, true},
       {WalkTensor::w_o, biased ? "W_o  + b" : "W_o"}, {WalkTensor::mixed, said("mixed"), BoardAxis::none});
  What slice{WalkTensor::concatenated, said("z_of", {{"head", head}}), BoardAxis::queries};
  slice.first_column = first;
  slice.columns = count;
  const float y = half + 16.0f;
  const WalkBoard a = place(slice, {0, y, read, half});
  const float out = read + 2.0f * sign_width + by;
  sign(read + sign_width * 0.5f + by * 0.5f, a.y + a.height() * 0.5f,
       said("rows", {{"first", std::to_string(first)}, {"last", std::to_string(first + count - 1)}}));
  place({WalkTensor::contribution, said("contribution", {{"head", head}})}, {out, y, width - out, half});
}

void SceneMaker::residual() {
  stack({{WalkTensor::x, "X", BoardAxis::queries},
         {WalkTensor::mixed, said("attention"), BoardAxis::queries},
         {WalkTensor::stream, said("stream"), BoardAxis::queries},
         {WalkTensor::output, said("output"), BoardAxis::queries}},
        {"", "+", "=", walk_.block().has_mlp() ? "→" : "="});
}

WalkScene SceneMaker::make(WalkStep step) {
  scene_.boards.reserve(64);  // references stay while boards are placed
  switch (step) {
    case WalkStep::embed: embed(); break;
    case WalkStep::project: project(); break;
    case WalkStep::split: split(); break;
    case WalkStep::scores: scores(); break;
    case WalkStep::scale: scale(); break;
    case WalkStep::mask:
      pair({WalkTensor::scores, said("scores"), BoardAxis::queries, BoardAxis::keys}, "→",
           {WalkTensor::masked, said("masked"), BoardAxis::none, BoardAxis::keys}, options_.height);
      break;
    case WalkStep::softmax: softmax(); break;
    case WalkStep::blend: blend(); break;
    case WalkStep::concatenate: concatenate(); break;
    case WalkStep::mix: mix(); break;
    case WalkStep::residual: residual(); break;
  }
  return std::move(scene_);
}

}  // namespace

WalkScene make_scene(const LayerWalk& walk, WalkStep step, const WalkSceneOptions& options) {
  return SceneMaker(walk, options).make(step);
}

}  // namespace headlight
