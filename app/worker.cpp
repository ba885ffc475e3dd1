#include "worker.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "assets_path.h"
#include "attention_file.h"
#include "column_maker.h"
#include "generation.h"
#include "input_options.h"
#include "load_progress.h"
#include "role_study.h"
#include "run_command.h"

namespace headlight {
namespace {

struct Abandoned {};  // thrown between layers when the result is not wanted any more

// What the compute thread keeps from request to request.
struct Memory {
  std::string model_name;  // as the request has it
  std::shared_ptr<const Model> model;
  std::optional<MeanOutputs> means;
  std::shared_ptr<const Trace> baseline;
  std::shared_ptr<const Trace> edited;
  std::shared_ptr<const SummariesByKind> baseline_heads;
  // The rollouts of those two, of one kind, where they were wanted.
  struct Rolled {
    std::shared_ptr<const Trace> trace;
    std::shared_ptr<const std::vector<float>> layers;
  };
  std::vector<Rolled> rolled;
  std::optional<AttentionKind> rolled_kind;
  std::shared_ptr<const Trace> walked;  // what the snapshot's walk is of
  std::vector<Token> decoded_source;  // what the decoded target below is of
  std::vector<Token> decoded;
  bool roles_looked_up = false;
};

// What a request is submitted with.
struct Asked {
  Request request;
  std::vector<Column> columns;
  bool operator==(const Asked&) const = default;
};

}  // namespace

struct Worker::State {
  void loop(std::stop_token stop);
  void answer(const Asked& asked);
  void find_roles();
  void begin(StudyKind kind, const std::string& corpus);
  void go_on_with_study();
  bool has_study() const { return !studies.empty() && !paused; }
  void tell(StudyProgress progress);
  void load(const Request& request);
  void compute(const Request& request, Snapshot& next);
  std::shared_ptr<const Rollouts> rollouts(const Snapshot& of);
  void make_walk(Snapshot& next);
  bool has_extras(const Snapshot& answer) const;
  void add_extras();
  Input input_for(const Request& request, Snapshot& next);
  std::vector<Token> decode(const std::vector<Token>& source);
  std::shared_ptr<const Trace> pass(const Model& model, const Input& input, const Edits& edits,
                                    const Trace* earlier, const char* what);
  void report(std::string what, float fraction);
  bool unwanted(const Request& request) const;
  bool stopped() const;
  void publish(std::shared_ptr<const Snapshot> snapshot);

  std::function<void()> published;

  mutable std::mutex mutex;
  mutable std::condition_variable_any changed;
  std::optional<Asked> queued;
  std::optional<Asked> running;
  std::optional<Asked> last_submitted;
  bool stop_asked = false;
  std::shared_ptr<LoadProgress> loading;  // while a model is being loaded
  std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>();
  Progress now;
  std::optional<AttentionKind> rollout_kind;  // that snapshots shall have
  std::optional<WalkWish> walk_wish;
  bool extras_due = false;  // the latest one lacks the rollouts or the walk
  std::optional<StudyKind> asked;
  std::string asked_corpus;
  bool paused = false;
  bool measures = false;
  StudyProgress study_now;

  // Touched by the compute thread alone.
  Memory memory;
  ColumnMaker columns{{[this](const Model& model, const Input& input, const Edits& edits,
                              const Trace* earlier, const char* what) {
                         return pass(model, input, edits, earlier, what);
                       },
                       [this](const std::string& what) { report(what, 0.0f); },
                       [this](std::shared_ptr<const Snapshot> next) { publish(std::move(next)); }}};
  Studies studies;
  std::jthread thread;    // last: joined before the rest goes
};

Worker::Worker(std::function<void()> published, bool measures)
    : state_(std::make_unique<State>()) {
  state_->published = std::move(published);
  state_->measures = measures;
  state_->thread = std::jthread([state = state_.get()](std::stop_token stop) { state->loop(stop); });
}

Worker::~Worker() { stop(); }

void Worker::submit(const Request& request, const std::vector<Column>& columns) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->last_submitted && state_->last_submitted->request == request &&
        state_->last_submitted->columns == columns) {
      return;
    }
    state_->last_submitted = Asked{request, columns};
    state_->queued = state_->last_submitted;
    state_->stop_asked = false;
    if (state_->loading && state_->running->request.model != request.model) state_->loading->stop = true;
  }
  state_->changed.notify_all();
}

