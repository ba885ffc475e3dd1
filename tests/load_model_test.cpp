#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <numeric>

#include "model.h"
#include "model_copy.h"
#include "paths.h"
#include "safetensors.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

namespace fs = std::filesystem;

bool same(const PackedMatrix& packed, const std::vector<float>& in_out, int in, int out) {
  if (packed.in() != in || packed.out() != out) return false;
  const PackedMatrix expected = PackedMatrix::from_in_out(in_out.data(), in, out);
  return packed.bytes() == expected.bytes() &&
         std::equal(packed.data(), packed.data() + packed.bytes() / sizeof(float), expected.data());
}

// [out, in] matrices as one [in, sum of out].
std::vector<float> side_by_side(const std::vector<std::vector<float>>& parts, std::size_t in) {
  std::size_t out = 0;
  for (const auto& part : parts) out += part.size() / in;
  std::vector<float> joined(in * out);
  std::size_t column = 0;
  for (const auto& part : parts) {
    for (std::size_t row = 0; row < part.size() / in; ++row, ++column) {
      for (std::size_t i = 0; i < in; ++i) joined[i * out + column] = part[row * in + i];
    }
  }
  return joined;
}

std::vector<float> concatenated(const std::vector<std::vector<float>>& parts) {
  std::vector<float> joined;
  for (const auto& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace

TEST_CASE("load_model: GPT-2's layout with every number in its place") {
  const Model model = load_model(fixture("tiny-gpt2"));
  ModelConfig expected;
  expected.family = "gpt2";
  expected.layers = 2;
  expected.heads = expected.key_value_heads = 4;
  expected.d_model = 32;
  expected.d_head = 8;
  expected.d_ff = 128;
  expected.vocabulary = 300;
  expected.context = 64;
  expected.end_of_text = {299};
  CHECK(model.config == expected);
  CHECK(model.name == "tiny-gpt2");
  CHECK(model.path == fixture("tiny-gpt2"));
  REQUIRE(model.tokenizer);
  CHECK(model.tokenizer->size() == 300);

  const Safetensors file(fixture("tiny-gpt2") / "model.safetensors");
  const auto read = [&](const std::string& name) {
    return file.read("transformer." + name, file.tensors().at("transformer." + name).shape);
  };
  CHECK(model.weights.embedding.token == read("wte.weight"));
  CHECK(model.weights.embedding.position == read("wpe.weight"));
  CHECK(model.weights.head.output_embedding.empty());
  CHECK(&model.weights.unembedding() == &model.weights.embedding.token);
  CHECK(model.weights.final_norm.gain == read("ln_f.weight"));
  CHECK(model.weights.final_norm.bias == read("ln_f.bias"));
  REQUIRE(model.weights.blocks.size() == 2);
  for (int i = 0; i < 2; ++i) {
    const Block& layer = model.weights.blocks[static_cast<std::size_t>(i)];
    const std::string at = "h." + std::to_string(i) + ".";
    CHECK(layer.attention_norm.gain == read(at + "ln_1.weight"));
    CHECK(layer.attention_norm.bias == read(at + "ln_1.bias"));
    CHECK(same(layer.qkv.weight, read(at + "attn.c_attn.weight"), 32, 96));
    CHECK(layer.qkv.bias == read(at + "attn.c_attn.bias"));
    CHECK(same(layer.attention_out.weight, read(at + "attn.c_proj.weight"), 32, 32));
    CHECK(layer.attention_out.bias == read(at + "attn.c_proj.bias"));
    CHECK(layer.mlp_norm.gain == read(at + "ln_2.weight"));
    CHECK(layer.mlp_norm.bias == read(at + "ln_2.bias"));
    CHECK(same(layer.mlp_in.weight, read(at + "mlp.c_fc.weight"), 32, 128));
    CHECK(layer.mlp_in.bias == read(at + "mlp.c_fc.bias"));
    CHECK(same(layer.mlp_out.weight, read(at + "mlp.c_proj.weight"), 128, 32));
    CHECK(layer.mlp_out.bias == read(at + "mlp.c_proj.bias"));
  }
  std::size_t parameters = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    if (!contains(name, ".attn.bias") && !contains(name, "masked_bias")) {
      parameters += (tensor.end - tensor.begin) / 4;
    }
  }
  CHECK(model.parameters() == parameters);
}

TEST_CASE("load_model: Llama's layout with grouped heads and an output of its own") {
  const Model model = load_model(fixture("tiny-llama-gqa"));
  ModelConfig expected;
  expected.family = "llama";
  expected.layers = 3;
  expected.heads = 4;
  expected.key_value_heads = 2;
  expected.d_model = 24;
  expected.d_head = 8;
  expected.d_ff = 40;
  expected.vocabulary = 300;
  expected.context = 64;
  expected.norm = NormKind::rms_norm;
  expected.position = PositionKind::rotary;
  expected.mlp = MlpKind::swiglu;
  expected.norm_epsilon = 1e-6f;
  expected.rotary_frequencies = rotary_frequencies(8, 500.0);
  expected.end_of_text = {299};
  CHECK(model.config == expected);
  REQUIRE(model.tokenizer);
  CHECK(model.tokenizer->bos() == 299);

  const Safetensors file(fixture("tiny-llama-gqa") / "model.safetensors");
  const auto read = [&](const std::string& name) {
    return file.read(name, file.tensors().at(name).shape);
  };
  CHECK(model.weights.embedding.token == read("model.embed_tokens.weight"));
  CHECK(model.weights.embedding.position.empty());
  CHECK(model.weights.head.output_embedding == read("lm_head.weight"));
  CHECK(model.weights.final_norm.gain == read("model.norm.weight"));
  CHECK(model.weights.final_norm.bias.empty());
  CHECK(model.parameters() == 2 * 300 * 24 + 24 + 3 * (2 * 24 + 24 * 64 + 32 * 24 + 3 * 24 * 40));
  REQUIRE(model.weights.blocks.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const Block& layer = model.weights.blocks[static_cast<std::size_t>(i)];
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const auto w = [&](const std::string& name) { return read(at + name + ".weight"); };
    CHECK(layer.attention_norm.gain == w("input_layernorm"));
    CHECK(layer.attention_norm.bias.empty());
    CHECK(layer.mlp_norm.gain == w("post_attention_layernorm"));
    CHECK(same(
        layer.qkv.weight,
        side_by_side({w("self_attn.q_proj"), w("self_attn.k_proj"), w("self_attn.v_proj")}, 24), 24,
        64));
    CHECK(layer.qkv.bias.empty());
    CHECK(same(layer.attention_out.weight, side_by_side({w("self_attn.o_proj")}, 32), 32, 24));
    CHECK(same(layer.mlp_in.weight, side_by_side({w("mlp.gate_proj"), w("mlp.up_proj")}, 24), 24,
               80));
    CHECK(same(layer.mlp_out.weight, side_by_side({w("mlp.down_proj")}, 40), 40, 24));
  }
}

TEST_CASE("load_model: half precision and biases in Llama's layout") {
  const Model model = load_model(fixture("tiny-llama-mha-f16"));
  CHECK(model.config.key_value_heads == 4);
  CHECK(model.config.d_head == 4);
  CHECK(model.weights.head.output_embedding.empty());
  const Safetensors file(fixture("tiny-llama-mha-f16") / "model.safetensors");
  CHECK(file.tensors().at("model.norm.weight").type == DataType::f16);
  const auto b = [&](const std::string& name, int size) {
    return file.read("model.layers.1." + name + ".bias", {size});
  };
  const Block& layer = model.weights.blocks[1];
  CHECK(layer.qkv.bias == concatenated({b("self_attn.q_proj", 16), b("self_attn.k_proj", 16),
                                        b("self_attn.v_proj", 16)}));
  CHECK(layer.attention_out.bias == b("self_attn.o_proj", 16));
  CHECK(layer.mlp_in.bias == concatenated({b("mlp.gate_proj", 32), b("mlp.up_proj", 32)}));
  CHECK(layer.mlp_out.bias == b("mlp.down_proj", 16));
}

TEST_CASE("load_model: bfloat16 and names without a prefix and unused rows") {
  const Model model = load_model(fixture("tiny-gpt2-bf16"));
  CHECK(model.config.mlp == MlpKind::gelu_erf);
  CHECK(model.config.d_ff == 48);
  CHECK(model.config.vocabulary == 304);
  REQUIRE(model.tokenizer);
  CHECK(model.tokenizer->size() == 304);
  CHECK(model.tokenizer->token(300).text == "<unused 300>");
  const Safetensors file(fixture("tiny-gpt2-bf16") / "model.safetensors");
  CHECK(model.weights.embedding.token == file.read("wte.weight", {304, 16}));
}

TEST_CASE("load_model: the built-in model") {
  const Model model = load_model(source_dir() / "assets" / "models" / "mini-gpt");
  CHECK(model.name == "mini-gpt");
  REQUIRE(model.tokenizer);
  CHECK(model.tokenizer->encode("The cat sat on the mat.").size() >= 7);
}

TEST_CASE("load_model: a folder's name however it is written") {
  CHECK(load_model(fixture("tiny-gpt2").string() + "/").name == "tiny-gpt2");
  CHECK(load_model(fixture("tiny-gpt2") / ".").name == "tiny-gpt2");
  CHECK(load_model(fixture("tiny-gpt2") / ".." / "tiny-gpt2-bf16").name == "tiny-gpt2-bf16");
}

TEST_CASE("load_model: without tokenizer files the user gives ids") {
  const Copy copy("tiny-gpt2");
  fs::remove(copy.folder / "vocab.json");
  CHECK(copy.refusal() == "vocab.json: there is no such file");
  fs::remove(copy.folder / "merges.txt");
  CHECK_FALSE(load_model(copy.folder.path()).tokenizer);
}

TEST_CASE("load_model: tokens must fit the embedding") {
  Copy copy("tiny-gpt2");
  copy.replace("\"vocab_size\": 300", "\"vocab_size\": 299");
  auto& wte = copy.tensors["transformer.wte.weight"];
  wte.shape[0] = 299;
  wte.bytes.resize(299 * 32 * 4);
  copy.write_tensors();
  CHECK(copy.refusal() ==
        "vocab.json: <|endoftext|>: has the id 299, but the model has only 299 tokens");
}

TEST_CASE("load_model: a missing folder or file") {
  const TemporaryFolder folder;
  const std::string at = folder.path().string();
  const auto told = [](const fs::path& path) {
    return message_of<LoadError>([&] { load_model(path); });
  };
  CHECK(told(folder / "none") == at + "/none: there is no such folder or file");
  CHECK(told(folder.path()) == at + "/config.json: there is no such file");
  const fs::path file = folder.write("model.safetensors", "x");
  CHECK(told(file) ==
        at + "/model.safetensors: not a model; give a folder with config.json and "
             "model.safetensors, a llama2.c checkpoint (.bin), or attention (.npz, .npy, "
             ".safetensors)");
  fs::create_directory(folder / "config.json");
  CHECK(told(folder.path()) == at + "/config.json: this is a folder, not a file");

  const Copy copy("tiny-gpt2");
  fs::remove(copy.folder / "model.safetensors");
  CHECK(copy.refusal() == "model.safetensors: there is no such file");
  copy.folder.write("pytorch_model.bin", "x");
  CHECK(copy.refusal().starts_with(
      "pytorch_model.bin: a pickle is not opened, because it may run code"));
  CHECK(copy.refusal().ends_with("}, 'model.safetensors')\""));
  copy.folder.write("model.safetensors.index.json", "{}");
  CHECK(copy.refusal() ==
        "model.safetensors.index.json: weight_map: expected an object that names each tensor's "
        "file");
  if (::geteuid() == 0) {
    MESSAGE("root may read everything: the case without permission is skipped");
  } else {
    fs::permissions(copy.folder / "config.json", fs::perms::none);
    CHECK(copy.refusal() == "config.json: no permission to read it");
  }
}

TEST_CASE("load_model: config.json that is empty or cut or not an object") {
  const Copy copy("tiny-gpt2");
  const auto told = [&](const std::string& text) {
    copy.folder.write("config.json", text);
    return copy.refusal();
  };
  CHECK(told("") == "config.json: the file is empty");
  CHECK(told("[]") == "config.json: not a JSON object");
  CHECK(told("{}") == "config.json: model_type: is missing");
  CHECK(told("{\"model_type\": 3}") == "config.json: model_type: expected a text, got 3");
  CHECK(told("{\"model_type\": \"t5\"}") ==
        "config.json: model_type: \"t5\" is not known; known are gpt2, llama, mistral, qwen2, "
        "qwen3, phi3, gemma, headlight, bert, roberta, xlm-roberta, camembert, distilbert, bart, mbart, "
        "marian, pegasus");
  for (std::size_t size = 1; size + 2 < copy.config.size(); size += 7) {
    CHECK(told(copy.config.substr(0, size)).starts_with("config.json: not JSON: parse error at "));
  }
}

TEST_CASE("load_model: numbers of GPT-2's config that cannot be") {
  const std::string g = "tiny-gpt2";
  CHECK(refusal(g, "\"n_layer\": 2", "\"x\": 2") == "config.json: n_layer: is missing");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": null") == "config.json: n_layer: is missing");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": \"2\"") ==
        "config.json: n_layer: expected a whole number, got \"2\"");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": 2.5") ==
        "config.json: n_layer: expected a whole number, got 2.5");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": -2") ==
        "config.json: n_layer: is out of range: -2");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": 4294967298") ==
        "config.json: n_layer: is out of range: 4294967298");
  CHECK(refusal(g, "\"n_layer\": 2", "\"n_layer\": 0") ==
        "config.json: layers is 0, expected 1 to 4096");
  CHECK(refusal(g, "\"n_head\": 4", "\"n_head\": 0") ==
        "config.json: n_head: the width n_embd = 32 cannot be cut into 0 heads");
  CHECK(refusal(g, "\"n_head\": 4", "\"n_head\": 5") ==
        "config.json: n_head: the width n_embd = 32 cannot be cut into 5 heads");
  CHECK(refusal(g, "\"n_embd\": 32", "\"n_embd\": 2000000000") ==
        "config.json: d_model is 2000000000, expected 1 to 1048576");
  CHECK(refusal(g, "1e-05", "\"small\"") ==
        "config.json: layer_norm_epsilon: expected a number, got \"small\"");
  CHECK(refusal(g, "1e-05", "1e300") == "config.json: layer_norm_epsilon: is out of range: 1e+300");
  CHECK(refusal(g, "1e-05", "-1") == "config.json: norm_epsilon is -1.000000, expected 0 or more");
}

