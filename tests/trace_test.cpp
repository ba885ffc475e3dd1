#include "trace.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "pass.h"
#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// Calls look(trace, name) for every model with every edit.
template <typename Look>
void with_each_trace(const Look& look) {
  for (const Model& model : all_models()) {
    const MeanOutputs means = mean_outputs(model);
    for (const auto& [name, edits] : some_edits(model.config)) {
      look(run(model, some_ids(model, 21, 1), edits, {.means = &means}), model.name + " " + name);
    }
  }
}

template <typename Look>
void with_each_head(const Trace& trace, const Look& look) {
  for (int layer = 0; layer < trace.model().config.layers; ++layer) {
    for (int head = 0; head < trace.model().config.heads; ++head) look(HeadId{layer, head});
  }
}

HeadEdit edit_of(const Trace& trace, HeadId id) {
  const auto found = trace.edits().find(id);
  return found == trace.edits().end() ? HeadEdit{} : found->second;
}

}  // namespace

TEST_CASE("rows of weights sum to 1 or are all 0 and masked cells are exactly 0") {
  with_each_trace([](const Trace& trace, const std::string& name) {
    CAPTURE(name);
    const int n = trace.size();
    with_each_head(trace, [&](HeadId id) {
      const xt::xtensor<float, 2> weights = trace.weights(id);
      const std::vector<std::uint8_t> masked = masked_cells(trace, id);
      REQUIRE(masked.size() == std::size_t(n) * n);
      for (int query = 0; query < n; ++query) {
        double sum = 0.0;
        int allowed = 0;
        bool masked_are_0 = true, masked_are_told = true, in_range = true;
        for (int key = 0; key < n; ++key) {
          const float w = weights(query, key);
          const bool free = plain_allows(trace.model().config, trace.edits(), id, query, key, n);
          allowed += free ? 1 : 0;
          masked_are_told = masked_are_told && masked[std::size_t(query) * n + key] == !free;
          masked_are_0 = masked_are_0 && (free || (w == 0.0f && !std::signbit(w)));
          in_range = in_range && w >= 0.0f && w <= 1.000001f;
          sum += w;
        }
        CHECK(masked_are_0);
        CHECK(masked_are_told);
        CHECK(in_range);
        CHECK(std::abs(sum - (allowed > 0 ? 1.0 : 0.0)) <= (allowed > 0 ? 1e-5 : 0.0));
      }
    });
  });
}

TEST_CASE("scores are scaled products and weights their masked softmax") {
  with_each_trace([](const Trace& trace, const std::string& name) {
    CAPTURE(name);
    const ModelConfig& config = trace.model().config;
    const int n = trace.size();
    with_each_head(trace, [&](HeadId id) {
      const HeadEdit edit = edit_of(trace, id);
      const xt::xtensor<float, 2> q = trace.q(id), k = trace.k(id), v = trace.v(id),
                                  z = trace.z(id);
      const xt::xtensor<float, 2> scores = trace.scores(id), weights = trace.weights(id);
      const auto has_shape = [&](const xt::xtensor<float, 2>& rows, int columns) {
        return rows.shape(0) == std::size_t(n) && rows.shape(1) == std::size_t(columns);
      };
      REQUIRE((has_shape(q, config.d_head) && has_shape(k, config.d_head)));
      REQUIRE((has_shape(v, config.d_head) && has_shape(z, config.d_head)));
      REQUIRE((has_shape(scores, n) && has_shape(weights, n)));
      double temperature = edit.temperature;
      const BlockTrace& block = trace.block(id.layer);
      const std::vector<float>& learned =
          trace.model().weights.blocks[static_cast<std::size_t>(id.layer)].temperature;
      if (const HeadDesign* design = config.design_of(id)) temperature *= design->temperature;
      if (!learned.empty()) temperature *= learned[static_cast<std::size_t>(id.head)];
      const double scale = 1.0 / (std::sqrt(static_cast<double>(config.d_head)) * temperature);
      bool near_scores = true, near_weights = true, near_z = true;
      for (int query = 0; query < n; ++query) {
        double largest = -1e300, sum = 0.0;
        for (int key = 0; key < n; ++key) {
          double product = 0.0;
          for (int i = 0; i < config.d_head; ++i) product += double(q(query, i)) * k(key, i);
          const double want = product * scale;
          near_scores =
              near_scores && std::abs(scores(query, key) - want) <= 1e-5 * (1 + std::abs(want));
          if (plain_allows(config, trace.edits(), id, query, key, n)) {
            largest = std::max(largest, double(scores(query, key)));
          }
        }
        for (int key = 0; key < n; ++key) {
          if (!plain_allows(config, trace.edits(), id, query, key, n)) continue;
          sum += std::exp(scores(query, key) - largest);
        }
        for (int key = 0; key < n; ++key) {
          const double want = plain_allows(config, trace.edits(), id, query, key, n)
                                  ? std::exp(scores(query, key) - largest) / sum
                                  : 0.0;
          near_weights = near_weights && std::abs(weights(query, key) - want) <= 1e-6;
        }
        for (int i = 0; i < config.d_head; ++i) {
          double want = 0.0;
          for (int key = 0; key < n; ++key) want += double(weights(query, key)) * v(key, i);
          if (!block.gates.empty()) {
            want *= block.gates[static_cast<std::size_t>(query * config.heads + id.head)];
          }
          near_z = near_z && std::abs(z(query, i) - want) <= 1e-5;
        }
      }
      CHECK(near_scores);
      CHECK(near_weights);
      CHECK(near_z);
    });
  });
}

