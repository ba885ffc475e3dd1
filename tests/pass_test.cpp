#include "pass.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "pass_checks.h"
#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// The model with a head's rows of W_O multiplied by `factor`.
Model with_scaled_output(Model model, HeadId id, float factor) {
  const ModelConfig& config = model.config;
  Linear& w_o = model.weights.blocks[id.layer].attention_out;
  std::vector<float> rows(static_cast<std::size_t>(config.query_width()) * config.d_model);
  for (int in = 0; in < config.query_width(); ++in) {
    for (int out = 0; out < config.d_model; ++out) {
      const std::size_t at =
          (static_cast<std::size_t>(out) / kPanelWidth * config.query_width() + in) * kPanelWidth +
          out % kPanelWidth;
      rows[static_cast<std::size_t>(in) * config.d_model + out] =
          w_o.weight.data()[at] * (in / config.d_head == id.head ? factor : 1.0f);
    }
  }
  w_o.weight = PackedMatrix::from_in_out(rows.data(), config.query_width(), config.d_model);
  return model;
}

std::string refusal(const Model& model, const std::vector<int>& ids, const Edits& edits = {}) {
  return message_of<std::invalid_argument>([&] { run(model, ids, edits); });
}

}  // namespace

TEST_CASE("a pass is the formulas in double precision with and without every edit") {
  for (const Model& model : all_models()) {
    const MeanOutputs means = mean_outputs(model);
    for (const auto& [name, edits] : some_edits(model.config)) {
      CAPTURE(model.name);
      CAPTURE(name);
      const std::vector<int> ids = some_ids(model, 19, 5);
      const Trace got = run(model, ids, edits, {.means = &means});
      check_run(got, plain_run(model, ids, edits, means));
    }
  }
}

TEST_CASE("edits that change nothing are the baseline bit for bit") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 17, 1);
    const Trace baseline = run(model, ids);
    CHECK(baseline.edits().empty());
    const HeadId id{1, 1};
    CHECK(difference_of(run(model, ids, Edits{}), baseline) == "");
    CHECK(difference_of(run(model, ids, {{id, HeadEdit{}}}), baseline) == "");
    CHECK(run(model, ids, {{id, HeadEdit{}}}).edits().empty());
    CHECK(difference_of(run(model, ids, {{id, {.replace = Replacement::mean}}}), baseline) == "");
    CHECK(difference_of(run(model, ids, {{id, {.mask = local_mask(40)}}}), baseline) == "");
    CHECK(difference_of(run(model, ids, {{id, {.masked_cells = {{17, 0}, {0, 17}}}}}), baseline) ==
          "");
    if (model.config.causal) {
      CHECK(difference_of(run(model, ids, {{id, {.mask = causal_mask()}}}), baseline) == "");
      CHECK(difference_of(run(model, ids, {{id, {.masked_cells = {{3, 4}}}}}), baseline) == "");
    }
  }
}

TEST_CASE("an edit leaves earlier layers and other heads of its layer untouched bit for bit") {
  for (const Model& model : all_models()) {
    const std::vector<int> ids = some_ids(model, 15, 2);
    const Trace baseline = run(model, ids);
    for (const auto& [name, edits] : some_edits(model.config)) {
      if (edits.empty()) continue;
      CAPTURE(model.name);
      CAPTURE(name);
      const Trace edited = run(model, ids, edits);
      const int first = edits.begin()->first.layer;
      CHECK(difference_of_blocks(edited, baseline, 0, first) == "");
      for (int head = 0; head < model.config.heads; ++head) {
        const HeadId id{first, head};
        const auto edit = edits.find(id);
        CHECK(difference("q", edited.q(id), baseline.q(id)) == "");
        CHECK(difference("k", edited.k(id), baseline.k(id)) == "");
        CHECK(difference("v", edited.v(id), baseline.v(id)) == "");
        // Gain and replacement act behind weights and z, which stay visible.
        if (edit != edits.end() && edit->second.changes_weights()) continue;
        CHECK(difference("weights", edited.weights(id), baseline.weights(id)) == "");
        CHECK(difference("z", edited.z(id), baseline.z(id)) == "");
      }
      // What the edit is for: something after the layer differs.
      const bool same_on_causal = name == "causal" && model.config.causal;
      CHECK((difference_of(edited, baseline) == "") == same_on_causal);
    }
  }
}

