#include "head_design_file.h"

#include <doctest/doctest.h>

#include "model_copy.h"
#include "probe.h"
#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

TEST_CASE("config.json says how each head is built") {
  const Model model = load_model(test_data() / "models" / "tiny-headlight");
  const ModelConfig& config = model.config;
  REQUIRE(config.head_designs.size() == 8);
  for (int layer = 0; layer < 2; ++layer) {
    CHECK(*config.design_of({layer, 0}) == HeadDesign{local_mask(3), 0.5f, 1});
    CHECK(*config.design_of({layer, 1}) == HeadDesign{dilated_mask(4, 3) | global_mask(1), 1.0f, 1});
    CHECK(*config.design_of({layer, 3}) == HeadDesign{{}, 2.0f, 3});
  }
  CHECK(config.convolution == 3);
  CHECK(config.routing == Routing{1, 2});
  const Block& block = model.weights.blocks[1];
  CHECK(block.temperature.size() == 4);
  CHECK(block.convolution.size() == 64 * 3);
  CHECK(block.router.weight.out() == 4);
  CHECK(block.router_balance.weight.out() == 2);

  const Model layers = load_model(test_data() / "models" / "tiny-headlight-layers");
  CHECK(*layers.config.design_of({0, 2}) == HeadDesign{strided_mask(4), 1.0f, 4});
  CHECK(*layers.config.design_of({1, 0}) == HeadDesign{columns_mask(5, 2) | token_mask(1)});
  CHECK(layers.config.design_of({1, 1})->temperature == 5.0f);
  CHECK(layers.config.routing == Routing{0, 1});
  CHECK(layers.config.convolution == 0);
}

TEST_CASE("a token that a router does not send to a head gets exactly nothing from it") {
  const Model model = load_model(test_data() / "models" / "tiny-headlight");
  const Trace trace = run(model, std::vector<int>{3, 50, 7, 7, 120, 9, 31});
  for (int layer = 0; layer < 2; ++layer) {
    const std::vector<float>& gates = trace.block(layer).gates;
    REQUIRE(gates.size() == 7 * 4);
    for (int row = 0; row < 7; ++row) {
      double sum = 0.0;
      int used = 0;
      for (int head = 0; head < 4; ++head) {
        const float gate = gates[static_cast<std::size_t>(row * 4 + head)];
        sum += gate;
        used += gate != 0.0f;
        if (gate != 0.0f) continue;
        const auto z = trace.z({layer, head});
        for (std::size_t i = 0; i < z.shape(1); ++i) {
          CHECK(z(static_cast<std::size_t>(row), i) == 0.0f);
        }
      }
      CHECK(used == 3);
      CHECK(sum > 0.0);
      CHECK(sum < 3.0001);
    }
  }
}

TEST_CASE("a wrong description of heads is one sentence with the file and the key") {
  const auto refusal_of = [](const std::string& from, const std::string& to,
                          const char* name = "tiny-headlight") {
    Copy copy(name);
    copy.replace(from, to);
    return copy.refusal();
  };
  const std::string mask = "\"mask\": \"local:3\"";
  CHECK(refusal_of(mask, "\"mask\": \"local:x\"").find("config.json: heads[0].mask: [parse_mask]") !=
        std::string::npos);
  CHECK(refusal_of(mask, "\"masks\": \"local:3\"").find(
            "heads[0].masks: is not known; known are mask, temperature, pool") != std::string::npos);
  CHECK(refusal_of("\"temperature\": 0.5", "\"temperature\": 0")
            .find("heads[0].temperature: expected a number above 0") != std::string::npos);
  CHECK(refusal_of("\"temperature\": 0.5", "\"temperature\": \"hot\"").find("expected a number") !=
        std::string::npos);
  CHECK(refusal_of("\"pool\": 3,", "\"pool\": 0,").find("pool: expected 1 to 16777216") !=
        std::string::npos);
  CHECK(refusal_of("\"pool\": 3,", "\"pool\": 2,").find(
            "heads: heads 2 and 3 share keys and values, but have different pools") !=
        std::string::npos);
  CHECK(refusal_of("\"num_attention_heads\": 4", "\"num_attention_heads\": 6")
            .find("heads: describes 4 heads, but a layer has 6") != std::string::npos);
  CHECK(refusal_of("\"num_attention_heads\": 4", "\"num_attention_heads\": 5")
            .find("key_value_heads 2, expected a divisor") != std::string::npos);
  CHECK(refusal_of("\"pool\": 3,", "\"pool\": 2147483647,").find("pool: expected 1 to 16777216") !=
        std::string::npos);
  CHECK(refusal_of("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 4096").find("layers") !=
        std::string::npos);
  CHECK(refusal_of("\"num_attention_heads\": 4", "\"num_attention_heads\": 4096").find("heads") !=
        std::string::npos);
  CHECK(refusal_of("\"top_k\": 2", "\"top_k\": 4").find("router.top_k: 1 shared heads and 4 more") !=
        std::string::npos);
  CHECK(refusal_of("\"top_k\": 2", "\"top_k\": 0").find("router.top_k: expected at least 1") !=
        std::string::npos);
  CHECK(refusal_of("\"top_k\": 2", "\"top\": 2").find("router.top: is not known") != std::string::npos);
  CHECK(refusal_of("\"convolution\": 3", "\"convolution\": 4").find("conv.weight") !=
        std::string::npos);
  CHECK(refusal_of("\"convolution\": 3", "\"convolution\": 65").find("expected at most 64 taps") !=
        std::string::npos);
  // A part that the file has and the config does not name, and the other way round.
  CHECK(refusal_of("\"learned_temperature\": true", "\"learned_temperature\": false")
            .find("self_attn.temperature") != std::string::npos);
  CHECK(refusal_of("\"convolution\": 3,", "").find("conv.weight") != std::string::npos);
  CHECK(refusal_of("\"router\": {", "\"other\": {").find("router") != std::string::npos);
  CHECK(refusal_of("\"top_k\": 1", "\"top_k\": 1, \"shared_heads\": 1", "tiny-headlight-layers") == "");
  CHECK(refusal_of("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "tiny-headlight-layers")
            .find("heads: describes 2 layers of 1") != std::string::npos);
}

TEST_CASE("a short list does not stand for more heads than any model has") {
  Copy copy("tiny-headlight");
  copy.replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 4096");
  copy.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 4096");
  CHECK(copy.refusal().find("heads: describes 4096 layers of 4096 heads, more than 65536 in all") !=
        std::string::npos);
}

TEST_CASE("a part that the config names and the file lacks is refused by its tensor") {
  for (const char* name : {"router.weight", "router_balance.weight", "conv.weight", "temperature"}) {
    Copy copy("tiny-headlight");
    const std::string tensor = std::string("model.layers.1.self_attn.") + name;
    REQUIRE(copy.tensors.erase(tensor) == 1);
    copy.write_tensors();
    CAPTURE(copy.refusal());
    CHECK(copy.refusal().find(std::string("layers.1.self_attn.") + name) != std::string::npos);
  }
}

TEST_CASE("a pool larger than the text is the mean of what is there") {
  const Model model = load_model(test_data() / "models" / "tiny-headlight-layers");
  const Trace trace = run(model, std::vector<int>{5, 9});
  const auto weights = trace.weights({1, 2});  // It pools by 7.
  CHECK(weights(0, 0) == 1.0f);
  CHECK(weights(1, 0) == 0.0f);
  CHECK(weights(1, 1) == 1.0f);
}
