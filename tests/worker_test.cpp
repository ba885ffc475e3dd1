#include "worker.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>
#include <xtensor/xtensor.hpp>

#include "attention_file.h"
#include "generation.h"
#include "pass.h"
#include "paths.h"
#include "safetensors_writer.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace std::chrono_literals;
using headlight::test::contains;
using headlight::test::TemporaryFolder;

namespace {

std::string model_path(const char* name) { return (test::test_data() / "models" / name).string(); }

Request request(const std::string& text, const Edits& edits = {}) {
  Request asked;
  asked.model = model_path("tiny-gpt2");
  asked.text = text;
  asked.edits = edits;
  return asked;
}

// Twenty seconds are for machines that do much else; a right answer takes milliseconds.
template <typename Condition>
bool soon(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(200us);
  }
  return true;
}

// Waits as Worker::wait does, but not for ever.
std::shared_ptr<const Snapshot> answer_to(Worker& worker, const Request& asked) {
  worker.submit(asked);
  const bool answered =
      soon([&] { return worker.latest()->request == asked && !worker.progress().busy; });
  CHECK_MESSAGE(answered, "not answered: " << asked.text.substr(0, 40));
  return worker.latest();
}

// A gate that holds the worker's thread inside its callback, so that a test decides what is queued.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  bool wait_for_arrival() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return arrived_ > 0; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

// A worker with the list of the requests that it has answered, and a gate after each answer.
struct Watched {
  Gate gate;
  std::mutex mutex;
  std::vector<Request> answered;
  Worker worker{[this] {
    const auto snapshot = worker.latest();
    {
      const std::lock_guard lock(mutex);
      if (answered.empty() || answered.back() != snapshot->request) {
        answered.push_back(snapshot->request);
      }
    }
    gate.pass();
  }};
  ~Watched() { gate.open(); }
  std::vector<Request> list() {
    const std::lock_guard lock(mutex);
    return answered;
  }
};

// What must hold for every snapshot: its parts belong together.
void check_whole(const Snapshot& s) {
  if (!s.has_pictures()) return;
  REQUIRE(s.model != nullptr);
  CHECK(&s.baseline->model() == s.model.get());
  CHECK(&s.edited->model() == s.model.get());
  CHECK(s.baseline->tokens() == s.edited->tokens());
  REQUIRE(s.baseline_heads != nullptr);
  REQUIRE(s.edited_heads != nullptr);
  const ModelConfig& config = s.model->config;
  for (const auto& summaries : {s.baseline_heads, s.edited_heads}) {
    CHECK(summaries->size() == config.kinds().size());
    for (const AttentionKind kind : config.kinds()) {
      const auto heads = static_cast<std::size_t>(config.layers_of(kind) * config.heads_of(kind));
      CHECK(summaries->at(kind).stats.size() == heads);
    }
  }
  CHECK(s.baseline->weights({0, 0}).shape(0) == static_cast<std::size_t>(s.baseline->size()));
}

std::vector<float> weights_of(const Trace& trace) {
  std::vector<float> all;
  const ModelConfig& config = trace.model().config;
  for (int layer = 0; layer < config.layers; ++layer) {
    for (int head = 0; head < config.heads; ++head) {
      const xt::xtensor<float, 2> weights = trace.weights({layer, head});
      all.insert(all.end(), weights.begin(), weights.end());
    }
  }
  return all;
}

float largest_difference(const Trace& a, const Trace& b) {
  const std::vector<float> x = weights_of(a), y = weights_of(b);
  REQUIRE(x.size() == y.size());
  float largest = 0.0f;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::fabs(x[i] - y[i]));
  return largest;
}

}  // namespace

TEST_CASE("before any request there is an empty snapshot") {
  const Worker worker([] {});
  REQUIRE(worker.latest() != nullptr);
  CHECK_FALSE(worker.latest()->has_pictures());
  CHECK(worker.latest()->model == nullptr);
  CHECK(worker.latest()->error.empty());
  CHECK_FALSE(worker.progress().busy);
  CHECK(worker.wait() == worker.latest());
}

