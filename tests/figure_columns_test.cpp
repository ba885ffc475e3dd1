#include "figure_columns.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "comparison_table.h"
#include "mask_placement.h"
#include "pass.h"
#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

std::vector<ComparedColumn> some_columns(const std::vector<std::string>& masks, int tokens = 9) {
  const auto model = std::make_shared<const Model>(random_model(small_gpt2_config(), 1));
  const HeadId head{1, 2};
  const auto baseline = std::make_shared<const Trace>(run(*model, some_ids(*model, tokens, 1)));
  std::vector<ComparedColumn> columns;
  for (const std::string& mask : masks) {
    const Edits edits =
        with_mask({}, heads_at(model->config, MaskPlace::all, head), parse_mask(mask));
    const auto edited = edits.empty() ? baseline
                                      : std::make_shared<const Trace>(
                                            run(*model, baseline->input(), edits));
    columns.push_back(compared_column(model, baseline, edited, head,
                                      columns.empty() ? *edited : *columns[0].run));
  }
  return columns;
}

}  // namespace

TEST_CASE("a comparison is drawn in every format, with its masks by name") {
  const auto columns = some_columns({"none", "local:2", "dilated:2:2", "global:1"});
  ComparisonFigure titled;
  titled.title = "A <title>";
  const std::string svg = draw_comparison(columns, titled, FigureFormat::svg);
  CHECK(contains(svg, "<title>A &lt;title&gt;</title>"));
  CHECK(contains(svg, "dilated:2:2"));
  CHECK(draw_comparison(columns, {}, FigureFormat::pdf).starts_with("%PDF"));
  const std::string png = draw_comparison(columns, {}, FigureFormat::png);
  CHECK(png.starts_with("\x89PNG"));
  CHECK(png == draw_comparison(columns, {}, FigureFormat::png));
  ComparisonFigure light;
  light.display.theme = Theme::light;
  CHECK(png != draw_comparison(columns, light, FigureFormat::png));
  CHECK(png != draw_comparison(some_columns({"none", "local:2"}), {}, FigureFormat::png));
  CHECK(draw_comparison(some_columns({"local:1"}), {}, FigureFormat::png).starts_with("\x89PNG"));
  CHECK_THROWS_AS(draw_comparison({}, {}, FigureFormat::png), std::invalid_argument);
  light.scale = 99.0;
  CHECK_THROWS_AS(draw_comparison(columns, light, FigureFormat::png), std::invalid_argument);
  CHECK_THROWS_AS(comparison_file(columns, {}, ".npz"), std::invalid_argument);
}

TEST_CASE("the tables say what was measured") {
  const auto columns = some_columns({"none", "local:2"});
  const nlohmann::json json = nlohmann::json::parse(comparison_json(columns));
  REQUIRE(json["columns"].size() == 2);
  const auto& first = json["columns"][0];
  const auto& second = json["columns"][1];
  CHECK(first["mask"] == "none");
  CHECK(first["kl"] == 0.0);
  CHECK(second["mask"] == "local:2");
  CHECK(second["kl"].get<double>() ==
        doctest::Approx(columns[1].prediction.mean_kl.value()).epsilon(1e-7));
  CHECK(second["weight_removed"].get<double>() ==
        doctest::Approx(columns[1].of_head.weight_removed).epsilon(1e-7));
  CHECK(second["cells"] == 9 * 3 - 3);
  CHECK(second["full_cells"] == 45);
  CHECK(second["costs"][1]["cells"] == 8192 * 3 - 3);
  CHECK(second["costs"][0]["dense_bytes"] == 4.0 * 1024 * 1024);
  CHECK(second["receptive_field"]["depth"] == nlohmann::json({-1, -1, 3, 3, 2, 2, 1, 1, 0}));
  CHECK(second["weights"].size() == 9);
  CHECK(second["weights"][8][5] == 0.0);
  CHECK_FALSE(second.contains("loss"));
  const std::string csv = comparison_csv(columns);
  CHECK(contains(csv, "\"local:2\""));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
  const auto commas = [](const std::string& line) {
    return std::count(line.begin(), line.end(), ',');
  };
  const std::size_t end = csv.find('\n');
  CHECK(commas(csv.substr(0, end)) == commas(csv.substr(end + 1, csv.find('\n', end + 1) - end)));
}

TEST_CASE("differences share a scale, and their columns must be alike") {
  const auto columns = some_columns({"none", "local:2", "local:1"});
  const float end = shared_difference_end(columns, {});
  for (std::size_t i : {1u, 2u}) {
    const MapValues map = column_difference(columns[i], columns[0], {}, end);
    CHECK(map.high == end);
    const auto before = columns[0].run->weights({1, 2}), after = columns[i].run->weights({1, 2});
    for (int q = 0; q < 9; ++q) {
      for (int k = 0; k < 9; ++k) {
        CHECK(map.values[cell_index(map, q, k)] == after(q, k) - before(q, k));
        CHECK(std::abs(map.values[cell_index(map, q, k)]) <= end);
      }
    }
  }
  const auto longer = some_columns({"none"}, 11);
  CHECK_FALSE(same_shape(longer[0], columns[0]));
  CHECK_THROWS_AS(column_difference(longer[0], columns[0], {}), std::invalid_argument);
}

TEST_CASE("masks that hide nothing or everything are told") {
  const auto columns = some_columns({"none", "local:2", "local:99", "global:0", "block:4"});
  CHECK(mask_notice(columns[0]).empty());
  CHECK(mask_notice(columns[1]).empty());
  CHECK(contains(mask_notice(columns[2]), "hides nothing"));
  CHECK(contains(mask_notice(columns[3]), "hides everything"));
  CHECK(columns[3].of_head.cells == 0);
  CHECK(columns[3].of_head.stats.maximum == 0.0f);
  CHECK(mask_notice(columns[4]).empty());
  CHECK(column_title(*columns[2].run, {1, 2}) == "local:99");
  CHECK(column_subtitle(columns[1], columns[0]) == "all heads local:2");
  const std::vector<Access> access = access_of(columns[1]);
  CHECK(access[0 * 9 + 1] == Access::none);
  CHECK(access[5 * 9 + 1] == Access::masked);
  CHECK(access[5 * 9 + 3] == Access::allowed);
}

TEST_CASE("numbers are short") {
  CHECK(short_count(830) == "830");
  CHECK(short_count(1234) == "1.2 k");
  CHECK(short_count(3.4e6) == "3.4 M");
  CHECK(short_count(56.2e9) == "56 G");
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(999.6e6) == "1.0 GB");
}
