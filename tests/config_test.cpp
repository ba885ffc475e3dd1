#include "config.h"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

#include "model.h"
#include "temporary_folder.h"

using namespace headlight;
using headlight::test::message_of;

namespace {

template <typename Change>
std::string refusal(Change change) {
  ModelConfig config = gpt2_small_config();
  change(config);
  return message_of<std::invalid_argument>([&] { check(config); });
}

}  // namespace

TEST_CASE("config: GPT-2 small passes and its widths follow") {
  const ModelConfig config = gpt2_small_config();
  CHECK_NOTHROW(check(config));
  CHECK(config.query_width() == 768);
  CHECK(config.key_value_width() == 768);
  CHECK(config.qkv_width() == 2304);
}

TEST_CASE("config: query heads share key-value heads in order") {
  ModelConfig config = gpt2_small_config();
  config.key_value_heads = 4;
  CHECK_NOTHROW(check(config));
  CHECK(config.key_value_head(0) == 0);
  CHECK(config.key_value_head(2) == 0);
  CHECK(config.key_value_head(3) == 1);
  CHECK(config.key_value_head(11) == 3);
  CHECK(config.qkv_width() == 768 + 2 * 4 * 64);
}

TEST_CASE("config: each number out of range is named") {
  CHECK(refusal([](auto& c) { c.layers = 0; }) == "[check] layers is 0, expected 1 to 4096");
  CHECK(refusal([](auto& c) { c.heads = -1; }) == "[check] heads is -1, expected 1 to 4096");
  CHECK(refusal([](auto& c) { c.key_value_heads = 13; }) ==
        "[check] key_value_heads is 13, expected 1 to 12");
  CHECK(refusal([](auto& c) { c.key_value_heads = 0; }) ==
        "[check] key_value_heads is 0, expected 1 to 12");
  CHECK(refusal([](auto& c) { c.d_model = 0; }) == "[check] d_model is 0, expected 1 to 1048576");
  CHECK(refusal([](auto& c) { c.d_head = 0; }) == "[check] d_head is 0, expected 1 to 16384");
  CHECK(refusal([](auto& c) { c.d_ff = 0; }) == "[check] d_ff is 0, expected 1 to 16777216");
  CHECK(refusal([](auto& c) { c.vocabulary = 1 << 30; }) ==
        "[check] vocabulary is 1073741824, expected 1 to 16777216");
  CHECK(refusal([](auto& c) { c.context = 0; }) == "[check] context is 0, expected 1 to 16777216");
}

TEST_CASE("config: numbers that contradict one another are refused") {
  CHECK(refusal([](auto& c) { c.key_value_heads = 5; }) ==
        "[check] heads is 12 and key_value_heads 5, expected a divisor");
  CHECK(refusal([](auto& c) { c.d_head = 63; }) == "");
  CHECK(refusal([](auto& c) {
          c.position = PositionKind::rotary;
          c.d_head = 63;
        }) == "[check] d_head is 63, expected an even number, because rotary positions turn pairs");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal([&](auto& c) { c.norm_epsilon = nan; }) != "");
  CHECK(refusal([&](auto& c) { c.norm_epsilon = -1e-5f; }) != "");
  CHECK(refusal([&](auto& c) { c.rotary_base = nan; }) == "");
  CHECK(refusal([&](auto& c) {
          c.position = PositionKind::rotary;
          c.rotary_base = nan;
        }) != "");
  CHECK(refusal([&](auto& c) {
          c.position = PositionKind::rotary;
          c.rotary_base = 0.0f;
        }) != "");
}

TEST_CASE("config: the widest heads do not overflow int") {
  ModelConfig config = gpt2_small_config();
  config.heads = config.key_value_heads = 4096;
  config.d_head = 1 << 14;
  CHECK_NOTHROW(check(config));
  CHECK(config.qkv_width() == 3 * (1 << 26));
}
