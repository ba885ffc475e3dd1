#include "layer_walk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <xtensor/xmath.hpp>

#include "pass.h"
#include "pass_reference.h"
#include "tiny_layer.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::string name_of(const LayerWalk& walk, WalkCell cell) {
  return walk.model().name + " " + to_string(walk.head()) + " " + to_string(cell.tensor) + "[" +
         std::to_string(cell.row) + ", " + std::to_string(cell.column) + "]";
}

// Fails where the arithmetic behind a number does not give the number. Returns how many were computed.
int check_arithmetic(const LayerWalk& walk) {
  int computed = 0;
  for (int i = 0; i < walk_tensors; ++i) {
    const auto tensor = static_cast<WalkTensor>(i);
    const WalkShape shape = walk.shape(tensor);
    for (int row = 0; row < shape.rows; ++row) {
      for (int column = 0; column < shape.columns; ++column) {
        const WalkCell cell{tensor, row, column};
        const Derivation derivation = walk.derive(cell);
        if (derivation.value != walk.at(cell)) FAIL_CHECK(name_of(walk, cell), " is another number");
        for (const WalkTerm& term : derivation.terms) {
          for (const auto& [at, factor] : {std::pair{term.left_cell, term.left}, {term.right_cell, term.right}}) {
            if (at && (!walk.has(*at) || (tensor != WalkTensor::q && tensor != WalkTensor::k &&
                                          tensor != WalkTensor::v && walk.at(*at) != static_cast<float>(factor)))) {
              FAIL_CHECK(name_of(walk, cell), " comes from a cell that has another number");
              return computed;
            }
          }
        }
        const double value = evaluate(derivation);
        if (std::isnan(value)) continue;
        ++computed;
        double size = 1.0;
        for (const WalkTerm& term : derivation.terms) size = std::max(size, std::abs(term.left * term.right));
        if (std::abs(value - static_cast<double>(walk.at(cell))) <= 1e-5 * size) continue;
        FAIL_CHECK(name_of(walk, cell), " is ", walk.at(cell), ", its arithmetic gives ", value);
        return computed;
      }
    }
  }
  return computed;
}

void check_same(const LayerWalk& walk, WalkTensor tensor, const xt::xtensor<float, 2>& want) {
  const std::vector<float> values = walk.values(tensor);
  REQUIRE(walk.shape(tensor) == WalkShape{static_cast<int>(want.shape(0)), static_cast<int>(want.shape(1))});
  CHECK(std::equal(values.begin(), values.end(), want.begin()));
}

}  // namespace

TEST_CASE("layer_walk: every number is the engine's, and its arithmetic gives it, for all models and edits") {
  for (const Model& made : all_models()) {
    const auto model = std::make_shared<const Model>(made);
    const ModelConfig& config = model->config;
    const MeanOutputs means = mean_outputs(*model);
    const std::vector<int> ids = some_ids(*model, 7, 1);
    int last_edits = 0;
    for (const auto& [name, edits] : some_edits(config)) {
      const Trace trace = run(*model, ids, edits, {.means = &means});
      for (int layer = 0; layer < config.layers; ++layer) {
        const int head = (layer + last_edits++) % config.heads;
        const HeadId id{layer, head};
        CAPTURE(model->name);
        CAPTURE(name);
        CAPTURE(to_string(id));
        const LayerWalk walk(model, trace, id, {.means = &means});
        check_same(walk, WalkTensor::x, trace.residual(layer));
        check_same(walk, WalkTensor::q, trace.q(id));
        check_same(walk, WalkTensor::k, trace.k(id));
        check_same(walk, WalkTensor::v, trace.v(id));
        check_same(walk, WalkTensor::scores, trace.scores(id));
        check_same(walk, WalkTensor::weights, trace.weights(id));
        check_same(walk, WalkTensor::z, trace.z(id));
        check_same(walk, WalkTensor::output, trace.residual(layer + 1));
        CHECK(check_arithmetic(walk) > 100);
      }
    }
  }
}

TEST_CASE("layer_walk: the heads' contributions and the bias are what W_O adds") {
  for (const Model& made : all_models()) {
    const auto model = std::make_shared<const Model>(made);
    const Trace trace = run(*model, some_ids(*model, 6, 2));
    std::vector<double> sum;
    std::vector<float> mixed;
    for (int head = 0; head < model->config.heads; ++head) {
      const LayerWalk walk(model, trace, {1, head});
      const std::vector<float> part = walk.values(WalkTensor::contribution);
      sum.resize(part.size());
      for (std::size_t i = 0; i < part.size(); ++i) sum[i] += part[i];
      mixed = walk.values(WalkTensor::mixed);
      const std::vector<float> bias = walk.bias(WalkTensor::mixed);
      for (std::size_t i = 0; head == 0 && !bias.empty() && i < sum.size(); ++i) sum[i] += bias[i % bias.size()];
    }
    for (std::size_t i = 0; i < sum.size(); ++i) {
      if (std::abs(sum[i] - mixed[i]) > 1e-4) FAIL_CHECK(model->name, ": ", i, " is ", sum[i], ", not ", mixed[i]);
    }
  }
}

