#include "walk_scene.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "assets_path.h"
#include "pass.h"
#include "pass_reference.h"
#include "tiny_layer.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// A wider model than any room: its tensors have to be reduced.
LayerWalk wide_walk(int tokens) {
  ModelConfig config = gpt2_small_config();
  config.layers = 1;
  config.vocabulary = 100;
  const auto model = std::make_shared<const Model>(random_model(config, 1));
  const Trace trace = run(*model, some_ids(*model, tokens, 1));
  return LayerWalk(model, trace, {0, 3}, {.dropout = {.p = 0.2f}});
}

}  // namespace

TEST_CASE("walk_scene: every board of every step lies in its room, with whole cells") {
  for (const int tokens : {1, 5, 12, 150}) {
    const LayerWalk walk = wide_walk(tokens);
    for (const auto& [width, height] : {std::pair{520.0f, 330.0f}, {900.0f, 520.0f}, {1700.0f, 1000.0f}}) {
      for (int step = 0; step < walk_steps; ++step) {
        for (const bool fused : {false, true}) {
          const WalkScene scene = make_scene(walk, static_cast<WalkStep>(step), {.width = width, .height = height, .fused = fused});
          CAPTURE(tokens);
          CAPTURE(width);
          CAPTURE(std::string(to_string(static_cast<WalkStep>(step))));
          REQUIRE_FALSE(scene.boards.empty());
          for (const WalkBoard& board : scene.boards) {
            CAPTURE(std::string(to_string(board.tensor)));
            CHECK(board.cells.size() == static_cast<std::size_t>(board.drawn_rows()) * board.drawn_columns());
            CHECK(board.x >= 0.0f);
            CHECK(board.y >= 0.0f);
            CHECK(board.x + board.width() <= width + 1.0f);
            CHECK(board.y + board.height() <= height + 1.0f);
            CHECK(board.drawn_rows() * board.row_group * board.drawn_columns() * board.column_group >=
                  board.rows * board.columns);
          }
        }
      }
    }
  }
}

TEST_CASE("walk_scene: a point on a board leads to its number, and back") {
  const LayerWalk walk = wide_walk(7);
  for (int step = 0; step < walk_steps; ++step) {
    for (const WalkBoard& board : make_scene(walk, static_cast<WalkStep>(step), {}).boards) {
      for (int row = 0; row < board.drawn_rows(); ++row) {
        for (int column = 0; column < board.drawn_columns(); ++column) {
          const auto cell = board.cell_at(board.x + (static_cast<float>(column) + 0.5f) * board.cell_width,
                                          board.y + (static_cast<float>(row) + 0.5f) * board.cell_height);
          if (!cell || !walk.has(*cell) || board.place_of(*cell) != std::pair{row, column}) {
            FAIL(to_string(board.tensor), " ", row, ", ", column);
          }
        }
      }
      CHECK_FALSE(board.cell_at(board.x - 1.0f, board.y).has_value());
      CHECK_FALSE(board.cell_at(board.x, board.y + board.height() + 1.0f).has_value());
    }
  }
}

TEST_CASE("walk_scene: a cell that stands for several shows the strongest, and says how many") {
  const LayerWalk walk = wide_walk(7);
  const WalkScene scene = make_scene(walk, WalkStep::project, {.width = 500.0f, .height = 400.0f});
  const WalkBoard* board = scene.board_with({WalkTensor::w_q, 0, 0});
  REQUIRE(board != nullptr);
  REQUIRE(board->column_group > 1);
  CHECK(board->shape.find("[768, 768]") != std::string::npos);
  CHECK(board->shape.find("to a cell") != std::string::npos);
  const WalkCell shown = board->cells.front();
  for (int row = 0; row < board->row_group; ++row) {
    for (int column = 0; column < board->column_group; ++column) {
      CHECK(std::abs(walk.at({WalkTensor::w_q, row, column})) <= std::abs(walk.at(shown)));
    }
  }
}

TEST_CASE("walk_scene: what a step's numbers come from stands in the same picture, or is a weight's") {
  const LayerWalk walk = wide_walk(6);
  for (int step = static_cast<int>(WalkStep::project); step < walk_steps; ++step) {
    const WalkScene scene = make_scene(walk, static_cast<WalkStep>(step), {});
    for (WalkTensor tensor : made_in(walk, static_cast<WalkStep>(step))) {
      const WalkCell cell{tensor, 5, 2};
      if (!walk.has(cell) || scene.board_with(cell) == nullptr) continue;
      for (const WalkTerm& term : walk.derive(cell).terms) {
        if (term.left_cell && tensor != WalkTensor::normed && tensor != WalkTensor::contribution) {
          CAPTURE(std::string(to_string(tensor)));
          CHECK(scene.board_with(*term.left_cell) != nullptr);
        }
      }
    }
  }
}

TEST_CASE("walk_scene: the split begins with the heads in their columns and ends with each apart") {
  const LayerWalk walk = wide_walk(4);
  const auto boards = [&](float progress) {
    return make_scene(walk, WalkStep::split, {.progress = progress}).boards;
  };
  const std::vector<WalkBoard> before = boards(0.0f), after = boards(1.0f);
  REQUIRE(before.size() == 13);  // Q, and 12 heads
  std::set<std::pair<float, float>> places;
  for (std::size_t i = 1; i < before.size(); ++i) {
    CHECK(before[i].y == doctest::Approx(before.front().y));
    CHECK(before[i].first_column == static_cast<int>(i - 1) * 64);
    CHECK(after[i].y > after.front().y + after.front().height());
    places.insert({after[i].x, after[i].y});
  }
  CHECK(places.size() == 12);
}

TEST_CASE("walk_scene: a tiny layer has its numbers in every cell") {
  const auto model = std::make_shared<const Model>(tiny_model({}));
  const LayerWalk walk(model, run(*model, std::vector<int>{0, 1, 2, 3}), {0, 0});
  for (int step = 0; step < walk_steps; ++step) {
    for (const WalkBoard& board : make_scene(walk, static_cast<WalkStep>(step), {.width = 1200.0f, .height = 760.0f}).boards) {
      CAPTURE(std::string(to_string(static_cast<WalkStep>(step))));
      CAPTURE(std::string(to_string(board.tensor)));
      const bool wide = board.tensor == WalkTensor::w_q || board.tensor == WalkTensor::w_k || board.tensor == WalkTensor::w_v ||
                        board.tensor == WalkTensor::all_q || board.tensor == WalkTensor::all_k || board.tensor == WalkTensor::all_v;
      if (!wide) CHECK(board.numbers);
    }
  }
}

TEST_CASE("walk_scene: without the scale a row is sharper, and still sums to 1") {
  const LayerWalk walk = wide_walk(9);
  const std::vector<double> weights = unscaled_weights(walk, 8);
  double sum = 0.0, largest = 0.0, with = 0.0;
  for (int key = 0; key < 9; ++key) {
    sum += weights[static_cast<std::size_t>(key)];
    largest = std::max(largest, weights[static_cast<std::size_t>(key)]);
    with = std::max(with, static_cast<double>(walk.at({WalkTensor::weights, 8, key})));
  }
  CHECK(sum == doctest::Approx(1.0));
  CHECK(largest > with);
  CHECK(unscaled_weights(walk, 0) == std::vector<double>{1, 0, 0, 0, 0, 0, 0, 0, 0});
}
