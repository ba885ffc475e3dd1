#include "mask_cost.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace headlight;

namespace {

std::int64_t counted(const HeadRule& rule, int tokens) {
  std::int64_t cells = 0;
  std::vector<KeyRange> ranges;
  for (int query = 0; query < tokens; ++query) {
    allowed_keys(rule, {}, query, tokens, ranges);
    for (const KeyRange& range : ranges) cells += range.end - range.begin;
  }
  return cells;
}

std::int64_t cells_of(const std::string& text, int tokens, bool causal) {
  const Mask mask = parse_mask(text);
  HeadRule rule;
  rule.causal = causal;
  rule.mask = &mask;
  return rule_cells(rule, tokens);
}

}  // namespace

TEST_CASE("the number of cells is that of the rows") {
  const std::vector<std::string> masks = {
      "none", "causal", "local:0", "local:4", "local:2147483647", "dilated:3:2", "dilated:2:1",
      "dilated:90:3", "dilated:2147483647:2147483647", "global:0", "global:2", "global:99",
      "token:0", "token:7", "block:1", "block:7", "block:2147483647", "strided:1", "strided:5",
      "strided:2147483647", "columns:4:1", "columns:5:3", "columns:3:9", "columns:7:0",
      "random:1:1", "random:5:3", "random:999:3", "local:2+dilated:3:4", "local:4+global:1",
      "block:5+global:2+local:1", "local:1+local:3", "random:4:9+local:2", "local:3+strided:4",
      "block:6+columns:6:2", "strided:3+dilated:4:5", "dilated:80:2+global:1",
      "global:2+dilated:3:3+block:4+causal", "local:3+global:1+random:3:7"};
  for (const std::string& text : masks) {
    const Mask mask = parse_mask(text);
    for (const std::string& own : {std::string("none"), std::string("local:5"),
                                   std::string("dilated:3:2+local:1")}) {
      const Mask built_in = parse_mask(own);
      for (const int tokens : {1, 2, 13, 40, 131}) {
        for (const bool causal : {true, false}) {
          for (const int window : {0, 1, 6}) {
            for (const int pool : {1, 3}) {
              if (pool > 1 && !causal) continue;
              HeadRule rule;
              rule.causal = causal;
              rule.window = window;
              rule.pool = pool;
              rule.mask = &mask;
              if (!built_in.is_full()) rule.built_in = &built_in;
              const std::int64_t got = rule_cells(rule, tokens), want = counted(rule, tokens);
              if (got == want) continue;
              FAIL_CHECK(text, " in ", own, ", ", tokens, " tokens, causal ", causal, ", window ",
                         window, ", pool ", pool, ": ", got, ", expected ", want);
            }
          }
        }
      }
    }
  }
  CHECK(cells_of("local:4", 0, true) == 0);
}

TEST_CASE("costs are those of the formulas") {
  HeadRule rule;
  const MaskCost full = mask_cost(rule, 8192, 32);
  CHECK(full.cells == 8192LL * 8193 / 2);
  CHECK(full.full_cells == full.cells);
  CHECK(full.all_cells == 8192LL * 8192);
  CHECK(full.multiplications == 2.0 * full.cells * 32);
  CHECK(full.bytes == 4.0 * full.cells);
  CHECK(full.dense_bytes == 4.0 * full.all_cells);
  const Mask mask = local_mask(4);
  rule.mask = &mask;
  const MaskCost local = mask_cost(rule, 65536, 64);
  CHECK(local.cells == 5LL * 65536 - 10);
  CHECK(local.multiplications == 2.0 * local.cells * 64);
  CHECK(local.full_multiplications == 65536.0 * 65537 * 64);
  rule.causal = false;
  CHECK(mask_cost(rule, 65536, 64).full_cells == 65536LL * 65536);
  CHECK_THROWS_AS(mask_cost(rule, 0, 32), std::invalid_argument);
}

TEST_CASE("masks are counted in time that grows with the tokens") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(cells_of("local:64+dilated:16:8+global:4", 1 << 20, true) > 0);
  CHECK(cells_of("local:64+strided:64", 1 << 20, true) > 0);
  CHECK(cells_of("strided:2", 1 << 20, false) == 1LL << 39);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}