TEST_CASE("load_model: kinds of GPT-2 that compute something else are refused") {
  const std::string g = "tiny-gpt2";
  CHECK(refusal(g, "\"scale_attn_weights\": true", "\"scale_attn_weights\": false")
            .starts_with("config.json: scale_attn_weights: "));
  CHECK(refusal(g, "\"scale_attn_weights\": true", "\"scale_attn_weights\": 1") ==
        "config.json: scale_attn_weights: expected true or false, got 1");
  CHECK(refusal_with(g, "\"scale_attn_by_inverse_layer_idx\": true")
            .starts_with("config.json: scale_attn_by_inverse_layer_idx: "));
  CHECK(refusal_with(g, "\"add_cross_attention\": true")
            .starts_with("config.json: add_cross_attention: "));
  CHECK(refusal(g, "gelu_new", "tanh") ==
        "config.json: activation_function: \"tanh\" is not known; known are gelu, gelu_new, "
        "gelu_pytorch_tanh, relu, silu and swish");
  CHECK(refusal(g, "gelu_new", "gelu_pytorch_tanh") == "");
  // Without an output matrix it is a body that predicts nothing.
  Copy untied(g);
  untied.add("\"tie_word_embeddings\": false");
  CHECK(load_model(untied.folder.path()).config.predicts == ModelConfig::Predicts::nothing);
}