TEST_CASE("nothing looks ahead on a causal model") {
  for (const Model& model : all_models()) {
    if (!model.config.causal) continue;
    for (const auto& [name, edits] : some_edits(model.config)) {
      CAPTURE(model.name);
      CAPTURE(name);
      const MeanOutputs means = mean_outputs(model);
      const std::vector<int> ids = some_ids(model, 14, 3);
      std::vector<int> other = ids;
      const int changed = 9;
      other[changed] = (other[changed] + 1) % model.config.vocabulary;
      const Trace a = run(model, ids, edits, {.means = &means});
      const Trace b = run(model, other, edits, {.means = &means});
      for (int layer = 0; layer < model.config.layers; ++layer) {
        for (int head = 0; head < model.config.heads; ++head) {
          const xt::xtensor<float, 2> x = a.weights({layer, head}), y = b.weights({layer, head});
          bool ahead = false, same = true;
          for (int query = 0; query < a.size(); ++query) {
            for (int key = 0; key < a.size(); ++key) {
              ahead = ahead || (key > query && x(query, key) != 0.0f);
              same = same && (query >= changed || x(query, key) == y(query, key));
            }
          }
          CHECK_FALSE(ahead);
          CHECK(same);
        }
      }
      for (int i = 0; i < a.size(); ++i) {
        CHECK((a.logits(i) == b.logits(i)) == (i < changed));
      }
    }
  }
}

TEST_CASE("a bidirectional model looks ahead") {
  const Model model = random_model(small_bidirectional_config(), 3);
  const std::vector<int> ids = some_ids(model, 6, 4);
  CHECK(run(model, ids).weights({0, 0})(0, 5) > 0.0f);
  std::vector<int> other = ids;
  other.back() = (other.back() + 1) % model.config.vocabulary;
  CHECK(run(model, ids).logits(0) != run(model, other).logits(0));
}

TEST_CASE("pruning all heads of a layer takes its attention away") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 12, 6);
    Edits edits;
    Model without = model;
    for (int head = 0; head < model.config.heads; ++head) {
      edits[{1, head}].gain = 0.0f;
      without = with_scaled_output(without, {1, head}, 0.0f);
    }
    CHECK(largest_difference(run(model, ids, edits), run(without, ids)) < 1e-6f);
    CHECK(largest_difference(run(model, ids, edits), run(model, ids)) > 1e-2f);
  }
}

TEST_CASE("a pruned head leaves no trace also where its output is infinite") {
  Model model = random_model(small_gpt2_config(), 1);
  const ModelConfig& config = model.config;
  const std::vector<int> ids = some_ids(model, 6, 20);
  const Edits pruned{{{1, 2}, {.gain = 0.0f}}};
  const Trace want = run(model, ids, pruned);
  model.weights.blocks[1].qkv.bias[2 * config.query_width() + 2 * config.d_head] =
      std::numeric_limits<float>::infinity();
  const Trace got = run(model, ids, pruned);
  CHECK(std::isinf(got.z({1, 2})(0, 0)));
  CHECK(largest_difference(got, want) == 0.0f);
}

TEST_CASE("gain multiplies a head's output before W_O") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 12, 7);
    const HeadId id{0, 1};
    for (float gain : {0.0f, 0.25f, 1.0f, 3.0f, -2.0f}) {
      CAPTURE(gain);
      CHECK(largest_difference(run(model, ids, {{id, {.gain = gain}}}),
                               run(with_scaled_output(model, id, gain), ids)) < 1e-5f);
    }
  }
}

TEST_CASE("a low temperature looks at the best key and a high one at all alike") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 12, 8);
    const HeadId id{1, 0};
    const xt::xtensor<float, 2> scores = run(model, ids).scores(id);
    const xt::xtensor<float, 2> cold = run(model, ids, {{id, {.temperature = 1e-4f}}}).weights(id);
    const xt::xtensor<float, 2> hot = run(model, ids, {{id, {.temperature = 1e6f}}}).weights(id);
    for (int query = 0; query < 12; ++query) {
      std::vector<int> keys;
      for (int key = 0; key < 12; ++key) {
        if (plain_allows(model.config, {}, id, query, key, 12)) keys.push_back(key);
      }
      int best = keys.front();
      for (int key : keys) {
        if (scores(query, key) > scores(query, best)) best = key;
      }
      for (int key : keys) {
        // A lead of 0.002 in score is e^20 in weight.
        if (scores(query, key) < scores(query, best) - 2e-3f) CHECK(cold(query, key) < 1e-6f);
        CHECK(hot(query, key) == doctest::Approx(1.0 / static_cast<double>(keys.size())).epsilon(1e-4));
      }
      CHECK(cold(query, best) > 0.5f);
    }
  }
}

