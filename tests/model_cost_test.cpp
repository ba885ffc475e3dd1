#include "model_cost.h"

#include <doctest/doctest.h>

#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

ModelConfig plain() {
  ModelConfig config = small_llama_config();  // d_model 20, 4 heads of 6, 2 key-value heads
  config.layers = 1;
  config.d_ff = 10;
  config.vocabulary = 50;
  return config;
}

ModelCost cost_of(const ModelConfig& config, int tokens) {
  return model_cost(random_model(config, 1), tokens);
}

}  // namespace

TEST_CASE("the cache holds a key and a value for each key-value head") {
  ModelConfig config = plain();
  CHECK(cost_of(config, 8).cache_bytes_per_token == 2 * 2 * 6 * 2);
  CHECK(cost_of(config, 8).cache_bytes_fixed == 0);
  config.key_value_heads = 4;
  CHECK(cost_of(config, 8).cache_bytes_per_token == 2 * 4 * 6 * 2);
  config.key_value_heads = 1;
  CHECK(cost_of(config, 8).cache_bytes_per_token == 2 * 1 * 6 * 2);
  config.layers = 3;
  CHECK(cost_of(config, 8).cache_bytes_per_token == 3 * 2 * 1 * 6 * 2);
}

TEST_CASE("a window bounds the cache and a pool divides it") {
  ModelConfig config = plain();
  config.key_value_heads = 4;
  config.head_designs = {{local_mask(3)}, {dilated_mask(2, 5)}, {{}, 1.0f, 4}, {}};
  const ModelCost cost = cost_of(config, 16);
  CHECK(cost.cache_bytes_per_token == 2 * 6 * 2 * (0.25 + 1.0));
  CHECK(cost.cache_bytes_fixed == 2 * 6 * 2 * (4 + 11));
  // Heads that share keys keep what the one that looks farthest needs.
  config.key_value_heads = 2;
  config.head_designs = {{local_mask(3)}, {local_mask(1)}, {local_mask(3)}, {}};
  CHECK(cost_of(config, 16).cache_bytes_per_token == 2 * 6 * 2);
  CHECK(cost_of(config, 16).cache_bytes_fixed == 2 * 6 * 2 * 4);
}

TEST_CASE("multiplications are those of every product") {
  ModelConfig config = plain();
  const double tokens = 16, cells = tokens * (tokens + 1) / 2;
  const double products = 20.0 * 48 + 24 * 20 + 3 * 20 * 10 + 20 * 50;
  CHECK(cost_of(config, 16).multiplications_per_token ==
        doctest::Approx(products + 4 * 2 * 6 * cells / tokens));
  config.head_designs.assign(4, {local_mask(0)});  // Only itself
  CHECK(cost_of(config, 16).multiplications_per_token == doctest::Approx(products + 4 * 2 * 6));
  config.head_designs.clear();
  config.convolution = 3;
  CHECK(cost_of(config, 16).multiplications_per_token ==
        doctest::Approx(products + 4 * 2 * 6 * cells / tokens + 3 * 48));
  CHECK(cost_of(config, 16).cache_bytes_fixed == 48 * 2 * 2);
  config.convolution = 0;
  config.routing = {1, 1};  // 2 of 4 heads, for whom alone queries and outputs are made
  const double per_head = 2 * 6 * cells / tokens + 2 * 20 * 6;
  CHECK(cost_of(config, 16).multiplications_per_token ==
        doctest::Approx(products - 2 * 20 * 24 + 2 * per_head + 20 * 6));
}

TEST_CASE("costs are for decoders of one stack") {
  const auto said = [](const Model& model, int tokens) {
    return message_of<std::invalid_argument>([&] { model_cost(model, tokens); });
  };
  CHECK(said(encoder_decoders()[0], 8) == "[model_cost] expected a model of one stack");
  CHECK(said(random_model(plain(), 1), 0) == "[model_cost] expected at least 1 token");
}
