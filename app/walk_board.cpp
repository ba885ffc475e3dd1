#include <algorithm>
#include <cmath>

#include "walk_scene.h"

namespace headlight {

int cells_for(int count, int group) { return (count + group - 1) / group; }

int WalkBoard::drawn_rows() const {
  return transposed ? cells_for(columns, column_group) : cells_for(rows, row_group);
}

int WalkBoard::drawn_columns() const {
  return transposed ? cells_for(rows, row_group) : cells_for(columns, column_group);
}

std::optional<std::pair<int, int>> WalkBoard::place_of(WalkCell cell) const {
  const int column = cell.column - first_column;
  if (cell.tensor != tensor || cell.row < 0 || cell.row >= rows || column < 0 || column >= columns) return {};
  const int row_at = cell.row / row_group, column_at = column / column_group;
  return transposed ? std::pair{column_at, row_at} : std::pair{row_at, column_at};
}

std::optional<WalkCell> WalkBoard::cell_at(float px, float py) const {
  if (px < x || py < y || px >= x + width() || py >= y + height()) return {};
  const int row = std::min(static_cast<int>((py - y) / cell_height), drawn_rows() - 1);
  const int column = std::min(static_cast<int>((px - x) / cell_width), drawn_columns() - 1);
  return cells[static_cast<std::size_t>(row) * static_cast<std::size_t>(drawn_columns()) +
               static_cast<std::size_t>(column)];
}

const WalkBoard* WalkScene::board_with(WalkCell cell) const {
  for (const WalkBoard& board : boards) {
    if (board.place_of(cell)) return &board;
  }
  return nullptr;
}

WalkStep step_of(WalkTensor tensor) {
  switch (tensor) {
    case WalkTensor::token_rows:
    case WalkTensor::position_rows:
    case WalkTensor::x:
    case WalkTensor::source: return WalkStep::embed;
    case WalkTensor::normed:
    case WalkTensor::w_q:
    case WalkTensor::w_k:
    case WalkTensor::w_v:
    case WalkTensor::all_q:
    case WalkTensor::all_k:
    case WalkTensor::all_v: return WalkStep::project;
    case WalkTensor::q:
    case WalkTensor::k:
    case WalkTensor::v: return WalkStep::split;
    case WalkTensor::products: return WalkStep::scores;
    case WalkTensor::scores: return WalkStep::scale;
    case WalkTensor::masked: return WalkStep::mask;
    case WalkTensor::weights:
    case WalkTensor::dropped: return WalkStep::softmax;
    case WalkTensor::z: return WalkStep::blend;
    case WalkTensor::concatenated: return WalkStep::concatenate;
    case WalkTensor::w_o:
    case WalkTensor::contribution:
    case WalkTensor::mixed: return WalkStep::mix;
    case WalkTensor::stream:
    case WalkTensor::output: return WalkStep::residual;
  }
  return WalkStep::embed;
}

std::vector<WalkTensor> made_in(const LayerWalk& walk, WalkStep step) {
  std::vector<WalkTensor> made;
  for (int i = 0; i < walk_tensors; ++i) {
    const auto tensor = static_cast<WalkTensor>(i);
    if (step_of(tensor) == step && walk.has(tensor)) made.push_back(tensor);
  }
  return made;
}

std::vector<double> unscaled_weights(const LayerWalk& walk, int query) {
  const int keys = walk.shape(WalkTensor::products).columns;
  std::vector<double> weights(static_cast<std::size_t>(keys), 0.0);
  double largest = -1e300, total = 0.0;
  const auto product = [&](int key) { return static_cast<double>(walk.at({WalkTensor::products, query, key})); };
  for (int key = 0; key < keys; ++key) {
    if (walk.allowed(query, key)) largest = std::max(largest, product(key));
  }
  for (int key = 0; key < keys; ++key) {
    if (!walk.allowed(query, key)) continue;
    total += weights[static_cast<std::size_t>(key)] = std::exp(product(key) - largest);
  }
  for (double& weight : weights) weight = total > 0.0 ? weight / total : 0.0;
  return weights;
}

}  // namespace headlight