TEST_CASE("a request is answered by one whole snapshot") {
  std::atomic<int> calls = 0;
  Worker worker([&] { ++calls; });
  worker.submit(request("the cat sat"));
  const auto snapshot = worker.wait();
  CHECK(snapshot->request == request("the cat sat"));
  CHECK(snapshot->error.empty());
  CHECK(snapshot->notice.empty());
  REQUIRE(snapshot->has_pictures());
  CHECK(snapshot->edited == snapshot->baseline);
  CHECK(snapshot->edited_heads == snapshot->baseline_heads);
  CHECK(snapshot->model->name == "tiny-gpt2");
  CHECK(snapshot->milliseconds > 0.0);
  check_whole(*snapshot);
  const Model model = load_model(model_path("tiny-gpt2"));
  CHECK(snapshot->baseline->tokens() == model.tokenizer->encode("the cat sat"));
  CHECK(largest_difference(*snapshot->baseline, run(model, "the cat sat")) == 0.0f);
  CHECK(soon([&] { return calls > 0; }));
}

TEST_CASE("each request is answered in turn") {
  Worker worker([] {});
  for (const char* text : {"a", "ab", "abc", "quite another", "abc", ""}) {
    const auto snapshot = answer_to(worker, request(text));
    CHECK(snapshot->error.empty());
    check_whole(*snapshot);
  }
}

TEST_CASE("the newest request replaces the queued one") {
  Watched watched;
  watched.worker.submit(request("first"));
  REQUIRE(watched.gate.wait_for_arrival());
  for (const char* text : {"second", "third", "fourth"}) watched.worker.submit(request(text));
  watched.gate.open();
  CHECK(watched.worker.wait()->request == request("fourth"));
  CHECK(soon([&] { return !watched.worker.progress().busy; }));
  CHECK(watched.list() == std::vector<Request>{request("first"), request("fourth")});
}

TEST_CASE("the same request again is ignored") {
  Worker worker([] {});
  const auto snapshot = answer_to(worker, request("the cat"));
  for (int i = 0; i < 50; ++i) worker.submit(request("the cat"));
  CHECK_FALSE(worker.progress().busy);
  CHECK(worker.wait() == snapshot);
}

TEST_CASE("a change of edits keeps the baseline") {
  Worker worker([] {});
  const auto plain = answer_to(worker, request("the cat sat on the mat"));
  const Edits edits = {{{0, 1}, {.gain = 0.0f}}, {{1, 0}, {.temperature = 3.0f}}};
  const auto edited = answer_to(worker, request("the cat sat on the mat", edits));
  REQUIRE(edited->has_pictures());
  CHECK(edited->baseline == plain->baseline);
  CHECK(edited->baseline_heads == plain->baseline_heads);
  CHECK(edited->edited != edited->baseline);
  CHECK(edited->edited->edits() == edits);
  const Model model = load_model(model_path("tiny-gpt2"));
  CHECK(largest_difference(*edited->edited, run(model, "the cat sat on the mat", edits)) <= 1e-6f);
  check_whole(*edited);
  const auto back = answer_to(worker, request("the cat sat on the mat"));
  CHECK(back->baseline == plain->baseline);
  CHECK(back->edited == back->baseline);
  CHECK(back->edited_heads == back->baseline_heads);
}

TEST_CASE("an edit that changes nothing shows the baseline") {
  Worker worker([] {});
  const auto snapshot = answer_to(worker, request("the cat", {{{1, 1}, HeadEdit{}}}));
  CHECK(snapshot->request == request("the cat", {{{1, 1}, HeadEdit{}}}));
  CHECK(snapshot->edited == snapshot->baseline);
}

TEST_CASE("edits from any state to any other give the whole run's numbers") {
  Worker worker([] {});
  const Model model = load_model(model_path("tiny-gpt2"));
  const std::string text = "she opened the door";
  HeadEdit masked;
  masked.mask = local_mask(1);
  masked.masked_cells = {{3, 2}};
  const Edits steps[] = {{{{1, 0}, {.gain = 0.0f}}},
                         {{{1, 0}, {.gain = 0.5f}}},
                         {{{0, 0}, masked}, {{1, 0}, {.gain = 0.5f}}},
                         {{{1, 0}, {.gain = 0.5f}}},
                         {{{0, 2}, {.gain = 0.0f, .replace = Replacement::mean}}},
                         {{{1, 3}, {.temperature = 0.2f}}}};
  for (const Edits& edits : steps) {
    const auto snapshot = answer_to(worker, request(text, edits));
    REQUIRE(snapshot->has_pictures());
    CHECK(snapshot->error == "");
    CHECK(largest_difference(*snapshot->edited, run(model, text, edits)) <= 1e-6f);
  }
}

