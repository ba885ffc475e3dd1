#include <doctest/doctest.h>

#include <xtensor/xtensor.hpp>

#include "assets_path.h"
#include "paths.h"
#include "worker.h"

using namespace headlight;

namespace {

std::shared_ptr<const Snapshot> answer_to(Worker& worker, const std::string& model, const std::string& text,
                                          Edits edits = {}) {
  Request request;
  request.model = model;
  request.text = text;
  request.edits = std::move(edits);
  worker.submit(request);
  return worker.wait();
}

bool same(const LayerWalk& walk, WalkTensor tensor, const xt::xtensor<float, 2>& want) {
  const std::vector<float> values = walk.values(tensor);
  return values.size() == want.size() && std::equal(values.begin(), values.end(), want.begin());
}

}  // namespace

TEST_CASE("worker: snapshots have the walk that is wanted, the latest one too") {
  Worker worker([] {});
  CHECK(answer_to(worker, "", "The cat sat")->walk == nullptr);
  worker.want_walk(WalkWish{{1, 5}, {}});
  auto snapshot = worker.wait();
  REQUIRE(snapshot->walk != nullptr);
  CHECK(snapshot->walk->head() == HeadId{1, 5});
  CHECK(same(*snapshot->walk, WalkTensor::weights, snapshot->edited->weights({1, 5})));

  const auto kept = snapshot->walk;
  worker.want_walk(WalkWish{{1, 5}, {}});
  CHECK(worker.wait()->walk == kept);  // nothing was computed anew

  worker.want_walk(WalkWish{{2, 1}, {}});
  snapshot = worker.wait();
  REQUIRE(snapshot->walk != nullptr);
  CHECK(snapshot->walk->head() == HeadId{2, 1});

  worker.want_walk(WalkWish{{2, 1}, {.p = 0.5f}});
  CHECK(worker.wait()->walk->has(WalkTensor::dropped));

  worker.want_walk({});
  CHECK(answer_to(worker, "", "The cat")->walk == nullptr);
}

TEST_CASE("worker: the walk is through the edited run, and follows the text") {
  Worker worker([] {});
  worker.want_walk(WalkWish{{1, 5}, {}});
  CHECK(answer_to(worker, "", "The cat")->walk->query_tokens().size() == 3);
  const auto snapshot = answer_to(worker, "", "The cat sat", {{HeadId{1, 5}, {.gain = 0.0f, .replace = Replacement::mean, .temperature = 4.0f}}});
  REQUIRE(snapshot->walk != nullptr);
  CHECK(snapshot->walk->temperature() == doctest::Approx(4.0));
  CHECK(same(*snapshot->walk, WalkTensor::weights, snapshot->edited->weights({1, 5})));
  CHECK(same(*snapshot->walk, WalkTensor::output, snapshot->edited->residual(2)));
}

TEST_CASE("worker: where there can be no walk, a sentence says why, and the next model has one again") {
  Worker worker([] {});
  worker.want_walk(WalkWish{{3, 5}, {}});
  const auto recorded = answer_to(worker, (test::test_data() / "attention" / "stored.npz").string(), "");
  CHECK(recorded->error.empty());
  CHECK(recorded->walk == nullptr);
  CHECK(recorded->walk_error.find("computed elsewhere") != std::string::npos);
  const auto snapshot = answer_to(worker, "", "The cat");
  REQUIRE(snapshot->walk != nullptr);
  CHECK(snapshot->walk_error.empty());
  CHECK(snapshot->walk->model().name == snapshot->model->name);
}
