#include "naive_attention.h"

#include <doctest/doctest.h>

#include <cmath>

#include "pass_checks.h"
#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

TEST_CASE("a small attention for each head gives what one product for all heads gives") {
  ThreadPool pool(1);
  for (const Model& model : all_models()) {
    const Trace trace = run(model, some_ids(model, 31, 3));
    for (int layer = 0; layer < model.config.layers; ++layer) {
      CAPTURE(model.name);
      CAPTURE(layer);
      const BlockTrace& block = trace.block(layer);
      std::vector<float> z(block.z.size(), -9.0f);
      NaiveAttention(model, layer).run(block.input.data(), trace.size(), z.data(), pool);
      double largest = 0.0;
      for (std::size_t i = 0; i < z.size(); ++i) {
        const std::size_t head = i / static_cast<std::size_t>(model.config.d_head);
        const float gate = block.gates.empty() ? 1.0f : block.gates[head];
        largest = std::max(largest, std::abs(static_cast<double>(gate) * z[i] - block.z[i]));
      }
      CHECK(largest <= 1e-6);
      std::vector<float> together(z.size(), -9.0f);
      vectorised_attention(model, layer, block.input.data(), trace.size(), together.data(), pool);
      CHECK(together == z);
    }
  }
}

TEST_CASE("a layer or a stack that is not there is refused") {
  const Model model = random_model(small_gpt2_config(), 1);
  CHECK(message_of<std::invalid_argument>([&] { NaiveAttention(model, 3); })
            .find("there is no head L3 H0") != std::string::npos);
  CHECK(message_of<std::invalid_argument>([&] { NaiveAttention(encoder_decoders()[0], 0); })
            .find("expected a model of one stack") != std::string::npos);
}