TEST_CASE("typing gives the whole run's numbers") {
  const Model model = load_model(model_path("tiny-llama-gqa"));
  Worker worker([] {});
  std::string text;
  for (const char letter : std::string("when the rain stopped")) {
    text += letter;
    Request typed = request(text);
    typed.model = model_path("tiny-llama-gqa");
    const auto snapshot = answer_to(worker, typed);
    REQUIRE(snapshot->has_pictures());
    CHECK(largest_difference(*snapshot->baseline, run(model, text)) <= 1e-6f);
  }
}

TEST_CASE("what cannot be answered is one sentence and the older pictures stay") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  HeadEdit mask;
  mask.mask = local_mask(-3);
  TemporaryFolder folder;
  folder.write("config.json", "{\"model_type\": \"gpt2\"}");

  const std::string text = "the dog";
  std::vector<std::pair<const char*, Request>> bad = {
      {"a head that is not there", request(text, {{{7, 0}, {.gain = 0.0f}}})},
      {"a negative head", request(text, {{{0, -1}, {.gain = 0.0f}}})},
      {"temperature NaN", request(text, {{{0, 0}, {.temperature = nan}}})},
      {"temperature 0", request(text, {{{0, 0}, {.temperature = 0.0f}}})},
      {"temperature below 0", request(text, {{{0, 0}, {.temperature = -1.0f}}})},
      {"gain NaN", request(text, {{{0, 0}, {.gain = nan}}})},
      {"gain without end", request(text, {{{0, 0}, {.gain = infinity}}})},
      {"a mask with a negative window", request(text, {{{0, 0}, mask}})},
      {"no such model", request(text)},
      {"a folder without weights", request(text)},
      {"an id outside the vocabulary", request(text)},
  };
  bad[8].second.model = "/nowhere/at all";
  bad[9].second.model = folder.path().string();
  bad[10].second.ids = {1, 2, 100000};

  Worker worker([] {});
  for (const auto& [name, wrong] : bad) {
    CAPTURE(std::string(name));
    const auto good = answer_to(worker, request(std::string("the cat ") + name));
    REQUIRE(good->has_pictures());
    // By hand: a NaN never equals itself, so that this request never equals the answered one.
    worker.submit(wrong);
    REQUIRE(soon([&] { return worker.latest() != good && !worker.progress().busy; }));
    const auto snapshot = worker.latest();
    CHECK(snapshot->request.model == wrong.model);
    CHECK(snapshot->request.text == wrong.text);
    CHECK(!snapshot->error.empty());
    CHECK_MESSAGE(!contains(snapshot->error, "\n"), snapshot->error);
    CHECK_MESSAGE(!snapshot->error.starts_with("["), snapshot->error);
    REQUIRE(snapshot->has_pictures());
    CHECK(snapshot->baseline == good->baseline);
    CHECK(snapshot->edited == good->edited);
    check_whole(*snapshot);
    const auto next = answer_to(worker, request(std::string("and then ") + name));
    CHECK(next->error.empty());
    check_whole(*next);
  }
}

TEST_CASE("an error right after another model was opened mixes no models") {
  Worker worker([] {});
  answer_to(worker, request("the cat sat"));
  Request wrong = request("the cat sat", {{{9, 9}, {.gain = 0.0f}}});
  wrong.model = model_path("tiny-llama-gqa");
  const auto snapshot = answer_to(worker, wrong);
  CHECK(!snapshot->error.empty());
  check_whole(*snapshot);
  if (snapshot->has_pictures()) {
    CHECK(std::isfinite(snapshot->edited->logits(0)[0]));
    CHECK(!weights_of(*snapshot->edited).empty());
  }
}

TEST_CASE("a snapshot outlives the worker and the model that it came from") {
  std::shared_ptr<const Snapshot> kept;
  {
    Worker worker([] {});
    kept = answer_to(worker, request("the cat sat"));
    Request other = request("the cat sat");
    other.model = model_path("tiny-llama-mha-f16");
    answer_to(worker, other);
  }
  check_whole(*kept);
  CHECK(!weights_of(*kept->edited).empty());
}

