#include "comparison.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "mask_placement.h"
#include "pass.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

double kl_by_hand(const Trace& first, const Trace& other, int position) {
  const std::vector<double> p = probabilities(first.logits(position));
  const std::vector<double> q = probabilities(other.logits(position));
  double sum = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] * std::log(p[i] / q[i]);
  return sum;
}

}  // namespace

TEST_CASE("a column's numbers are those of its map") {
  const Model model = random_model(small_gpt2_config(), 1);
  const std::vector<int> ids = some_ids(model, 10, 4);
  const HeadId head{1, 2};
  const Trace baseline = run(model, ids);
  const Edits edits =
      with_mask({}, heads_at(model.config, MaskPlace::all, head), parse_mask("local:2+global:1"));
  const Trace edited = run(model, ids, edits);
  const HeadMeasures got = measure_head({baseline, edited, head});

  const auto before = baseline.weights(head), after = edited.weights(head);
  CHECK(got.stats == head_stats(after.data(), 10, 10));
  double removed = 0.0;
  int cells = 0;
  for (std::size_t query = 0; query < 10; ++query) {
    for (std::size_t key = 0; key <= query; ++key) {
      const bool allowed = query - key <= 2 || key == 0;
      cells += allowed;
      if (!allowed) removed += before(query, key);
    }
  }
  CHECK(got.weight_removed == doctest::Approx(removed / 10).epsilon(1e-6));
  CHECK(got.weight_removed > 0.0);
  CHECK(got.cells == cells);
  CHECK(got.full_cells == 55);
  CHECK(got.all_cells == 100);

  const PredictionMeasures said = measure_prediction(edited, baseline);
  CHECK(said.position == 9);
  CHECK(said.kl.value() == doctest::Approx(kl_by_hand(baseline, edited, 9)));
  double mean = 0.0;
  for (int i = 0; i < 10; ++i) mean += kl_by_hand(baseline, edited, i) / 10;
  CHECK(said.mean_kl.value() == doctest::Approx(mean));
  CHECK(said.mean_kl.value() > 0.0);
  REQUIRE(said.top.size() == 5);
  CHECK(said.top[0].probability >= said.top[1].probability);
  const std::vector<MaskCost> costs = mask_costs(model, edits, head);
  REQUIRE(costs.size() == comparison_lengths.size());
  CHECK(costs[1].cells == 8192 * 4 - 3 - 1 - 1 - 1);
  CHECK(costs[2].multiplications == 2.0 * costs[2].cells * model.config.d_head);
  CHECK(mask_costs(model, {}, head)[0].cells == 1024 * 1025 / 2);
}

TEST_CASE("the first column beside itself differs in nothing") {
  const Model model = random_model(small_gpt2_config(), 1);
  const Trace baseline = run(model, some_ids(model, 7, 4));
  const HeadMeasures got = measure_head({baseline, baseline, {0, 0}});
  CHECK(got.weight_removed == 0.0);
  CHECK(got.cells == got.full_cells);
  const PredictionMeasures said = measure_prediction(baseline, baseline, {.position = 3});
  CHECK(said.position == 3);
  CHECK(said.kl == 0.0);
  CHECK(said.mean_kl == 0.0);
  CHECK_THROWS_AS(measure_head({baseline, baseline, {9, 0}}), std::invalid_argument);
  CHECK_THROWS_AS(mask_costs(model, {}, {9, 0}), std::invalid_argument);
}

TEST_CASE("columns of other texts and models are compared as far as it makes sense") {
  const Model model = random_model(small_gpt2_config(), 1);
  const Model other = random_model(small_gpt2_config(), 2);
  const Trace first = run(model, some_ids(model, 7, 4));
  const Trace longer = run(model, some_ids(model, 9, 5));
  const Trace elsewhere = run(other, some_ids(other, 7, 4));
  const PredictionMeasures of_text = measure_prediction(longer, first);
  CHECK(of_text.kl.value() == doctest::Approx(kl_divergence(first.logits(6), longer.logits(8))));
  CHECK_FALSE(of_text.mean_kl);
  CHECK(measure_prediction(elsewhere, first).mean_kl.value() > 0.0);
  CHECK_FALSE(measure_prediction(elsewhere, first, {.mean = false}).mean_kl);

  ModelConfig wider = small_gpt2_config();
  wider.vocabulary += 1;
  const Model third = random_model(wider, 1);
  const Trace of_third = run(third, some_ids(model, 7, 4));
  CHECK_FALSE(measure_prediction(of_third, first).kl);
  CHECK_FALSE(measure_prediction(of_third, first).mean_kl);
  CHECK(same_vocabulary(model, other));
  CHECK_FALSE(same_vocabulary(model, third));
}
