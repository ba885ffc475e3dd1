#include "learn_pages.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "pass_checks.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::shared_ptr<const Snapshot> snapshot_of(const ModelConfig& config, int tokens) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->model = std::make_shared<const Model>(random_model(config, 1));
  snapshot->baseline = snapshot->edited =
      std::make_shared<const Trace>(run(*snapshot->model, some_ids(*snapshot->model, tokens, 3)));
  return snapshot;
}

State on_page(LearnPage page) {
  State state;
  state.display.view = View::learn;
  state.learn.page = page;
  return state;
}

}  // namespace

TEST_CASE("the open model stands before the known ones") {
  LearnPages pages;
  const auto snapshot = snapshot_of(small_llama_config(), 6);
  pages.update(snapshot, on_page(LearnPage::parameters));
  REQUIRE(pages.counts().size() == known_models().size() + 1);
  CHECK(pages.has_open_counts());
  CHECK(pages.counts()[0].total() == snapshot->model->parameters());
  CHECK(pages.counts()[5].name == "GPT-3 (175B)");
  const auto& rows = pages.cache_rows(0);
  CHECK(rows[0].own == 1);  // 4 heads in 2 groups
  CHECK(rows[0].own_bytes == rows[0].bytes[1]);
  CHECK(rows[0].beyond_context);
  CHECK_FALSE(rows[1].has_cache);  // BERT-base
  CHECK(pages.cache_rows(3)[5].tokens == 2048);
}

TEST_CASE("a window's own memory is less than its heads'") {
  LearnPages pages;
  ModelConfig config = small_llama_config();
  config.windows = {3, 3, 3};
  pages.update(snapshot_of(config, 6), on_page(LearnPage::parameters));
  CHECK(pages.cache_rows(1)[0].own_bytes == 3 * 2 * 2 * 6 * 3 * 2);
}

TEST_CASE("the last token is appended unless another one was chosen") {
  LearnPages pages;
  const auto snapshot = snapshot_of(small_gpt2_config(), 9);
  State state = on_page(LearnPage::cache);
  pages.update(snapshot, state);
  REQUIRE(pages.cache());
  CHECK(pages.cache()->walk == cache_walk(*snapshot->edited, {0, 0}, 8));
  CHECK(pages.cache()->with.total() == CacheCost(*snapshot->model).with_cache(9).total());
  state.learn.cached = 3;
  state.selection.head = {2, 1};
  pages.update(snapshot, state);
  CHECK(pages.cache()->walk == cache_walk(*snapshot->edited, {2, 1}, 3));
  state.learn.cached = 99;  // of a longer text
  pages.update(snapshot, state);
  CHECK(pages.cache()->walk.cached == 8);
  REQUIRE(pages.costs().size() > 10);
  CHECK(pages.costs().front().tokens == 1);
  CHECK(pages.costs().back().tokens == 40);  // the context
  pages.update(snapshot_of(small_bidirectional_config(), 6), state);
  CHECK_FALSE(pages.cache());
}

TEST_CASE("the last token and its strongest key are turned unless others were chosen") {
  LearnPages pages;
  const auto snapshot = snapshot_of(small_llama_config(), 9);
  State state = on_page(LearnPage::rotary);
  state.selection.head = {1, 2};
  pages.update(snapshot, state);
  REQUIRE(pages.rotary());
  const std::vector<float> weights = cache_walk(*snapshot->edited, {1, 2}, 8).weights;
  const auto strongest = std::max_element(weights.begin(), weights.end());
  CHECK(pages.rotary()->cell == Cell{8, static_cast<int>(strongest - weights.begin())});
  CHECK(pages.rotary_weight() == *strongest);
  state.selection.query = 5;
  state.selection.key = 2;
  state.learn.shift = 4;
  pages.update(snapshot, state);
  CHECK(pages.rotary()->cell == Cell{5, 2});
  CHECK(pages.rotary()->shift == 4);
  CHECK(pages.rotary_weight() == cache_walk(*snapshot->edited, {1, 2}, 5).weights[2]);
  state.learn.shift = 1000;  // no farther than the model's context
  pages.update(snapshot, state);
  CHECK(pages.rotary()->shift == 31);
  pages.update(snapshot_of(small_gpt2_config(), 6), state);
  CHECK_FALSE(pages.rotary());
}

TEST_CASE("a page that is not open is not computed") {
  LearnPages pages;
  const auto snapshot = snapshot_of(small_llama_config(), 9);
  pages.update(snapshot, on_page(LearnPage::walk));
  State elsewhere = on_page(LearnPage::cache);
  elsewhere.display.view = View::map;
  pages.update(snapshot, elsewhere);
  CHECK_FALSE(pages.cache());
  CHECK_FALSE(pages.rotary());
  CHECK(pages.counts().empty());
  pages.update(snapshot, on_page(LearnPage::cache));
  CHECK(pages.cache());
}
