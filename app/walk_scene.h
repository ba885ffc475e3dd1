#pragma once

#include <optional>
#include <string>
#include <vector>

#include "layer_walk.h"

namespace headlight {

/// What stands beside the rows, or above the columns, of a board.
enum class BoardAxis { none, queries, keys, heads };

/// A tensor of a walk, or some of its rows and columns, as a picture: a cell stands for one number, or,
/// where they would be too small, for the strongest of a few neighbours. Lengths are design pixels.
struct WalkBoard {
  WalkTensor tensor = WalkTensor::x;
  bool transposed = false;  ///< The tensor's rows are drawn as columns.
  int first_column = 0;     ///< Of the tensor.
  int rows = 0;             ///< Of the tensor, from the first on.
  int columns = 0;
  int row_group = 1;        ///< Of the tensor's rows to a cell,
  int column_group = 1;     ///< and columns.
  float x = 0.0f, y = 0.0f;
  float cell_width = 0.0f, cell_height = 0.0f;  ///< As drawn.
  std::string title;        ///< "Q"
  std::string shape;        ///< "[12, 64]", and what was reduced.
  bool shape_below = false; ///< Below the title, and not beside it.
  BoardAxis left = BoardAxis::none, above = BoardAxis::none;
  bool stripes = false;     ///< The columns of each head are marked by its colour and number.
  bool numbers = false;     ///< There is room for them in the cells.
  bool weights = false;     ///< From 0 to 1; else signed, to `largest`.
  float largest = 1.0f;
  std::vector<WalkCell> cells;  ///< [drawn rows, drawn columns] the number that each shows

  int drawn_rows() const;
  int drawn_columns() const;
  float width() const { return cell_width * static_cast<float>(drawn_columns()); }
  float height() const { return cell_height * static_cast<float>(drawn_rows()); }
  /// The drawn row and column that stand for a number; none when it is not on the board.
  std::optional<std::pair<int, int>> place_of(WalkCell cell) const;
  /// The number under a point; none beside the board.
  std::optional<WalkCell> cell_at(float px, float py) const;
};

/// How many cells stand for `count` numbers, `group` to a cell.
int cells_for(int count, int group);

/// A word or sign between boards, its middle at x, y; or a line of small text that begins there.
struct WalkSign {
  float x = 0.0f, y = 0.0f;
  std::string text;
  bool small = false;
};

/// A row of numbers from 0 to 1 as bars, one for each key.
struct WalkBars {
  float x = 0.0f, y = 0.0f, width = 0.0f, height = 0.0f;
  std::string title;
  std::vector<double> values;
};

/// The picture of one step.
struct WalkScene {
  std::vector<WalkBoard> boards;
  std::vector<WalkSign> signs;
  std::vector<WalkBars> bars;

  const WalkBoard* board_with(WalkCell cell) const;
};

struct WalkSceneOptions {
  float width = 900.0f, height = 500.0f;  ///< Room, in design pixels.
  bool fused = false;                     ///< Step `project`: one product.
  float progress = 1.0f;  ///< Step `split`: 0: heads side by side, 1: heads one behind the other.
  int row = -1;           ///< The query whose weights stand as bars; -1: the last.
};

/// Lays a step's tensors out: what goes in to the left or above, what comes out to the right or below.
WalkScene make_scene(const LayerWalk& walk, WalkStep step, const WalkSceneOptions& options);

/// The tensors that a step makes, the last one last: what a click without a cell explains.
std::vector<WalkTensor> made_in(const LayerWalk& walk, WalkStep step);

/// The step that makes a tensor.
WalkStep step_of(WalkTensor tensor);

/// The row's weights if scores were not divided by sqrt(d_head): softmax over the allowed products.
std::vector<double> unscaled_weights(const LayerWalk& walk, int query);  // [keys]

}  // namespace headlight
