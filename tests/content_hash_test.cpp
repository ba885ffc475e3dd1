#include "content_hash.h"

#include <doctest/doctest.h>

#include "model_copy.h"

using namespace headlight;

TEST_CASE("a folder's hash follows what the model is read from, and nothing else") {
  test::Copy copy("tiny-gpt2");
  const std::string hash = content_hash(load_model(copy.folder.path()));
  CHECK(hash.size() == 32);
  CHECK(hash.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(hash == content_hash(load_model(test::fixture("tiny-gpt2"))));  // Wherever it stands
  copy.folder.write("README.md", "A card.");
  CHECK(hash == content_hash(load_model(copy.folder.path())));
  const Model before = load_model(copy.folder.path());
  copy.add("\"a_note\": 1");
  CHECK(hash != content_hash(before));
  CHECK(hash != content_hash(load_model(test::fixture("tiny-distilgpt2"))));
}

TEST_CASE("a model whose files were replaced is not taken for what they are now") {
  test::Copy copy("tiny-gpt2");
  const Model model = load_model(copy.folder.path());
  const std::string hash = content_hash(model);
  CHECK_FALSE(files_changed(model));
  // Other weights of the same size, in place.
  const auto weights = copy.folder / "model.safetensors";
  std::string bytes = test::read_file(weights);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  copy.folder.write("other", bytes);
  std::filesystem::rename(copy.folder / "other", weights);
  CHECK(files_changed(model));
  const std::string replaced = content_hash(load_model(copy.folder.path()));
  CHECK(replaced != hash);
  CHECK(content_hash(model) != replaced);
  CHECK(content_hash(model) == content_hash(model));
  std::filesystem::remove_all(copy.folder.path());
  CHECK(files_changed(model));
  CHECK(content_hash(model) != replaced);
  CHECK_THROWS_AS(load_model(copy.folder.path()), LoadError);
}

TEST_CASE("a model in memory is told by shape and weights") {
  ModelConfig config = gpt2_small_config();
  config.layers = 1;
  config.heads = config.key_value_heads = 2;
  config.d_model = 8;
  config.d_head = 4;
  config.d_ff = 8;
  config.vocabulary = 10;
  config.context = 8;
  const std::string hash = content_hash(random_model(config, 1));
  CHECK(hash == content_hash(random_model(config, 1)));
  CHECK(hash != content_hash(random_model(config, 2)));
  Model other = random_model(config, 1);
  other.config.norm_epsilon *= 2;
  CHECK(hash != content_hash(other));
  other = random_model(config, 1);
  other.weights.blocks[0].mlp_out.bias[0] += 1;
  CHECK(hash != content_hash(other));
}
