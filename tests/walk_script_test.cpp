#include "walk_script.h"

#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "assets_path.h"
#include "attention_file.h"
#include "file_io.h"
#include "notebook.h"
#include "npz_reader.h"
#include "pass.h"
#include "paths.h"
#include "prediction_view.h"
#include "script_arrays.h"
#include "temporary_folder.h"
#include "words_file.h"

using namespace headlight;
using namespace headlight::test;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const Model> mini_gpt() {
  static const auto model = std::make_shared<const Model>(load_model(model_path("mini-gpt")));
  return model;
}

Files files(const std::string& name, bool guided = false, HeadId head = {2, 3},
            const Edits& edits = {}) {
  const Trace trace = run(*mini_gpt(), "The cat sat", edits);
  return walk_files({.file = name, .guided = guided}, mini_gpt(), trace, head, "The cat sat", {});
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a script and its weights, named after it") {
  const Files plain = files("/some/where/walk.py");
  REQUIRE(plain.size() == 2);
  CHECK(plain[0].first == "walk.py");
  CHECK(plain[1].first == "walk.npz");
  CHECK(has(plain[0].second, "with_name") == false);
  CHECK(has(plain[0].second, "\"walk.npz\""));
  CHECK(has(plain[0].second, "text = \"The cat sat\"\n"));
  CHECK(has(plain[0].second, "tokens, d_model = 4, 192\n"));
  CHECK(has(plain[0].second, "import torch\n"));
  CHECK_FALSE(has(plain[0].second, " = ...\n"));
  CHECK_FALSE(has(plain[0].second, "{{"));
  CHECK(plain == files("walk.py"));  // the same run gives the same bytes
}

TEST_CASE("a notebook has the script's cells") {
  const auto json = nlohmann::json::parse(files("walk.IPYNB")[0].second);
  const std::vector<ScriptCell> cells = script_cells(files("walk.py")[0].second);
  REQUIRE(json["cells"].size() == cells.size());
  CHECK(json["cells"].size() > 25);
  CHECK(json["nbformat_minor"] == 5);
}

TEST_CASE("a guided one has gaps and checks in the cells of the other") {
  const std::string guided = files("walk.py", true)[0].second;
  CHECK(has(guided, "\nweights = ...\n"));
  CHECK(has(guided, "class NotYet"));
  CHECK_FALSE(has(guided, "import torch"));
  std::set<std::string> plain;
  for (const ScriptCell& cell : script_cells(files("walk.py")[0].second)) plain.insert(cell.name);
  for (const ScriptCell& cell : script_cells(guided)) {
    if (has(cell.text, " = ...\n")) CHECK(plain.count(cell.name) == 1);
  }
}

TEST_CASE("the arrays that the lines read, and no others") {
  const Trace trace = run(*mini_gpt(), "The cat sat");
  const ScriptLayer layer(mini_gpt(), trace, {2, 3}, {});
  const TemporaryFolder folder;
  const NpzReader npz(folder.write("a.npz", script_arrays(layer)));
  std::string lines;
  for (const char* part : {"setup", "numpy", "torch"})
    lines += read_file(words_folder() / "walk" / (std::string(part) + ".py.in"), 1 << 20);
  CHECK(npz.names().size() > 15);
  for (const std::string& name : npz.names()) {
    const bool norm = name.ends_with("_gain") || name.ends_with("_bias");
    CHECK_MESSAGE((norm || has(lines, "\"" + name + "\"")), name);
  }
}

TEST_CASE("edits are those of the run") {
  Edits edits;
  edits[{2, 1}] = {.gain = 0.0f, .mask = local_mask(1)};
  const std::string script = files("walk.py", false, {2, 3}, edits)[0].second;
  CHECK(has(script, "file[\"allowed\"]"));
  CHECK(has(script, "| 1 | `causal local:1` |"));
  CHECK(has(script, "gain = load(\"gain\")"));
  const std::string elsewhere = files("walk.py", false, {1, 3}, edits)[0].second;
  CHECK_FALSE(has(elsewhere, "load(\"gain\")"));
  CHECK(has(elsewhere, "np.tril"));
}

TEST_CASE("the tiny layer reads places as tokens") {
  const TinyLayer layer{.tokens = 3};
  const std::vector<Token> tokens = run(*mini_gpt(), "The cat sat").tokens();
  const Input input = tiny_input(layer, tokens);
  REQUIRE(input.tokens.size() == 3);
  CHECK(input.tokens[2].id == 2);
  CHECK(input.tokens[2].text == tokens[2].text);
  const auto tiny = std::make_shared<const Model>(tiny_model(layer));
  const Trace trace = run(*tiny, input);
  const Files files = walk_files({.file = "t.py"}, tiny, trace, {0, 1}, "The cat sat", {});
  CHECK(has(files[0].second, "fresh layer of beginner's size"));
  CHECK_FALSE(has(files[0].second, "_norm("));
}

TEST_CASE("what cannot be walked through is refused in one sentence") {
  const Trace trace = run(*mini_gpt(), "The cat sat");
  const auto refusal = [&](const std::string& file, HeadId head) {
    return message_of<std::invalid_argument>(
        [&] { walk_files({.file = file}, mini_gpt(), trace, head, "", {}); });
  };
  CHECK(refusal("walk.txt", {0, 0}) == "\"walk.txt\": the name must end in .py or .ipynb");
  CHECK(has(refusal("walk.py", {9, 0}), "L9 H0"));
  CHECK(is_script_file("a.PY"));
  CHECK_FALSE(is_script_file("py"));
}