void Worker::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stop_asked = true;  // a queued request is then answered at once, as stopped
  if (state_->loading) state_->loading->stop = true;
}

std::shared_ptr<const Snapshot> Worker::latest() const {
  const std::lock_guard lock(state_->mutex);
  return state_->snapshot;
}

Progress Worker::progress() const {
  const std::lock_guard lock(state_->mutex);
  Progress now = state_->now;
  if (state_->loading) now.fraction = state_->loading->fraction();
  return now;
}

void Worker::want_rollout(std::optional<AttentionKind> kind) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->rollout_kind == kind) return;
    state_->rollout_kind = kind;
    state_->extras_due = state_->extras_due || kind.has_value();
  }
  state_->changed.notify_all();
}

void Worker::want_walk(std::optional<WalkWish> wish) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->walk_wish == wish) return;
    state_->walk_wish = wish;
    state_->extras_due = state_->extras_due || wish.has_value();
  }
  state_->changed.notify_all();
}

void Worker::measure(StudyKind kind, std::string corpus) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->asked = kind;
    state_->asked_corpus = std::move(corpus);
    state_->paused = false;
    state_->study_now.busy = true;
    state_->study_now.failed.clear();
  }
  state_->changed.notify_all();
}

void Worker::pause_studies() {
  const std::lock_guard lock(state_->mutex);
  state_->paused = true;
}

StudyProgress Worker::study_progress() const {
  const std::lock_guard lock(state_->mutex);
  StudyProgress progress = state_->study_now;
  progress.paused = progress.busy && state_->paused;
  progress.busy = progress.busy && !state_->paused;
  return progress;
}

std::shared_ptr<const Snapshot> Worker::wait() const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return !state_->queued && !state_->running && !state_->extras_due; });
  return state_->snapshot;
}

void Worker::State::loop(std::stop_token stop) {
  while (true) {
    std::optional<Asked> request;
    std::optional<StudyKind> wanted;
    bool extras_wanted = false;
    std::string corpus;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, stop, [&] { return queued || extras_due || asked || has_study(); });
      if (stop.stop_requested()) break;
      request = std::exchange(queued, std::nullopt);
      if (request) {
        running = request;
        now = {.busy = true, .what = "", .fraction = 0.0f};
      } else if (extras_due) {
        extras_wanted = true;
      } else {
        wanted = std::exchange(asked, std::nullopt);
        corpus = asked_corpus;
      }
    }
    if (extras_wanted) {
      add_extras();
      continue;
    }
    if (!request) {
      if (wanted) begin(*wanted, corpus);
      go_on_with_study();
      continue;
    }
    answer(*request);
    if (memory.model && snapshot->model == memory.model && !memory.roles_looked_up) find_roles();
    {
      const std::lock_guard lock(mutex);
      running.reset();
      now = {};
      if (has_extras(*snapshot)) extras_due = false;
    }
    changed.notify_all();
    published();
  }
  studies.drop();
}

void Worker::State::tell(StudyProgress progress) {
  const std::lock_guard lock(mutex);
  study_now = std::move(progress);
}

// After the first answer of a model: what is known of its heads, or the plan to measure it.
void Worker::State::find_roles() {
  memory.roles_looked_up = true;
  if (memory.model->recorded) return;
  std::unique_ptr<RoleStudy> roles;
  try {
    roles = std::make_unique<RoleStudy>(memory.model);
  } catch (const std::exception&) {
    return;  // its files have gone meanwhile, so nobody can say what it is
  }
  if (roles->is_known()) {
    auto next = std::make_shared<Snapshot>(*snapshot);
    roles->publish(*next);
    publish(next);
  } else if (measures && memory.model->parameters() <= most_measured_unasked) {
    tell({.busy = true, .what = roles->what(), .fraction = roles->fraction()});
    studies.begin(std::move(roles));
  }
}