TEST_CASE("mean ablation puts the means in a head's place") {
  const Model model = random_model(small_gpt2_config(), 1);
  const std::vector<int> ids = some_ids(model, 10, 9);
  MeanOutputs means = mean_outputs(model);
  const HeadId id{1, 2};
  const Edits pruned{{id, {.gain = 0.0f, .replace = Replacement::mean}}};
  const Trace measured = run(model, ids, pruned);
  CHECK(difference_of(run(model, ids, pruned, {.means = &means}), measured) == "");
  CHECK(largest_difference(measured, run(model, ids, {{id, {.gain = 0.0f}}})) > 1e-3f);
  // Only the head's own part counts.
  for (int i = 0; i < static_cast<int>(means.z.size()); ++i) {
    const int layer = i / model.config.query_width();
    const int head = i % model.config.query_width() / model.config.d_head;
    if (HeadId{layer, head} != id) means.z[i] = 1e6f;
  }
  CHECK(difference_of(run(model, ids, pruned, {.means = &means}), measured) == "");
}

TEST_CASE("a run that starts from an earlier trace is the whole run bit for bit") {
  for (const Model& model : all_models()) {
    const MeanOutputs means = mean_outputs(model);
    const int layers = model.config.layers;
    const std::vector<int> ids = some_ids(model, 13, 10);
    std::vector<std::pair<std::string, std::vector<int>>> texts = {{"same", ids}};
    texts.emplace_back("one appended", ids);
    texts.back().second.push_back(1);
    texts.emplace_back("eight appended", ids);
    for (int i = 0; i < 8; ++i) texts.back().second.push_back(i);
    texts.emplace_back("shortened by one", std::vector<int>(ids.begin(), ids.end() - 1));
    texts.emplace_back("shortened to one", std::vector<int>(ids.begin(), ids.begin() + 1));
    for (int changed : {12, 6, 0}) {
      texts.emplace_back("token " + std::to_string(changed) + " changed", ids);
      int& id = texts.back().second[changed];
      id = (id + 1) % model.config.vocabulary;
    }
    // One edit in each layer, and ones that reach over several.
    std::vector<Edits> edits = {{}};
    for (int layer = 0; layer < layers; ++layer) {
      edits.push_back({{{layer, 1}, {.gain = 0.5f, .mask = local_mask(3)}}});
    }
    for (const auto& [name, some] : some_edits(model.config)) {
      if (name == "all at once" || name == "random 3" || name == "mean") edits.push_back(some);
    }
    for (const Edits& before : edits) {
      const Trace earlier = run(model, ids, before, {.means = &means});
      for (const Edits& after : edits) {
        const int same_layers = first_difference(before, after, model.config);
        for (const auto& [name, text] : texts) {
          CAPTURE(model.name);
          CAPTURE(name);
          CAPTURE(same_layers);
          const Trace whole = run(model, text, after, {.means = &means});
          Pass pass(model, input_of_ids(model, text), after,
                    {.earlier = &earlier, .means = &means});
          int same_rows = 0;
          while (same_rows < static_cast<int>(std::min(ids.size(), text.size())) &&
                 ids[same_rows] == text[same_rows]) {
            ++same_rows;
          }
          const bool same_text = text == ids;
          CHECK(pass.reused_steps() == (same_text ? same_layers : 0));
          CHECK(pass.steps_done() == pass.reused_steps());
          const bool rows = !same_text && model.config.causal && same_layers > 0;
          CHECK(pass.reused_rows() == (rows ? same_rows : 0));
          CHECK(difference_of(finish(pass), whole) == "");
        }
      }
    }
  }
}

TEST_CASE("the weights written on the way are those made later bit for bit") {
  for (const Model& model : all_models()) {
    const ModelConfig& config = model.config;
    const std::vector<int> ids = some_ids(model, 13, 10);
    for (const auto& [name, edits] : some_edits(config)) {
      CAPTURE(name);
      const std::size_t cells = ids.size() * ids.size();
      std::vector<float> weights(static_cast<std::size_t>(config.layers * config.heads) * cells,
                                 -1);
      const Trace trace = run(model, ids, edits, {.weights = weights.data()});
      for (int i = 0; i < config.layers * config.heads; ++i) {
        const xt::xtensor<float, 2> later = trace.weights({i / config.heads, i % config.heads});
        REQUIRE(std::equal(later.begin(), later.end(), weights.begin() + i * cells));
      }
    }
  }
}