TEST_CASE("a text longer than the context is cut with a notice that counts the rest") {
  const Model model = load_model(model_path("tiny-gpt2"));
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::string(" ") + static_cast<char>('a' + i % 26);
  const std::size_t tokens = model.tokenizer->encode(text).size();
  const auto context = static_cast<std::size_t>(model.config.context);
  REQUIRE(tokens > context);
  Worker worker([] {});
  const auto snapshot = answer_to(worker, request(text));
  REQUIRE(snapshot->has_pictures());
  CHECK(snapshot->error.empty());
  CHECK(static_cast<std::size_t>(snapshot->baseline->size()) == context);
  CHECK_MESSAGE(contains(snapshot->notice, std::to_string(context)), snapshot->notice);
  CHECK_MESSAGE(contains(snapshot->notice, std::to_string(tokens - context)), snapshot->notice);
  const auto after = answer_to(worker, request("short again"));
  CHECK(after->notice.empty());
}

TEST_CASE("texts of every kind are answered") {
  std::string words;
  for (int i = 0; i < 5000; ++i) words += "word ";
  const std::string texts[] = {words,
                               std::string(10000, 'x'),
                               "\xff\xfe\xc3(",
                               std::string("a\0b\x01\x02\x7f\t\n", 9),
                               "\U0001F600\U0001F468\u200d\U0001F469",
                               "\u05e9\u05dc\u05d5\u05dd",
                               "\u4f60\u597d",
                               "   ",
                               "<|endoftext|>"};
  Worker worker([] {});
  for (const std::string& text : texts) {
    const auto snapshot = answer_to(worker, request(text));
    CHECK(snapshot->error.empty());
    CHECK(snapshot->has_pictures());
    check_whole(*snapshot);
  }
}

TEST_CASE("an empty text shows nothing and says what to do") {
  Worker worker([] {});
  answer_to(worker, request("the cat"));
  const auto snapshot = answer_to(worker, request(""));
  CHECK_FALSE(snapshot->has_pictures());
  CHECK(snapshot->error.empty());
  CHECK(!snapshot->notice.empty());
  CHECK(snapshot->model != nullptr);
  CHECK(answer_to(worker, request("again"))->has_pictures());
}

TEST_CASE("ids take the place of the text") {
  Request ids = request("not this");
  ids.ids = {5, 9, 5, 9};
  Worker worker([] {});
  const auto snapshot = answer_to(worker, ids);
  REQUIRE(snapshot->has_pictures());
  REQUIRE(snapshot->baseline->size() == 4);
  for (int i = 0; i < 4; ++i) {
    CHECK(snapshot->baseline->tokens()[static_cast<std::size_t>(i)].id == (i % 2 == 0 ? 5 : 9));
  }
}

TEST_CASE("a model without a tokenizer takes ids and says so") {
  const TemporaryFolder folder;
  for (const char* file : {"config.json", "model.safetensors"}) {
    std::filesystem::copy_file(model_path("tiny-gpt2") + "/" + file, folder / file);
  }
  Request asked = request("a text");
  asked.model = folder.path().string();
  Worker worker([] {});
  const auto nothing = answer_to(worker, asked);
  CHECK_FALSE(nothing->has_pictures());
  CHECK_MESSAGE(contains(nothing->error + nothing->notice, "tokenizer"),
                "said: " << nothing->error << nothing->notice);
  asked.ids = {1, 2, 3};
  CHECK(answer_to(worker, asked)->has_pictures());
}

TEST_CASE("a running pass is shown when only the edits changed") {
  const std::string text(3000, 'y');
  Watched watched;
  watched.gate.open();
  Request first = request(text), second = request(text, {{{1, 1}, {.gain = 0.0f}}});
  watched.worker.submit(first);
  REQUIRE(soon([&] { return watched.worker.progress().busy || !watched.list().empty(); }));
  watched.worker.submit(second);
  CHECK(watched.worker.wait()->request == second);
  CHECK(soon([&] { return watched.list() == std::vector<Request>{first, second}; }));
}

TEST_CASE("a request that is stopped while it waits counts as answered") {
  Watched watched;
  watched.worker.submit(request("first"));
  REQUIRE(watched.gate.wait_for_arrival());
  watched.worker.submit(request("second"));
  watched.worker.stop();
  watched.gate.open();
  REQUIRE(soon([&] { return !watched.worker.progress().busy; }));
  CHECK(soon([&] { return watched.worker.latest()->request == request("second"); }));
  CHECK(!watched.worker.latest()->error.empty());
  CHECK(watched.worker.latest()->has_pictures());
  CHECK(answer_to(watched.worker, request("third"))->error.empty());
}

