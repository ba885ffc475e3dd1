#include "cache_walk.h"

#include <doctest/doctest.h>

#include <xtensor/xtensor.hpp>

#include "model_cost.h"
#include "parameter_counts.h"
#include "pass_checks.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::vector<Model> decoders() {
  std::vector<Model> models;
  for (Model& model : all_models()) {
    if (model.config.causal) models.push_back(std::move(model));
  }
  return models;
}

}  // namespace

TEST_CASE("the appended row is the full run's, and that of a run that kept the rows before it") {
  for (const Model& model : decoders()) {
    const std::vector<int> ids = some_ids(model, 18, 3);
    const Edits edits = {{{1, 0}, {.mask = local_mask(4)}}, {{1, 1}, {.temperature = 0.7f}}};
    const Trace full = run(model, ids, edits);
    for (const int cached : {0, 1, 7, 16, 17}) {
      const Trace before =
          run(model, std::vector<int>(ids.begin(), ids.begin() + std::max(cached, 1)), edits);
      const Trace appended = run(model, std::vector<int>(ids.begin(), ids.begin() + cached + 1),
                                 edits, {.earlier = &before});
      for (int layer = 0; layer < model.config.layers; ++layer) {
        for (int head = 0; head < model.config.heads; ++head) {
          const HeadId id{layer, head};
          CAPTURE(model.name);
          CAPTURE(head_name(model.config, id));
          CAPTURE(cached);
          const CacheWalk walk = cache_walk(full, id, cached);
          CHECK(walk == cache_walk(appended, id, cached));
          const auto q = full.q(id), k = full.k(id), v = full.v(id), z = full.z(id);
          const auto weights = full.weights(id), scores = full.scores(id);
          const auto d_head = static_cast<std::size_t>(walk.d_head);
          bool same = true;
          for (std::size_t i = 0; i < d_head; ++i) {
            same = same && walk.q[i] == q(cached, i) && walk.z[i] == z(cached, i);
            for (std::size_t key = 0; key <= static_cast<std::size_t>(cached); ++key) {
              same = same && walk.k[key * d_head + i] == k(key, i);
              same = same && walk.v[key * d_head + i] == v(key, i);
            }
          }
          CHECK(same);
          for (std::size_t key = 0; key <= static_cast<std::size_t>(cached); ++key) {
            CHECK(walk.weights[key] == weights(cached, key));
            CHECK(walk.scores[key] == scores(cached, key));
            if (!walk.allowed[key]) CHECK(walk.weights[key] == 0.0f);
          }
        }
      }
    }
  }
}

TEST_CASE("a mask's forbidden keys are named") {
  const Model model = random_model(small_gpt2_config(), 1);
  const Trace trace = run(model, some_ids(model, 9, 3),
                          {{{0, 0}, {.mask = local_mask(2), .masked_cells = {{8, 7}}}}});
  CHECK(cache_walk(trace, {0, 0}, 8).allowed ==
        std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 0, 1});
}

TEST_CASE("with a cache a token costs what the run over its text costs more") {
  for (const Model& model : decoders()) {
    CAPTURE(model.name);
    const CacheCost cost(model);
    const double logits = static_cast<double>(model.config.d_model) * model.config.vocabulary;
    for (const int tokens : {1, 2, 9, 30}) {
      const double whole = tokens * model_cost(model, tokens).multiplications_per_token;
      const double before =
          tokens == 1 ? 0.0
                      : (tokens - 1) * model_cost(model, tokens - 1).multiplications_per_token;
      CHECK(cost.with_cache(tokens).total() == doctest::Approx(whole - before));
      CHECK(cost.without(tokens).total() == doctest::Approx(whole - (tokens - 1) * logits));
    }
    CHECK(cost.with_cache(1).total() == doctest::Approx(cost.without(1).total()));
  }
}

TEST_CASE("the new row grows with the text, all rows with its square") {
  const Model model = random_model(small_gpt2_config(), 1);
  const CacheCost cost(model);
  // 3 layers of 3 heads of 8: scores and sums take 2 * 8 a pair.
  CHECK(cost.with_cache(10).attention == 3 * 3 * 2 * 8 * 10);
  CHECK(cost.without(10).attention == 3 * 3 * 2 * 8 * 55);
  CHECK(cost.with_cache(10).others == cost.with_cache(30).others);
  CHECK(cost.bytes(10) == cache_bytes(3, 3, 8, 10));
  CHECK(cost.bytes(1) == model_cost(model, 1).cache_bytes_per_token);
}

TEST_CASE("only decoders of one stack have such a cache") {
  const Model both = random_model(small_bidirectional_config(), 1);
  CHECK_THROWS_AS(CacheCost{both}, std::invalid_argument);
  CHECK_THROWS_AS(cache_walk(run(both, some_ids(both, 4, 3)), {0, 0}, 1), std::invalid_argument);
  CHECK_THROWS_AS(CacheCost{encoder_decoders()[0]}, std::invalid_argument);
  const Model model = random_model(small_gpt2_config(), 1);
  const Trace trace = run(model, some_ids(model, 4, 3));
  CHECK_THROWS_AS(cache_walk(trace, {0, 0}, 4), std::invalid_argument);
  CHECK_THROWS_AS(cache_walk(trace, {0, 0}, -1), std::invalid_argument);
}
