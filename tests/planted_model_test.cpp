#include "planted_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <xtensor/xtensor.hpp>

#include "pass.h"
#include "role_measurement.h"
#include "trace.h"

using namespace headlight;

namespace {

// The roles that hold, one after the other.
std::string roles_of(const HeadRoles& head) {
  std::string names;
  for (const RoleScore& score : head.scores) {
    if (score.holds) names += (names.empty() ? "" : ", ") + role_name(score);
  }
  return names;
}

std::string figures_of(const HeadRoles& head) {
  std::string text;
  for (const RoleScore& score : head.scores) {
    text += "\n  " + role_name(score) + ": " + measured(score);
  }
  return text;
}

}  // namespace

TEST_CASE("planted heads look where they were made to look") {
  const test::PlantedModel made = test::PlantedModelMaker(true).make();
  // [CLS] the old farmer saw the dog . [SEP]
  const Trace trace = run(made.model, "The old farmer saw the dog.");
  REQUIRE(trace.size() == 9);
  const auto weight = [&](int layer, int head, std::size_t query, std::size_t key) {
    return trace.weights({layer, head})(query, key);
  };
  CHECK(weight(0, 0, 5, 4) > 0.99f);                             // The token before
  CHECK(weight(0, 1, 5, 1) > 0.99f);                             // The other "the"
  CHECK(weight(0, 2, 5, 3) == doctest::Approx(1.0 / 6));         // All alike
  CHECK(weight(0, 3, 5, 0) > 0.99f);                             // The first
  CHECK(weight(1, 0, 5, 2) > 0.99f);                             // What followed the other "the"
  CHECK(weight(1, 1, 3, 1) > 0.99f);                             // The farmer's "the"
  CHECK(weight(1, 1, 6, 5) > 0.9f);                              // The dog's
  CHECK(weight(1, 3, 5, 5) > 0.99f);                             // Itself
}

TEST_CASE("every detector finds its own planted head and none of the others") {
  for (const bool causal : {true, false}) {
    CAPTURE(causal);
    const test::PlantedModel made = test::PlantedModelMaker(causal).make();
    RoleMeasurement measurement(made.model);
    while (measurement.step()) {
    }
    const RoleReport report = measurement.report();
    REQUIRE(report.heads.size() == made.planted.size());
    for (const HeadRoles& head : report.heads) {
      const std::string& planted = made.planted.at(head.head);
      CHECK_MESSAGE(roles_of(head) == planted, std::string(causal ? "causal " : "bidirectional ")
                                                   << to_string(head.head) << figures_of(head));
      // Only the head whose output the layer above reads writes anything.
      CHECK(head.pruned == (planted != "previous token"));
      CHECK(head.detector.has_value() == causal);
      if (!head.detector) continue;
      CHECK(head.detector->n == 20);
      // All weight of a previous-token head, but its first row's, lies on the token before; first
      // halves have no copies, so the two others get what their second halves give.
      CHECK((head.detector->previous_token > 0.95) == (planted == "previous token"));
      CHECK((head.detector->duplicate_token > 0.45) == (planted == "duplicate token"));
      CHECK((head.detector->induction > 0.4) == (planted == "induction"));
      CHECK(head.detector->previous_token + head.detector->duplicate_token +
                head.detector->induction < 1.0);
    }
  }
}
