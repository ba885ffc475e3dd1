#pragma once

#include <functional>
#include <memory>

namespace headlight {

/// A fixed set of threads for the products and the heads of one pass. `run` is called from one
/// thread at a time; work is split by index, so that results do not depend on the number of
/// threads.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);  ///< `threads` counts the caller; 0: one per processor.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls work(i) for each i in [0, count), on all threads, and returns when all are done.
  void run(int count, const std::function<void(int)>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The pool that passes use when none is given: one thread per processor, started at first use.
ThreadPool& default_pool();

}  // namespace headlight
