#include "role_report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;

namespace {

RoleReport sample() {
  RoleScore previous{.kind = RoleKind::positional,
                     .offset = -1,
                     .holds = true,
                     .score = 0.97,
                     .threshold = 0.9,
                     .baseline = 0.14,
                     .n = 1240,
                     .interval = {0.95, 0.98},
                     .sink_share = 0.01};
  RoleScore links{.kind = RoleKind::syntactic,
                  .relation = Relation::relative_clause,
                  .direction = LinkDirection::governor_looks,
                  .score = 0.125,
                  .threshold = 0.3,
                  .baseline = 0.2,
                  .n = 16,
                  .interval = {0.03, 0.36}};
  RoleScore separators{
      .kind = RoleKind::sink, .offset = 1, .holds = true, .score = 0.5, .threshold = 0.3, .n = 64};
  RoleReport report{.model_hash = "00ff", .battery = 3};
  report.heads.push_back({.head = {0, 1},
                          .scores = {previous, links},
                          .shape = Shape::block,
                          .stats = {0.1f, 0.95f, 0.7f, 0.02f},
                          .detector = DetectorScores{0.93, 0.01, 0.02, 20},
                          .pruned = true});
  report.heads.push_back({.head = {2, 0, AttentionKind::cross}, .scores = {separators}});
  for (const RoleKind kind :
       {RoleKind::local, RoleKind::long_range, RoleKind::broad, RoleKind::duplicate_token,
        RoleKind::induction, RoleKind::coreference, RoleKind::rare_token, RoleKind::semantic}) {
    report.heads[1].scores.push_back({.kind = kind, .n = 1});
  }
  return report;
}

}  // namespace

TEST_CASE("a report is read as it was written") {
  const test::TemporaryFolder folder;
  const RoleReport report = sample();
  CHECK(read_role_report(folder.write("roles.json", role_report_json(report))) == report);
  CHECK(read_role_report(folder.write("empty.json", role_report_json({}))) == RoleReport{});
}

TEST_CASE("the JSON has the names that the files promise") {
  const auto json = nlohmann::json::parse(role_report_json(sample()));
  const auto& head = json["heads"][0];
  CHECK(json["model_hash"] == "00ff");
  CHECK(json["battery"] == 3);
  CHECK(head["layer"] == 0);
  CHECK(head["head"] == 1);
  CHECK_FALSE(head.contains("kind"));
  CHECK(head["shape"] == "block");
  CHECK(head["entropy"] == 0.1);  // The shortest decimal of the float
  CHECK(head["mean_distance"] == 0.95);
  CHECK(head["confidence"] == 0.7);
  CHECK(head["sink_share"] == 0.02);
  REQUIRE(head["roles"].size() == 1);
  const auto& role = head["roles"][0];
  CHECK(role["role"] == "previous token");
  CHECK(role["offset"] == -1);
  CHECK(role["score"] == 0.97);
  CHECK(role["n"] == 1240);
  CHECK(role["interval"] == nlohmann::json({0.95, 0.98}));
  CHECK(role["measured"] ==
        "The strongest key is the token just before in 97 % of 1,240 rows (95 % interval 95 % to "
        "98 %; at least 90 % needed; chance: 14 %; weight on the sink: 1 %). The head is pruned: "
        "its rows of W_O are all 0, so nothing comes of what it looks at.");
  CHECK(json["head_detector"]["error_measure"] == "mul");
  CHECK(json["head_detector"]["exclude_bos"] == false);
  CHECK(json["head_detector"]["exclude_current_token"] == false);
  CHECK(head["head_detector"]["previous_token_head"] == 0.93);
  CHECK(head["head_detector"]["duplicate_token_head"] == 0.01);
  CHECK(head["head_detector"]["induction_head"] == 0.02);
  CHECK(head["head_detector"]["n"] == 20);
  CHECK(head["output"] == "zero");
  CHECK_FALSE(json["heads"][1].contains("output"));
  CHECK_FALSE(json["heads"][1].contains("head_detector"));
  REQUIRE(head["measured"].size() == 1);
  CHECK(head["measured"][0]["role"] == "relative clause");
  CHECK(head["measured"][0]["relation"] == "relative clause");
  CHECK(head["measured"][0]["direction"] == "governor looks");
  CHECK(json["heads"][1]["kind"] == "cross");
  CHECK(json["heads"][1]["roles"][0]["at"] == "separator");
}

TEST_CASE("files that are no report are refused with the place") {
  const test::TemporaryFolder folder;
  const std::string good = role_report_json(sample());
  struct Change {
    std::string from, to, what;
  };
  const std::vector<Change> changes = {
      {"\"battery\": 3", "\"battery\": -3", "battery"},
      {"\"battery\": 3", "\"batery\": 3", "battery"},
      {"\"layer\": 0", "\"layer\": 1e300", "layer"},
      {"\"layer\": 0", "\"layer\": 18446744073709551615", "layer"},
      {"\"layer\": 0", "\"layer\": 0.5", "layer"},
      {"\"cross\"", "\"sideways\"", "kind"},
      {"\"shape\": \"block\"", "\"shape\": \"round\"", "shape"},
      {"\"previous token\"", "\"next token\"", "role"},
      {"\"semantic\"", "\"magic\"", "role"},
      {"\"relation\": \"relative clause\"", "\"relation\": \"friend\"", "relation"},
      {"\"governor looks\"", "\"nobody looks\"", "direction"},
      {"\"n\": 1240", "\"n\": -1", "n"},
      {"\"score\": 0.97", "\"score\": \"high\"", "score"},
      {"\"score\": 0.97", "\"score\": null", "score"},
      {"\"confidence\": 0.7", "\"confidence\": 1e300", "confidence"},
      {"\"offset\": -1", "\"offset\": 99999999", "offset"},
      {"\"output\": \"zero\"", "\"output\": \"some\"", "output"},
      {"\"induction_head\": 0.02", "\"induction_head\": true", "induction_head"},
      {"\"n\": 20\n", "\"n\": -20\n", "n"},
      {"\"heads\": [", "\"heads\": 1, \"x\": [", "heads"},
  };
  for (const Change& change : changes) {
    std::string text = good;
    const std::size_t at = text.find(change.from);
    REQUIRE_MESSAGE(at != text.npos, change.from);
    text.replace(at, change.from.size(), change.to);
    const auto file = folder.write("bad.json", text);
    const std::string what = test::message_of<LoadError>([&] { read_role_report(file); });
    CHECK_MESSAGE(what.starts_with(file.string()), change.to << ": " << what);
    CHECK_MESSAGE(test::contains(what, change.what), change.to << ": " << what);
  }
  CHECK_THROWS_AS(read_role_report(folder / "missing.json"), LoadError);
  CHECK_THROWS_AS(read_role_report(folder.write("half.json", good.substr(0, good.size() / 2))),
                  LoadError);
}