TEST_CASE("one score is that of the whole map bit for bit") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const HeadId id{1, 1};
    const Trace trace = run(model, some_ids(model, 20, 2), {{id, {.temperature = 0.3f}}});
    with_each_head(trace, [&](HeadId head) {
      const xt::xtensor<float, 2> scores = trace.scores(head);
      bool same = true;
      for (int query = 0; query < 20; ++query) {
        for (int key = 0; key < 20; ++key) {
          same = same && trace.score(head, {query, key}) == scores(query, key);
        }
      }
      CHECK(same);
    });
  }
}

TEST_CASE("weights written to memory are those of the value") {
  const Model model = random_model(small_gpt2_config(), 1);
  const Trace trace = run(model, some_ids(model, 9, 3));
  AttentionScratch scratch;
  std::vector<float> out(9 * 9 + 1, -9.0f);
  with_each_head(trace, [&](HeadId id) {
    trace.weights(id, out.data(), scratch);
    const xt::xtensor<float, 2> weights = trace.weights(id);
    CHECK(std::equal(weights.begin(), weights.end(), out.begin()));
  });
  CHECK(out.back() == -9.0f);
}

TEST_CASE("heads of a group share keys and values") {
  const Model model = random_model(small_llama_config(), 2);
  const Trace trace = run(model, some_ids(model, 7, 4));
  CHECK(trace.k({0, 0}) == trace.k({0, 1}));
  CHECK(trace.v({0, 2}) == trace.v({0, 3}));
  CHECK(trace.k({0, 1}) != trace.k({0, 2}));
  CHECK(trace.v({0, 1}) != trace.v({0, 2}));
  CHECK(trace.q({0, 0}) != trace.q({0, 1}));
}

TEST_CASE("the residual stream begins with the embedding") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 6, 5);
    const Trace trace = run(model, ids);
    const int width = model.config.d_model;
    const Embedding& embedding = model.weights.embedding;
    const Matrix plain = plain_embedding(model, embedding.token, embedding, trace.tokens());
    const xt::xtensor<float, 2> first = trace.residual(0);
    REQUIRE(first.shape(0) == 6);
    REQUIRE(first.shape(1) == std::size_t(width));
    for (int row = 0; row < 6; ++row) {
      for (int i = 0; i < width; ++i) {
        if (!embedding.norm.gain.empty()) {
          CHECK(std::abs(first(row, i) - plain[row][i]) <= 1e-5);
          continue;
        }
        float want = embedding.token[std::size_t(ids[row]) * width + i];
        want *= model.config.embedding_scale;
        if (model.config.position == PositionKind::learned) {
          want += embedding.position[std::size_t(row + model.config.position_offset) * width + i];
        }
        CHECK(first(row, i) == want);
      }
    }
  }
}

TEST_CASE("a copy of a trace holds what the trace held") {
  const Model model = random_model(small_gpt2_config(), 1);
  const std::vector<int> ids = some_ids(model, 6, 6);
  Trace copy;
  {
    const Trace trace = run(model, ids, {{{0, 1}, {.gain = 0.0f, .mask = local_mask(2)}}});
    copy = trace;
    CHECK(difference_of(copy, trace) == "");
  }
  CHECK(copy.size() == 6);
  CHECK(copy.tokens().size() == 6);
  CHECK(&copy.model() == &model);
  CHECK(copy.edits().at({0, 1}).gain == 0.0f);
  CHECK(copy.weights({0, 1})(5, 0) == 0.0f);
}

TEST_CASE("a place outside a trace is refused by naming it") {
  const Model model = random_model(small_llama_config(), 1);
  const Trace trace = run(model, some_ids(model, 5, 7));
  const auto refusal = [](const auto& action) { return message_of<std::invalid_argument>(action); };
  const std::string no_head = "the model has 3 layers of 4 heads, counted from 0";
  for (HeadId id : {HeadId{3, 0}, HeadId{0, 4}, HeadId{-1, 0}, HeadId{0, -1}}) {
    const std::string want = "[trace] there is no head " + to_string(id) + ": " + no_head;
    CHECK(refusal([&] { trace.weights(id); }) == want);
    CHECK(refusal([&] { trace.scores(id); }) == want);
    CHECK(refusal([&] { trace.score(id, {0, 0}); }) == want);
    CHECK(refusal([&] { trace.q(id); }) == want);
    CHECK(refusal([&] { trace.k(id); }) == want);
    CHECK(refusal([&] { trace.v(id); }) == want);
    CHECK(refusal([&] { trace.z(id); }) == want);
  }
  for (Cell cell : {Cell{5, 0}, Cell{0, 5}, Cell{-1, 0}, Cell{0, -1}}) {
    CHECK(refusal([&] {
            trace.score({0, 0}, cell);
          }) == "[score] the cell lies outside the map of 5 x 5 tokens");
  }
  CHECK(refusal([&] { trace.residual(4); }) == "[residual] expected a layer from 0 to 3, got 4");
  CHECK(refusal([&] { trace.residual(-1); }) == "[residual] expected a layer from 0 to 3, got -1");
  CHECK(refusal([&] { trace.logits(5); }) == "[logits] expected a position below 5, got 5");
  CHECK(refusal([&] { trace.logits(-1); }) == "[logits] expected a position below 5, got -1");
}
