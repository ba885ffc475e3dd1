#include "thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using headlight::ThreadPool;

TEST_SUITE("thread_pool") {
  TEST_CASE("every index is worked on exactly once") {
    for (int threads : {1, 2, 3, 8}) {
      ThreadPool pool(threads);
      CHECK(pool.threads() == threads);
      for (int count : {0, 1, 2, 7, 1000}) {
        for (int round = 0; round < 20; ++round) {
          std::vector<std::atomic<int>> seen(count);
          pool.run(count, [&](int i) { ++seen[i]; });
          for (int i = 0; i < count; ++i) REQUIRE(seen[i] == 1);
        }
      }
    }
  }

  TEST_CASE("zero threads means one per processor") {
    ThreadPool pool(0);
    CHECK(pool.threads() >= 1);
    CHECK(headlight::default_pool().threads() == pool.threads());
    CHECK(&headlight::default_pool() == &headlight::default_pool());
  }

  TEST_CASE("run returns only when all work is done and its writes are visible") {
    ThreadPool pool(4);
    std::vector<int> values(64);
    for (int round = 1; round <= 2000; ++round) {
      pool.run(64, [&](int i) { values[i] = round + i; });
      for (int i = 0; i < 64; ++i) REQUIRE(values[i] == round + i);
    }
  }

  TEST_CASE("one index or one thread works in the caller") {
    ThreadPool four(4), one(1);
    const std::thread::id self = std::this_thread::get_id();
    four.run(1, [&](int) { CHECK(std::this_thread::get_id() == self); });
    one.run(5, [&](int) { CHECK(std::this_thread::get_id() == self); });
  }

  TEST_CASE("other threads take part") {
    ThreadPool pool(2);
    const std::thread::id self = std::this_thread::get_id();
    std::atomic<bool> other{false};
    pool.run(2, [&](int) {
      if (std::this_thread::get_id() != self) other = true;
      // Holds this thread until the other came, or 5 s.
      for (int i = 0; i < 5000 && !other; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    CHECK(other);
  }

  TEST_CASE("an exception reaches the caller and the pool lives on") {
    for (int threads : {1, 3}) {
      ThreadPool pool(threads);
      for (int round = 0; round < 50; ++round) {
        std::string text;
        try {
          pool.run(100, [](int i) {
            if (i == 37) throw std::runtime_error("at 37");
          });
        } catch (const std::runtime_error& error) {
          text = error.what();
        }
        REQUIRE(text == "at 37");
        std::atomic<int> done{0};
        pool.run(10, [&](int) { ++done; });
        REQUIRE(done == 10);
      }
    }
  }

  TEST_CASE("work that runs work does it inline") {
    ThreadPool pool(3);
    std::atomic<int> done{0};
    pool.run(8, [&](int) { pool.run(8, [&](int) { ++done; }); });
    CHECK(done == 64);
  }

  TEST_CASE("two callers at once are both served") {
    ThreadPool pool(3);
    std::atomic<int> done{0};
    const auto call = [&] {
      for (int i = 0; i < 200; ++i) pool.run(16, [&](int) { ++done; });
    };
    std::thread other(call);
    call();
    other.join();
    CHECK(done == 2 * 200 * 16);
  }

  TEST_CASE("an idle pool uses no processor time") {
    ThreadPool pool(4);
    pool.run(8, [](int) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::clock_t before = std::clock();  // Processor time of all threads of this process.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    CHECK(double(std::clock() - before) / CLOCKS_PER_SEC < 0.05);
  }
}
