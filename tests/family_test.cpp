#include "family.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model.h"
#include "model_copy.h"
#include "pass_checks.h"
#include "pass_reference.h"

// Each family's fixtures: their configs, where their numbers go, and what is said when they lie.

using namespace headlight;
using namespace headlight::test;

namespace {

struct Shape {
  int layers, heads, key_value_heads, d_model, d_head, d_ff, vocabulary, context;
};

ModelConfig with_shape(const std::string& family, const Shape& shape) {
  ModelConfig config;
  config.family = family;
  config.layers = shape.layers;
  config.heads = shape.heads;
  config.key_value_heads = shape.key_value_heads;
  config.d_model = shape.d_model;
  config.d_head = shape.d_head;
  config.d_ff = shape.d_ff;
  config.vocabulary = shape.vocabulary;
  config.context = shape.context;
  return config;
}

ModelConfig gpt2(const Shape& shape) {
  ModelConfig config = with_shape("gpt2", shape);
  config.end_of_text = {299};
  return config;
}

ModelConfig llama(const std::string& family, const Shape& shape, double base, float epsilon) {
  ModelConfig config = with_shape(family, shape);
  config.norm = NormKind::rms_norm;
  config.position = PositionKind::rotary;
  config.mlp = MlpKind::swiglu;
  config.norm_epsilon = epsilon;
  config.rotary_frequencies = rotary_frequencies(shape.d_head, base);
  config.end_of_text = {2};
  return config;
}

ModelConfig bert(const std::string& family, const Shape& shape, int types, float epsilon) {
  ModelConfig config = with_shape(family, shape);
  config.norm_place = NormPlace::post;
  config.mlp = MlpKind::gelu_erf;
  config.causal = false;
  config.token_types = types;
  config.norm_epsilon = epsilon;
  config.predicts = ModelConfig::Predicts::masked_token;
  return config;
}

ModelConfig roberta(const Shape& shape) {
  ModelConfig config = bert("roberta", shape, 1, 1e-5f);
  config.position_offset = 2;
  config.without_position = 1;
  config.end_of_text = {2};
  return config;
}

ModelConfig bart(const std::string& family, const Shape& shape, int layers, int heads, int d_ff) {
  ModelConfig config = with_shape(family, shape);
  config.encoder_layers = layers;
  config.encoder_heads = heads;
  config.encoder_d_ff = d_ff;
  config.norm_place = NormPlace::post;
  config.mlp = MlpKind::gelu_erf;
  config.position_offset = 2;
  config.decoder_start = 2;
  config.end_of_text = {2};
  return config;
}

ModelConfig changed(ModelConfig config, const std::function<void(ModelConfig&)>& change) {
  change(config);
  return config;
}

std::map<std::string, ModelConfig> expected_configs() {
  using C = ModelConfig;
  std::map<std::string, C> all;
  all["tiny-gpt2"] = gpt2({2, 4, 4, 32, 8, 128, 300, 64});
  all["tiny-gpt2-bf16"] =
      changed(gpt2({2, 2, 2, 16, 8, 48, 304, 48}), [](C& c) { c.mlp = MlpKind::gelu_erf; });
  all["tiny-gpt2-untied"] = gpt2({2, 3, 3, 24, 8, 96, 300, 48});
  all["tiny-distilgpt2"] = gpt2({3, 3, 3, 24, 8, 96, 300, 48});

  const float six = 1e-6f, five = 1e-5f;
  all["tiny-llama-gqa"] = changed(llama("llama", {3, 4, 2, 24, 8, 40, 300, 64}, 500, six),
                                  [](C& c) { c.end_of_text = {299}; });
  all["tiny-llama-mha-f16"] = changed(llama("llama", {2, 4, 4, 16, 4, 32, 300, 48}, 1e4, six),
                                      [](C& c) { c.end_of_text = {299}; });
  all["tiny-llama3"] =
      changed(llama("llama", {2, 4, 2, 48, 12, 64, 130, 512}, 5e5, five), [](C& c) {
        c.end_of_text = {2, 3, 4};
      });
  all["tiny-llama-linear"] =
      changed(llama("llama", {2, 3, 3, 24, 8, 40, 130, 64}, 1e4, five), [](C& c) {
        for (double& f : c.rotary_frequencies) f /= 4.0;
      });
  all["tiny-llama-dynamic"] = llama("llama", {2, 3, 3, 24, 8, 40, 130, 48}, 1e4, five);
  all["tiny-llama-yarn"] = llama("llama", {2, 4, 2, 40, 16, 48, 130, 64}, 1e4, five);
  all["tiny-llama-mqa"] = llama("llama", {3, 4, 1, 32, 8, 48, 130, 48}, 1e4, five);
  all["tiny-llama-sharded"] = llama("llama", {2, 3, 3, 24, 8, 40, 130, 48}, 1e4, five);
  all["tiny-mistral"] =
      changed(llama("mistral", {3, 4, 2, 32, 8, 56, 130, 64}, 1e4, five), [](C& c) {
        c.windows = {5, 5, 5};
      });
  const auto headlight = [](C& c) {
    for (int layer = 0; layer < 2; ++layer) {
      c.head_designs.push_back({local_mask(3), 0.5f, 1});
      c.head_designs.push_back({dilated_mask(4, 3) | global_mask(1), 1.0f, 1});
      c.head_designs.push_back({{}, 1.0f, 3});
      c.head_designs.push_back({{}, 2.0f, 3});
    }
    c.convolution = 3;
    c.routing = {1, 2};
    c.end_of_text = {299};
  };
  all["tiny-headlight"] =
      changed(llama("headlight", {2, 4, 2, 24, 8, 40, 300, 64}, 1e4, five), headlight);
  all["tiny-headlight-layers"] =
      changed(llama("headlight", {2, 3, 3, 24, 8, 40, 130, 48}, 1e4, five), [](C& c) {
        c.head_designs = {{{}, 1.0f, 1},
                          {{}, 1.0f, 2},
                          {strided_mask(4), 1.0f, 4},
                          {columns_mask(5, 2) | token_mask(1), 1.0f, 1},
                          {{}, 5.0f, 1},
                          {{}, 1.0f, 7}};
        c.routing = {0, 1};
      });
  all["tiny-qwen2"] = llama("qwen2", {2, 4, 2, 32, 8, 48, 130, 64}, 1e6, six);
  all["tiny-qwen2-sliding"] =
      changed(llama("qwen2", {3, 3, 1, 24, 8, 40, 130, 64}, 1e6, six), [](C& c) {
        c.windows = {0, 4, 4};
      });
  all["tiny-qwen2-rope-parameters"] =
      changed(llama("qwen2", {3, 4, 2, 32, 8, 40, 130, 64}, 100, six), [](C& c) {
        c.windows = {6, 0, 6};
      });
  all["tiny-qwen3"] = llama("qwen3", {2, 4, 2, 32, 10, 48, 130, 64}, 1e6, six);
  all["tiny-phi3"] = changed(llama("phi3", {2, 4, 2, 32, 8, 48, 130, 64}, 1e4, five), [](C& c) {
    c.windows = {9, 9};
  });
  all["tiny-gemma"] = changed(llama("gemma", {2, 4, 1, 24, 10, 40, 130, 64}, 1e4, six), [](C& c) {
    c.mlp = MlpKind::geglu;
    c.embedding_scale = std::sqrt(24.0f);
    c.end_of_text = {1};
  });

  const auto nothing = [](C& c) { c.predicts = C::Predicts::nothing; };
  all["tiny-bert"] = bert("bert", {3, 4, 4, 32, 8, 48, 116, 48}, 2, 1e-12f);
  all["tiny-bert-pretraining"] = bert("bert", {2, 3, 3, 24, 8, 48, 116, 40}, 2, 1e-12f);
  all["tiny-bert-gamma"] = bert("bert", {2, 3, 3, 24, 8, 40, 116, 40}, 2, 1e-12f);
  all["tiny-bert-body"] = changed(bert("bert", {2, 4, 4, 24, 6, 40, 120, 40}, 2, 1e-12f), nothing);
  all["tiny-bert-sst2"] =
      changed(bert("bert", {2, 3, 3, 24, 8, 40, 116, 40}, 2, 1e-12f), [&](C& c) {
        nothing(c);
        c.mlp = MlpKind::gelu_tanh;
      });
  all["tiny-distilbert"] = bert("distilbert", {2, 4, 4, 32, 8, 48, 116, 48}, 0, 1e-12f);
  all["tiny-roberta"] = roberta({2, 4, 4, 32, 8, 48, 284, 48});
  all["tiny-roberta-decoder"] = roberta({2, 3, 3, 24, 8, 40, 284, 40});

  const float scale = std::sqrt(24.0f);
  all["tiny-bart"] = changed(bart("bart", {3, 4, 4, 24, 6, 48, 284, 40}, 2, 3, 40),
                             [](C& c) { c.forced_first = 0; });
  all["tiny-bart-scaled"] =
      changed(bart("bart", {2, 4, 4, 24, 6, 40, 284, 32}, 2, 4, 40), [&](C& c) {
        c.forced_first = 0;
        c.embedding_scale = scale;
      });
  all["tiny-mbart"] = changed(bart("mbart", {2, 4, 4, 24, 6, 40, 140, 32}, 2, 3, 40), [&](C& c) {
    c.norm_place = NormPlace::pre;
    c.embedding_scale = scale;
  });
  const auto marian = [](C& c) {
    c.mlp = MlpKind::silu;
    c.position_offset = 0;
    c.decoder_start = c.never_decoded = 139;
    c.end_of_text = {0};
    c.embedding_scale = std::sqrt(static_cast<float>(c.d_model));
  };
  all["tiny-marian"] = changed(bart("marian", {2, 3, 3, 24, 8, 40, 140, 40}, 2, 4, 48), marian);
  all["tiny-marian-f16"] = changed(bart("marian", {2, 4, 4, 32, 8, 48, 140, 40}, 2, 4, 48), marian);
  return all;
}

// One fixture of each layout of names, with what its layers' names begin with.
const std::vector<std::pair<std::string, std::string>> layouts = {
    {"tiny-gpt2-untied", "transformer.h."},
    {"tiny-llama-gqa", "model.layers."},
    {"tiny-qwen2", "model.layers."},
    {"tiny-qwen3", "model.layers."},
    {"tiny-headlight", "model.layers."},
    {"tiny-phi3", "model.layers."},
    {"tiny-gemma", "model.layers."},
    {"tiny-bert", "bert.encoder.layer."},
    {"tiny-bert-gamma", "bert.encoder.layer."},
    {"tiny-bert-body", "encoder.layer."},
    {"tiny-distilbert", "distilbert.transformer.layer."},
    {"tiny-roberta", "roberta.encoder.layer."},
    {"tiny-bart", "model.decoder.layers."},
    {"tiny-mbart", "model.encoder.layers."},
    {"tiny-marian", "model.encoder.layers."}};

// The numbers of a fixture's tensor.
struct Stored {
  explicit Stored(const std::string& name) : file(fixture(name) / "model.safetensors") {}
  std::vector<float> operator()(const std::string& name) const {
    return file.read(name, file.tensors().at(name).shape);
  }
  Safetensors file;
};

// Whether the layer's weight is these [out, in] matrices, one behind the other.
bool holds(const Linear& linear, const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  const int in = linear.weight.in(), out = linear.weight.out();
  if (all.size() != std::size_t(in) * out) return false;
  const PackedMatrix want = PackedMatrix::from_out_in(all.data(), in, out);
  return std::equal(want.data(), want.data() + want.bytes() / sizeof(float), linear.weight.data());
}

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Ids, with the separator of pairs in the middle where the model has one.
std::vector<int> ids_with_pair(const Model& model, int count) {
  std::vector<int> ids = some_ids(model, count, 4);
  const int separator = model.tokenizer ? model.tokenizer->separator() : -1;
  if (separator >= 0) ids[count / 2] = ids[count - 1] = separator;
  if (model.config.without_position >= 0) ids[2] = model.config.without_position;
  return ids;
}

}  // namespace

