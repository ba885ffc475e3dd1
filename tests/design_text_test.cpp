#include "design_text.h"

#include <doctest/doctest.h>

#include "paths.h"

using namespace headlight;
using namespace headlight::test;

TEST_CASE("a design is told in a few words") {
  CHECK(design_text(load_model(test_data() / "models" / "tiny-headlight")) ==
        "1 local:3 temperature 0.5, 1 dilated:4:3+global:1, 1 pool 3, 1 pool 3 temperature 2, 2 "
        "key-value heads, learned temperatures, convolution of 3 taps, router: 1 shared, top 2 of 3");
  CHECK(design_text(load_model(test_data() / "models" / "tiny-llama-gqa")) ==
        "4 query heads, 2 key-value heads");
  CHECK(design_text(load_model(test_data() / "models" / "tiny-gpt2")) == "4 heads");
}