TEST_CASE("a chain of runs each starting from the last stays the whole run bit for bit") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const auto edits = some_edits(model.config);
    const MeanOutputs means = mean_outputs(model);
    std::vector<int> ids = some_ids(model, 4, 11);
    Trace last = run(model, ids, {}, {.means = &means});
    std::uint32_t seed = 1;
    const auto next = [&seed](std::size_t below) {
      seed = seed * 1664525u + 1013904223u;
      return static_cast<std::size_t>(seed >> 8) % below;
    };
    Edits now;
    for (int i = 0; i < 150; ++i) {
      const std::size_t what = next(4);
      if (what == 0 && ids.size() > 1) ids.pop_back();
      if (what == 1) now = edits[next(edits.size())].second;
      if (what == 2) ids[next(ids.size())] = static_cast<int>(next(model.config.vocabulary));
      if (what == 3 && ids.size() < 30)
        ids.push_back(static_cast<int>(next(model.config.vocabulary)));
      const Trace trace = run(model, ids, now, {.earlier = &last, .means = &means});
      REQUIRE(difference_of(trace, run(model, ids, now, {.means = &means})) == "");
      last = trace;
    }
  }
}

TEST_CASE("an earlier trace is used only where it fits") {
  const Model model = random_model(small_gpt2_config(), 1);
  const Model other = random_model(small_gpt2_config(), 2);
  const std::vector<int> ids = some_ids(model, 8, 12);
  const Trace of_other = run(other, ids);
  Pass pass(model, input_of_ids(model, ids), {}, {.earlier = &of_other});
  CHECK(pass.reused_steps() == 0);
  CHECK(pass.reused_rows() == 0);
  CHECK(difference_of(finish(pass), run(model, ids)) == "");

  const Trace empty;
  CHECK(difference_of(run(model, ids, {}, {.earlier = &empty}), run(model, ids)) == "");

  Trace taken = run(model, ids);
  const Trace moved = std::move(taken);
  CHECK(difference_of(run(model, ids, {}, {.earlier = &taken}), moved) == "");
}

TEST_CASE("an earlier trace of the same tokens and edits is taken over whole") {
  const Model model = random_model(small_llama_config(), 1);
  const std::vector<int> ids = some_ids(model, 8, 13);
  const Edits edits{{{2, 1}, {.gain = 0.5f}}};
  const Trace earlier = run(model, ids, edits);
  Pass pass(model, input_of_ids(model, ids), edits, {.earlier = &earlier});
  CHECK(pass.reused_steps() == model.config.layers);
  CHECK_FALSE(pass.step());
  CHECK(difference_of(pass.take(), earlier) == "");
}

TEST_CASE("a trace outlives the trace that it started from") {
  const Model model = random_model(small_gpt2_config(), 1);
  const std::vector<int> ids = some_ids(model, 8, 14);
  const Edits edits{{{2, 0}, {.gain = 0.0f}}};
  Trace trace;
  {
    const Trace earlier = run(model, ids);
    trace = run(model, ids, edits, {.earlier = &earlier});
  }
  CHECK(difference_of(trace, run(model, ids, edits)) == "");
}

TEST_CASE("the number of threads changes no bit") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const std::vector<int> ids = some_ids(model, 37, 15);
    const auto edits = some_edits(model.config).back().second;
    ThreadPool one(1);
    const Trace want = run(model, ids, edits, {.pool = &one});
    for (int threads : {2, 3}) {
      ThreadPool pool(threads);
      CHECK(difference_of(run(model, ids, edits, {.pool = &pool}), want) == "");
    }
    CHECK(difference_of(run(model, ids, edits), want) == "");
  }
}

