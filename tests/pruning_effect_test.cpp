#include "pruning_effect.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// A span of random ids said twice, of words that are not special; the second half can be known.
LossText repeated(const Model& model, int span, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int> ids;
  while (static_cast<int>(ids.size()) < span) {
    const int id = static_cast<int>(random() % static_cast<unsigned>(model.config.vocabulary));
    if (!model.tokenizer->is_special(id)) ids.push_back(id);
  }
  for (int i = 0; i < span; ++i) ids.push_back(ids[static_cast<std::size_t>(i)]);
  // The first token of the second span follows from nothing.
  return restricted(loss_text(model, input_of_ids(model, ids)), span, 2 * span);
}

std::map<int, int> by_layer(const std::vector<HeadId>& heads) {
  std::map<int, int> count;
  for (HeadId head : heads) ++count[head.layer];
  return count;
}

}  // namespace

TEST_CASE("controls are other heads of the same layers") {
  ModelConfig config = small_gpt2_config();
  config.heads = config.key_value_heads = 6;
  config.d_head = 4;
  const std::vector<HeadId> heads = {{0, 1}, {2, 0}, {2, 5}};
  const ControlDraws draws = control_draws(config, heads, 6, 1);
  CHECK(draws.notice.empty());
  REQUIRE(draws.draws.size() == 6);
  std::set<std::vector<HeadId>> different(draws.draws.begin(), draws.draws.end());
  CHECK(different.size() == 6);
  for (const std::vector<HeadId>& draw : draws.draws) {
    CHECK(by_layer(draw) == std::map<int, int>{{0, 1}, {2, 2}});
    for (HeadId head : draw) CHECK(std::find(heads.begin(), heads.end(), head) == heads.end());
  }
  CHECK(control_draws(config, heads, 6, 1).draws == draws.draws);
  CHECK(control_draws(config, heads, 6, 2).draws != draws.draws);
}

TEST_CASE("a layer with too few other heads is filled up from the nearest and said") {
  ModelConfig config = small_gpt2_config();  // 3 layers of 3 heads
  const ControlDraws draws = control_draws(config, {{2, 0}, {2, 1}}, 4, 1);
  CHECK(contains(draws.notice, "layer 2 has 1 other heads for 2"));
  CHECK(contains(draws.notice, "nearest"));
  CHECK(draws.draws.size() == 3);  // L2 H2 with each head of layer 1: no more are different
  for (const std::vector<HeadId>& draw : draws.draws) {
    CHECK(by_layer(draw) == std::map<int, int>{{1, 1}, {2, 1}});
  }
  const Edits gone{{{1, 0}, {.gain = 0.0f}}, {{1, 1}, {.gain = 0.0f}}};
  for (const auto& draw : control_draws(config, {{2, 0}, {2, 1}}, 4, 1, gone).draws) {
    CHECK(draw == std::vector<HeadId>{{1, 2}, {2, 2}});
  }
  std::vector<HeadId> most;
  for (HeadId head : all_heads(config)) {
    if (head.layer > 0) most.push_back(head);
  }
  const ControlDraws few = control_draws(config, most, 4, 1);
  CHECK(contains(few.notice, "the control is of 3 heads, not 6"));
  CHECK(few.draws.size() == 1);
  CHECK(control_draws(config, all_heads(config), 4, 1).draws.empty());
}

TEST_CASE("the effect of a set is that of single runs") {
  const Model model = random_model(small_llama_config(), 2);
  const std::vector<LossText> texts = {
      loss_text(model, input_of_ids(model, some_ids(model, 9, 1))),
      loss_text(model, input_of_ids(model, some_ids(model, 12, 2)))};
  const Edits base{{{0, 0}, {.temperature = 0.5f}}};
  const PruningEffect effect =
      pruning_effect(model, texts, {{2, 1}, {0, 3}, {2, 1}}, {.controls = 3, .base = base});
  CHECK(effect.heads == std::vector<HeadId>{{0, 3}, {2, 1}});
  const double before = mean_loss(model, texts, base);
  const auto change = [&](const std::vector<HeadId>& heads) {
    return mean_loss(model, texts, ablated(heads, Replacement::zero, base)) - before;
  };
  CHECK(effect.tokens == 19);
  CHECK(effect.before == doctest::Approx(before));
  CHECK(effect.joint() == doctest::Approx(change({{0, 3}, {2, 1}})));
  CHECK(effect.sum_of_singles() == doctest::Approx(change({{0, 3}}) + change({{2, 1}})));
  REQUIRE(effect.controls.size() == 3);
  double sum = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(effect.controls[i] == doctest::Approx(change(effect.control_heads[i])));
    sum += effect.controls[i];
  }
  CHECK(effect.control_mean() == doctest::Approx(sum / 3));
  CHECK(effect.control_least() <= effect.control_mean());
  CHECK(effect.control_most() >= effect.control_mean());
  CHECK_THROWS_AS(pruning_effect(model, texts, {}), std::invalid_argument);
  CHECK_THROWS_AS(pruning_effect(model, texts, {{7, 0}}), std::invalid_argument);
}

