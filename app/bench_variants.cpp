#include "bench_variants.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "naive_attention.h"
#include "pass.h"

namespace headlight {
namespace {

double least(int repeat, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  work();
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeat; ++i) {
    const Clock::time_point begin = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  return best;
}

}  // namespace

VariantTime time_variant(const std::string& name, const Model& model, int tokens, ThreadPool& pool,
                         int repeat) {
  std::mt19937 random(1);
  std::vector<int> ids;
  for (int i = 0; i < tokens; ++i) {
    ids.push_back(static_cast<int>(random() % static_cast<unsigned>(model.config.vocabulary)));
  }
  const Input input{tokens_of(model, ids), {}};
  const RunOptions options{.pool = &pool};
  if (repeat <= 0) repeat = 5;
  VariantTime time{name, tokens, pool.threads()};
  time.pass_ms = least(repeat, [&] { run(model, input, {}, options); });
  const Trace trace = run(model, input, {}, options);
  const float* x = trace.block(0).input.data();
  std::vector<float> together(static_cast<std::size_t>(tokens * model.config.query_width()));
  std::vector<float> one_by_one = together;
  const NaiveAttention naive(model, 0);
  time.fused_ms = least(repeat, [&] { vectorised_attention(model, 0, x, tokens, together.data(), pool); });
  time.naive_ms = least(repeat, [&] { naive.run(x, tokens, one_by_one.data(), pool); });
  for (std::size_t i = 0; i < together.size(); ++i) {
    const double difference = std::abs(static_cast<double>(together[i]) - one_by_one[i]);
    time.difference = std::max(time.difference, difference);
  }
  return time;
}

void print_variants(const std::vector<VariantTime>& times, bool json) {
  if (!json) {
    std::printf(
        "A whole pass; and the heads of layer 0, in one product or each with a small attention of "
        "its own\n");
    std::printf("  %-22s %7s %8s %10s %10s %10s %7s %11s\n", "model", "tokens", "threads",
                "pass ms", "fused ms", "naive ms", "ratio", "difference");
    for (const VariantTime& row : times) {
      std::printf("  %-22s %7d %8d %10.3f %10.3f %10.3f %7.2f %11.1e\n", row.name.c_str(),
                  row.tokens, row.threads, row.pass_ms, row.fused_ms, row.naive_ms,
                  row.naive_ms / row.fused_ms, row.difference);
    }
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const VariantTime& row : times) {
    list.push_back({{"model", row.name},
                    {"tokens", row.tokens},
                    {"threads", row.threads},
                    {"pass_ms", row.pass_ms},
                    {"fused_ms", row.fused_ms},
                    {"naive_ms", row.naive_ms},
                    {"difference", row.difference}});
  }
  const nlohmann::ordered_json all = {{"variants", list}};
  std::printf("%s\n", all.dump(1).c_str());
}

}  // namespace headlight
