#include "walk_table.h"

#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "npz_reader.h"
#include "pass.h"
#include "temporary_folder.h"
#include "tiny_layer.h"
#include "walk_script.h"

using namespace headlight;
using namespace headlight::test;

namespace {

LayerWalk tiny_walk() {
  static const auto model = std::make_shared<const Model>(tiny_model({.bias = true}));
  const Trace trace = run(*model, std::vector<int>{0, 1, 2, 3});
  return LayerWalk(model, trace, {0, 1});
}

}  // namespace

TEST_CASE("all of a walk's tensors as arrays and as JSON") {
  const LayerWalk walk = tiny_walk();
  const TemporaryFolder folder;
  const NpzReader npz(folder.write("walk.npz", npz_walk(walk)));
  const auto json = nlohmann::json::parse(json_walk(walk));
  CHECK(json["head"] == "L0 H1");
  CHECK(json["divisor"] == 2.0);
  CHECK(json["tokens"].size() == 4);
  CHECK_FALSE(json.contains("cell"));
  for (int i = 0; i < walk_tensors; ++i) {
    const auto tensor = static_cast<WalkTensor>(i);
    const std::string name = to_string(tensor);
    CHECK_MESSAGE(json["tensors"].contains(name) == walk.has(tensor), name);
    CHECK_MESSAGE(npz.has(name) == walk.has(tensor), name);
    if (!walk.has(tensor)) continue;
    CHECK(json["tensors"][name]["shape"] ==
          nlohmann::json{walk.shape(tensor).rows, walk.shape(tensor).columns});
    CHECK(json["tensors"][name]["values"].size() ==
          static_cast<std::size_t>(walk.shape(tensor).rows));
  }
  CHECK(json["tensors"]["weights"]["values"][2][1].get<float>() ==
        walk.at({WalkTensor::weights, 2, 1}));
  CHECK(json["tensors"]["masked"]["values"][0][1].is_null());
}

TEST_CASE("a cell comes with its arithmetic") {
  const auto json =
      nlohmann::json::parse(json_walk(tiny_walk(), WalkCell{WalkTensor::products, 2, 1}));
  const auto& cell = json["cell"];
  CHECK(cell["tensor"] == "products");
  CHECK(cell["rule"] == "sum");
  REQUIRE(cell["terms"].size() == 4);
  double sum = 0.0;
  for (const auto& term : cell["terms"])
    sum += term["left"].get<double>() * term["right"].get<double>();
  CHECK(sum == doctest::Approx(cell["value"].get<double>()));
  CHECK(cell["terms"][3]["left_cell"] ==
        nlohmann::json{{"tensor", "q"}, {"row", 2}, {"column", 3}});
  CHECK_THROWS_AS(json_walk(tiny_walk(), WalkCell{WalkTensor::products, 2, 4}),
                  std::invalid_argument);
}

TEST_CASE("a cell as options write it") {
  CHECK(parse_walk_cell("weights,2,1") == WalkCell{WalkTensor::weights, 2, 1});
  CHECK(parse_walk_cell("token_rows,0,7") == WalkCell{WalkTensor::token_rows, 0, 7});
  for (const char* text :
       {"", "weights", "weights,1", "weights,1,2,3", "weight,1,2", "weights,-1,0", "weights,a,0"})
    CHECK_THROWS_AS(parse_walk_cell(text), std::invalid_argument);
}