TEST_CASE("stop leaves a running pass and the next request is answered") {
  const std::string long_text(2000, 'z');
  int stopped = 0;
  Worker worker([] {});
  for (int i = 0; i < 300 && stopped < 3; ++i) {
    Request asked;
    asked.text = std::to_string(i) + long_text;
    worker.submit(asked);
    REQUIRE(soon([&] { return worker.progress().busy || worker.latest()->request == asked; }));
    worker.stop();
    REQUIRE(soon([&] { return !worker.progress().busy; }));
    REQUIRE(soon([&] { return worker.latest()->request == asked; }));
    stopped += !worker.latest()->error.empty();
    check_whole(*worker.latest());
  }
  CHECK(stopped > 0);
  const auto next = answer_to(worker, request("and on"));
  CHECK(next->error.empty());
  CHECK(next->has_pictures());
}

TEST_CASE("stop with nothing to do changes nothing") {
  Worker worker([] {});
  worker.stop();
  CHECK(worker.latest()->error.empty());
  const auto snapshot = answer_to(worker, request("the cat"));
  CHECK(snapshot->error.empty());
  worker.stop();
  CHECK(worker.wait() == snapshot);
  CHECK(answer_to(worker, request("the dog"))->error.empty());
}

TEST_CASE("a worker that is busy goes at once") {
  for (int i = 0; i < 20; ++i) {
    Worker worker([] {});
    worker.submit(request(std::string(3000, 'a') + std::to_string(i)));
    std::this_thread::sleep_for(std::chrono::microseconds(i * 150));
    if (i % 2 == 0) worker.submit(request("another"));
  }
}

TEST_CASE("of a storm of requests the last is answered") {
  Worker worker([] {});
  Request last;
  for (int i = 0; i < 400; ++i) {
    last = request("a b c " + std::string(static_cast<std::size_t>(i % 40), 'd'));
    if (i % 3 == 0) last.edits[{i % 2, i % 4}] = {.gain = 0.01f * i};
    worker.submit(last);
    check_whole(*worker.latest());
  }
  const auto snapshot = worker.wait();
  CHECK(snapshot->request == last);
  CHECK(snapshot->error.empty());
  check_whole(*snapshot);
}

TEST_CASE("progress is between nothing and all") {
  Worker worker([] {});
  Request asked;
  asked.text = std::string(1500, 'q');
  worker.submit(asked);
  while (worker.latest()->model == nullptr) {
    const Progress progress = worker.progress();
    REQUIRE(progress.fraction >= 0.0f);
    REQUIRE(progress.fraction <= 1.0f);
  }
  CHECK(worker.wait()->error.empty());
}

namespace {

Request of_model(const std::filesystem::path& model, const std::string& text) {
  Request asked;
  asked.model = model.string();
  asked.text = text;
  return asked;
}

Request of_bart(const std::string& text, std::optional<std::string> target = {}) {
  Request asked = of_model(model_path("tiny-bart"), text);
  asked.target = std::move(target);
  return asked;
}

std::vector<int> ids_of(const std::vector<Token>& tokens) {
  std::vector<int> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

// GPT-2's layout in so many bytes that its loading can be met: 40 MB of zeros.
void write_slow_model(const TemporaryFolder& folder) {
  constexpr int width = 256, layers = 24;
  std::map<std::string, test::StoredTensor> tensors;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    tensors[name] = {"F16", std::move(shape), std::string(count * 2, '\0')};
  };
  const auto linear = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    add(name + ".weight", {in, out});
    add(name + ".bias", {out});
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  };
  add("wte.weight", {100, width});
  add("wpe.weight", {32, width});
  norm("ln_f");
  for (int i = 0; i < layers; ++i) {
    const std::string at = "h." + std::to_string(i) + ".";
    norm(at + "ln_1");
    norm(at + "ln_2");
    linear(at + "attn.c_attn", width, 3 * width);
    linear(at + "attn.c_proj", width, width);
    linear(at + "mlp.c_fc", width, 4 * width);
    linear(at + "mlp.c_proj", 4 * width, width);
  }
  write_safetensors(folder / "model.safetensors", tensors);
  folder.write("config.json",
               "{\"model_type\": \"gpt2\", \"n_layer\": 24, \"n_head\": 4, \"n_embd\": 256, "
               "\"vocab_size\": 100, \"n_positions\": 32}");
}

// Waits until the worker is loading; false when it has answered before that was seen.
bool seen_loading(Worker& worker, const Request& asked) {
  bool loading = false;
  soon([&] {
    const Progress progress = worker.progress();
    loading = progress.busy && progress.what.starts_with("loading");
    return loading || worker.latest()->request == asked;
  });
  return loading;
}

}  // namespace

