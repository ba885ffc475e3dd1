#include "pruned_checkpoint.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "model_copy.h"
#include "pass_checks.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace fs = std::filesystem;

namespace {

std::vector<HeadId> some_heads(const ModelConfig& config) {
  std::vector<HeadId> heads;
  for (const AttentionKind kind : config.kinds()) {
    heads.push_back({0, 1, kind});
    heads.push_back({config.layers_of(kind) - 1, 0, kind});
    heads.push_back({config.layers_of(kind) - 1, config.heads_of(kind) - 1, kind});
  }
  return heads;
}

std::string refused(const Model& model, const fs::path& to, bool force = false,
                    const std::vector<HeadId>& heads = {{0, 0}}) {
  return message_of<std::invalid_argument>([&] { write_pruned(model, heads, to, "{}", force); });
}

}  // namespace

TEST_CASE("a pruned checkpoint computes what the model computes with gain 0") {
  // In and out of W_O stored both ways, grouped and wide heads, fused and unfused, every type of
  // number, several files, post-norm, two stacks.
  for (const char* name :
       {"tiny-gpt2", "tiny-gpt2-bf16", "tiny-distilgpt2", "tiny-llama-gqa", "tiny-llama-mha-f16",
        "tiny-llama-sharded", "tiny-phi3", "tiny-qwen3", "tiny-gemma", "tiny-mistral", "tiny-bert",
        "tiny-bert-gamma", "tiny-bert-pretraining", "tiny-roberta", "tiny-distilbert", "tiny-bart",
        "tiny-mbart", "tiny-marian", "tiny-marian-f16", "tiny-llama2c", "tiny-llama2c-untied"}) {
    CAPTURE(name);
    TemporaryFolder folder;
    const bool file = contains(name, "llama2c");
    const std::string inside = file ? std::string(name) + ".bin" : "";
    const Model model = load_model(fixture(name) / inside);
    const std::vector<HeadId> heads = some_heads(model.config);
    write_pruned(model, heads, folder / "pruned", "{\"a\":1}");
    const Model pruned = load_model(folder / "pruned" / inside);
    CHECK(pruned.config == model.config);
    CHECK(pruned.tokenizer.has_value() == model.tokenizer.has_value());
    CHECK(contains(read_file(folder / "pruned" / "README.md"), "Pruned copy of"));
    for (const AttentionKind kind : model.config.kinds()) {
      for (int i = 0; i < model.config.layers_of(kind) * model.config.heads_of(kind); ++i) {
        const HeadId head = {i / model.config.heads_of(kind), i % model.config.heads_of(kind), kind};
        const bool gone = std::find(heads.begin(), heads.end(), head) != heads.end();
        CHECK(output_is_zero(pruned, head) == gone);
        CHECK_FALSE(output_is_zero(model, head));
      }
    }
    const bool two = model.config.encoder_decoder();
    const Input input = input_of_ids(model, some_ids(model, 12, 3),
                                     two ? some_ids(model, 9, 4) : std::vector<int>{});
    const Trace want = run(model, input, ablated(heads, Replacement::zero));
    const Trace got = run(pruned, input);
    CHECK(got.output() == want.output());
    const bool predicts = model.config.predicts != ModelConfig::Predicts::nothing;
    if (predicts) CHECK(largest_difference(got, want) == 0.0f);
    CHECK(run(model, input).output() != want.output());
  }
}

TEST_CASE("a pruned checkpoint differs from its model in W_O alone") {
  TemporaryFolder folder;
  const Model model = load_model(fixture("tiny-llama-mha-f16"));
  write_pruned(model, {{1, 1}}, folder / "pruned", "{\"a\":1}");
  for (const auto& entry : fs::directory_iterator(fixture("tiny-llama-mha-f16"))) {
    const std::string name = entry.path().filename().string();
    const std::string before = read_file(entry.path()), after = read_file(folder / "pruned" / name);
    if (name != "model.safetensors") {
      CHECK(before == after);
      continue;
    }
    REQUIRE(before.size() == after.size());
    const Safetensors file(entry.path());
    const auto at = std::find_if(file.tensors().begin(), file.tensors().end(), [](const auto& t) {
      return t.first.ends_with("layers.1.self_attn.o_proj.weight");
    });
    REQUIRE(at != file.tensors().end());
    std::size_t changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == after[i]) continue;
      ++changed;
      CHECK(after[i] == 0);
      CHECK(i >= at->second.begin);
      CHECK(i < at->second.end);
    }
    CHECK(changed > 0);
  }
  CHECK(read_file(folder / "pruned" / "pruning.json") == "{\"a\":1}");
}

