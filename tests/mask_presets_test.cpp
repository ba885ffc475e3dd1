#include "mask_presets.h"

#include <doctest/doctest.h>

using namespace headlight;

TEST_CASE("every preset is a mask that leaves each query its own token") {
  CHECK(mask_presets().size() >= 5);
  for (const MaskPreset& preset : mask_presets()) {
    CAPTURE(preset.name);
    const Mask mask = parse_mask(preset.mask);
    CHECK(!mask.is_full());
    CHECK(preset.source.find(" et al. ") != preset.source.npos);
    for (int query = 0; query < 40; ++query) {
      std::vector<KeyRange> ranges;
      allowed_ranges(mask, query, 40, true, ranges);
      REQUIRE(!ranges.empty());
      CHECK(ranges.back().end == query + 1);
    }
  }
}

TEST_CASE("multi-resolution gives each third of the heads a mask of its own") {
  const Mask near = local_mask(2), far = dilated_mask(4, 3);
  CHECK(multi_resolution_masks(6, near, far) ==
        std::vector<Mask>{near, near, far, far, {}, {}});
  CHECK(multi_resolution_masks(8, near, far) ==
        std::vector<Mask>{near, near, near, far, far, far, {}, {}});
  CHECK(multi_resolution_masks(3, near, far) == std::vector<Mask>{near, far, {}});
  CHECK(multi_resolution_masks(2, near, far) == std::vector<Mask>{near, far});
  CHECK(multi_resolution_masks(1, near, far) == std::vector<Mask>{near});
}
