#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace headlight {
namespace {

// How long a thread that finds nothing to do looks again before it sleeps. The products of one pass
// follow each other within microseconds, so that threads stay awake from one to the next; between
// passes they sleep.
constexpr std::chrono::microseconds kSpin{50};

// Set while a thread works for some pool: work that itself calls `run` is then done inline.
thread_local bool inside_run = false;

void pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks at `done()` for at most kSpin. Returns whether it came true.
template <typename Done>
bool spin_until(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

}  // namespace

// One job at a time is published in `work` and `count` while `open` is true. Threads that enter it
// count themselves in `inside`; the caller closes the job when every index has been taken and then
// waits until `inside` is 0, so that a thread that wakes up late never touches a finished job and
// the caller never waits for one that sleeps.
struct ThreadPool::State {
  std::vector<std::thread> workers;
  std::mutex one_caller;  // A second caller finds it locked and works inline.

  const std::function<void(int)>* work = nullptr;
  int count = 0;
  alignas(64) std::atomic<int> next{0};
  alignas(64) std::atomic<bool> open{false};
  std::atomic<unsigned> job{0};  // Changes when a job is published.
  std::atomic<int> inside{0};
  std::atomic<bool> stop{false};

  std::mutex mutex;  // Guards sleeping and the error.
  std::condition_variable wake;
  std::condition_variable idle;
  std::atomic<int> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::exception_ptr error;
  int error_index = 0;

  // Takes indices until none is left. After an exception no further index is handed out.
  void take_work() {
    for (int i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        (*work)(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error || i < error_index) {
          error = std::current_exception();
          error_index = i;
        }
        next.store(count);
      }
    }
  }

  void work_loop() {
    inside_run = true;
    unsigned seen = 0;
    while (true) {
      const auto news = [&] { return job.load() != seen || stop.load(); };
      if (!spin_until(news)) {
        std::unique_lock lock(mutex);
        ++sleepers;
        wake.wait(lock, news);
        --sleepers;
      }
      if (stop.load()) return;
      seen = job.load();
      ++inside;
      if (open.load()) take_work();
      if (--inside == 0 && caller_sleeps.load()) {
        const std::lock_guard lock(mutex);
        idle.notify_one();
      }
    }
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  threads = std::max(threads, 1);
  for (int i = 1; i < threads; ++i) {
    state_->workers.emplace_back([state = state_.get()] { state->work_loop(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run(int count, const std::function<void(int)>& work) {
  State& state = *state_;
  std::unique_lock only(state.one_caller, std::defer_lock);
  if (count <= 1 || state.workers.empty() || inside_run || !only.try_lock()) {
    for (int i = 0; i < count; ++i) work(i);
    return;
  }
  state.work = &work;
  state.count = count;
  state.next = 0;
  state.open = true;
  ++state.job;
  if (state.sleepers.load() > 0) {
    { const std::lock_guard lock(state.mutex); }
    state.wake.notify_all();
  }

  inside_run = true;
  state.take_work();
  inside_run = false;

  state.open = false;
  const auto all_left = [&] { return state.inside.load() == 0; };
  if (!spin_until(all_left)) {
    std::unique_lock lock(state.mutex);
    state.caller_sleeps = true;
    state.idle.wait(lock, all_left);
    state.caller_sleeps = false;
  }
  if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
}

ThreadPool& default_pool() {
  static ThreadPool pool(0);
  return pool;
}

}  // namespace headlight
