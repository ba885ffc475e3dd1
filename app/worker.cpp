#include "worker.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "assets_path.h"
#include "pass.h"
#include "run_command.h"

namespace headlight {
namespace {

struct Abandoned {};  // thrown between layers when the result is not wanted any more

// What the compute thread keeps from request to request.
struct Memory {
  std::string model_path;
  std::shared_ptr<const Model> model;
  std::optional<MeanOutputs> means;
  std::shared_ptr<const Trace> baseline;
  std::shared_ptr<const Trace> edited;
  std::shared_ptr<const HeadSummaries> baseline_heads;
};

bool needs_means(const Edits& edits) {
  for (const auto& [id, edit] : edits) {
    if (edit.replace == Replacement::mean && edit.gain != 1.0f) return true;
  }
  return false;
}

}  // namespace

struct Worker::State {
  void loop(std::stop_token stop);
  void answer(const Request& request);
  void load(const Request& request);
  std::vector<Token> tokens_for(const Request& request, std::string& notice) const;
  std::shared_ptr<const Trace> compute(const std::vector<Token>& tokens, const Edits& edits,
                                       const Trace* earlier, const char* what);
  void report(std::string what, float fraction);
  bool unwanted(const Request& request) const;
  bool stopped() const;
  void publish(std::shared_ptr<const Snapshot> snapshot);

  std::function<void()> published;

  mutable std::mutex mutex;
  mutable std::condition_variable_any changed;
  std::optional<Request> queued;
  std::optional<Request> running;
  std::optional<Request> last_submitted;
  bool stop_asked = false;
  std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>();
  Progress now;

  Memory memory;          // touched by the compute thread alone
  std::jthread thread;    // last: joined before the rest goes
};

Worker::Worker(std::function<void()> published) : state_(std::make_unique<State>()) {
  state_->published = std::move(published);
  state_->thread = std::jthread([state = state_.get()](std::stop_token stop) { state->loop(stop); });
}

Worker::~Worker() { stop(); }

void Worker::submit(const Request& request) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->last_submitted == request) return;
    state_->last_submitted = request;
    state_->queued = request;
    state_->stop_asked = false;
  }
  state_->changed.notify_all();
}

void Worker::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stop_asked = true;  // a queued request is then answered at once, as stopped
}

std::shared_ptr<const Snapshot> Worker::latest() const {
  const std::lock_guard lock(state_->mutex);
  return state_->snapshot;
}

Progress Worker::progress() const {
  const std::lock_guard lock(state_->mutex);
  return state_->now;
}

std::shared_ptr<const Snapshot> Worker::wait() const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return !state_->queued && !state_->running; });
  return state_->snapshot;
}

void Worker::State::loop(std::stop_token stop) {
  while (true) {
    Request request;
    {
      std::unique_lock lock(mutex);
      if (!changed.wait(lock, stop, [&] { return queued.has_value(); })) return;
      request = *std::exchange(queued, std::nullopt);
      running = request;
      now = {.busy = true, .what = "", .fraction = 0.0f};
    }
    answer(request);
    {
      const std::lock_guard lock(mutex);
      running.reset();
      now = {};
    }
    changed.notify_all();
    published();
  }
}