TEST_CASE("an encoder-decoder without a target decodes without the edits") {
  Worker worker([] {});
  const Model model = load_model(model_path("tiny-bart"));
  Generation generation(model, input_of(model, "the cat sat"), {}, 256);
  while (generation.step()) {
  }
  const auto plain = answer_to(worker, of_bart("the cat sat"));
  CHECK(plain->error == "");
  CHECK(plain->decoded);
  REQUIRE(plain->has_pictures());
  check_whole(*plain);
  CHECK(ids_of(plain->baseline->tokens()) == ids_of(generation.tokens()));
  CHECK(plain->baseline->source() == model.tokenizer->encode("the cat sat"));
  CHECK(plain->baseline_heads->size() == 3);
  CHECK(plain->prediction.position == plain->baseline->size() - 1);

  Request edited = of_bart("the cat sat");
  edited.edits = {{{0, 1, AttentionKind::cross}, {.gain = 0.0f}},
                  {{1, 0, AttentionKind::encoder}, {.gain = 0.0f}}};
  const auto changed = answer_to(worker, edited);
  CHECK(changed->error == "");
  CHECK(changed->decoded);
  CHECK(changed->baseline == plain->baseline);
  CHECK(changed->edited->tokens() == plain->baseline->tokens());
  CHECK(changed->edited->edits() == edited.edits);
  check_whole(*changed);
  const Trace whole = run(model, plain->baseline->input(), edited.edits);
  CHECK(changed->edited->logits(2) == whole.logits(2));

  // Another source is decoded anew.
  const auto other = answer_to(worker, of_bart("a dog"));
  CHECK(other->decoded);
  CHECK(other->baseline->source() == model.tokenizer->encode("a dog"));
}

TEST_CASE("an encoder-decoder with a target is fed it") {
  Worker worker([] {});
  const Model model = load_model(model_path("tiny-bart"));
  for (const char* target : {"a dog ran", "a dog", "", "a dog ran on"}) {
    const auto snapshot = answer_to(worker, of_bart("the cat", target));
    CHECK(snapshot->error == "");
    CHECK_FALSE(snapshot->decoded);
    REQUIRE(snapshot->has_pictures());
    check_whole(*snapshot);
    CHECK(snapshot->baseline->input() == input_of(model, "the cat", target));
    const Trace whole = run(model, snapshot->baseline->input());
    const int last = whole.size() - 1;
    CHECK(snapshot->baseline->logits(last) == whole.logits(last));
  }
  Request ids = of_bart("the cat", "not this");
  ids.target_ids = {2, 40, 41};
  const auto snapshot = answer_to(worker, ids);
  CHECK_FALSE(snapshot->decoded);
  CHECK(ids_of(snapshot->baseline->tokens()) == std::vector<int>{2, 40, 41});
  // And back to decoding.
  CHECK(answer_to(worker, of_bart("the cat"))->decoded);
}

TEST_CASE("an encoder-decoder without a tokenizer takes typed ids on both sides") {
  Worker worker([] {});
  Request asked = of_model(model_path("tiny-marian"), "15 27 3");
  const auto decoded = answer_to(worker, asked);
  REQUIRE(decoded->has_pictures());
  CHECK(ids_of(decoded->baseline->source()) == std::vector<int>{15, 27, 3});
  CHECK(decoded->baseline->tokens().front().id == 139);
  for (const Token& token : decoded->baseline->tokens()) {
    CHECK((token.id != 139 || &token == &decoded->baseline->tokens().front()));
  }
  asked.target = "8, 9";
  const auto typed = answer_to(worker, asked);
  CHECK(ids_of(typed->baseline->tokens()) == std::vector<int>{139, 8, 9});
  asked.target = "not ids";
  const auto no_target = answer_to(worker, asked);
  CHECK(contains(no_target->error, "tokenizer"));
  CHECK(no_target->baseline == typed->baseline);
  asked.target = {};
  asked.text = "a text";
  CHECK(contains(answer_to(worker, asked)->error, "tokenizer"));
  asked.text = "15 140";
  CHECK(contains(answer_to(worker, asked)->error, "140"));
  asked.text = "";
  const auto nothing = answer_to(worker, asked);
  CHECK(nothing->error == "");
  CHECK_FALSE(nothing->has_pictures());
  CHECK(!nothing->notice.empty());
}