TEST_CASE("load_model: kinds of Llama that compute something else are refused") {
  const std::string l = "tiny-llama-gqa";
  CHECK(refusal(l, "\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"spiral\"}") ==
        "config.json: rope_scaling.rope_type: \"spiral\" is not known; known are default, linear, "
        "dynamic, yarn, llama3 and longrope");
  CHECK(refusal_with(l, "\"rope_parameters\": {\"rope_type\": \"llama3\"}") ==
        "config.json: rope_parameters.factor: is missing");
  CHECK(refusal_with(l, "\"rope_parameters\": 3") ==
        "config.json: rope_parameters: expected an object, got 3");
  CHECK(refusal(l, "\"silu\"", "\"relu\"") ==
        "config.json: hidden_act: \"relu\" is not known; known is silu");
  CHECK(refusal(l, "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3") ==
        "config.json: heads is 4 and key_value_heads 3, expected a divisor");
  CHECK(refusal(l, "\"head_dim\": 8", "\"head_dim\": 7")
            .starts_with("config.json: d_head is 7, expected an even number"));
  CHECK(refusal(l, "\"attention_bias\": false", "\"attention_bias\": true") ==
        "model.safetensors: layers.0.self_attn.q_proj.bias: is missing");
  CHECK(refusal(l, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4") ==
        "model.safetensors: layers.3.input_layernorm.weight: is missing");
  CHECK(
      refusal("tiny-llama-mha-f16", "\"mlp_bias\": true", "\"mlp_bias\": false") ==
      "model.safetensors: model.layers.0.mlp.down_proj.bias: the model that config.json describes "
      "has no such tensor");
}

TEST_CASE("load_model: rotary base of either place") {
  Copy copy("tiny-llama-gqa");
  copy.replace("\"rope_theta\": 500.0",
               "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 700}");
  CHECK(load_model(copy.folder.path()).config.rotary_frequencies == rotary_frequencies(8, 700.0));
}

TEST_CASE("load_model: a tensor too few or too many or of another shape") {
  for (const char* name : {"tiny-gpt2", "tiny-llama-mha-f16"}) {
    const Copy whole(name);
    for (const auto& [tensor, stored] : whole.tensors) {
      if (contains(tensor, ".attn.bias") || contains(tensor, "masked_bias")) continue;
      CAPTURE(tensor);
      Copy copy(name);
      copy.tensors.erase(tensor);
      copy.write_tensors();
      const std::string body = tensor.substr(tensor.find('.') + 1);  // Without the prefix.
      CHECK(copy.refusal() == "model.safetensors: " + body + ": is missing");

      copy.tensors[tensor] = stored;
      auto& shape = copy.tensors[tensor].shape;
      shape.push_back(1);
      copy.write_tensors();
      CHECK(contains(copy.refusal(), tensor + ": expected the shape ["));

      shape = stored.shape;
      auto& bytes = copy.tensors[tensor].bytes;
      bytes.replace(bytes.size() - 4, 4, "\xFF\xFF\xFF\xFF");
      copy.write_tensors();
      CHECK(contains(copy.refusal(), tensor + ": the value at ["));
    }
  }
  Copy copy("tiny-gpt2");
  copy.tensors["transformer.h.0.attn.q_norm.weight"] = {"F32", {1}, "\0\0\0\0"};
  copy.write_tensors();
  CHECK(copy.refusal().starts_with("model.safetensors: transformer.h.0.attn.q_norm.weight: "));
  CHECK(refusal("tiny-gpt2", "\"n_layer\": 2", "\"n_layer\": 1")
            .starts_with("model.safetensors: transformer.h.1."));
}

TEST_CASE("load_model: a config that asks for far more than the file has allocates nothing") {
  CHECK(refusal("tiny-gpt2", "\"vocab_size\": 300", "\"vocab_size\": 16777216") ==
        "model.safetensors: transformer.wte.weight: expected the shape [16777216, 32], got [300, "
        "32]");
  Copy copy("tiny-llama-gqa");
  copy.replace("\"intermediate_size\": 40", "\"intermediate_size\": 16777216");
  CHECK(contains(copy.refusal(), "mlp.gate_proj.weight: expected the shape [16777216, 24]"));
}

TEST_CASE("random_model: the same seed gives the same model of the asked shape") {
  ModelConfig config = gpt2_small_config();
  config.layers = 2;
  config.heads = 4;
  config.key_value_heads = 2;
  config.d_model = 32;
  config.d_head = 8;
  config.d_ff = 64;
  config.vocabulary = 100;
  config.context = 16;
  const Model a = random_model(config, 1), b = random_model(config, 1), c = random_model(config, 2);
  CHECK(a.config == config);
  CHECK_FALSE(a.tokenizer);
  CHECK(a.weights.embedding.token == b.weights.embedding.token);
  CHECK(a.weights.embedding.token != c.weights.embedding.token);
  CHECK(a.weights.embedding.token.size() == 3200);
  CHECK(a.weights.embedding.position.size() == 512);
  REQUIRE(a.weights.blocks.size() == 2);
  CHECK(a.weights.blocks[1].qkv.weight.in() == 32);
  CHECK(a.weights.blocks[1].qkv.weight.out() == 64);
  CHECK(a.weights.blocks[1].mlp_in.weight.out() == 64);
  double sum = 0, squares = 0;
  for (const float value : a.weights.embedding.token) {
    sum += value;
    squares += value * value;
  }
  CHECK(std::abs(sum / 3200) < 0.04);
  CHECK(std::abs(squares / 3200 - 1) < 0.06);

  config.norm = NormKind::rms_norm;
  config.position = PositionKind::rotary;
  config.mlp = MlpKind::swiglu;
  config.rotary_frequencies = rotary_frequencies(8, 10000.0);
  const Model llama = random_model(config, 1);
  CHECK(llama.weights.embedding.position.empty());
  CHECK(llama.weights.blocks[0].qkv.bias.empty());
  CHECK(llama.weights.blocks[0].attention_norm.bias.empty());
  CHECK(llama.weights.blocks[0].mlp_in.weight.out() == 128);
  config.layers = 0;
  CHECK_THROWS_AS(random_model(config, 1), std::invalid_argument);
}

TEST_CASE("gpt2_small_config: as many parameters as GPT-2 small") {
  // The published model has 124,439,808.
  ModelConfig config = gpt2_small_config();
  config.layers = 1;
  config.vocabulary = 1;
  const std::size_t rest = random_model(config, 1).parameters();
  const std::size_t layer = 4 * 768 * 768 + 4 * 768 + 8 * 768 * 768 + 5 * 768 + 4 * 768;
  CHECK(rest + 11 * layer + std::size_t{50256} * 768 == 124439808);
}