TEST_CASE("every fixture has the config that its files tell of") {
  const std::map<std::string, ModelConfig> expected = expected_configs();
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::directory_iterator(test_data() / "models")) {
    const std::string name = entry.path().filename().string();
    if (std::filesystem::exists(entry.path() / "config.json")) there.insert(name);
  }
  for (const std::string& name : there) {
    CAPTURE(name);
    REQUIRE(expected.count(name) == 1);
    const Model model = load_model(fixture(name));
    ModelConfig want = expected.at(name);
    const bool scaled =
        name == "tiny-llama3" || name == "tiny-llama-yarn" || name == "tiny-qwen2-rope-parameters";
    if (scaled) {  // rotary_test.cpp has the numbers.
      CHECK(model.config.rotary_frequencies != want.rotary_frequencies);
      want.rotary_frequencies = model.config.rotary_frequencies;
      want.rotary_scale = model.config.rotary_scale;
    }
    CHECK(model.config == want);
    CHECK(model.name == name);
    const bool files = std::filesystem::exists(fixture(name) / "vocab.txt") ||
                       std::filesystem::exists(fixture(name) / "vocab.json");
    CHECK(model.tokenizer.has_value() == files);
    const bool target = files && want.encoder_decoder();
    CHECK((model.tokenizer_of(AttentionKind::cross) != nullptr) == (target || files));
  }
  CHECK(there.size() == expected.size());
}

