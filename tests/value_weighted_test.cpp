#include "value_weighted.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>
#include <xtensor/xtensor.hpp>

#include "pass.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// Row `in` of W_O, whatever the packing.
double w_o(const Model& model, int block, int in, int out) {
  const PackedMatrix& w = model.weights.blocks[static_cast<std::size_t>(block)].attention_out.weight;
  return w.data()[(static_cast<std::size_t>(out / kPanelWidth) * w.in() + in) * kPanelWidth +
                  out % kPanelWidth];
}

void check_head(const Trace& trace, HeadId head, double gain) {
  const Model& model = trace.model();
  const int block = model.config.block_of(head.kind, head.layer);
  const xt::xtensor<float, 2> a = trace.weights(head), v = trace.v(head);
  const std::vector<float> got = value_weighted(trace, head);
  REQUIRE(got.size() == a.size());
  const std::vector<float>& gates = trace.block(block).gates;
  for (std::size_t i = 0; i < a.shape(0); ++i) {
    const double gate =
        gates.empty() ? 1.0
                      : gates[i * static_cast<std::size_t>(model.config.heads) +
                              static_cast<std::size_t>(head.head)];
    for (std::size_t j = 0; j < a.shape(1); ++j) {
      double square = 0.0;
      for (int out = 0; out < model.config.d_model; ++out) {
        double moved = 0.0;
        for (std::size_t k = 0; k < v.shape(1); ++k) {
          moved += v(j, k) *
                   w_o(model, block, head.head * static_cast<int>(v.shape(1)) + static_cast<int>(k), out);
        }
        square += moved * moved;
      }
      CHECK(got[i * a.shape(1) + j] == doctest::Approx(gain * gate * a(i, j) * std::sqrt(square)).epsilon(1e-4));
    }
  }
}

}  // namespace

TEST_CASE("value-weighted weights are the formula with every kind of head") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const Edits edits{{{1, 1}, {.gain = -0.5f}}, {{0, 0}, {.gain = 0.0f}}};
    const Trace trace = run(model, some_ids(model, 9, 2), edits);
    check_head(trace, {0, 1}, 1.0);
    check_head(trace, {1, 1}, 0.5);
    for (float cell : value_weighted(trace, {0, 0})) CHECK(cell == 0.0f);
    CHECK(value_norms(trace, {0, 0})[3] > 0.0f);
  }
  for (const Model& model : encoder_decoders()) {
    const Trace trace = run(model, input_of_ids(model, some_ids(model, 5, 2), some_ids(model, 8, 3)));
    for (AttentionKind kind : model.config.kinds()) check_head(trace, {1, 2, kind}, 1.0);
  }
}

TEST_CASE("attention from a file has no values") {
  const Model model = load_model(test_data() / "attention" / "stored.npz");
  CHECK_THROWS_AS(value_weighted(run(model, Input{}), {0, 0}), std::invalid_argument);
}