TEST_CASE("other edits than pruning have an effect and controls with the same edits") {
  const Model model = random_model(small_llama_config(), 2);
  const std::vector<LossText> texts = {
      loss_text(model, input_of_ids(model, some_ids(model, 9, 1)))};
  const HeadEdit hot{.temperature = 4.0f}, near{.mask = local_mask(1), .masked_cells = {{40, 3}}};
  const Edits edits{{{0, 3}, hot}, {{2, 1}, near}};
  const PruningEffect effect =
      pruning_effect(model, texts, {{2, 1}, {0, 3}, {1, 0}}, {.controls = 2, .edits = edits});
  const double before = mean_loss(model, texts);
  const HeadEdit gone{.gain = 0.0f};
  CHECK(effect.after == mean_loss(model, texts, {{{0, 3}, hot}, {{1, 0}, gone}, {{2, 1}, near}}));
  REQUIRE(effect.singles.size() == 3);
  CHECK(effect.singles[0] == doctest::Approx(mean_loss(model, texts, {{{0, 3}, hot}}) - before));
  CHECK(effect.singles[1] == doctest::Approx(mean_loss(model, texts, {{{1, 0}, gone}}) - before));
  CHECK(effect.singles[2] == doctest::Approx(mean_loss(model, texts, {{{2, 1}, near}}) - before));
  REQUIRE(effect.controls.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& heads = effect.control_heads[i];
    REQUIRE(heads.size() == 3);
    const Edits same{{heads[0], hot}, {heads[1], gone}, {heads[2], near}};
    CHECK(effect.controls[i] == doctest::Approx(mean_loss(model, texts, same) - before));
  }
}

// Four of the six heads of layer 2 are induction heads, and redundant: two of them have a control of
// their size in their own layer, the two others. For all four the control is filled up from the
// nearest layers, without L1 H5: it looks at the previous token and feeds them, so that without it
// there is no induction either.
TEST_CASE("ablating induction heads of mini-gpt costs repetition over five times their control") {
  const Model model = load_model(source_dir() / "assets" / "models" / "mini-gpt");
  std::vector<LossText> texts;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) texts.push_back(repeated(model, 25, seed));
  const std::vector<HeadId> induction = {{2, 1}, {2, 2}, {2, 4}, {2, 5}};
  for (HeadId a : induction) {
    for (HeadId b : induction) {
      if (a >= b) continue;
      const PruningEffect effect = pruning_effect(model, texts, {a, b}, {.avoid = induction});
      MESSAGE("without ", to_string(a), ", ", to_string(b), ": ", effect.before, " to ",
              effect.after, "; control +", effect.control_mean(), ", ratio ",
              effect.joint() / effect.control_mean());
      CHECK(effect.notice.empty());
      CHECK(effect.control_heads == std::vector<std::vector<HeadId>>{{{2, 0}, {2, 3}}});
      CHECK(effect.control_mean() > 0.0);
      CHECK(effect.joint() > 5.0 * effect.control_mean());
    }
  }
  for (const std::vector<HeadId>& avoid : {std::vector<HeadId>{{1, 5}}, std::vector<HeadId>{}}) {
    const PruningEffect all = pruning_effect(model, texts, induction, {.avoid = avoid});
    MESSAGE("without all four: +", all.joint(), ", their sum +", all.sum_of_singles(),
            "; controls +", all.control_least(), " to +", all.control_most(), ", mean +",
            all.control_mean(), std::string(avoid.empty() ? " with" : " without"), " L1 H5; ratio ",
            all.joint() / all.control_mean());
    CHECK(contains(all.notice, "layer 2 has 2 other heads for 4"));
    CHECK(all.joint() > all.control_most());
    if (!avoid.empty()) CHECK(all.joint() > 5.0 * all.control_mean());
  }
}
