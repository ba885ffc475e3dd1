#include "input.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "attention_file.h"
#include "generation.h"
#include "model_copy.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::vector<int> ids_of(const std::vector<Token>& tokens) {
  std::vector<int> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

std::vector<std::string> texts_of(const std::vector<Token>& tokens) {
  std::vector<std::string> texts;
  for (const Token& token : tokens) texts.push_back(token.text);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a text is a model's tokens and no source") {
  for (const char* name : {"tiny-gpt2", "tiny-llama-gqa", "tiny-bert", "tiny-roberta"}) {
    const Model model = load_model(fixture(name));
    const Input input = input_of(model, "the cat sat");
    CHECK(input.tokens == model.tokenizer->encode("the cat sat"));
    CHECK(input.source.empty());
    CHECK(input_of(model, "the cat sat", "a target is of an encoder-decoder") == input);
  }
  CHECK(message_of<std::invalid_argument>([] {
          input_of(random_model(small_gpt2_config(), 1), "a");
        }) == "[run] the model has no tokenizer, so it takes token ids, not a text");
}

TEST_CASE("a text of an encoder-decoder is its source and the start token its target") {
  const Model model = load_model(fixture("tiny-bart"));
  const Input input = input_of(model, "the cat");
  CHECK(input.source == model.tokenizer->encode("the cat"));
  CHECK(ids_of(input.tokens) == std::vector<int>{2});
  CHECK(input.tokens[0].text == "</s>");

  const Input both = input_of(model, "the cat", "a dog");
  CHECK(both.source == input.source);
  std::vector<int> want = {2};
  for (const Token& token : model.target_tokenizer->encode_target("a dog"))
    want.push_back(token.id);
  CHECK(ids_of(both.tokens) == want);
  CHECK(want.size() > 2);
  // The labels' own start is fed too, the end is not: the model has to say it.
  CHECK(want[1] == 0);
  CHECK(want.back() != 2);
  // An empty target is one: what stands before any word.
  CHECK(input_of(model, "the cat", "").tokens.front().id == 2);
}

TEST_CASE("running a text decodes where the model has two stacks") {
  const Model model = load_model(fixture("tiny-bart"));
  const Trace trace = run(model, "the cat");
  Generation generation(model, input_of(model, "the cat"), {}, model.config.context);
  while (generation.step()) {
  }
  CHECK(ids_of(trace.tokens()) == ids_of(generation.tokens()));
  CHECK(trace.tokens()[1].id == model.config.forced_first);
  CHECK(trace.source() == model.tokenizer->encode("the cat"));
  const Edits edits{{{0, 0, AttentionKind::cross}, {.gain = 0.0f}}};
  CHECK(run(model, "the cat", edits).edits() == edits);
}

TEST_CASE("ids have the texts of the tokenizer that they are of") {
  const Model model = load_model(fixture("tiny-gpt2-bf16"));
  const std::vector<Token> tokens = tokens_of(model, {0, 299, 303});
  CHECK(ids_of(tokens) == std::vector<int>{0, 299, 303});
  CHECK(texts_of(tokens) == Texts{"!", "<|endoftext|>", "<unused 303>"});
  CHECK(tokens_of(model, {}).empty());

  Model two = random_model(small_gpt2_config(), 1);
  two.config.vocabulary = 300;
  CHECK(texts_of(tokens_of(two, {7, 299})) == Texts{"7", "299"});
  two.tokenizer = model.tokenizer;
  CHECK(tokens_of(two, {299})[0].text == "<|endoftext|>");
  two.target_tokenizer = load_model(fixture("tiny-bert")).tokenizer;
  CHECK(tokens_of(two, {7})[0].text == "[MASK]");
  CHECK(tokens_of(two, {7}, AttentionKind::cross)[0].text == "[MASK]");
  CHECK(tokens_of(two, {7}, AttentionKind::encoder)[0].text == model.tokenizer->token(7).text);
  // Beyond the tokenizer, within the vocabulary.
  CHECK(tokens_of(two, {200})[0].text == "200");
  for (int id : {-1, 300}) {
    CHECK(message_of<std::invalid_argument>([&] {
            tokens_of(two, {0, id});
          }) == "[tokens_of] token id " + std::to_string(id) + " is outside the vocabulary of 300");
  }
}

