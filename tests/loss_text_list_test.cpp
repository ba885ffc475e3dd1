#include "loss_text_list.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "paths.h"

namespace headlight {
namespace {

std::shared_ptr<const Model> tiny(const char* name) {
  return std::make_shared<const Model>(load_model(test::test_data() / "models" / name));
}

TEST_CASE("texts are made ready one a step, and those with nothing to predict left out") {
  const auto model = tiny("tiny-gpt2");
  LossTextList list(model, {"the cat sat", "", "the cat"});
  CHECK(list.fraction() == 0.0f);
  CHECK(list.step());
  CHECK(list.texts().size() == 1);
  CHECK(list.fraction() == doctest::Approx(1.0 / 3));
  CHECK(list.step());
  CHECK(list.texts().size() == 1);
  CHECK_FALSE(list.step());
  CHECK(list.texts().size() == 2);
  CHECK(list.texts()[0].targets == loss_text(*model, "the cat sat").targets);
  CHECK_FALSE(list.step());  // as often as one likes
  CHECK(list.texts().size() == 2);
}

TEST_CASE("a list in which nothing can be predicted is refused with its last text, each time") {
  LossTextList empty(tiny("tiny-gpt2"), {"", ""});
  CHECK(empty.step());
  CHECK_THROWS_AS(empty.step(), std::invalid_argument);
  CHECK_THROWS_AS(empty.step(), std::invalid_argument);
  LossTextList body(tiny("tiny-bert-body"), {"the cat sat"});
  CHECK_THROWS_AS(body.step(), std::invalid_argument);
}

}  // namespace
}  // namespace headlight
