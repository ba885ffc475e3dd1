#include "mask.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <climits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "pass_reference.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

constexpr bool kCausal = true;
constexpr bool kBidirectional = false;

// The map of n tokens, a line a query: '#' where it may look.
std::string picture(const Mask& mask, int n, bool causal) {
  std::string drawn = "\n";
  for (int query = 0; query < n; ++query) {
    std::vector<std::uint8_t> allowed(n, 9);
    allow_row(mask, query, causal, allowed);
    for (std::uint8_t cell : allowed) drawn += cell == 1 ? '#' : cell == 0 ? '.' : '?';
    drawn += '\n';
  }
  return drawn;
}

int keys_of(const Mask& mask, int query, int n, bool causal) {
  std::vector<std::uint8_t> allowed(n);
  allow_row(mask, query, causal, allowed);
  return static_cast<int>(std::count(allowed.begin(), allowed.end(), 1));
}

std::string refusal(const std::string& text) {
  return message_of<std::invalid_argument>([&] { parse_mask(text); });
}

// A part that parse_mask accepts, with small and with extreme numbers.
MaskPart random_part(std::mt19937& generator) {
  const auto number = [&](int least) {
    const int kind = static_cast<int>(generator() % 4);
    if (kind == 0) return least;
    if (kind == 1) return INT_MAX - static_cast<int>(generator() % 3);
    return least + static_cast<int>(generator() % 9);
  };
  switch (generator() % 9) {
    case 0:
      return {MaskKind::causal};
    case 1:
      return {MaskKind::local, number(0)};
    case 2:
      return {MaskKind::dilated, number(0), number(1)};
    case 3:
      return {MaskKind::global, number(0)};
    case 4:
      return {MaskKind::block, number(1)};
    case 5:
      return {MaskKind::token, number(0)};
    case 6:
      return {MaskKind::strided, number(1)};
    case 7:
      return {MaskKind::columns, number(1), number(0)};
    default:
      return {MaskKind::random, number(0), number(0)};
  }
}

}  // namespace

TEST_CASE("no mask and a full mask allow all that can be seen") {
  CHECK(picture({}, 3, kCausal) == R"(
#..
##.
###
)");
  CHECK(picture(full_mask(), 3, kBidirectional) == R"(
###
###
###
)");
  CHECK(picture(Mask{{{MaskKind::full}}}, 3, kBidirectional) == picture({}, 3, kBidirectional));
  CHECK(full_mask().is_full());
  CHECK(Mask{{{MaskKind::local, 1}, {MaskKind::full}}}.is_full());
  CHECK_FALSE(local_mask(1).is_full());
}

TEST_CASE("a causal mask looks back on a bidirectional model too") {
  const std::string triangle = R"(
#...
##..
###.
####
)";
  CHECK(picture(causal_mask(), 4, kCausal) == triangle);
  CHECK(picture(causal_mask(), 4, kBidirectional) == triangle);
}

TEST_CASE("a local mask allows its window") {
  CHECK(picture(local_mask(2), 5, kCausal) == R"(
#....
##...
###..
.###.
..###
)");
  CHECK(picture(local_mask(1), 5, kBidirectional) == R"(
##...
###..
.###.
..###
...##
)");
  CHECK(picture(local_mask(0), 3, kBidirectional) == R"(
#..
.#.
..#
)");
  CHECK(picture(local_mask(9), 3, kBidirectional) == picture({}, 3, kBidirectional));
}

TEST_CASE("a dilated mask allows every gap-th key of its window") {
  CHECK(picture(dilated_mask(2, 2), 7, kCausal) == R"(
#......
.#.....
#.#....
.#.#...
#.#.#..
.#.#.#.
..#.#.#
)");
  CHECK(picture(dilated_mask(1, 3), 5, kBidirectional) == R"(
#..#.
.#..#
..#..
#..#.
.#..#
)");
  CHECK(picture(dilated_mask(2, 1), 6, kBidirectional) ==
        picture(local_mask(2), 6, kBidirectional));
}