TEST_CASE("a pass of every fixture is the formulas in double precision") {
  for (const auto& [name, config] : expected_configs()) {
    CAPTURE(name);
    const Model model = load_model(fixture(name));
    Input input{tokens_of(model, ids_with_pair(model, 21)), {}};
    if (config.encoder_decoder()) input.source = tokens_of(model, some_ids(model, 17, 9));
    if (config.predicts != ModelConfig::Predicts::nothing) {
      check_run(run(model, input), plain_run(model, input, {}, {}));
    } else {
      const Trace trace = run(model, input);
      check_near(trace.residual(config.layers), plain_run(model, input, {}, {}).output, 1e-4, name);
      CHECK(message_of<std::invalid_argument>([&] { trace.logits(0); }) ==
            "[logits] the model has no language-model head");
    }
  }
}

TEST_CASE("BERT's layout with every number in its place") {
  const Model model = load_model(fixture("tiny-bert"));
  const Stored file("tiny-bert");
  const Weights& weights = model.weights;
  const std::string body = "bert.embeddings.";
  CHECK(weights.embedding.token == file(body + "word_embeddings.weight"));
  CHECK(weights.embedding.position == file(body + "position_embeddings.weight"));
  CHECK(weights.embedding.type == file(body + "token_type_embeddings.weight"));
  CHECK(weights.embedding.norm.gain == file(body + "LayerNorm.weight"));
  CHECK(weights.embedding.norm.bias == file(body + "LayerNorm.bias"));
  CHECK(weights.final_norm.gain.empty());
  REQUIRE(weights.blocks.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const Block& block = weights.blocks[i];
    const std::string at = "bert.encoder.layer." + std::to_string(i) + ".";
    const auto w = [&](const std::string& name) { return file(at + name + ".weight"); };
    const auto b = [&](const std::string& name) { return file(at + name + ".bias"); };
    const std::string self = "attention.self.";
    CHECK(holds(block.qkv, {w(self + "query"), w(self + "key"), w(self + "value")}));
    CHECK(block.qkv.bias == joined({b(self + "query"), b(self + "key"), b(self + "value")}));
    CHECK(holds(block.attention_out, {w("attention.output.dense")}));
    CHECK(block.attention_out.bias == b("attention.output.dense"));
    CHECK(block.attention_norm.gain == w("attention.output.LayerNorm"));
    CHECK(block.attention_norm.bias == b("attention.output.LayerNorm"));
    CHECK(holds(block.mlp_in, {w("intermediate.dense")}));
    CHECK(block.mlp_in.bias == b("intermediate.dense"));
    CHECK(holds(block.mlp_out, {w("output.dense")}));
    CHECK(block.mlp_out.bias == b("output.dense"));
    CHECK(block.mlp_norm.gain == w("output.LayerNorm"));
    CHECK(block.mlp_norm.bias == b("output.LayerNorm"));
  }
  const PredictionHead& head = weights.head;
  CHECK(holds(head.dense, {file("cls.predictions.transform.dense.weight")}));
  CHECK(head.dense.bias == file("cls.predictions.transform.dense.bias"));
  CHECK(head.activation == MlpKind::gelu_erf);
  CHECK(head.norm.gain == file("cls.predictions.transform.LayerNorm.weight"));
  CHECK(head.norm.bias == file("cls.predictions.transform.LayerNorm.bias"));
  CHECK(head.bias == file("cls.predictions.bias"));
  CHECK(head.output_embedding.empty());
}

