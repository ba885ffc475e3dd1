#include "walk_arithmetic.h"

#include <doctest/doctest.h>

#include <string>

#include "pass.h"
#include "pass_reference.h"
#include "walk_code.h"
#include "words_file.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// 2 tokens of 2 numbers, 1 head, so that all can be written down by hand.
LayerWalk hand_made(Edits edits = {}) {
  auto model = std::make_shared<Model>();
  ModelConfig& config = model->config;
  config.layers = config.heads = config.key_value_heads = 1;
  config.d_model = config.d_head = 2;
  config.vocabulary = config.context = 2;
  config.norm_place = NormPlace::post;
  config.predicts = ModelConfig::Predicts::nothing;
  model->weights.embedding.token = {1.0f, 2.0f, 3.0f, -1.0f};
  Block& block = model->weights.blocks.emplace_back();
  // q = x, k = 2 x, v = x with its numbers exchanged
  const float qkv[] = {1, 0, 2, 0, 0, 1, 0, 1, 0, 2, 1, 0};
  block.qkv.weight = PackedMatrix::from_in_out(qkv, 2, 6);
  const float w_o[] = {1, 0, 0, 1};
  block.attention_out.weight = PackedMatrix::from_in_out(w_o, 2, 2);
  Input input;
  input.tokens = {{.id = 0, .text = "one"}, {.id = 1, .text = " two"}};
  const Trace trace = run(*model, input, edits);
  return LayerWalk(model, trace, {0, 0});
}

}  // namespace

TEST_CASE("walk_arithmetic: numbers as people write them") {
  CHECK(number_text(0.0) == "0");
  CHECK(number_text(0.5) == "0.5");
  CHECK(number_text(-0.25) == "−0.25");
  CHECK(number_text(12.3456) == "12.35");
  CHECK(number_text(0.12345) == "0.1235");
  CHECK(number_text(100.0) == "100");
  CHECK(number_text(-0.00001) == "−1.00e-05");
  CHECK(number_text(-1.0 / 0.0) == "−∞");
}

TEST_CASE("walk_arithmetic: every step of a layer that can be computed by hand") {
  const LayerWalk walk = hand_made();
  const auto line = [&](WalkTensor tensor, int row, int column) { return arithmetic_of(walk, {tensor, row, column}).line; };
  CHECK(line(WalkTensor::x, 0, 1) == "E[ids][one, 1] = 2");
  CHECK(line(WalkTensor::all_k, 1, 0) == "3 × 2 + (−1) × 0 = 6");
  CHECK(line(WalkTensor::products, 1, 0) == "3 × 2 + (−1) × 4 = 2");
  CHECK(line(WalkTensor::scores, 1, 0) == "2 ÷ 1.414 = 1.414");
  CHECK(line(WalkTensor::masked, 0, 1) == "1.414 → −∞");
  CHECK(line(WalkTensor::weights, 0, 1) == "−∞ → 0");
  CHECK(line(WalkTensor::weights, 0, 0) == "exp(7.071 − 7.071) ÷ 1 = 1 ÷ 1 = 1");
  CHECK(line(WalkTensor::z, 0, 0) == "1 × 2 = 2");
  CHECK(line(WalkTensor::stream, 0, 0) == "1 + 2 = 3");
  CHECK(arithmetic_of(walk, {WalkTensor::products, 1, 0}).name == "q·k[·two, one]");
  CHECK(arithmetic_of(walk, {WalkTensor::products, 1, 0}).terms ==
        std::vector<std::string>{"q[·two, 0] 3 × k[one, 0] 2 = 6", "q[·two, 1] (−1) × k[one, 1] 4 = −4"});
  CHECK(arithmetic_of(walk, {WalkTensor::masked, 0, 1}).sentence.find("may not look") != std::string::npos);
}

TEST_CASE("walk_arithmetic: a temperature divides, a gain multiplies") {
  const LayerWalk walk = hand_made({{HeadId{0, 0}, {.gain = 0.5f, .temperature = 2.0f}}});
  CHECK(arithmetic_of(walk, {WalkTensor::scores, 1, 0}).line == "2 ÷ 2.828 = 0.7071");
  CHECK(arithmetic_of(walk, {WalkTensor::concatenated, 0, 0}).line == "2 × 0.5 = 1");
}

TEST_CASE("walk_code: every step has code, formula and words, with this model's sizes and no name unfilled") {
  for (const Model& made : all_models()) {
    const auto model = std::make_shared<const Model>(made);
    const Trace trace = run(*model, some_ids(*model, 5, 1));
    for (int layer = 0; layer < 2; ++layer) {
      const LayerWalk walk(model, trace, {layer, 1});
      for (int i = 0; i < walk_steps; ++i) {
        const auto step = static_cast<WalkStep>(i);
        for (const std::string& text : {step_code(walk, step, false), step_code(walk, step, true), step_formula(walk, step),
                                        step_words(walk, step, false), step_words(walk, step, true)}) {
          CAPTURE(model->name);
          CAPTURE(std::string(to_string(step)));
          CAPTURE(text);
          CHECK_FALSE(text.empty());
          CHECK(text.find("words.") == std::string::npos);
          CHECK(text.find("formula.") == std::string::npos);
          CHECK(text.find('{') == std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("walk words: each tensor has a symbol and a sentence, each symbol of a formula an explanation") {
  const Words& words = window_words("walk");
  for (int i = 0; i < walk_tensors; ++i) {
    const std::string name = to_string(static_cast<WalkTensor>(i));
    CHECK(words.has("tensor." + name));
    CHECK(words.has("how." + name));
  }
  for (int i = 0; i < walk_steps; ++i) {
    const std::string name = to_string(static_cast<WalkStep>(i));
    for (const char* part : {"step.", "title.", "words.", "formula."}) CHECK(words.has(part + name));
  }
  const std::string plain = "=+/→[](),|…·";
  const std::vector<std::string> sayings = {"what", "layer", "left", "where", "must", "not", "see", "then", "1", "−"};
  for (const std::string& key : words.keys()) {
    if (!key.starts_with("formula.")) continue;
    const std::string formula = words.get(key);
    for (std::size_t begin = 0; begin < formula.size();) {
      const std::size_t end = std::min(formula.find(' ', begin), formula.size());
      const std::string symbol = formula.substr(begin, end - begin);
      begin = end + 1;
      const bool saying = std::find(sayings.begin(), sayings.end(), symbol) != sayings.end();
      if (symbol.empty() || saying || plain.find(symbol) != plain.npos) continue;
      CAPTURE(key);
      CAPTURE(symbol);
      CHECK(words.has("symbol." + symbol));
    }
  }
}