TEST_CASE("a global mask lets its tokens see all and be seen by all") {
  CHECK(picture(global_mask(2), 5, kCausal) == R"(
#....
##...
##...
##...
##...
)");
  CHECK(picture(global_mask(1), 4, kBidirectional) == R"(
####
#...
#...
#...
)");
  CHECK(picture(global_mask(0), 2, kBidirectional) == R"(
..
..
)");
}

TEST_CASE("a block mask allows the query's own block") {
  CHECK(picture(block_mask(2), 5, kCausal) == R"(
#....
##...
..#..
..##.
....#
)");
  CHECK(picture(block_mask(3), 5, kBidirectional) == R"(
###..
###..
###..
...##
...##
)");
}

TEST_CASE("a token mask lets one token see all and be seen by all") {
  CHECK(picture(token_mask(2), 5, kBidirectional) == R"(
..#..
..#..
#####
..#..
..#..
)");
  CHECK(picture(token_mask(2), 5, kCausal) == R"(
.....
.....
###..
..#..
..#..
)");
  CHECK(picture(token_mask(9), 3, kBidirectional) == "\n...\n...\n...\n");
}

TEST_CASE("a strided mask allows every stride-th key however far") {
  CHECK(picture(strided_mask(3), 7, kCausal) == R"(
#......
.#.....
..#....
#..#...
.#..#..
..#..#.
#..#..#
)");
}

TEST_CASE("a columns mask allows the last keys of every stride") {
  CHECK(picture(columns_mask(3, 1), 7, kCausal) == R"(
.......
.......
..#....
..#....
..#....
..#..#.
..#..#.
)");
  CHECK(picture(columns_mask(3, 2), 6, kBidirectional) == R"(
.##.##
.##.##
.##.##
.##.##
.##.##
.##.##
)");
  CHECK(picture(columns_mask(3, 5), 4, kCausal) == picture({}, 4, kCausal));
}

TEST_CASE("ranges are ascending, apart, and take no time for keys they do not hold") {
  std::vector<KeyRange> ranges;
  allowed_ranges(local_mask(2) | global_mask(1), 9, 20, kBidirectional, ranges);
  CHECK(ranges == std::vector<KeyRange>{{0, 1}, {7, 12}});
  allowed_ranges(local_mask(2) | token_mask(12), 9, 20, kBidirectional, ranges);
  CHECK(ranges == std::vector<KeyRange>{{7, 13}});
  allowed_ranges(global_mask(0), 9, 20, kCausal, ranges);
  CHECK(ranges.empty());
  allowed_ranges({}, 9, 20, kCausal, ranges);
  CHECK(ranges == std::vector<KeyRange>{{0, 10}});
  for (int query = INT_MAX - 1000; query < INT_MAX - 1; ++query) {  // Row by row this would not end.
    allowed_ranges(local_mask(3) | dilated_mask(4, 100) | random_mask(5, 1), query, INT_MAX, kCausal,
                   ranges);
    CHECK(ranges.size() <= 9);
  }
  std::vector<KeyRange> some{{0, 4}, {6, 9}, {12, 20}};
  intersect(some, {{1, 2}, {3, 7}, {8, 13}, {19, 30}});
  CHECK(some == std::vector<KeyRange>{{1, 2}, {3, 4}, {6, 7}, {8, 9}, {12, 13}, {19, 20}});
}

TEST_CASE("a union allows what any of its parts allows") {
  CHECK(picture(local_mask(1) | global_mask(1), 5, kCausal) == R"(
#....
##...
###..
#.##.
#..##
)");
  CHECK(picture(block_mask(2) | global_mask(1), 5, kBidirectional) == R"(
#####
##...
#.##.
#.##.
#...#
)");
  CHECK((local_mask(1) | full_mask()) == full_mask());
  CHECK((full_mask() | local_mask(1)) == full_mask());
}

TEST_CASE("every mask equals its definition cell by cell") {
  std::mt19937 generator(1);
  for (int round = 0; round < 300; ++round) {
    Mask mask;
    for (unsigned i = 0; i <= generator() % 3; ++i) mask.parts.push_back(random_part(generator));
    const int n = 1 + static_cast<int>(generator() % 20);
    const bool causal = generator() % 2 == 0;
    for (int query = 0; query < n; ++query) {
      std::vector<std::uint8_t> allowed(n);
      allow_row(mask, query, causal, allowed);
      for (int key = 0; key < n; ++key) {
        const bool want = plain_allows(HeadEdit{.mask = mask}, query, key, n, causal);
        if ((allowed[key] == 1) == want && allowed[key] <= 1) continue;
        FAIL_CHECK(to_string(mask), " of ", n, " tokens at [", query, ", ", key, "] is ",
                   int(allowed[key]), ", expected ", want);
      }
    }
  }
}