TEST_CASE("BERT's older names and the output that is stored twice") {
  const Stored gamma("tiny-bert-gamma");
  const Model older = load_model(fixture("tiny-bert-gamma"));
  CHECK(older.weights.embedding.norm.gain == gamma("bert.embeddings.LayerNorm.gamma"));
  CHECK(older.weights.blocks[1].mlp_norm.bias ==
        gamma("bert.encoder.layer.1.output.LayerNorm.beta"));
  for (const char* name : {"tiny-bert-pretraining", "tiny-roberta-decoder"}) {
    CHECK(load_model(fixture(name)).weights.head.output_embedding.empty());
  }
  Copy untied("tiny-bert-pretraining");
  untied.add("\"tie_word_embeddings\": false");
  CHECK(load_model(untied.folder.path()).weights.head.output_embedding ==
        Stored("tiny-bert-pretraining")("cls.predictions.decoder.weight"));
}

TEST_CASE("BART's layout with every number in its place") {
  const Model model = load_model(fixture("tiny-bart"));
  const Stored file("tiny-bart");
  const Weights& weights = model.weights;
  CHECK(weights.embedding.token == file("model.shared.weight"));
  CHECK(weights.encoder_embedding.token.empty());
  CHECK(&weights.encoder_tokens() == &weights.embedding.token);
  const auto embedded = [&](const Embedding& embedding, const std::string& at) {
    CHECK(embedding.position == file(at + "embed_positions.weight"));
    CHECK(embedding.norm.gain == file(at + "layernorm_embedding.weight"));
    CHECK(embedding.norm.bias == file(at + "layernorm_embedding.bias"));
  };
  embedded(weights.encoder_embedding, "model.encoder.");
  embedded(weights.embedding, "model.decoder.");
  CHECK(weights.head.bias == file("final_logits_bias"));
  REQUIRE(weights.blocks.size() == 2 + 2 * 3);
  for (int i = 0; i < model.config.blocks(); ++i) {
    const Block& block = weights.blocks[i];
    const AttentionKind kind = model.config.kind_of(i);
    const std::string at = std::string("model.") +
                           (kind == AttentionKind::encoder ? "encoder" : "decoder") + ".layers." +
                           std::to_string(model.config.layer_of(i)) + ".";
    CAPTURE(at);
    const bool cross = kind == AttentionKind::cross;
    const std::string attention = cross ? "encoder_attn" : "self_attn";
    const auto w = [&](const std::string& name) { return file(at + name + ".weight"); };
    const auto b = [&](const std::string& name) { return file(at + name + ".bias"); };
    const std::string q = attention + ".q_proj", k = attention + ".k_proj",
                      v = attention + ".v_proj";
    if (cross) {
      CHECK(holds(block.qkv, {w(q)}));
      CHECK(block.qkv.bias == b(q));
      CHECK(holds(block.source_kv, {w(k), w(v)}));
      CHECK(block.source_kv.bias == joined({b(k), b(v)}));
    } else {
      CHECK(holds(block.qkv, {w(q), w(k), w(v)}));
      CHECK(block.qkv.bias == joined({b(q), b(k), b(v)}));
      CHECK(block.source_kv.weight.in() == 0);
    }
    CHECK(holds(block.attention_out, {w(attention + ".out_proj")}));
    CHECK(block.attention_norm.gain == w(attention + "_layer_norm"));
    CHECK(block.has_mlp() == (kind != AttentionKind::self));
    if (!block.has_mlp()) continue;
    CHECK(holds(block.mlp_in, {w("fc1")}));
    CHECK(block.mlp_in.bias == b("fc1"));
    CHECK(holds(block.mlp_out, {w("fc2")}));
    CHECK(block.mlp_norm.gain == w("final_layer_norm"));
    CHECK(block.mlp_norm.bias == b("final_layer_norm"));
  }
}

