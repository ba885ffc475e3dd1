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

  TEST_CASE("a thread that slept takes part and run waits for it") {
    ThreadPool pool(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // Long enough for it to sleep.
    const std::thread::id self = std::this_thread::get_id();
    std::atomic<bool> begun{false}, done{false};
    pool.run(2, [&](int) {
      if (std::this_thread::get_id() == self) {
        for (int i = 0; i < 5000 && !begun; ++i) {  // At most 5 s.
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      } else {
        begun = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        done = true;
      }
    });
    CHECK(begun);
    CHECK(done);
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

  TEST_CASE("a second caller is served while the first one works") {
    ThreadPool pool(3);
    std::atomic<bool> first_works{false}, second_done{false};
    std::atomic<int> first{0}, second{0};
    std::thread other([&] {
      while (!first_works) std::this_thread::yield();
      pool.run(16, [&](int) { ++second; });
      second_done = true;
    });
    pool.run(16, [&](int) {
      first_works = true;
      for (int i = 0; i < 5000 && !second_done; ++i) {  // At most 5 s.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ++first;
    });
    other.join();
    CHECK(second_done);
    CHECK(first == 16);
    CHECK(second == 16);
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