// The one place where exceptions become a sentence for the window.
void Worker::State::answer(const Request& request) {
  auto next = std::make_shared<Snapshot>(*snapshot);  // only this thread ever replaces it
  next->request = request;
  next->error.clear();
  next->notice.clear();
  try {
    if (stopped()) throw Abandoned{};
    load(request);
    if (next->model != memory.model) {
      // Pictures of another model must not stand beside this one.
      next->baseline = next->edited = nullptr;
      next->baseline_heads = next->edited_heads = nullptr;
    }
    const auto start = std::chrono::steady_clock::now();
    next->model = memory.model;
    const std::vector<Token> tokens = tokens_for(request, next->notice);
    if (tokens.empty()) {
      next->baseline = next->edited = nullptr;
      next->baseline_heads = next->edited_heads = nullptr;
      if (next->notice.empty()) next->notice = "Type a sentence to see what each head looks at.";
      memory.baseline = memory.edited = nullptr;
      publish(next);
      return;
    }
    const int layers = memory.model->config.layers;
    const Edits edits = normalized(request.edits);
    check(edits, memory.model->config);

    const auto same_run = [&](const Trace* trace) {
      return trace != nullptr && trace->tokens() == tokens;
    };
    if (!same_run(memory.baseline.get())) {
      memory.baseline = compute(tokens, {}, memory.baseline.get(), "baseline");
      memory.baseline_heads =
          std::make_shared<const HeadSummaries>(summarize(*memory.baseline, thumbnail_size));
    }
    next->baseline = memory.baseline;
    next->baseline_heads = memory.baseline_heads;

    if (edits.empty()) {
      memory.edited = memory.baseline;
      next->edited_heads = memory.baseline_heads;
    } else {
      // Start from whichever earlier run shares more layers.
      const Trace* earlier = memory.baseline.get();
      if (same_run(memory.edited.get()) &&
          first_difference(edits, memory.edited->edits(), layers) >=
              first_difference(edits, {}, layers)) {
        earlier = memory.edited.get();
      }
      memory.edited = compute(tokens, edits, earlier, "edited");
      next->edited_heads =
          std::make_shared<const HeadSummaries>(summarize(*memory.edited, thumbnail_size));
    }
    next->edited = memory.edited;
    next->prediction = predict(*next->baseline, *next->edited, next->edited->size() - 1);
    next->milliseconds = std::chrono::duration<double, std::milli>(
                             std::chrono::steady_clock::now() - start)
                             .count();
  } catch (const Abandoned&) {
    if (!stopped()) return;
    next->error = "Stopped. Change anything to compute again.";
  } catch (const std::bad_alloc&) {
    next->error = "There is not enough memory for this text and model.";
  } catch (const std::exception& error) {
    next->error = plain_sentence(error);
  }
  publish(next);
}

void Worker::State::load(const Request& request) {
  if (memory.model != nullptr && memory.model_path == request.model) return;
  const std::filesystem::path folder = model_folder(request.model);
  report("loading " + folder.filename().string(), 0.0f);
  auto model = std::make_shared<const Model>(load_model(folder));
  memory = {};
  memory.model = std::move(model);
  memory.model_path = request.model;
}

std::vector<Token> Worker::State::tokens_for(const Request& request, std::string& notice) const {
  const Model& model = *memory.model;
  std::vector<Token> tokens;
  if (!request.ids.empty()) {
    tokens = tokens_of(model, request.ids);
  } else if (model.tokenizer) {
    tokens = model.tokenizer->encode(request.text);
  } else {
    notice = "This model has no tokenizer: start it with --ids.";
  }
  const auto context = static_cast<std::size_t>(model.config.context);
  if (tokens.size() > context) {
    notice = "The model takes " + std::to_string(context) + " tokens; the last " +
             std::to_string(tokens.size() - context) + " are left out.";
    tokens.resize(context);
  }
  return tokens;
}

std::shared_ptr<const Trace> Worker::State::compute(const std::vector<Token>& tokens,
                                                    const Edits& edits, const Trace* earlier,
                                                    const char* what) {
  RunOptions options;
  options.earlier = earlier;
  if (needs_means(edits)) {
    if (!memory.means) memory.means = mean_outputs(*memory.model);
    options.means = &*memory.means;
  }
  Pass pass(*memory.model, tokens, edits, options);
  const int layers = memory.model->config.layers;
  while (pass.step()) {
    if (unwanted(*running)) throw Abandoned{};
    report(std::string(what) + ": layer " + std::to_string(pass.layers_done()) + " of " +
               std::to_string(layers),
           static_cast<float>(pass.layers_done()) / layers);
  }
  return std::make_shared<const Trace>(pass.take());
}

void Worker::State::report(std::string what, float fraction) {
  const std::lock_guard lock(mutex);
  now = {.busy = true, .what = std::move(what), .fraction = fraction};
}

bool Worker::State::stopped() const {
  const std::lock_guard lock(mutex);
  return stop_asked;
}

bool Worker::State::unwanted(const Request& request) const {
  const std::lock_guard lock(mutex);
  if (stop_asked) return true;
  return queued && (queued->model != request.model || queued->text != request.text ||
                    queued->ids != request.ids);
}

void Worker::State::publish(std::shared_ptr<const Snapshot> next) {
  {
    const std::lock_guard lock(mutex);
    snapshot = std::move(next);
  }
  published();
}

}  // namespace headlight
