#include "value_weighted.h"

#include <cmath>
#include <xtensor/xtensor.hpp>

namespace headlight {

std::vector<float> value_norms(const Trace& trace, HeadId head) {
  const xt::xtensor<float, 2> v = trace.v(head);
  const ModelConfig& config = trace.model().config;
  const int block = config.block_of(head.kind, head.layer);
  const PackedMatrix& w_o =
      trace.model().weights.blocks[static_cast<std::size_t>(block)].attention_out.weight;
  const std::size_t keys = v.shape(0), d_head = v.shape(1);
  const auto in = static_cast<std::size_t>(w_o.in());
  std::vector<double> squares(keys);
  for (int first = 0; first < w_o.out(); first += kPanelWidth) {
    // The head's rows of this panel: [d_head, 16]
    const float* rows = w_o.data() + (static_cast<std::size_t>(first) / kPanelWidth * in +
                                      static_cast<std::size_t>(head.head) * d_head) *
                                         kPanelWidth;
    for (std::size_t key = 0; key < keys; ++key) {
      float sums[kPanelWidth] = {};
      for (std::size_t i = 0; i < d_head; ++i) {
        for (int c = 0; c < kPanelWidth; ++c) sums[c] += v(key, i) * rows[i * kPanelWidth + c];
      }
      for (float sum : sums) squares[key] += static_cast<double>(sum) * sum;
    }
  }
  std::vector<float> norms(keys);
  for (std::size_t key = 0; key < keys; ++key) {
    norms[key] = static_cast<float>(std::sqrt(squares[key]));
  }
  return norms;
}

std::vector<float> value_weighted(const Trace& trace, HeadId head) {
  const std::vector<float> norms = value_norms(trace, head);
  const auto edit = trace.edits().find(head);
  const float gain = edit == trace.edits().end() ? 1.0f : std::abs(edit->second.gain);
  std::vector<float> out(static_cast<std::size_t>(trace.queries(head.kind)) * norms.size());
  AttentionScratch scratch;
  trace.weights(head, out.data(), scratch);
  // What a router sends on of the head's output for each query; 1 without one.
  static const std::vector<float> none;
  const std::vector<float>& gates =
      head.kind == AttentionKind::self
          ? trace.block(trace.model().config.block_of(head.kind, head.layer)).gates
          : none;
  const auto heads = static_cast<std::size_t>(trace.model().config.heads);
  for (std::size_t cell = 0; cell < out.size(); ++cell) {
    const std::size_t query = cell / norms.size();
    const float gate =
        gates.empty() ? 1.0f : gates[query * heads + static_cast<std::size_t>(head.head)];
    out[cell] *= gain * gate * norms[cell % norms.size()];
  }
  return out;
}

}  // namespace headlight
