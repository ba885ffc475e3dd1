#include "parameter_counts.h"

#include <doctest/doctest.h>

#include "model_copy.h"
#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// The value of "12 × (768 × 768 + 768) + 5".
class Formula {
 public:
  explicit Formula(const std::string& text) : text_(text) {}
  std::size_t value() { return sum(); }

 private:
  bool take(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  std::size_t sum() {
    std::size_t total = product();
    while (take(" + ")) total += product();
    return total;
  }
  std::size_t product() {
    std::size_t total = factor();
    while (take(" × ")) total *= factor();
    return total;
  }
  std::size_t factor() {
    if (take("(")) {
      const std::size_t inside = sum();
      REQUIRE(take(")"));
      return inside;
    }
    std::size_t used = 0;
    const std::size_t number = std::stoull(text_.substr(at_), &used);
    at_ += used;
    return number;
  }
  std::string text_;
  std::size_t at_ = 0;
};

void check_formulas(const ParameterCounts& counts) {
  for (const PartCount& part : counts.parts) {
    CAPTURE(counts.name);
    CAPTURE(part.formula);
    CHECK(part.formula.empty() == (part.count == 0));
    if (part.count > 0) CHECK(Formula(part.formula).value() == part.count);
  }
}

}  // namespace

TEST_CASE("the parts of every model add up to its parameters") {
  std::vector<Model> models = all_models();
  for (Model& model : encoder_decoders()) models.push_back(std::move(model));
  for (const auto& entry : std::filesystem::directory_iterator(test_data() / "models")) {
    if (std::filesystem::exists(entry.path() / "config.json")) {
      models.push_back(load_model(entry.path()));
    }
  }
  models.push_back(load_model(source_dir() / "assets" / "models" / "mini-gpt"));
  models.push_back(load_model(source_dir() / "assets" / "models" / "mini-bert"));
  for (const Model& model : models) {
    CAPTURE(model.name);
    const ParameterCounts counts = parameter_counts(model);
    CHECK(counts.total() == model.parameters());
    check_formulas(counts);
  }
}

TEST_CASE("a grouped model's keys are fewer than its queries") {
  const ParameterCounts counts = parameter_counts(random_model(small_llama_config(), 1));
  CHECK(counts.of(ParameterPart::q).formula == "3 × 20 × 24");
  CHECK(counts.of(ParameterPart::k).count == 3 * 20 * 12);
  CHECK(counts.of(ParameterPart::v).count == 3 * 20 * 12);
  CHECK(counts.attention() == 3 * (2 * 20 * 24 + 2 * 20 * 12));
  CHECK(counts.of(ParameterPart::positions).count == 0);
  CHECK(counts.of(ParameterPart::output).count == 0);
}

TEST_CASE("the known models have as many parameters as was published") {
  for (const KnownModel& model : known_models()) {
    const ParameterCounts counts = parameter_counts(model);
    CAPTURE(model.name);
    check_formulas(counts);
    if (model.name == "GPT-3 (175B)") {
      CHECK(counts.total() / 1e9 == doctest::Approx(174.6).epsilon(0.0005));
    } else {
      CHECK(counts.total() == model.published);
    }
  }
  ModelConfig config = gpt2_small_config();
  config.layers = 1;
  const ParameterCounts made = parameter_counts(random_model(config, 1));
  const ParameterCounts known = parameter_counts(known_models()[2]);
  for (const ParameterPart part : {ParameterPart::q, ParameterPart::w_o, ParameterPart::mlp}) {
    CHECK(12 * made.of(part).count == known.of(part).count);
  }
  CHECK(made.of(ParameterPart::tokens).formula == known.of(ParameterPart::tokens).formula);
}

TEST_CASE("the cache shrinks with the key-value heads") {
  CHECK(key_value_heads(KeySharing::own, 12) == 12);
  CHECK(key_value_heads(KeySharing::one, 12) == 1);
  const std::map<int, int> grouped = {{1, 1}, {2, 1}, {6, 3}, {12, 6}, {16, 8}, {20, 5}, {96, 8}};
  for (const auto& [heads, groups] : grouped) {
    CHECK(key_value_heads(KeySharing::grouped, heads) == groups);
  }
  // GPT-3: 2 numbers of 2 bytes, 96 layers, 96 heads of 128: 4.5 MiB a token.
  CHECK(cache_bytes(96, 96, 128, 1) == 4.5 * 1024 * 1024);
  CHECK(cache_bytes(96, 1, 128, 96) == 4.5 * 1024 * 1024);
  CHECK_THROWS_AS(key_value_heads(KeySharing::own, 0), std::invalid_argument);
}

TEST_CASE("a model's own way to share keys is among the three") {
  ModelConfig config = small_llama_config();  // 4 heads of 6 in 3 layers, for 40 tokens
  const auto memory = [&](int key_value_heads, int tokens) {
    config.key_value_heads = key_value_heads;
    return cache_memory(parameter_counts(random_model(config, 1)), tokens);
  };
  CHECK(memory(4, 0).own == 0);
  CHECK(memory(2, 0).own == 1);
  CHECK(memory(1, 0).own == 2);
  CHECK(memory(4, 0).tokens == 40);
  CHECK_FALSE(memory(4, 0).beyond_context);
  CHECK(memory(4, 41).beyond_context);
  CHECK(memory(1, 10).bytes == std::array<double, 3>{2.0 * 3 * 4 * 6 * 10 * 2,
                                                     2.0 * 3 * 2 * 6 * 10 * 2,
                                                     2.0 * 3 * 6 * 10 * 2});
  config.heads = 12;
  CHECK(memory(3, 10).key_value_heads == std::array<int, 3>{12, 3, 1});
  CHECK(memory(12, 10).key_value_heads == std::array<int, 3>{12, 6, 1});
  CHECK_THROWS_AS(memory(1, -1), std::invalid_argument);
}