void Worker::State::begin(StudyKind kind, const std::string& corpus) {
  StudyProgress progress;
  try {
    // Else another model is still on its way to the window.
    if (snapshot->model == memory.model) studies.begin(kind, *snapshot, corpus);
  } catch (const std::exception& error) {
    progress.failed = as_sentence(plain_sentence(error));
  }
  progress.busy = !studies.empty();
  tell(progress);
}

// One step of the measurement, and its result after the last.
void Worker::State::go_on_with_study() {
  if (studies.empty()) return;
  auto next = std::make_shared<Snapshot>(*snapshot);
  if (studies.step(*next)) publish(next);
  tell(studies.progress());  // after the result: who sees that nothing runs any more finds it
}

// The one place where exceptions become a sentence for the window.
void Worker::State::answer(const Asked& asked) {
  const Request& request = asked.request;
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
      next->rollouts = nullptr;
      next->walk = nullptr;
      next->roles = nullptr;
      next->importance = nullptr;
      next->curve = nullptr;
      next->effect = nullptr;
      next->columns.clear();
      next->columns_done.clear();
    }
    next->model = memory.model;
    const auto start = std::chrono::steady_clock::now();
    compute(request, *next);
    columns.compute(request, asked.columns, *next);
    next->milliseconds = std::chrono::duration<double, std::milli>(
                             std::chrono::steady_clock::now() - start)
                             .count();
  } catch (const Abandoned&) {
    if (!stopped()) return;
    next->error = "Stopped. Change anything to compute again.";
  } catch (const LoadStopped&) {
    if (!stopped()) return;
    next->error = "Loading was stopped. Choose a model to go on.";
  } catch (const std::bad_alloc&) {
    next->error = "There is not enough memory for this text and model.";
  } catch (const std::exception& error) {
    next->error = plain_sentence(error);
  }
  publish(next);
}

void Worker::State::compute(const Request& request, Snapshot& next) {
  const Input input = input_for(request, next);
  if (input.tokens.empty() && !memory.model->recorded) {
    next.baseline = next.edited = nullptr;
    next.baseline_heads = next.edited_heads = nullptr;
    if (next.notice.empty()) next.notice = "Type a sentence to see what each head looks at.";
    memory.baseline = memory.edited = nullptr;
    return;
  }
  const Edits edits = normalized(request.edits);
  check(edits, memory.model->config);

  const auto same_run = [&](const Trace* trace) {
    return trace != nullptr && trace->input() == input;
  };
  const auto summaries = [](const Trace& trace) {
    return std::make_shared<const SummariesByKind>(summarize(trace, thumbnail_size));
  };
  if (!same_run(memory.baseline.get())) {
    memory.baseline = pass(*memory.model, input, {}, memory.baseline.get(), "baseline");
    memory.baseline_heads = summaries(*memory.baseline);
  }
  next.baseline = memory.baseline;
  next.baseline_heads = memory.baseline_heads;

  if (edits.empty()) {
    memory.edited = memory.baseline;
    next.edited_heads = memory.baseline_heads;
  } else {
    // Start from whichever earlier run shares more blocks.
    const ModelConfig& config = memory.model->config;
    const Trace* earlier = memory.baseline.get();
    if (same_run(memory.edited.get()) &&
        first_difference(edits, memory.edited->edits(), config) >=
            first_difference(edits, {}, config)) {
      earlier = memory.edited.get();
    }
    memory.edited = pass(*memory.model, input, edits, earlier, "edited");
    next.edited_heads = summaries(*memory.edited);
  }
  next.edited = memory.edited;
  next.rollouts = rollouts(next);
  make_walk(next);
  next.prediction = predict(*next.baseline, *next.edited,
                            predicted_position(*memory.model, next.edited->tokens()));
}