TEST_CASE("mBART has a norm behind each stack and Marian computed sinusoids") {
  const Model mbart = load_model(fixture("tiny-mbart"));
  const Stored file("tiny-mbart");
  CHECK(mbart.weights.encoder_norm.gain == file("model.encoder.layer_norm.weight"));
  CHECK(mbart.weights.final_norm.bias == file("model.decoder.layer_norm.bias"));

  for (const char* name : {"tiny-marian", "tiny-marian-f16"}) {
    const Model model = load_model(fixture(name));
    const int width = model.config.d_model;
    CHECK(model.weights.encoder_norm.gain.empty());
    CHECK(model.weights.embedding.norm.gain.empty());
    for (const Embedding* side : {&model.weights.embedding, &model.weights.encoder_embedding}) {
      REQUIRE(side->position.size() == std::size_t(40) * width);
      double worst = 0.0;
      for (int position = 0; position < 40; ++position) {
        for (int i = 0; i < width / 2; ++i) {
          const double angle = position * std::exp(-std::log(10000.0) * 2 * i / width);
          const float* row = side->position.data() + position * width;
          worst = std::max(worst, std::abs(row[i] - std::sin(angle)));
          worst = std::max(worst, std::abs(row[i + width / 2] - std::cos(angle)));
        }
      }
      CHECK(worst < 1e-6);
    }
  }
}

TEST_CASE("Qwen3, Phi-3 and Gemma with their own numbers in place") {
  const Model qwen = load_model(fixture("tiny-qwen3"));
  const Stored of_qwen("tiny-qwen3");
  CHECK(qwen.weights.blocks[1].query_norm.gain ==
        of_qwen("model.layers.1.self_attn.q_norm.weight"));
  CHECK(qwen.weights.blocks[1].key_norm.gain == of_qwen("model.layers.1.self_attn.k_norm.weight"));
  CHECK(qwen.weights.blocks[1].qkv.bias.empty());
  CHECK(qwen.weights.head.output_embedding.empty());

  const Model phi = load_model(fixture("tiny-phi3"));
  const Stored of_phi("tiny-phi3");
  CHECK(holds(phi.weights.blocks[1].qkv, {of_phi("model.layers.1.self_attn.qkv_proj.weight")}));
  CHECK(holds(phi.weights.blocks[1].mlp_in, {of_phi("model.layers.1.mlp.gate_up_proj.weight")}));
  CHECK(phi.weights.head.output_embedding == of_phi("lm_head.weight"));

  const Model gemma = load_model(fixture("tiny-gemma"));
  const Stored of_gemma("tiny-gemma");
  std::vector<float> gain = of_gemma("model.norm.weight");
  for (float& value : gain) value += 1.0f;
  CHECK(gemma.weights.final_norm.gain == gain);
  gain = of_gemma("model.layers.1.post_attention_layernorm.weight");
  for (float& value : gain) value += 1.0f;
  CHECK(gemma.weights.blocks[1].mlp_norm.gain == gain);
  CHECK(gemma.weights.head.output_embedding.empty());

  const Model biased = load_model(fixture("tiny-qwen2"));
  const Stored of_qwen2("tiny-qwen2");
  const std::string at = "model.layers.0.self_attn.";
  CHECK(biased.weights.blocks[0].qkv.bias ==
        joined({of_qwen2(at + "q_proj.bias"), of_qwen2(at + "k_proj.bias"),
                of_qwen2(at + "v_proj.bias")}));
  CHECK(biased.weights.blocks[0].attention_out.bias.empty());
}