TEST_CASE("a random mask draws its count of keys from the seed and the row") {
  // From the definition: SplitMix64 started at seed * 2^32 xor row, Floyd's draw of count - 1 of
  // the other keys.
  CHECK(picture(random_mask(3, 7), 8, kCausal) == R"(
#.......
##......
###.....
#.##....
##..#...
#.#..#..
##....#.
.#..#..#
)");
  CHECK(picture(random_mask(2, 1), 6, kBidirectional) == R"(
#.#...
.#.#..
..#..#
...##.
....##
...#.#
)");
  CHECK(picture(random_mask(3, 7), 8, kCausal) != picture(random_mask(3, 8), 8, kCausal));
  for (bool causal : {kCausal, kBidirectional}) {
    for (int count : {0, 1, 2, 5, 40, INT_MAX}) {
      for (int query = 0; query < 30; ++query) {
        const int reach = causal ? query + 1 : 30;
        CHECK(keys_of(random_mask(count, 3), query, 30, causal) == std::clamp(count, 1, reach));
        std::vector<std::uint8_t> allowed(30);
        allow_row(random_mask(count, 3), query, causal, allowed);
        CHECK(allowed[query] == 1);
      }
    }
  }
}

TEST_CASE("a random mask reaches every key about equally often") {
  std::vector<int> seen(16);
  for (int seed = 0; seed < 4000; ++seed) {
    std::vector<std::uint8_t> allowed(16);
    allow_row(random_mask(4, seed), 9, kBidirectional, allowed);
    for (int key = 0; key < 16; ++key) seen[key] += allowed[key];
  }
  CHECK(seen[9] == 4000);
  seen[9] = 800;
  // 3 of 15 others: 800 each, with a standard deviation of 25.
  for (int count : seen) CHECK(std::abs(count - 800) < 130);
}

TEST_CASE("on a causal model no mask depends on how many tokens follow") {
  for (const char* text : {"local:2", "dilated:2:3", "global:2", "block:4", "random:3:11"}) {
    for (int query = 0; query < 12; ++query) {
      std::vector<std::uint8_t> few(query + 1), many(30);
      allow_row(parse_mask(text), query, kCausal, few);
      allow_row(parse_mask(text), query, kCausal, many);
      CHECK(std::equal(few.begin(), few.end(), many.begin()));
      CHECK(std::count(many.begin() + query + 1, many.end(), 1) == 0);
    }
  }
}

TEST_CASE("extreme numbers neither overflow nor take long") {
  for (bool causal : {kCausal, kBidirectional}) {
    CHECK(picture(local_mask(INT_MAX), 4, causal) == picture({}, 4, causal));
    CHECK(picture(dilated_mask(INT_MAX, 1), 4, causal) == picture({}, 4, causal));
    CHECK(picture(dilated_mask(1, INT_MAX), 4, causal) == picture(local_mask(0), 4, causal));
    CHECK(picture(dilated_mask(INT_MAX, INT_MAX), 4, causal) == picture(local_mask(0), 4, causal));
    CHECK(picture(global_mask(INT_MAX), 4, causal) == picture({}, 4, causal));
    CHECK(picture(block_mask(INT_MAX), 4, causal) == picture({}, 4, causal));
    CHECK(picture(random_mask(INT_MAX, INT_MAX), 4, causal) == picture({}, 4, causal));
  }
  CHECK(keys_of(random_mask(INT_MAX, 1), 19999, 20000, kCausal) == 20000);
}

