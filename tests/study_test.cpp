#include "study.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "battery.h"
#include "content_hash.h"
#include "environment.h"
#include "loss_studies.h"
#include "paths.h"
#include "role_cache.h"
#include "role_study.h"
#include "temporary_folder.h"
#include "worker.h"

namespace headlight {
namespace {

using namespace std::chrono_literals;

Request tiny_request() {
  Request request;
  request.model = (test::test_data() / "models" / "tiny-gpt2").string();
  request.text = "the cat sat";
  return request;
}

template <typename Condition>
bool soon(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST_CASE("a worker that measures publishes the roles, and the next one knows them at once") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  {
    Worker worker([] {}, true);
    worker.submit(tiny_request());
    REQUIRE(soon([&] { return worker.latest()->roles != nullptr; }));
    const auto snapshot = worker.latest();
    CHECK(snapshot->roles->battery == battery_version);
    CHECK(snapshot->roles->model_hash == content_hash(*snapshot->model));
    CHECK(soon([&] { return !worker.study_progress().busy; }));
  }
  Worker worker([] {});  // measures nothing by itself
  worker.submit(tiny_request());
  CHECK(worker.wait()->roles != nullptr);
}

TEST_CASE("a paused measurement waits, answers go on, and its counts are kept for another day") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  std::string hash;
  {
    Worker worker([] {}, true);
    worker.submit(tiny_request());
    REQUIRE(soon([&] { return worker.study_progress().fraction > 0.0f; }));
    worker.pause_studies();
    Request other = tiny_request();
    other.text = "the cat";
    worker.submit(other);
    const auto answer = worker.wait();
    CHECK(answer->request == other);
    CHECK(answer->roles == nullptr);
    CHECK(worker.study_progress().paused);
    hash = content_hash(*answer->model);
  }
  CHECK(std::filesystem::exists(partial_roles(hash)));
}

TEST_CASE("the effect, the importance and the curve that were asked for are published") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  Worker worker([] {});
  Request request = tiny_request();
  request.edits[{0, 1}] = {.gain = 0.0f};
  worker.submit(request);
  const auto model = worker.wait()->model;
  worker.measure(StudyKind::effect);
  REQUIRE(soon([&] { return worker.latest()->effect != nullptr; }));
  const PruningEffect& effect = *worker.latest()->effect;
  CHECK(effect.heads == std::vector<HeadId>{{0, 1}});
  CHECK(effect.joint() == effect.singles.front());  // one head: together is alone
  CHECK(worker.latest()->effect_edits == request.edits);
  worker.measure(StudyKind::importance);
  REQUIRE(soon([&] { return worker.latest()->importance != nullptr; }));
  const ImportanceReport& importance = *worker.latest()->importance;
  REQUIRE(importance.sets.size() == 2);  // the battery and the text
  CHECK(importance.importance[1][0].change == doctest::Approx(effect.joint()));
  worker.measure(StudyKind::curve);
  REQUIRE(soon([&] { return worker.latest()->curve != nullptr; }));
  const auto& points = worker.latest()->curve->least_first.points;
  CHECK(points.front().loss == doctest::Approx(effect.before));
}

TEST_CASE("the effect of edits other than pruning is measured, beside controls that get the same") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  Worker worker([] {});
  Request request = tiny_request();
  request.edits[{0, 1}] = {.temperature = 5.0f};
  request.edits[{1, 0}] = {.mask = local_mask(1), .masked_cells = {{60, 2}}};
  worker.submit(request);
  const auto model = worker.wait()->model;
  worker.measure(StudyKind::effect);
  REQUIRE(soon([&] { return worker.latest()->effect != nullptr; }));
  const PruningEffect effect = *worker.latest()->effect;
  std::vector<LossText> texts;
  for (const std::string& text : loss_texts()) texts.push_back(loss_text(*model, text));
  CHECK(effect.after == doctest::Approx(mean_loss(*model, texts, request.edits)));
  CHECK(effect.before == doctest::Approx(mean_loss(*model, texts)));
  CHECK(effect.singles.size() == 2);
  CHECK_FALSE(effect.controls.empty());

  // That of other edits takes its place.
  request.edits = {{{1, 0}, {.gain = 0.0f, .replace = Replacement::mean}}};
  worker.submit(request);
  worker.wait();
  worker.measure(StudyKind::effect);
  REQUIRE(soon([&] { return worker.latest()->effect_edits == request.edits; }));
  CHECK(worker.latest()->effect->heads == std::vector<HeadId>{{1, 0}});
}

TEST_CASE("importance is measured on a file of the user's, and a missing one is one sentence") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  const auto file = folder.write("my lines.txt", "the cat sat on the mat\r\n\nthe dog ran\n");
  Worker worker([] {});
  worker.submit(tiny_request());
  const auto model = worker.wait()->model;
  worker.measure(StudyKind::importance, file.string());
  REQUIRE(soon([&] { return worker.latest()->importance != nullptr; }));
  const auto& sets = worker.latest()->importance->sets;
  REQUIRE(sets.size() == 3);
  CHECK(sets[2].name == "my lines.txt");
  CHECK(sets[2].texts == 2);
  CHECK(sets[2].loss == doctest::Approx(mean_loss(*model, {loss_text(*model, "the cat sat on the mat"),
                                                           loss_text(*model, "the dog ran")})));
  worker.measure(StudyKind::importance, (folder / "nowhere.txt").string());
  REQUIRE(soon([&] { return !worker.study_progress().busy; }));
  CHECK(test::contains(worker.study_progress().failed, "nowhere.txt"));
  CHECK(worker.latest()->importance->sets.size() == 3);  // the older one stays
}

TEST_CASE("what cannot be measured is one sentence") {
  const test::TemporaryFolder folder;
  const test::Environment cache("XDG_CACHE_HOME", folder.path().string());
  Worker worker([] {});
  Request request = tiny_request();
  request.model = (test::test_data() / "models" / "tiny-bert-body").string();
  worker.submit(request);
  worker.wait();
  worker.measure(StudyKind::importance);
  CHECK(soon([&] { return !worker.study_progress().busy; }));
  CHECK_FALSE(worker.study_progress().failed.empty());
  CHECK(worker.latest()->importance == nullptr);
}

TEST_CASE("the columns' losses are those of runs over the battery") {
  Worker worker([] {});
  Request asked;
  asked.model = (test::test_data() / "models" / "tiny-gpt2").string();
  asked.text = "the cat sat";
  std::vector<Column> columns(1);
  columns[0].mask = local_mask(1);
  worker.submit(asked, columns);
  auto snapshot = worker.wait();
  CHECK_FALSE(snapshot->columns[1]->loss);
  worker.measure(StudyKind::columns);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (worker.study_progress().busy && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  snapshot = worker.latest();
  REQUIRE(snapshot->columns[0]->loss);
  REQUIRE(snapshot->columns[1]->loss);
  const Model& model = *snapshot->model;
  const auto texts = text_set(model, "battery", loss_texts()).texts;
  CHECK(*snapshot->columns[0]->loss == doctest::Approx(mean_loss(model, texts)));
  CHECK(*snapshot->columns[1]->loss ==
        doctest::Approx(mean_loss(model, texts, column_edits(columns[0], model.config))));
}

}  // namespace
}  // namespace headlight