TEST_CASE("a masked model predicts at its mask and a body nothing") {
  Worker worker([] {});
  const auto masked = answer_to(worker, of_model(model_path("tiny-bert"), "the [MASK] sat"));
  REQUIRE(masked->has_pictures());
  CHECK(masked->prediction.position == 2);
  CHECK(!masked->prediction.rows.empty());
  const auto body = answer_to(worker, of_model(model_path("tiny-bert-sst2"), "the [MASK] sat"));
  REQUIRE(body->has_pictures());
  CHECK(body->error == "");
  CHECK(body->prediction.position == -1);
  CHECK(body->prediction.rows.empty());
}

TEST_CASE("attention from a file is shown whatever is typed and takes no edits") {
  const std::filesystem::path folder = test::test_data() / "attention";
  Worker worker([] {});
  const auto shown = answer_to(worker, of_model(folder / "stored.npz", "any"));
  CHECK(shown->error == "");
  REQUIRE(shown->has_pictures());
  REQUIRE(shown->model->recorded);
  CHECK(shown->prediction.position == -1);
  check_whole(*shown);
  CHECK(answer_to(worker, of_model(folder / "stored.npz", ""))->baseline == shown->baseline);
  Request edited = of_model(folder / "stored.npz", "any");
  edited.edits[{0, 0}].gain = 0.0f;
  const auto refused = answer_to(worker, edited);
  CHECK(refused->error == "this attention was computed elsewhere: changing heads needs the model");
  CHECK(refused->baseline == shown->baseline);
  const auto odd = answer_to(worker, of_model(folder / "odd_rows.npz", "any"));
  CHECK(odd->error == "");
  CHECK(contains(odd->notice, "do not sum to 1"));
  REQUIRE(odd->has_pictures());
  // Keys of their own.
  const auto cross = answer_to(worker, of_model(folder / "cross.npz", ""));
  REQUIRE(cross->has_pictures());
  CHECK(cross->baseline->queries(AttentionKind::self) == cross->model->recorded->queries);
  CHECK(cross->baseline->keys(AttentionKind::self) == cross->model->recorded->keys);
  CHECK(answer_to(worker, request("back to a model"))->has_pictures());
}

TEST_CASE("a loading can be stopped and gives way to another model") {
  const TemporaryFolder folder;
  write_slow_model(folder);
  const Request slow = of_model(folder.path(), "1 2 3"), quick = request("the cat");
  int stopped = 0, gave_way = 0;
  for (int i = 0; i < 60 && (stopped == 0 || gave_way == 0); ++i) {
    Worker worker([] {});
    answer_to(worker, quick);
    worker.submit(slow);
    const bool seen = seen_loading(worker, slow);
    if (i % 2 == 0) {
      worker.stop();
      REQUIRE(soon([&] { return worker.latest()->request == slow; }));
      const auto snapshot = worker.latest();
      if (seen && snapshot->error == "Loading was stopped. Choose a model to go on.") {
        ++stopped;
        CHECK(snapshot->model->name == "tiny-gpt2");  // The older pictures stay.
        CHECK(snapshot->has_pictures());
      }
      check_whole(*snapshot);
      CHECK(answer_to(worker, request("and on"))->error == "");
    } else {
      Request next = request("another");
      const auto snapshot = answer_to(worker, next);
      CHECK(snapshot->error == "");
      CHECK(snapshot->model->name == "tiny-gpt2");
      gave_way += seen;
    }
  }
  CHECK(stopped > 0);
  CHECK(gave_way > 0);
  Worker worker([] {});
  CHECK(answer_to(worker, slow)->has_pictures());  // Not stopped, it opens.
}

TEST_CASE("snapshots have the rollout of the kind that is wanted, the latest one too") {
  Worker worker([] {});
  const Request first = request("the cat sat", {{{0, 1}, {.temperature = 5.0f}}});
  CHECK(answer_to(worker, first)->rollouts == nullptr);
  worker.want_rollout(AttentionKind::self);
  const auto latest = worker.wait();
  REQUIRE(latest->rollouts != nullptr);
  CHECK(latest->request == first);
  CHECK(*latest->rollouts->baseline == shown_rollout(*latest->baseline, AttentionKind::self));
  CHECK(*latest->rollouts->edited == shown_rollout(*latest->edited, AttentionKind::self));
  CHECK(*latest->rollouts->edited != *latest->rollouts->baseline);
  const auto next = answer_to(worker, request("the cat"));
  REQUIRE(next->rollouts != nullptr);
  CHECK(next->rollouts->edited == next->rollouts->baseline);
  CHECK(*next->rollouts->edited == shown_rollout(*next->edited, AttentionKind::self));
  worker.want_rollout(AttentionKind::cross);  // this model has none
  CHECK(worker.wait()->rollouts == nullptr);
  worker.want_rollout({});
  CHECK(answer_to(worker, request("the dog"))->rollouts == nullptr);
}

