#include "receptive_field.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "mask_placement.h"
#include "pass.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::vector<HeadId> heads_of(const ModelConfig& config) {
  return heads_at(config, MaskPlace::all, {0, 0});
}

}  // namespace

TEST_CASE("without a mask one layer reaches all tokens before") {
  const Model model = random_model(small_gpt2_config(), 1);
  const ReceptiveField field = receptive_field(model, {}, AttentionKind::self, 6, 3);
  CHECK(field.depth == std::vector<int>{1, 1, 1, 0, -1, -1});
  CHECK(field.layers == 3);
  CHECK(field.reached() == 4);
}

TEST_CASE("a local window reaches layers times its width") {
  const Model model = random_model(small_gpt2_config(), 1);  // 3 layers
  const ModelConfig& config = model.config;
  const Edits edits = with_mask({}, heads_of(config), local_mask(2));
  CHECK(receptive_field(model, edits, AttentionKind::self, 10, 9).depth ==
        std::vector<int>{-1, -1, -1, 3, 3, 2, 2, 1, 1, 0});
  const Edits dilated = with_mask({}, heads_of(config), dilated_mask(1, 3));
  CHECK(receptive_field(model, dilated, AttentionKind::self, 11, 10).depth ==
        std::vector<int>{-1, 3, -1, -1, 2, -1, -1, 1, -1, -1, 0});
}

TEST_CASE("one head without a mask is enough, unless it is pruned") {
  const Model model = random_model(small_gpt2_config(), 1);
  const ModelConfig& config = model.config;
  Edits edits = with_mask({}, heads_of(config), local_mask(0));
  CHECK(receptive_field(model, edits, AttentionKind::self, 5, 4).reached() == 1);
  edits.erase({2, 1});
  CHECK(receptive_field(model, edits, AttentionKind::self, 5, 4).depth ==
        std::vector<int>{3, 3, 3, 3, 0});
  edits[{2, 1}].gain = 0.0f;
  CHECK(receptive_field(model, edits, AttentionKind::self, 5, 4).reached() == 1);
}

TEST_CASE("an influence that the field denies is none, and one that it grants is one") {
  const Model model = random_model(small_gpt2_config(), 3);
  std::vector<int> ids = some_ids(model, 12, 1);
  Edits edits = with_mask({}, heads_of(model.config), parse_mask("dilated:1:3"));
  edits[{1, 0}].mask = local_mask(1);
  edits[{2, 0}].masked_cells = {{11, 8}};
  edits[{2, 1}].masked_cells = {{11, 8}};
  const int last = 11;
  const ReceptiveField field =
      receptive_field(model, edits, AttentionKind::self, 12, last);
  CHECK(field.reached() > 2);
  CHECK(field.reached() < 12);
  const std::vector<float> before = run(model, ids, edits).output();
  const auto d_model = static_cast<std::size_t>(model.config.d_model);
  for (int token = 0; token < 12; ++token) {
    std::vector<int> other = ids;
    other[static_cast<std::size_t>(token)] = (ids[static_cast<std::size_t>(token)] + 7) % 61;
    const std::vector<float> after = run(model, other, edits).output();
    const bool same = std::equal(before.end() - static_cast<std::ptrdiff_t>(d_model), before.end(),
                                 after.end() - static_cast<std::ptrdiff_t>(d_model));
    CAPTURE(token);
    CHECK(same == (field.depth[static_cast<std::size_t>(token)] < 0));
  }
}

TEST_CASE("attention from a file has no known field") {
  const Model model = load_model(test_data() / "attention" / "stored.npz");
  CHECK(receptive_field(model, {}, AttentionKind::self, 3, 1).depth.empty());
}

TEST_CASE("pooled keys, convolutions and built-in masks reach what they bring in") {
  for (const char* name : {"tiny-headlight", "tiny-headlight-layers"}) {
    const Model model = load_model(test_data() / "models" / name);
    const std::vector<int> ids = some_ids(model, 20, 1);
    // Without a mask of the edits, and with one so narrow that little is left.
    for (const char* mask : {"none", "local:1", "dilated:1:4"}) {
      const Edits edits = with_mask({}, heads_at(model.config, MaskPlace::all, {0, 0}), parse_mask(mask));
      const std::vector<float> before = run(model, ids, edits).output();
      const auto d_model = static_cast<std::size_t>(model.config.d_model);
      for (const int position : {5, 18, 19}) {
        const ReceptiveField field =
            receptive_field(model, edits, AttentionKind::self, 20, position);
        const auto row = static_cast<std::size_t>(position) * d_model;
        for (std::size_t token = 0; token < 20; ++token) {
          std::vector<int> other = ids;
          other[token] = (ids[token] + 3) % model.config.vocabulary;
          const std::vector<float> after = run(model, other, edits).output();
          const bool same = std::equal(before.begin() + static_cast<std::ptrdiff_t>(row),
                                       before.begin() + static_cast<std::ptrdiff_t>(row + d_model),
                                       after.begin() + static_cast<std::ptrdiff_t>(row));
          const bool out_of_reach = field.depth[token] < 0;
          // A router may send the tokens at hand past a head that could reach one.
          if (out_of_reach == same || (same && model.config.routing.any())) continue;
          FAIL_CHECK(name, " under ", mask, ", position ", position, ", token ", token, ": reached ",
                     !out_of_reach, ", changed ", !same);
        }
      }
    }
  }
}

TEST_CASE("each stack has a field of its own") {
  const Model model = random_model(small_bidirectional_config(), 1);
  CHECK(receptive_field(model, {}, AttentionKind::self, 4, 1).depth ==
        std::vector<int>{1, 0, 1, 1});
  CHECK_THROWS_AS(receptive_field(model, {}, AttentionKind::self, 4, 4), std::invalid_argument);
  CHECK_THROWS_AS(receptive_field(model, {}, AttentionKind::self, 0, 0), std::invalid_argument);
}
