#include "notebook.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace headlight;

TEST_CASE("a script's cells") {
  const std::vector<ScriptCell> cells = script_cells(
      "lost\n# %% one [markdown]\n# # Title\n#\n# - a\n\n\n# %% two\n\nx = 1  # %% not a cell\n\n# "
      "y\n");
  REQUIRE(cells.size() == 2);
  CHECK(cells[0] == ScriptCell{"one", true, "# Title\n\n- a"});
  CHECK(cells[1] == ScriptCell{"two", false, "x = 1  # %% not a cell\n\n# y"});
  CHECK(script_cells("").empty());
  CHECK(percent_script(cells) ==
        "# %% one [markdown]\n# # Title\n#\n# - a\n\n# %% two\nx = 1  # %% not a cell\n\n# y\n");
  CHECK(script_cells(percent_script(cells)) == cells);
}

TEST_CASE("a notebook is nbformat 4.5") {
  const auto json = nlohmann::json::parse(notebook(
      {{"one", true, "# T\n\nb"}, {"one", false, "x = \"é\\n\"\ny"}, {"empty", false, ""}}));
  CHECK(json["nbformat"] == 4);
  CHECK(json["nbformat_minor"] == 5);
  CHECK(json["metadata"]["kernelspec"]["name"] == "python3");
  REQUIRE(json["cells"].size() == 3);
  CHECK(json["cells"][0] == nlohmann::json{{"id", "one-text"},
                                           {"cell_type", "markdown"},
                                           {"metadata", nlohmann::json::object()},
                                           {"source", {"# T\n", "\n", "b"}}});
  CHECK(json["cells"][1]["id"] == "one");
  CHECK(json["cells"][1]["source"] == nlohmann::json{"x = \"é\\n\"\n", "y"});
  CHECK(json["cells"][1]["outputs"].is_array());
  CHECK(json["cells"][1]["execution_count"].is_null());
  CHECK(json["cells"][2]["source"].empty());
}

TEST_CASE("names that are no ids are refused") {
  CHECK_THROWS_AS(notebook({{"a b", false, ""}}), std::invalid_argument);
  CHECK_THROWS_AS(notebook({{"", false, ""}}), std::invalid_argument);
  CHECK_THROWS_AS(notebook({{std::string(65, 'a'), false, ""}}), std::invalid_argument);
  CHECK_THROWS_AS(notebook({{"a", false, ""}, {"a", false, ""}}), std::invalid_argument);
}