// Those of the snapshot's runs, of the kind that is wanted. Left when the snapshot is not wanted any
// more.
std::shared_ptr<const Rollouts> Worker::State::rollouts(const Snapshot& of) {
  std::optional<AttentionKind> kind;
  {
    const std::lock_guard lock(mutex);
    kind = rollout_kind;
  }
  if (kind != memory.rolled_kind) memory.rolled.clear();
  if (!kind || !of.has_pictures()) return nullptr;
  const auto kinds = of.model->config.kinds();
  if (std::find(kinds.begin(), kinds.end(), *kind) == kinds.end()) return nullptr;
  if (!has_rollout(*of.edited, *kind)) return nullptr;
  std::vector<Memory::Rolled> made;
  for (const auto& trace : {of.baseline, of.edited}) {
    for (const auto* known : {&made, &memory.rolled}) {
      const auto found = std::find_if(known->begin(), known->end(),
                                      [&](const Memory::Rolled& r) { return r.trace == trace; });
      if (found == known->end()) continue;
      made.push_back(*found);
      break;
    }
    if (!made.empty() && made.back().trace == trace) continue;
    int step = 0;
    auto layers = shown_rollout(*trace, *kind, [&] {
      if (unwanted(of.request)) throw Abandoned{};
      report("rollout: step " + std::to_string(++step), 1.0f);
    });
    made.push_back({trace, std::make_shared<const std::vector<float>>(std::move(layers))});
  }
  memory.rolled_kind = *kind;
  memory.rolled = made;
  return std::make_shared<const Rollouts>(Rollouts{*kind, made.front().layers, made.back().layers});
}

// The walk through the snapshot's edited run that is wanted, or why there is none.
void Worker::State::make_walk(Snapshot& next) {
  std::optional<WalkWish> wish;
  {
    const std::lock_guard lock(mutex);
    wish = walk_wish;
  }
  next.walk_error.clear();
  if (!wish || !next.has_pictures()) {
    next.walk = nullptr;
    return;
  }
  const bool same = next.walk != nullptr && memory.walked == next.edited && next.walk->head() == wish->head &&
                    next.walk->dropout() == wish->dropout;
  if (same) return;
  next.walk = nullptr;
  try {
    const MeanOutputs* means = memory.means ? &*memory.means : nullptr;
    next.walk = std::make_shared<const LayerWalk>(
        memory.model, *next.edited, wish->head, WalkOptions{.dropout = wish->dropout, .means = means});
    memory.walked = next.edited;
  } catch (const std::bad_alloc&) {
    next.walk_error = "There is not enough memory to walk through this text.";
  } catch (const std::exception& error) {
    next.walk_error = as_sentence(plain_sentence(error));
  }
}

// Whether an answer has what is wanted beside it. With the mutex held.
bool Worker::State::has_extras(const Snapshot& answer) const {
  const bool rolled = !rollout_kind || (answer.rollouts && *rollout_kind == answer.rollouts->kind);
  const bool walked =
      !walk_wish || (answer.walk && answer.walk->head() == walk_wish->head && answer.walk->dropout() == walk_wish->dropout);
  return rolled && walked;
}

// To the latest snapshot, whose request is answered already.
void Worker::State::add_extras() {
  std::optional<AttentionKind> kind;
  std::optional<WalkWish> wish;
  {
    const std::lock_guard lock(mutex);
    kind = rollout_kind;
    wish = walk_wish;
  }
  auto next = std::make_shared<Snapshot>(*snapshot);
  try {
    make_walk(*next);
    next->rollouts = rollouts(*next);
  } catch (const Abandoned&) {
    // The next answer has its own.
  } catch (const std::exception&) {
    // There is not enough memory: the weights stay.
  }
  publish(next);
  {
    const std::lock_guard lock(mutex);
    now = {};
    if (rollout_kind == kind && walk_wish == wish) extras_due = false;  // else others are wanted meanwhile
  }
  changed.notify_all();
}

