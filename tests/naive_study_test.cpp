#include "naive_study.h"

#include <doctest/doctest.h>

#include "pass_checks.h"
#include "pass_reference.h"
#include "studies.h"

using namespace headlight;
using namespace headlight::test;

namespace {

Snapshot snapshot_of(Model model, int tokens) {
  Snapshot snapshot;
  snapshot.model = std::make_shared<const Model>(std::move(model));
  snapshot.baseline =
      std::make_shared<const Trace>(run(*snapshot.model, some_ids(*snapshot.model, tokens, 3)));
  return snapshot;
}

void finish(Studies& studies, Snapshot& snapshot) {
  while (!studies.empty()) studies.step(snapshot);
}

}  // namespace

TEST_CASE("both ways are run in turn and give the run's own numbers") {
  for (Model& model : all_models()) {
    CAPTURE(model.name);
    Snapshot snapshot = snapshot_of(std::move(model), 12);
    Studies studies;
    studies.begin(StudyKind::naive, snapshot, "1");
    finish(studies, snapshot);
    REQUIRE(snapshot.naive);
    const NaiveResult& result = *snapshot.naive;
    CHECK(result.model.lock() == snapshot.model);
    CHECK(result.layer == 1);
    CHECK(result.threads == 1);
    CHECK(result.tokens == snapshot.baseline->tokens());
    CHECK(result.equals_pass);
    CHECK(result.largest_difference == 0.0);
    CHECK(result.naive_z == result.vectorised_z);
    CHECK(result.naive_z.size() == static_cast<std::size_t>(snapshot.model->config.query_width()));
    for (const FormTimes* times : {&result.naive, &result.vectorised}) {
      CHECK(times->rounds.size() == NaiveStudy::rounds);
      CHECK(times->least > 0.0);
      CHECK(times->least <= times->median);
      CHECK(times->median <= times->most);
    }
  }
}

TEST_CASE("another layer is begun anew, the same one goes on") {
  Snapshot snapshot = snapshot_of(random_model(small_gpt2_config(), 1), 8);
  Studies studies;
  studies.begin(StudyKind::naive, snapshot, "0");
  studies.step(snapshot);
  studies.step(snapshot);
  studies.begin(StudyKind::naive, snapshot, "0");
  studies.step(snapshot);
  CHECK(studies.progress().fraction > 0.1f);
  studies.begin(StudyKind::naive, snapshot, "2");
  studies.step(snapshot);
  CHECK(studies.progress().fraction == 0.0f);
  finish(studies, snapshot);
  CHECK(snapshot.naive->layer == 2);
}

TEST_CASE("a layer that is not there, and a missing text, are refused") {
  Snapshot snapshot = snapshot_of(random_model(small_gpt2_config(), 1), 8);
  CHECK_THROWS_AS(NaiveStudy(snapshot, 3), std::invalid_argument);
  snapshot.baseline = nullptr;
  CHECK_THROWS_AS(NaiveStudy(snapshot, 0), std::invalid_argument);
}
