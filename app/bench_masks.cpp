#include "bench_masks.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "attention.h"

namespace headlight {
namespace {

constexpr int kHead = 64;

std::size_t bytes_of(const AttentionScratch& scratch) {
  std::size_t bytes = scratch.floats.capacity() * sizeof(float);
  for (const std::vector<KeyRange>& ranges : scratch.ranges) {
    bytes += ranges.capacity() * sizeof(KeyRange);
  }
  return bytes;
}

std::size_t cells_of(const HeadRule& rule, int tokens) {
  std::size_t cells = 0;
  std::vector<KeyRange> ranges;
  for (int query = 0; query < tokens; ++query) {
    allowed_keys(rule, {}, query, tokens, ranges);
    for (const KeyRange& range : ranges) cells += static_cast<std::size_t>(range.end - range.begin);
  }
  return cells;
}

MaskTime time_mask(const std::string& name, int tokens, int repeat) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::mt19937 random(1);
  std::vector<float> qkv(static_cast<std::size_t>(tokens) * 3 * kHead);
  for (float& value : qkv) value = static_cast<float>(random() >> 8) / 8388608.0f - 1.0f;
  HeadInput in;
  in.q = qkv.data();
  in.k = in.q + kHead;
  in.v = in.k + kHead;
  in.q_stride = in.k_stride = in.v_stride = 3 * kHead;
  in.queries = in.keys = tokens;
  in.d_head = kHead;
  const Mask mask = parse_mask(name);
  const HeadRule rule{.scale = 0.125f, .causal = true, .mask = &mask};
  std::vector<float> z(static_cast<std::size_t>(tokens) * kHead);
  MaskTime time{name, tokens, std::numeric_limits<double>::infinity(), 0, cells_of(rule, tokens)};
  AttentionScratch scratch;
  for (int i = 0; i < (repeat > 0 ? repeat : 3); ++i) {
    const Clock::time_point begin = Clock::now();
    attention_output(in, rule, z.data(), kHead, nullptr, 0, scratch);
    time.ms = std::min(time.ms, Milliseconds(Clock::now() - begin).count());
  }
  time.bytes = bytes_of(scratch);
  return time;
}

}  // namespace

std::vector<MaskTime> time_masks(const std::vector<std::string>& masks,
                                 const std::vector<int>& lengths, int repeat) {
  std::vector<MaskTime> times;
  for (const std::string& mask : masks) {
    for (int tokens : lengths) times.push_back(time_mask(mask, tokens, repeat));
  }
  return times;
}

void print_masks(const std::vector<MaskTime>& times, bool json) {
  if (!json) {
    std::printf("One causal head of d_head %d, one thread; growth: against the row above\n", kHead);
    std::printf("  %-22s %7s %12s %10s %12s %8s %8s\n", "mask", "tokens", "cells", "ms", "KiB",
                "ms x", "KiB x");
    const MaskTime* before = nullptr;
    for (const MaskTime& row : times) {
      const bool grows = before != nullptr && before->mask == row.mask;
      std::printf("  %-22s %7d %12zu %10.2f %12.0f", row.mask.c_str(), row.tokens, row.cells,
                  row.ms, static_cast<double>(row.bytes) / 1024.0);
      if (grows) {
        std::printf(" %8.2f %8.2f", row.ms / before->ms,
                    static_cast<double>(row.bytes) / static_cast<double>(before->bytes));
      }
      std::printf("\n");
      before = &row;
    }
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const MaskTime& row : times) {
    list.push_back({{"mask", row.mask},
                    {"tokens", row.tokens},
                    {"cells", row.cells},
                    {"ms", row.ms},
                    {"bytes", row.bytes}});
  }
  const nlohmann::ordered_json all = {{"masks", list}};
  std::printf("%s\n", all.dump(1).c_str());
}

}  // namespace headlight