TEST_CASE("a pass computes a layer a step") {
  const Model model = random_model(small_gpt2_config(), 1);
  const std::vector<int> ids = some_ids(model, 5, 16);
  Pass pass(model, input_of_ids(model, ids), {});
  const auto take = [&pass] { return message_of<std::logic_error>([&] { pass.take(); }); };
  for (int layer = 0; layer < model.config.layers; ++layer) {
    CHECK(pass.steps_done() == layer);
    CHECK(take() == "[take] the pass has blocks left to compute");
    CHECK(pass.step());
  }
  CHECK(pass.steps_done() == model.config.layers);
  CHECK_FALSE(pass.step());
  CHECK_FALSE(pass.step());
  Pass moved = std::move(pass);
  const Trace trace = moved.take();
  CHECK(difference_of(trace, run(model, ids)) == "");
  CHECK(message_of<std::logic_error>([&] { moved.take(); }) == "[take] the trace is taken already");
}

TEST_CASE("a pass takes one token up to the whole context and no more") {
  for (const Model& model : all_models()) {
    CAPTURE(model.name);
    const int context = model.config.context;
    const Trace one = run(model, some_ids(model, 1, 17));
    CHECK(one.size() == 1);
    CHECK(one.weights({0, 0})(0, 0) == 1.0f);

    const std::vector<int> ids = some_ids(model, context, 18);
    const Trace full = run(model, ids);
    CHECK(full.size() == context);
    const PlainRun want = plain_run(model, ids, {}, {});
    for (int head = 0; head < model.config.heads; ++head) {
      const int last = model.config.layers - 1;
      check_near(full.weights({last, head}), want.weights.at({last, head}), 1e-5, "weights");
    }

    const std::string too_many = "[run] " + std::to_string(context + 1) +
                                 " tokens, but the model takes at most " + std::to_string(context);
    CHECK(refusal(model, some_ids(model, context + 1, 19)) == too_many);
    CHECK(refusal(model, {}) == "[run] there are no tokens to run on");
  }
}

TEST_CASE("ids outside the vocabulary are refused") {
  const Model model = random_model(small_gpt2_config(), 1);
  CHECK(refusal(model, {0, 61}) == "[tokens_of] token id 61 is outside the vocabulary of 61");
  CHECK(refusal(model, {-1}) == "[tokens_of] token id -1 is outside the vocabulary of 61");
  CHECK(refusal(model, {60}) == "");
  const auto pass = [&model](int id) {
    return message_of<std::invalid_argument>([&] {
      std::vector<Token> tokens(2);
      tokens[1].id = id;
      Pass(model, Input{tokens, {}}, {});
    });
  };
  CHECK(pass(61) == "[run] token id 61 is outside the vocabulary of 61");
  CHECK(pass(-1) == "[run] token id -1 is outside the vocabulary of 61");
  CHECK(pass(60) == "");
}

TEST_CASE("edits that cannot be made are refused by naming the head") {
  const Model model = random_model(small_gpt2_config(), 1);
  CHECK(refusal(model, {1}, {{{3, 0}, {.gain = 0.0f}}}) ==
        "[edits] there is no head L3 H0: the model has 3 layers of 3 heads, counted from 0");
  CHECK(refusal(model, {1}, {{{1, 2}, {.temperature = 0.0f}}}) ==
        "[edits] L1 H2: the temperature must be a finite number of at least 0.0001");
}

TEST_CASE("a text is run as its tokens") {
  const Model model = load_model(test_data() / "models" / "tiny-llama-gqa");
  const Trace trace = run(model, "The cat");
  CHECK(trace.tokens() == model.tokenizer->encode("The cat"));
  CHECK(trace.tokens().front().id == model.tokenizer->bos());
  std::vector<int> ids;
  for (const Token& token : trace.tokens()) ids.push_back(token.id);
  const Trace of_ids = run(model, ids);
  CHECK(difference_of(of_ids, trace) == "");
  CHECK(of_ids.tokens()[1].text == trace.tokens()[1].text);

  // Rows of the embedding that no token names.
  const Model more = load_model(test_data() / "models" / "tiny-gpt2-bf16");
  REQUIRE(more.config.vocabulary == 304);
  CHECK(tokens_of(more, {303}).front().id == 303);
  CHECK(refusal(more, {303}) == "");

  const Model without = random_model(small_gpt2_config(), 1);
  CHECK(message_of<std::invalid_argument>([&] { run(without, "The cat"); }) ==
        "[run] the model has no tokenizer, so it takes token ids, not a text");
  CHECK(tokens_of(without, {7}).front().text == "7");
  CHECK(message_of<std::invalid_argument>([&] {
          run(load_model(test_data() / "models" / "tiny-gpt2"), "");
        }) == "[run] there are no tokens to run on");
}