TEST_CASE("a pruned checkpoint goes over nothing that it should not") {
  TemporaryFolder folder;
  const Model model = load_model(fixture("tiny-gpt2"));
  write_pruned(model, {{0, 0}}, folder / "pruned", "one");
  CHECK(contains(refused(model, folder / "pruned"), "exists already"));
  CHECK(refused(model, folder / "pruned", true).empty());
  CHECK(contains(refused(model, fixture("tiny-gpt2"), true), "is the model itself"));
  fs::create_directory(folder / "other");
  folder.write("other/letter.txt", "dear");
  CHECK(contains(refused(model, folder / "other", true), "other things than a model"));
  folder.write("file", "dear");
  CHECK(contains(refused(model, folder / "file", true), "not a folder"));
  CHECK(contains(refused(model, folder / "new", false, {{9, 0}}), "L9 H0"));
  CHECK(contains(refused(model, folder / "new", false, {}), "no heads"));
  CHECK_FALSE(fs::exists(folder / "new"));
  // Another model over it: the old weights would be read first.
  const Model sharded = load_model(fixture("tiny-llama-sharded"));
  write_pruned(sharded, {{0, 0}}, folder / "pruned", "two", true);
  CHECK(load_model(folder / "pruned").config == sharded.config);
  CHECK(read_file(folder / "pruned" / "pruning.json") == "two");
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    CHECK_FALSE(contains(entry.path().string(), ".part"));
  }
  fs::create_directory(folder / "empty");
  CHECK(refused(model, folder / "empty").empty());
}

TEST_CASE("only a model with files, as it was opened, is written again") {
  TemporaryFolder folder;
  CHECK(contains(refused(random_model(small_gpt2_config(), 1), folder / "new"), "a model's files"));
  Copy copy("tiny-gpt2");
  const Model model = load_model(copy.folder.path());
  copy.add("\"a_note\": 1");
  CHECK(contains(refused(model, folder / "new"), "have changed"));
  CHECK_FALSE(fs::exists(folder / "new"));
}

TEST_CASE("a pruned copy's card says at its top that heads are gone") {
  TemporaryFolder folder;
  Copy copy("tiny-gpt2");
  fs::remove(copy.folder / "README.md");
  const auto card = [&](const char* to) {
    write_pruned(load_model(copy.folder.path()), {{0, 1}, {1, 0}}, folder / to, "{}");
    return read_file(folder / to / "README.md");
  };
  const std::string note = "Without the output of L0 H1, L1 H0: their rows of W_O are 0";
  const std::string made = card("made");
  CHECK(made.starts_with("# "));
  CHECK(contains(made, note));
  CHECK_FALSE(contains(made, "whole model"));
  copy.folder.write("README.md", "# A card\n");
  const std::string plain = card("plain");
  CHECK(plain.starts_with("> **Pruned copy of "));
  CHECK(contains(plain, note));
  CHECK(plain.ends_with("What follows is the card of the whole model.\n\n# A card\n"));
  copy.folder.write("README.md", "---\nlicense: mit\n---\n# A card\n");
  const std::string front = card("front");
  CHECK(front.starts_with("---\nlicense: mit\n---\n\n> **Pruned copy of "));
  CHECK(front.ends_with("\n\n# A card\n"));
}

TEST_CASE("the sidecar says what was measured") {
  const Model model = load_model(fixture("tiny-bart"));
  const std::vector<LossText> texts = {loss_text(model, "the cat sat", "a dog")};
  const PruningEffect effect =
      pruning_effect(model, texts, {{0, 1, AttentionKind::cross}}, {.controls = 2});
  const nlohmann::json json = nlohmann::json::parse(pruning_json(model, effect, "one text"));
  CHECK(json["heads"] == nlohmann::json::parse("[\"cross L0 H1\"]"));
  CHECK(json["loss_before"].get<double>() == effect.before);
  CHECK(json["loss_after"].get<double>() == effect.after);
  CHECK(json["texts"] == "one text");
  CHECK(json["control"]["mean"].get<double>() == effect.control_mean());
  CHECK(json["control"]["draws"].size() == effect.controls.size());
}