TEST_CASE("layer_walk: dropout drops about its share, the same cells for the same seed, and keeps the mean") {
  const auto model = std::make_shared<const Model>(all_models().front());
  const Trace trace = run(*model, some_ids(*model, 40, 3));
  const auto walk_of = [&](Dropout dropout) {
    return LayerWalk(model, trace, {0, 1}, {.dropout = dropout});
  };
  const LayerWalk plain = walk_of({});
  CHECK_FALSE(plain.has(WalkTensor::dropped));
  const LayerWalk walk = walk_of({.p = 0.25f, .seed = 7});
  CHECK(walk.values(WalkTensor::dropped) == walk_of({.p = 0.25f, .seed = 7}).values(WalkTensor::dropped));
  CHECK(walk.values(WalkTensor::dropped) != walk_of({.p = 0.25f, .seed = 8}).values(WalkTensor::dropped));
  CHECK(walk.values(WalkTensor::output) != plain.values(WalkTensor::output));
  int dropped = 0, cells = 0;
  for (int query = 0; query < 40; ++query) {
    for (int key = 0; key <= query; ++key, ++cells) {
      const float weight = walk.at({WalkTensor::weights, query, key});
      const float after = walk.at({WalkTensor::dropped, query, key});
      dropped += after == 0.0f;
      if (after != 0.0f) CHECK(after == doctest::Approx(weight / 0.75));
    }
  }
  CHECK(dropped > 0.25 * cells - 60);
  CHECK(dropped < 0.25 * cells + 60);
  CHECK(check_arithmetic(walk) > 100);
}

TEST_CASE("layer_walk: a tiny layer of tenths") {
  for (const TinyLayer& tiny : {TinyLayer{}, TinyLayer{.d_in = 6, .d_out = 4, .heads = 4, .tokens = 3, .bias = true},
                                TinyLayer{.d_in = 1, .d_out = 1, .heads = 1, .tokens = 1}}) {
    const auto model = std::make_shared<const Model>(tiny_model(tiny));
    std::vector<int> ids;
    for (int i = 0; i < tiny.tokens; ++i) ids.push_back(i);
    const Trace trace = run(*model, ids);
    const LayerWalk walk(model, trace, {0, tiny.heads - 1});
    CHECK(walk.shape(WalkTensor::x) == WalkShape{tiny.tokens, tiny.d_in});
    CHECK(walk.shape(WalkTensor::all_q) == WalkShape{tiny.tokens, tiny.d_out});
    CHECK(walk.shape(WalkTensor::q) == WalkShape{tiny.tokens, tiny.d_out / tiny.heads});
    CHECK(walk.shape(WalkTensor::output) == WalkShape{tiny.tokens, tiny.d_in});
    CHECK(walk.bias(WalkTensor::all_q).empty() == !tiny.bias);
    for (const WalkTensor tensor : {WalkTensor::x, WalkTensor::w_q, WalkTensor::w_o}) {
      for (float value : walk.values(tensor)) {
        CHECK(value * 10.0f == doctest::Approx(std::round(value * 10.0f)));
        CHECK(std::abs(value) <= 1.0f);
      }
    }
    CHECK(check_arithmetic(walk) > 0);
  }
  CHECK(tiny_model({.seed = 1}).weights.embedding.token == tiny_model({.heads = 4, .seed = 1}).weights.embedding.token);
  CHECK(tiny_model({.seed = 1}).weights.embedding.token != tiny_model({.seed = 2}).weights.embedding.token);
}

TEST_CASE("layer_walk: what it refuses, in one sentence") {
  const auto model = std::make_shared<const Model>(all_models().front());
  const Trace trace = run(*model, some_ids(*model, 4, 1));
  const LayerWalk walk(model, trace, {0, 0});
  CHECK_THROWS_WITH_AS(LayerWalk(model, trace, {99, 0}), doctest::Contains("L99 H0"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(LayerWalk(model, trace, {0, 0}, {.dropout = {.p = 1.0f}}), doctest::Contains("dropout of 1"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(walk.derive({WalkTensor::weights, 4, 0}), "[walk] there is no weights[4, 0]",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(walk.derive({WalkTensor::source, 0, 0}), doctest::Contains("there is no source"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(tiny_model({.d_out = 8, .heads = 3}),
                       "[tiny_layer] d_out 8 is no multiple of 3 heads", std::invalid_argument);
  CHECK_THROWS_AS(tiny_model({.tokens = 0}), std::invalid_argument);
  CHECK_THROWS_AS(tiny_model({.d_in = 17}), std::invalid_argument);
}