void Worker::State::load(const Request& request) {
  if (memory.model != nullptr && memory.model_name == request.model) return;
  const std::filesystem::path path = model_path(request.model);
  report("loading " + path.filename().string(), 0.0f);
  auto progress = std::make_shared<LoadProgress>();
  const auto watch = [&](std::shared_ptr<LoadProgress> watched) {
    const std::lock_guard lock(mutex);
    loading = std::move(watched);
  };
  watch(progress);
  std::shared_ptr<const Model> model;
  try {
    model = std::make_shared<const Model>(load_model(path, {.progress = progress.get()}));
  } catch (...) {
    watch(nullptr);
    throw;
  }
  watch(nullptr);
  studies.drop();  // they are of the old model
  tell({});
  memory = {};
  columns.clear();
  memory.model = std::move(model);
  memory.model_name = request.model;
}

Input Worker::State::input_for(const Request& request, Snapshot& next) {
  const Model& model = *memory.model;
  next.decoded = false;
  if (model.recorded) {
    next.notice = model.recorded->notice;
    return recorded_input(*model.recorded);
  }
  const InputOptions options{request.text, request.ids, request.target, request.target_ids};
  // A beginning token alone is worth a look, no token at all is not.
  const bool nothing = request.text.empty() && request.ids.empty();
  const bool begins = model.tokenizer && !model.config.encoder_decoder() &&
                      !model.tokenizer->encode("").empty();
  if (nothing && !begins) return {};
  if (!model.config.encoder_decoder()) {
    Input input = given_input(model, {request.text, request.ids, {}, {}}, next.notice);
    next.notice = as_sentence(next.notice);
    return input;
  }
  Input input = given_input(model, options, next.notice);
  next.notice = as_sentence(next.notice);
  if (!options.has_target()) {
    input.tokens = decode(input.source);
    next.decoded = true;
  }
  return input;
}

// What the model itself says to the source, the most probable token each time. Without the edits:
// both runs read the same tokens, so that they can be compared.
std::vector<Token> Worker::State::decode(const std::vector<Token>& source) {
  if (!memory.decoded.empty() && memory.decoded_source == source) return memory.decoded;
  const Model& model = *memory.model;
  Generation generation(model, {tokens_of(model, {model.config.decoder_start}), source}, {},
                        most_decoded);
  do {
    if (unwanted(running->request)) throw Abandoned{};
    report("decoding: token " + std::to_string(generation.tokens().size()),
           static_cast<float>(generation.tokens().size()) /
               static_cast<float>(generation.length()));
  } while (generation.step());
  memory.decoded = generation.tokens();
  memory.decoded_source = source;
  return memory.decoded;
}

std::shared_ptr<const Trace> Worker::State::pass(const Model& model, const Input& input,
                                                 const Edits& edits, const Trace* earlier,
                                                 const char* what) {
  RunOptions options;
  options.earlier = earlier;
  if (needs_means(edits) && &model == memory.model.get()) {
    if (!memory.means) memory.means = mean_outputs(*memory.model);
    options.means = &*memory.means;
  }
  Pass pass(model, input, edits, options);
  while (pass.step()) {
    if (unwanted(running->request)) throw Abandoned{};
    report(std::string(what) + ": layer " + std::to_string(pass.steps_done()) + " of " +
               std::to_string(pass.steps()),
           static_cast<float>(pass.steps_done()) / static_cast<float>(pass.steps()));
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
  if (!queued) return false;
  Request other = queued->request;
  other.edits = request.edits;  // a run whose edits alone have changed is finished and shown
  return other != request;
}

void Worker::State::publish(std::shared_ptr<const Snapshot> next) {
  {
    const std::lock_guard lock(mutex);
    snapshot = std::move(next);
  }
  published();
}

}  // namespace headlight