TEST_CASE("columns are runs with their masks beside the request's own") {
  Worker worker([] {});
  const Request asked = request("the cat sat on the mat");
  std::vector<Column> columns = default_columns();
  worker.submit(asked, columns);
  auto snapshot = worker.wait();
  REQUIRE(snapshot->columns.size() == 4);
  CHECK(snapshot->columns_done == columns);
  CHECK(snapshot->answers(columns));
  CHECK(snapshot->columns[0]->run == snapshot->edited);
  const Model& model = *snapshot->model;
  for (std::size_t i = 0; i < 3; ++i) {
    const ColumnResult& result = *snapshot->columns[i + 1];
    CHECK(result.error.empty());
    const Edits edits = column_edits(columns[i], model.config);
    const Trace want = run(model, snapshot->baseline->input(), edits);
    CHECK(result.run->output() == want.output());
    CHECK(result.baseline == snapshot->baseline);
    CHECK(result.prediction.kl == measure_prediction(want, *snapshot->edited).kl);
    CHECK(result.costs.at({1, 0})[0].cells == mask_costs(model, edits, {1, 0})[0].cells);
  }

  // One mask changes: the others' runs are kept.
  const auto before = snapshot->columns;
  columns[1].mask = dilated_mask(2, 3);
  worker.submit(asked, columns);
  snapshot = worker.wait();
  CHECK(snapshot->columns[1]->run == before[1]->run);
  CHECK(snapshot->columns[2]->run != before[2]->run);
  CHECK(snapshot->columns[3]->run == before[3]->run);

  // The request's edits change: the columns stay, what is said of them does not.
  Request edited = asked;
  edited.edits[{0, 0}].gain = 0.0f;
  worker.submit(edited, columns);
  snapshot = worker.wait();
  CHECK(snapshot->columns[1]->run == before[1]->run);
  CHECK(snapshot->columns[1]->prediction.kl != before[1]->prediction.kl);

  // Another text: all anew, and none when none is asked for.
  worker.submit(request("a dog"), columns);
  snapshot = worker.wait();
  for (const auto& column : snapshot->columns) CHECK(column->run->size() == snapshot->edited->size());
  worker.submit(request("a dog"));
  snapshot = worker.wait();
  CHECK(snapshot->columns.empty());
  CHECK(snapshot->answers({}));
}

TEST_CASE("a column may have a text and a model of its own, and fails alone") {
  Worker worker([] {});
  std::vector<Column> columns(3);
  columns[0].text = "the dog ran away";
  columns[1].model = model_path("tiny-bert");
  columns[2].model = model_path("no such model");
  worker.submit(request("the cat sat"), columns);
  const auto snapshot = worker.wait();
  CHECK(snapshot->error.empty());
  REQUIRE(snapshot->columns.size() == 4);
  CHECK(snapshot->columns[1]->run->input() !=
        snapshot->edited->input());
  CHECK(snapshot->columns[2]->model->name == "tiny-bert");
  CHECK_FALSE(snapshot->columns[2]->prediction.mean_kl);
  CHECK(snapshot->columns[3]->run == nullptr);
  CHECK(contains(snapshot->columns[3]->error, "no such model"));
}

TEST_CASE("while a column's mask is dragged its pictures keep coming") {
  Worker worker([] {});
  const Request asked = request("the cat sat on the mat and the dog ran");
  std::vector<Column> columns = default_columns();
  worker.submit(asked, columns);
  worker.wait();
  int seen = 0;
  std::shared_ptr<const ColumnResult> last;
  // As long as it takes: a frozen picture never comes, a slow machine's does.
  for (int step = 0; step < 20000 && seen <= 10; ++step) {
    columns[0].mask = local_mask(step % 9);
    worker.submit(asked, columns);
    std::this_thread::sleep_for(2ms);
    const auto now = worker.latest()->columns[1];
    seen += now != last;
    last = now;
  }
  CHECK(seen > 10);
  const auto snapshot = worker.wait();
  CHECK(snapshot->columns[1]->column.mask == columns[0].mask);
}