TEST_CASE("every tensor of every layout is needed in its shape and with numbers") {
  // Without these the model is a smaller one: one that predicts nothing, or without that bias.
  const std::set<std::string> may_miss = {"lm_head.weight", "final_logits_bias"};
  for (const auto& [name, layers] : layouts) {
    const Copy whole(name);
    CHECK(whole.refusal() == "");
    for (const auto& [tensor, stored] : whole.tensors) {
      CAPTURE(name);
      CAPTURE(tensor);
      // Of other heads, which are passed over.
      if (contains(tensor, "pooler.") || contains(tensor, "seq_relationship.")) continue;
      Copy copy(name);
      copy.tensors.erase(tensor);
      copy.write_tensors();
      if (may_miss.count(tensor) > 0) {
        CHECK(copy.refusal() == "");
        const bool bias = tensor == "final_logits_bias";
        CHECK((load_model(copy.folder.path()).config.predicts == ModelConfig::Predicts::nothing) ==
              !bias);
      } else {
        const std::string said = copy.refusal();
        CHECK(said.starts_with("model.safetensors: "));
        CHECK(said.ends_with(": is missing"));
        if (!contains(tensor, "shared")) {  // It may have other names.
          const std::string body = tensor.substr(0, tensor.rfind('.'));
          CHECK_MESSAGE(contains(said, body.substr(body.find('.') + 1)), said);
        }
      }
      copy.tensors[tensor] = stored;
      auto& shape = copy.tensors[tensor].shape;
      shape.push_back(1);
      copy.write_tensors();
      CHECK_MESSAGE(contains(copy.refusal(), tensor + ": expected the shape ["), copy.refusal());

      shape = stored.shape;
      auto& bytes = copy.tensors[tensor].bytes;
      bytes.replace(bytes.size() - 4, 4, "\xFF\xFF\xFF\xFF");
      copy.write_tensors();
      CHECK_MESSAGE(contains(copy.refusal(), tensor + ": the value at ["), copy.refusal());
    }
  }
}

TEST_CASE("a layer's tensor that nothing reads is refused by its name") {
  for (const auto& [name, layers] : layouts) {
    CAPTURE(name);
    for (const std::string& extra : {layers + "0.extra.weight", layers + "7.extra.weight"}) {
      Copy copy(name);
      copy.tensors[extra] = {"F32", {1}, std::string(4, '\0')};
      copy.write_tensors();
      CHECK(copy.refusal() == "model.safetensors: " + extra +
                                  ": the model that config.json describes has no such tensor");
    }
    // Outside the layers there may be other heads' tensors.
    Copy copy(name);
    copy.tensors["classifier.weight"] = {"F32", {1}, std::string(4, '\0')};
    copy.write_tensors();
    CHECK(copy.refusal() == "");
  }
}

TEST_CASE("a config of fewer or more layers than the file has is refused") {
  struct Layers {
    const char* name;
    const char* entry;  // up to the number
    int count;
  };
  for (const Layers& layers : {Layers{"tiny-bert", "\"num_hidden_layers\": ", 3},
                               Layers{"tiny-distilbert", "\"n_layers\": ", 2},
                               Layers{"tiny-roberta", "\"num_hidden_layers\": ", 2},
                               Layers{"tiny-bart", "\"encoder_layers\": ", 2},
                               Layers{"tiny-bart", "\"decoder_layers\": ", 3},
                               Layers{"tiny-marian", "\"decoder_layers\": ", 2},
                               Layers{"tiny-qwen3", "\"num_hidden_layers\": ", 2},
                               Layers{"tiny-phi3", "\"num_hidden_layers\": ", 2}}) {
    CAPTURE(layers.name);
    CAPTURE(layers.entry);
    const std::string entry = layers.entry, now = entry + std::to_string(layers.count);
    const std::string fewer = refusal(layers.name, now, entry + std::to_string(layers.count - 1));
    CHECK_MESSAGE(fewer.ends_with(": the model that config.json describes has no such tensor"),
                  fewer);
    const std::string more = refusal(layers.name, now, entry + std::to_string(layers.count + 1));
    CHECK_MESSAGE(more.ends_with(": is missing"), more);
    CHECK(contains(more, std::to_string(layers.count)));
    const std::string none = refusal(layers.name, now, entry + "0");
    CHECK_MESSAGE(none.starts_with("config.json: "), none);
    CHECK(refusal(layers.name, now, entry + "\"x\"").starts_with("config.json: "));
  }
}

