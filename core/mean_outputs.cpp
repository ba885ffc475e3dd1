#include "mean_outputs.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <xtensor/xtensor.hpp>

#include "pass.h"

namespace headlight {
namespace {

// Plain prose of the everyday kind, written for this purpose; long enough to average over 200 tokens.
constexpr std::string_view reference_text =
    "The morning was cold, and the children walked quickly to the school at the end of the road. "
    "Anna had forgotten her gloves, so her brother gave her one of his. \"You can keep it until we "
    "are home,\" he said. At the corner they met an old man who was looking for his dog. He asked "
    "whether they had seen it, but nobody had. In the afternoon, when the lessons were over, they "
    "found the dog asleep behind the garden wall. It was wet and hungry, and it followed them all "
    "the way back to the village. The old man thanked them and wanted to pay them five coins. They "
    "did not take the money; instead they asked if they might visit the dog on Sundays. Since then "
    "they have gone there every week, and the old man tells them stories about the sea, the ships "
    "that he sailed on, and the cities that he saw when he was young.";

std::vector<int> reference_ids(const Model& model) {
  const int limit = std::min(model.config.context, 256);
  std::vector<int> ids;
  if (model.tokenizer) {
    for (const Token& token : model.tokenizer->encode(reference_text)) ids.push_back(token.id);
  } else {
    std::mt19937 generator(7);  // its sequence is fixed by the standard, unlike the distributions
    for (int i = 0; i < 128; ++i) {
      ids.push_back(static_cast<int>(generator() % static_cast<unsigned>(model.config.vocabulary)));
    }
  }
  if (static_cast<int>(ids.size()) > limit) ids.resize(limit);
  return ids;
}

}  // namespace

MeanOutputs mean_outputs(const Model& model, ThreadPool* pool) {
  const Trace trace = run(model, reference_ids(model), {}, {.pool = pool});
  const ModelConfig& config = model.config;
  const int first = trace.size() > 1 ? 1 : 0;
  MeanOutputs means;
  means.z.reserve(static_cast<std::size_t>(config.layers) * config.query_width());
  for (int layer = 0; layer < config.layers; ++layer) {
    for (int head = 0; head < config.heads; ++head) {
      const xt::xtensor<float, 2> z = trace.z({layer, head});
      for (int i = 0; i < config.d_head; ++i) {
        double sum = 0.0;
        for (int row = first; row < trace.size(); ++row) sum += z(row, i);
        means.z.push_back(static_cast<float>(sum / (trace.size() - first)));
      }
    }
  }
  return means;
}

}  // namespace headlight