TEST_CASE("the second sentence begins behind the first separator") {
  const Model model = load_model(fixture("tiny-bert"));
  const int separator = model.tokenizer->separator();
  REQUIRE(separator == 6);
  const auto types = [&](const std::vector<int>& ids) {
    return token_types(model, tokens_of(model, ids));
  };
  using Types = std::vector<int>;
  CHECK(types({5, 40, 41, 6, 42, 43, 6}) == Types{0, 0, 0, 0, 1, 1, 1});
  CHECK(types({5, 40, 6}) == Types{0, 0, 0});
  CHECK(types({5, 40}) == Types{0, 0});
  CHECK(types({6, 40}) == Types{0, 1});
  CHECK(types({6, 6, 6}) == Types{0, 1, 1});
  CHECK(types({}).empty());
  const std::vector<Token> pair = input_of(model, "the cat [SEP] a dog").tokens;
  const Types of_pair = token_types(model, pair);
  CHECK(std::count(of_pair.begin(), of_pair.end(), 1) == 3);  // a, dog, the last separator

  Model one_type = model;
  one_type.config.token_types = 1;
  CHECK(token_types(one_type, tokens_of(model, {5, 6, 40})) == Types{0, 0, 0});
  Model no_tokenizer = model;
  no_tokenizer.tokenizer.reset();
  CHECK(token_types(no_tokenizer, tokens_of(model, {5, 6, 40})) == Types{0, 0, 0});
  const Model distilbert = load_model(fixture("tiny-distilbert"));
  CHECK(token_types(distilbert, tokens_of(model, {5, 6, 40})) == Types{0, 0, 0});
}

TEST_CASE("a second sentence changes what is computed") {
  const Model model = load_model(fixture("tiny-bert"));
  Model alike = model;
  auto& type = alike.weights.embedding.type;
  std::copy_n(type.begin(), 32, type.begin() + 32);
  const std::vector<int> pair = {5, 40, 6, 42, 6}, single = {5, 40, 41, 42, 6};
  CHECK(run(model, pair).logits(1) != run(alike, pair).logits(1));
  CHECK(run(model, single).logits(1) == run(alike, single).logits(1));
}

TEST_CASE("a masked model predicts its first mask and others what follows the last token") {
  const Model bert = load_model(fixture("tiny-bert"));
  const int mask = bert.tokenizer->mask();
  REQUIRE(mask == 7);
  const auto position = [&](const Model& model, const std::vector<int>& ids) {
    return predicted_position(model, tokens_of(model, ids));
  };
  CHECK(position(bert, {5, 40, 7, 41, 7, 6}) == 2);
  CHECK(position(bert, {7}) == 0);
  CHECK(predicted_position(bert, input_of(bert, "the cat sat").tokens) == 3);  // not [SEP]
  CHECK(predicted_position(bert, input_of(bert, "the cat sat.").tokens) == 3);  // nor the full stop
  CHECK(position(bert, {5, 6}) == 1);
  CHECK(predicted_position(bert, input_of(bert, "the [MASK] sat").tokens) == 2);
  Model body = bert;
  body.config.predicts = ModelConfig::Predicts::nothing;
  CHECK(position(body, {5, 7, 6}) == 2);
  Model no_tokenizer = bert;
  no_tokenizer.tokenizer.reset();
  CHECK(position(no_tokenizer, {5, 7, 6}) == 2);
  const Model gpt2 = load_model(fixture("tiny-gpt2"));
  CHECK(position(gpt2, {5, 7, 6, 7}) == 3);
  CHECK(position(load_model(fixture("tiny-bart")), {2, 0, 7}) == 2);
}

TEST_CASE("attention from a file has its tokens and where they differ its keys") {
  RecordedAttention recorded;
  recorded.query_tokens = recorded.key_tokens = {"a", "b", "c"};
  recorded.token_ids = {7, 8, 9};
  Input input = recorded_input(recorded);
  CHECK(texts_of(input.tokens) == Texts{"a", "b", "c"});
  CHECK(ids_of(input.tokens) == std::vector<int>{7, 8, 9});
  CHECK(input.source.empty());

  recorded.token_ids.clear();
  CHECK(ids_of(recorded_input(recorded).tokens) == std::vector<int>{-1, -1, -1});

  // The ids are those of the keys.
  recorded.query_tokens = {"x", "y"};
  recorded.token_ids = {7, 8, 9};
  input = recorded_input(recorded);
  CHECK(texts_of(input.tokens) == Texts{"x", "y"});
  CHECK(ids_of(input.tokens) == std::vector<int>{-1, -1});
  CHECK(texts_of(input.source) == Texts{"a", "b", "c"});
  CHECK(ids_of(input.source) == std::vector<int>{7, 8, 9});
}