TEST_CASE("a mask's text is read back as the mask") {
  CHECK(to_string(Mask{}) == "none");
  CHECK(to_string(causal_mask()) == "causal");
  CHECK(to_string(local_mask(4)) == "local:4");
  CHECK(to_string(dilated_mask(4, 2)) == "dilated:4:2");
  CHECK(to_string(global_mask(1)) == "global:1");
  CHECK(to_string(block_mask(8)) == "block:8");
  CHECK(to_string(token_mask(3)) == "token:3");
  CHECK(to_string(strided_mask(4)) == "strided:4");
  CHECK(to_string(columns_mask(4, 1)) == "columns:4:1");
  CHECK(to_string(random_mask(3, 7)) == "random:3:7");
  CHECK(to_string(local_mask(4) | global_mask(1)) == "local:4+global:1");
  CHECK(parse_mask("none") == full_mask());
  CHECK(parse_mask("local:4+none") == full_mask());
  CHECK(parse_mask("random:3") == random_mask(3, 0));

  std::mt19937 generator(2);
  for (int round = 0; round < 500; ++round) {
    Mask mask;
    for (unsigned i = 0; i <= generator() % 4; ++i) mask.parts.push_back(random_part(generator));
    CHECK(parse_mask(to_string(mask)) == mask);
    CHECK_NOTHROW(check(mask));
  }
}

TEST_CASE("a wrong mask is refused by naming the part") {
  const std::string expected =
      "expected none, causal, local:W, dilated:W:GAP, global:K, token:PLACE, block:SIZE, "
      "strided:STRIDE, columns:STRIDE:COUNT or random:COUNT:SEED";
  CHECK(refusal("") == "[parse_mask] \"\": " + expected);
  CHECK(refusal("locl:4") == "[parse_mask] \"locl:4\": " + expected);
  CHECK(refusal("Local:4") == "[parse_mask] \"Local:4\": " + expected);
  CHECK(refusal("local:4+") == "[parse_mask] \"\": " + expected);
  CHECK(refusal("local:4++global:1") == "[parse_mask] \"\": " + expected);
  CHECK(refusal(" local:4") == "[parse_mask] \" local:4\": " + expected);
  CHECK(refusal("none:1") == "[parse_mask] \"none:1\": none takes 0 numbers");
  CHECK(refusal("global:1+local") == "[parse_mask] \"local\": local takes 1 number");
  CHECK(refusal("local:1:2") == "[parse_mask] \"local:1:2\": local takes 1 number");
  CHECK(refusal("dilated:4") == "[parse_mask] \"dilated:4\": dilated takes 2 numbers");
  CHECK(refusal("random") == "[parse_mask] \"random\": random takes 2 numbers");
  CHECK(refusal("random:1:2:3") == "[parse_mask] \"random:1:2:3\": random takes 2 numbers");
  for (const char* number : {"", "x", "-1", "1.5", "4x", " 4", "0x4", "99999999999"}) {
    CHECK(refusal("local:" + std::string(number)) == "[parse_mask] \"local:" + std::string(number) +
                                                         "\": \"" + number +
                                                         "\" is not a whole number of at least 0");
  }
  CHECK(refusal("block:0") ==
        "[parse_mask] \"block:0\": \"0\" is not a whole number of at least 1");
  CHECK(refusal("dilated:4:0") ==
        "[parse_mask] \"dilated:4:0\": \"0\" is not a whole number of at least 1");
}

TEST_CASE("a mask made of numbers out of range is refused") {
  const auto refusal_of = [](const Mask& mask) {
    return message_of<std::invalid_argument>([&] { check(mask); });
  };
  CHECK(refusal_of(global_mask(1) | local_mask(-1)) ==
        "[mask] \"local:-1\": expected numbers of at least 0");
  CHECK(refusal_of(local_mask(INT_MIN)) != "");
  CHECK(refusal_of(dilated_mask(1, 0)) ==
        "[mask] \"dilated:1:0\": expected numbers of at least 0 and 1");
  CHECK(refusal_of(dilated_mask(-1, 1)) != "");
  CHECK(refusal_of(global_mask(-1)) != "");
  CHECK(refusal_of(block_mask(0)) == "[mask] \"block:0\": expected numbers of at least 1");
  CHECK(refusal_of(random_mask(1, -1)) != "");
  CHECK(refusal_of(random_mask(-1, 1)) != "");
  CHECK(refusal_of({}) == "");
}
