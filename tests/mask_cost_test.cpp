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

std::int64_t counted(const Mask& mask, int tokens, bool causal, int window) {
  std::int64_t cells = 0;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(tokens));
  for (int query = 0; query < tokens; ++query) {
    allow_row(mask, query, causal, row);
    for (int key = 0; key < tokens; ++key) {
      cells += row[static_cast<std::size_t>(key)] && (window == 0 || std::abs(query - key) < window);
    }
  }
  return cells;
}

}  // namespace

TEST_CASE("the number of cells is that of allow_row") {
  const std::vector<std::string> masks = {
      "none", "causal", "local:0", "local:4", "local:2147483647", "dilated:3:2", "dilated:2:1",
      "dilated:90:3", "dilated:2147483647:2147483647", "global:0", "global:2", "global:99",
      "block:1", "block:7", "block:2147483647", "random:1:1", "random:5:3", "random:999:3",
      "local:2+dilated:3:4", "local:4+global:1", "block:5+global:2+local:1", "local:1+local:3",
      "random:4:9+local:2", "dilated:80:2+global:1", "global:2+dilated:3:3+block:4+causal",
      "local:3+global:1+random:3:7"};
  for (const std::string& text : masks) {
    const Mask mask = parse_mask(text);
    for (const int tokens : {1, 2, 13, 40, 197}) {
      for (const bool causal : {true, false}) {
        for (const int window : {0, 1, 6}) {
          CAPTURE(text);
          CAPTURE(tokens);
          CAPTURE(causal);
          CAPTURE(window);
          CHECK(mask_cells(mask, tokens, causal, window) == counted(mask, tokens, causal, window));
        }
      }
    }
  }
  CHECK(mask_cells(local_mask(4), 0, true) == 0);
}

TEST_CASE("costs are those of the formulas") {
  const MaskCost full = mask_cost({}, 8192, 32, true);
  CHECK(full.cells == 8192LL * 8193 / 2);
  CHECK(full.full_cells == full.cells);
  CHECK(full.all_cells == 8192LL * 8192);
  CHECK(full.multiplications == 2.0 * full.cells * 32);
  CHECK(full.bytes == 4.0 * full.cells);
  CHECK(full.dense_bytes == 4.0 * full.all_cells);
  const MaskCost local = mask_cost(local_mask(4), 65536, 64, true);
  CHECK(local.cells == 5LL * 65536 - 10);
  CHECK(local.multiplications == 2.0 * local.cells * 64);
  CHECK(local.full_multiplications == 65536.0 * 65537 * 64);
  CHECK(mask_cost(local_mask(4), 65536, 64, false).full_cells == 65536LL * 65536);
  CHECK_THROWS_AS(mask_cost({}, 0, 32, true), std::invalid_argument);
  CHECK_THROWS_AS(mask_cost(local_mask(-1), 9, 32, true), std::invalid_argument);
}

TEST_CASE("a local mask is counted in time that grows with the tokens") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(mask_cells(parse_mask("local:64+dilated:16:8+global:4"), 1 << 20, true) > 0);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}
