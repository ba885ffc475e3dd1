#include "mask_placement.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

TEST_CASE("a place names heads seen from one of them") {
  const ModelConfig config = small_gpt2_config();  // 3 layers of 3 heads
  CHECK(heads_at(config, MaskPlace::head, {1, 2}) == std::vector<HeadId>{{1, 2}});
  CHECK(heads_at(config, MaskPlace::layer, {1, 2}) == std::vector<HeadId>{{1, 0}, {1, 1}, {1, 2}});
  CHECK(heads_at(config, MaskPlace::all, {1, 2}).size() == 9);
  CHECK_THROWS_AS(heads_at(config, MaskPlace::all, {1, 3}), std::invalid_argument);
  for (const MaskPlace place : {MaskPlace::head, MaskPlace::layer, MaskPlace::all, MaskPlace::split})
    CHECK(parse_mask_place(to_string(place)) == place);
  CHECK_THROWS_AS(parse_mask_place("some"), std::invalid_argument);
}

TEST_CASE("a mask replaces the mask that was there, and nothing else") {
  Edits edits;
  edits[{0, 0}] = {.temperature = 2.0f, .mask = local_mask(1)};
  edits[{0, 1}].mask = local_mask(1);
  edits = with_mask(edits, {{0, 0}, {1, 0}}, global_mask(2));
  CHECK(edits[{0, 0}].mask == global_mask(2));
  CHECK(edits[{0, 0}].temperature == 2.0f);
  CHECK(edits[{0, 1}].mask == local_mask(1));
  CHECK(edits[{1, 0}].mask == global_mask(2));
  edits = with_mask(edits, {{0, 1}}, full_mask());
  CHECK_FALSE(edits.contains({0, 1}));
}

TEST_CASE("three resolutions share the heads of each layer") {
  ModelConfig config = small_gpt2_config();
  config.heads = config.key_value_heads = 8;
  const Edits edits = with_resolutions({}, config, AttentionKind::self, 4, 2);
  for (int layer = 0; layer < config.layers; ++layer) {
    for (int head = 0; head < 8; ++head) {
      const HeadId id{layer, head};
      if (head < 3) CHECK(edits.at(id).mask == local_mask(4));
      if (head >= 3 && head < 6) CHECK(edits.at(id).mask == dilated_mask(4, 2));
      if (head >= 6) CHECK_FALSE(edits.contains(id));
    }
  }
}
