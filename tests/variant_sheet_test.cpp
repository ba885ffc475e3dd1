#include "variant_sheet.h"

#include <doctest/doctest.h>

#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

namespace fs = std::filesystem;

void copy_model(const TemporaryFolder& to, const std::string& from, const std::string& name) {
  fs::copy(test_data() / "models" / from, to / name, fs::copy_options::recursive);
}

VariantSheet sheet_of(const fs::path& folder, const std::string& text,
                      const VariantSheet* earlier = nullptr) {
  VariantSheetMaker maker(folder, text, earlier);
  float before = -1.0f;
  do {
    CHECK(maker.fraction() > before);
    before = maker.fraction();
  } while (maker.step());
  CHECK(maker.fraction() == 1.0f);
  return maker.sheet();
}

}  // namespace

TEST_CASE("a sheet has every model of the folder with what was measured of it") {
  const TemporaryFolder folder;
  copy_model(folder, "tiny-llama-gqa", "grouped");
  copy_model(folder, "tiny-headlight", "all-at-once");
  copy_model(folder, "tiny-gpt2", "standard");
  fs::create_directories(folder / "no model");
  folder.write("measured.json", R"({"bigram_loss": 4.5, "variants": {"standard": {
      "validation_loss": 5.25, "validation_loss_standard_error": 0.125, "tokens_seen": 1000},
      "grouped": {"validation_loss": "low"}}})");
  folder.write("claims.json", R"({"claims": [{"claim": "Heads look.", "verdict": "true",
      "measured": "They do."}, {"claim": "Heads sleep."}]})");
  const VariantSheet sheet = sheet_of(folder.path(), "the cat sat on the mat");
  REQUIRE(sheet.variants.size() == 3);
  CHECK(sheet.variants[0].name == "standard");
  CHECK(sheet.variants[1].name == "all-at-once");
  CHECK(sheet.variants[2].name == "grouped");
  CHECK(sheet.bigram_loss == 4.5);
  CHECK(sheet.variants[0].validation_loss == 5.25);
  CHECK(sheet.variants[0].loss_error == 0.125);
  CHECK(sheet.variants[0].tokens_seen == 1000);
  CHECK_FALSE(sheet.variants[1].validation_loss);
  CHECK_FALSE(sheet.variants[2].validation_loss);
  REQUIRE(sheet.claims.size() == 2);
  CHECK(sheet.claims[0].verdict == "true");
  CHECK(sheet.claims[0].measured == "They do.");
  CHECK(sheet.claims[1].claim == "Heads sleep.");
  CHECK(sheet.claims[1].verdict.empty());
  for (const Variant& variant : sheet.variants) {
    CHECK(variant.problem.empty());
    CHECK(variant.cost.parameters == variant.model->parameters());
    CHECK(variant.ms_per_token > 0.0);
    REQUIRE(variant.trace);
    REQUIRE(variant.stats({1, 2}) != nullptr);
    const auto want = summarize(*variant.trace, 24).at(AttentionKind::self);
    CHECK(*variant.stats({1, 2}) ==
          want.stats[static_cast<std::size_t>(variant.model->config.heads + 2)]);
    CHECK(variant.stats({9, 0}) == nullptr);
  }
}

TEST_CASE("a variant that cannot be opened is one sentence and the others stay") {
  const TemporaryFolder folder;
  copy_model(folder, "tiny-headlight", "good");
  copy_model(folder, "tiny-headlight", "bad");
  folder.write("bad/config.json", "{\"model_type\": \"headlight\"}");
  copy_model(folder, "tiny-bart", "two-stacks");
  const VariantSheet sheet = sheet_of(folder.path(), "the cat");
  REQUIRE(sheet.variants.size() == 3);
  CHECK(sheet.variants[0].name == "bad");
  CHECK(sheet.variants[0].problem.find("num_hidden_layers") != std::string::npos);
  CHECK(sheet.variants[0].trace == nullptr);
  CHECK(sheet.variants[1].problem.empty());
  CHECK(sheet.variants[2].problem.find("xpected a model of one stack") != std::string::npos);
}

TEST_CASE("another text keeps the models and no folder is an empty sheet") {
  const TemporaryFolder folder;
  copy_model(folder, "tiny-headlight", "one");
  const VariantSheet first = sheet_of(folder.path(), "the cat");
  const VariantSheet second = sheet_of(folder.path(), "the dog ran", &first);
  CHECK(second.variants[0].model == first.variants[0].model);
  CHECK(second.variants[0].trace->size() != first.variants[0].trace->size());
  CHECK(second.text == "the dog ran");
  VariantSheetMaker none(folder / "missing", "the cat");
  CHECK_FALSE(none.step());
  CHECK(none.sheet().variants.empty());
  // A text longer than the model takes is cut.
  std::string words;
  for (int i = 0; i < 200; ++i) words += "cat ";
  const VariantSheet cut = sheet_of(folder.path(), words);
  CHECK(cut.variants[0].trace->size() == cut.variants[0].model->config.context);
}