TEST_CASE("widths that the tensors do not have are refused by naming the tensor") {
  CHECK(refusal("tiny-bert", "\"intermediate_size\": 48", "\"intermediate_size\": 16777216") ==
        "model.safetensors: bert.encoder.layer.0.intermediate.dense.weight: expected the shape "
        "[16777216, 32], got [48, 32]");
  CHECK(refusal("tiny-bert", "\"vocab_size\": 116", "\"vocab_size\": 16777216")
            .starts_with("model.safetensors: bert.embeddings.word_embeddings.weight: expected "));
  CHECK(refusal("tiny-bert", "\"type_vocab_size\": 2", "\"type_vocab_size\": 3")
            .starts_with("model.safetensors: bert.embeddings.token_type_embeddings.weight: "));
  CHECK(refusal("tiny-bart", "\"max_position_embeddings\": 40", "\"max_position_embeddings\": 41")
            .starts_with("model.safetensors: model.encoder.embed_positions.weight: expected "));
  CHECK(
      refusal("tiny-roberta", "\"max_position_embeddings\": 50", "\"max_position_embeddings\": 51")
          .starts_with("model.safetensors: roberta.embeddings.position_embeddings.weight: "));
  CHECK(refusal("tiny-bart", "\"encoder_ffn_dim\": 40", "\"encoder_ffn_dim\": 48")
            .starts_with("model.safetensors: model.encoder.layers.0.fc1.weight: expected "));
  CHECK(refusal("tiny-qwen3", "\"head_dim\": 10", "\"head_dim\": 8")
            .starts_with("model.safetensors: model.layers.0.self_attn.q_proj.weight: expected "));
  CHECK(refusal("tiny-phi3", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4")
            .starts_with("model.safetensors: model.layers.0.self_attn.qkv_proj.weight: expected "));
}

TEST_CASE("a config that the program cannot follow is refused by its key") {
  const std::string activations =
      "is not known; known are gelu, gelu_new, gelu_pytorch_tanh, relu, silu and swish";
  CHECK(refusal("tiny-bert", "\"gelu\"", "\"mish\"") ==
        "config.json: hidden_act: \"mish\" " + activations);
  CHECK(refusal("tiny-distilbert", "\"gelu\"", "\"mish\"") ==
        "config.json: activation: \"mish\" " + activations);
  CHECK(refusal("tiny-roberta", "\"gelu\"", "\"mish\"") ==
        "config.json: hidden_act: \"mish\" " + activations);
  CHECK(refusal("tiny-marian", "\"swish\"", "\"mish\"") ==
        "config.json: activation_function: \"mish\" " + activations);
  CHECK(refusal("tiny-qwen2", "\"silu\"", "\"gelu\"") ==
        "config.json: hidden_act: \"gelu\" is not known; known is silu");
  CHECK(refusal("tiny-gemma", "\"gelu_pytorch_tanh\"", "\"relu\"") ==
        "config.json: hidden_activation: \"relu\" is not known; known is gelu_pytorch_tanh");
  CHECK(refusal("tiny-bert", "\"absolute\"", "\"relative_key\"") ==
        "config.json: position_embedding_type: \"relative_key\" is not known; known is absolute");
  CHECK(refusal_with("tiny-bert", "\"is_decoder\": true") ==
        "config.json: is_decoder: a BERT that is used as a decoder is not supported");
  CHECK(refusal("tiny-bart", "\"normalize_before\": false", "\"normalize_before\": true")
            .starts_with("config.json: normalize_before: "));
  CHECK(refusal("tiny-bert", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5") ==
        "config.json: num_attention_heads: the width hidden_size = 32 cannot be cut into 5 heads");
  CHECK(refusal("tiny-distilbert", "\"n_heads\": 4", "\"n_heads\": 0") ==
        "config.json: n_heads: the width dim = 32 cannot be cut into 0 heads");
  CHECK(refusal("tiny-bart", "\"encoder_attention_heads\": 3", "\"encoder_attention_heads\": 5") ==
        "config.json: encoder_attention_heads: the width d_model = 24 cannot be cut into 5 heads");
  CHECK(refusal("tiny-bart", "\"decoder_attention_heads\": 4", "\"decoder_attention_heads\": 7") ==
        "config.json: decoder_attention_heads: the width d_model = 24 cannot be cut into 7 heads");
  CHECK(refusal("tiny-roberta", "\"pad_token_id\": 1", "\"pad_token_id\": 49") ==
        "config.json: max_position_embeddings: leaves no position behind the padding's");
  CHECK(refusal("tiny-bart", "\"decoder_start_token_id\": 2", "\"decoder_start_token_id\": 284")
            .starts_with("config.json: a special token has the id 284"));
  CHECK(refusal("tiny-bart", "\"decoder_start_token_id\": 2", "\"decoder_start_token_id\": null") ==
        "config.json: decoder_start_token_id: is missing");
  CHECK(refusal("tiny-marian", "\"pad_token_id\": 139", "\"pad_token_id\": 140")
            .starts_with("config.json: a special token has the id 140"));
  CHECK(refusal("tiny-bart", "\"encoder_layers\": 2", "\"encoder_layers\": 0") ==
        "config.json: encoder_layers: expected at least 1");
  CHECK(refusal("tiny-mistral", "\"sliding_window\": 5", "\"sliding_window\": 0") ==
        "config.json: sliding_window: expected at least 1");
  const std::string q = "tiny-qwen2-rope-parameters";
  Copy copy(q);
  const std::size_t at = copy.config.find("\"layer_types\""), end = copy.config.find(']', at);
  const std::string entry = copy.config.substr(at, end + 1 - at);
  CHECK(refusal(q, entry, "\"layer_types\": [\"full_attention\"]") ==
        "config.json: layer_types: names 1 layers of 3");
  CHECK(
      refusal(q, entry,
              "\"layer_types\": [\"full_attention\", \"full_attention\", \"chunked_attention\"]") ==
      "config.json: layer_types: \"chunked_attention\" is not known; known are full_attention and "
      "sliding_attention");
  for (const auto& [name, layers] : layouts) {
    CAPTURE(name);
    const std::string type = load_model(fixture(name)).config.family;
    const std::string said =
        refusal(name, "\"model_type\": \"" + type + "\"", "\"model_type\": \"" + type + "-xl\"");
    CHECK(
        said.starts_with("config.json: model_type: \"" + type + "-xl\" is not known; known are "));
  }
}

TEST_CASE("numbers of a config that no tensor shows allocate nothing") {
  const std::string most = "2147483647";
  CHECK(refusal("tiny-qwen3", "\"head_dim\": 10", "\"head_dim\": " + most) ==
        "config.json: d_head is 2147483647, expected 1 to 16384");
  CHECK(refusal("tiny-llama-mqa", "\"hidden_size\": 32", "\"hidden_size\": 2147483644")
            .starts_with("config.json: d_model is 2147483644, expected "));
  CHECK(refusal("tiny-roberta", "\"pad_token_id\": 1", "\"pad_token_id\": " + most) ==
        "config.json: max_position_embeddings: leaves no position behind the padding's");
  const std::string positions = "\"max_position_embeddings\": ";
  CHECK(refusal("tiny-marian", positions + "40", positions + "16777216") ==
        "config.json: max_position_embeddings: the computed positions of 16777216 tokens take too "
        "much memory");
  CHECK(refusal("tiny-marian", positions + "40", positions + "100000") == "");
  CHECK(refusal("tiny-llama-mqa", positions + "48", positions + "16777216") == "");
  CHECK(refusal("tiny-mistral", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": " + most) ==
        "config.json: layers is 2147483647, expected 1 to 4096");
}

TEST_CASE("a window of the whole context or of none is no window") {
  Copy copy("tiny-mistral");
  copy.replace("\"sliding_window\": 5", "\"sliding_window\": 64");
  CHECK(load_model(copy.folder.path()).config.windows.empty());
  copy.replace("\"sliding_window\": 64", "\"sliding_window\": 63");
  CHECK(load_model(copy.folder.path()).config.windows == std::vector<int>{63, 63, 63});
  copy.replace("\"sliding_window\": 63", "\"sliding_window\": null");
  CHECK(load_model(copy.folder.path()).config.windows.empty());
}

TEST_CASE("what ends a text stands in generation_config.json or else in config.json") {
  Copy copy("tiny-bart");
  copy.folder.write("generation_config.json",
                    "{\"eos_token_id\": [5, 6], \"forced_bos_token_id\": 9}");
  ModelConfig config = load_model(copy.folder.path()).config;
  CHECK(config.end_of_text == std::vector<int>{5, 6});
  CHECK(config.forced_first == 9);
  copy.folder.write("generation_config.json", "{\"eos_token_id\": null}");
  config = load_model(copy.folder.path()).config;
  CHECK(config.end_of_text == std::vector<int>{2});
  CHECK(config.forced_first == 0);
  copy.folder.write("generation_config.json", "{\"eos_token_id\": \"x\"}");
  CHECK(copy.refusal().starts_with("generation_config.json: eos_token_id: "));
  copy.folder.write("generation_config.json", "{");
  CHECK(copy.refusal().starts_with("generation_config.json: not JSON"));
  copy.folder.write("generation_config.json", "{\"forced_bos_token_id\": 999}");
  CHECK(contains(copy.refusal(), "a special token has the id 999"));
}
