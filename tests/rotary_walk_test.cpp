#include "rotary_walk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <xtensor/xtensor.hpp>

#include "pass_checks.h"
#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

bool turns(const Model& model) { return model.config.position == PositionKind::rotary; }

// Every cell of every head of a model on a text, with the run's own score.
template <typename Check>
void each_cell(const Model& model, int tokens, const Edits& edits, Check check) {
  const Trace trace = run(model, some_ids(model, tokens, 3), edits);
  for (int layer = 0; layer < model.config.layers; ++layer) {
    for (int head = 0; head < model.config.heads; ++head) {
      for (int query = 0; query < tokens; query += 3) {
        for (int key = 0; key <= query; key += 2) {
          CAPTURE(model.name);
          CAPTURE(head_name(model.config, {layer, head}));
          check(trace, HeadId{layer, head}, Cell{query, key});
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("the pairs are the trace's queries and keys, and add up to its scores") {
  int models = 0;
  for (const Model& model : all_models()) {
    if (!turns(model)) continue;
    ++models;
    each_cell(model, 14, {{{1, 1}, {.temperature = 1.7f}}},
              [](const Trace& trace, HeadId id, Cell cell) {
                const RotaryWalk walk = rotary_walk(trace, id, cell);
                const auto q = trace.q(id), k = trace.k(id);
                for (const RotaryPair& pair : walk.pairs) {
                  CHECK(pair.turned_q[0] == q(cell.query, pair.first));
                  CHECK(pair.turned_q[1] == q(cell.query, pair.second));
                  CHECK(pair.turned_k[0] == k(cell.key, pair.first));
                  CHECK(pair.turned_k[1] == k(cell.key, pair.second));
                }
                CHECK(walk.score == trace.score(id, cell));
                CHECK(walk.moved_score == walk.score);
                CHECK(walk.product() == doctest::Approx(walk.score * walk.divisor).epsilon(1e-5));
              });
  }
  CHECK(models >= 3);
}

TEST_CASE("before its position a pair is turned back") {
  for (const Model& model : all_models()) {
    if (!turns(model)) continue;
    each_cell(model, 10, {}, [&](const Trace& trace, HeadId id, Cell cell) {
      const double scale = trace.model().config.rotary_scale;
      for (const RotaryPair& p : rotary_walk(trace, id, cell).pairs) {
        const double c = std::cos(p.query_angle) / scale, s = std::sin(p.query_angle) / scale;
        CHECK(p.query_angle == cell.query * p.frequency);
        CHECK(p.q[0] == doctest::Approx(c * p.turned_q[0] + s * p.turned_q[1]).epsilon(1e-4));
        CHECK(p.q[1] == doctest::Approx(c * p.turned_q[1] - s * p.turned_q[0]).epsilon(1e-4));
      }
    });
  }
}

TEST_CASE("a score depends on the distance alone") {
  for (const Model& model : all_models()) {
    if (!turns(model)) continue;
    each_cell(model, 14, {}, [](const Trace& trace, HeadId id, Cell cell) {
      const RotaryWalk walk = rotary_walk(trace, id, cell, 9, 14);
      CHECK(walk.pairs[0].key_angle == (cell.key + 9) * walk.pairs[0].frequency);
      CHECK(walk.moved_score == doctest::Approx(walk.score).epsilon(1e-4));
      REQUIRE(walk.by_distance.size() == 14);
      CHECK(walk.by_distance[static_cast<std::size_t>(cell.query - cell.key)] ==
            doctest::Approx(walk.score).epsilon(1e-4));
    });
  }
  // And on another distance it is another one.
  const Model model = random_model(small_llama_config(), 1);
  const Trace trace = run(model, some_ids(model, 12, 3));
  const RotaryWalk walk = rotary_walk(trace, {0, 0}, {11, 4}, 0, 12);
  CHECK(std::abs(walk.by_distance[6] - walk.by_distance[7]) > 1e-3);
}

TEST_CASE("models without rotary positions and cells outside are refused") {
  const Model other = random_model(small_gpt2_config(), 1);
  const Trace plain = run(other, some_ids(other, 5, 3));
  CHECK_THROWS_AS(rotary_walk(plain, {0, 0}, {1, 0}), std::invalid_argument);
  const Model model = random_model(small_llama_config(), 1);
  const Trace trace = run(model, some_ids(model, 5, 3));
  CHECK_THROWS_AS(rotary_walk(trace, {0, 0}, {5, 0}), std::invalid_argument);
  CHECK_THROWS_AS(rotary_walk(trace, {0, 0}, {1, -1}), std::invalid_argument);
  CHECK_THROWS_AS(rotary_walk(trace, {0, 0}, {1, 0}, -1), std::invalid_argument);
  CHECK_THROWS_AS(rotary_walk(trace, {3, 0}, {1, 0}), std::invalid_argument);
}
