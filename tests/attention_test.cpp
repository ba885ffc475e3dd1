#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// One head's rows as a fused projection writes them: [tokens, 3 * d_head + 5].
struct Head {
  int tokens, d_head, stride;
  std::vector<float> qkv;

  Head(int tokens, int d_head, std::uint32_t seed = 1)
      : tokens(tokens),
        d_head(d_head),
        stride(3 * d_head + 5),
        qkv(numbers(std::size_t(tokens) * stride, seed)) {}

  float* q(int token) { return &qkv[std::size_t(token) * stride]; }
  float* k(int token) { return q(token) + d_head; }
  float* v(int token) { return k(token) + d_head; }

  HeadInput input(int first_query, int queries, int keys) {
    HeadInput in;
    in.q = q(first_query);
    in.k = k(0);
    in.v = v(0);
    in.q_stride = in.k_stride = in.v_stride = std::size_t(stride);
    in.queries = queries;
    in.first_query = first_query;
    in.keys = keys;
    in.d_head = d_head;
    return in;
  }
  HeadInput input() { return input(0, tokens, tokens); }
};

struct Output {
  std::vector<float> weights;  // [queries, keys]
  std::vector<float> z;        // [queries, d_head]
};

Output attend(const HeadInput& in, const HeadRule& rule) {
  Output out;
  out.weights.assign(std::size_t(in.queries) * in.keys, -9.0f);
  out.z.assign(std::size_t(in.queries) * in.d_head, -9.0f);
  AttentionScratch scratch;
  attention_output(in, rule, out.z.data(), in.d_head, out.weights.data(), in.keys, scratch);
  return out;
}

bool masked(const HeadRule& rule, int query, int key, int keys) {
  if (rule.causal && key > query) return true;
  if (rule.window > 0 && std::abs(query - key) >= rule.window) return true;
  if (rule.masked_cells &&
      std::count(rule.masked_cells->begin(), rule.masked_cells->end(), Cell{query, key}) > 0) {
    return true;
  }
  if (!rule.mask) return false;
  std::vector<std::uint8_t> allowed(keys);
  allow_row(*rule.mask, query, rule.causal, allowed);
  return !allowed[key];
}

// weights = softmax(mask(q k^T scale)), z = weights v, term by term in double precision.
void check_plain(Head& head, const HeadInput& in, const HeadRule& rule, const std::string& what) {
  std::vector<double> weights, z, near_weights, near_z;
  for (int r = 0; r < in.queries; ++r) {
    const int query = in.first_query + r;
    std::vector<double> row(in.keys, 0.0);
    double max = -kInfinity, sum = 0;
    std::vector<double> score(in.keys, -kInfinity);
    for (int key = 0; key < in.keys; ++key) {
      if (masked(rule, query, key, in.keys)) continue;
      double product = 0;
      for (int i = 0; i < in.d_head; ++i) product += double(head.q(query)[i]) * head.k(key)[i];
      score[key] = product * rule.scale;
      max = std::max(max, score[key]);
    }
    for (int key = 0; key < in.keys; ++key) {
      if (score[key] > -kInfinity) sum += row[key] = std::exp(score[key] - max);
    }
    for (int key = 0; key < in.keys; ++key) {
      weights.push_back(sum > 0 ? row[key] / sum : 0.0);
      near_weights.push_back(weights.back() == 0 ? 0.0 : 6e-6 * weights.back() + 1e-30);
    }
    for (int i = 0; i < in.d_head; ++i) {
      double value = 0;
      for (int key = 0; key < in.keys; ++key) {
        value += weights[std::size_t(r) * in.keys + key] * head.v(key)[i];
      }
      z.push_back(value);
      near_z.push_back(sum > 0 ? 2e-6 : 0.0);
    }
  }
  const Output out = attend(in, rule);
  check_near(out.weights, weights, near_weights, in.keys, what + " weights");
  check_near(out.z, z, near_z, in.d_head, what + " z");
}

}  // namespace

TEST_SUITE("attention") {
  TEST_CASE("weights and z are the plain formula at every shape and instruction set") {
    with_each_target([&](const std::string& target) {
      for (int tokens : {1, 2, 5, 6, 7, 15, 16, 17, 40, 300}) {
        for (int d_head : {1, 8, 24, 64}) {
          for (bool causal : {true, false}) {
            Head head(tokens, d_head);
            const std::string what = target + " " + std::to_string(tokens) + " tokens, d_head " +
                                     std::to_string(d_head) + (causal ? ", causal" : "");
            check_plain(head, head.input(), {.scale = 0.7f, .causal = causal}, what);
          }
        }
      }
    });
  }

  TEST_CASE("masks and masked cells give exact zeros and the plain formula elsewhere") {
    with_each_target([&](const std::string& target) {
      Head head(45, 16);
      std::vector<Cell> cells = {{44, 3}, {7, 7}, {7, 2}, {20, 0}, {7, 2}, {3, 40}, {50, 1}};
      for (int key = 0; key <= 12; ++key) cells.push_back({12, key});
      for (const Mask& mask :
           {full_mask(), local_mask(3), local_mask(0), dilated_mask(3, 4), block_mask(8),
            global_mask(2), random_mask(3, 5), local_mask(2) | global_mask(1), strided_mask(7),
            token_mask(20) | columns_mask(16, 2), global_mask(0)}) {
        for (bool causal : {true, false}) {
          const std::string what = target + " " + to_string(mask) + (causal ? " causal" : "");
          HeadRule rule{.scale = 0.7f, .causal = causal, .mask = &mask};
          check_plain(head, head.input(), rule, what);
          rule.masked_cells = &cells;
          check_plain(head, head.input(), rule, what + " and cells");
          rule.mask = nullptr;
          check_plain(head, head.input(), rule, "cells alone");
        }
      }
    });
  }

  TEST_CASE("a window forbids what is its length away or more on both sides") {
    with_each_target([&](const std::string& target) {
      Head head(45, 16);
      const Mask mask = dilated_mask(3, 4);
      const std::vector<Cell> cells = {{44, 43}, {7, 7}};
      for (int window : {1, 2, 7, 16, 44, 45, 46, 2000000000}) {
        for (bool causal : {true, false}) {
          const std::string what =
              target + " window " + std::to_string(window) + (causal ? " causal" : "");
          HeadRule rule{.scale = 0.7f, .causal = causal, .window = window};
          check_plain(head, head.input(), rule, what);
          check_plain(head, head.input(20, 25, 45), rule, what + " from 20");
          rule.mask = &mask;
          rule.masked_cells = &cells;
          check_plain(head, head.input(), rule, what + " mask and cells");
        }
      }
      // A window that leaves all is none, bit for bit.
      const Output all = attend(head.input(), {.scale = 0.7f});
      const Output wide = attend(head.input(), {.scale = 0.7f, .window = 45});
      check_same(wide.weights.data(), all.weights.data(), all.weights.size(), 45, target);
      check_same(wide.z.data(), all.z.data(), all.z.size(), 16, target);
    });
  }

  TEST_CASE("a row whose every key is masked is all 0") {
    Head head(9, 8);
    std::vector<Cell> cells;
    for (int key = 0; key < 9; ++key) cells.push_back({4, key});
    for (bool causal : {true, false}) {
      const Output out =
          attend(head.input(), {.scale = 1.0f, .causal = causal, .masked_cells = &cells});
      for (int key = 0; key < 9; ++key) CHECK(out.weights[4 * 9 + key] == 0.0f);
      for (int i = 0; i < 8; ++i) CHECK(out.z[4 * 8 + i] == 0.0f);
      CHECK(out.weights[3 * 9 + 0] > 0.0f);
    }
  }

  TEST_CASE("a row is the same among rows that look elsewhere, beyond blocks of keys too") {
    with_each_target([&](const std::string& target) {
      const int tokens = 700;  // Keys are summed in blocks of 256.
      Head head(tokens, 24);
      for (const Mask& mask : {local_mask(3), global_mask(1) | local_mask(2), strided_mask(50),
                               random_mask(4, 2), columns_mask(300, 3)}) {
        const HeadRule rule{.scale = 0.9f, .causal = true, .mask = &mask};
        const Output all = attend(head.input(), rule);
        for (int query : {0, 1, 255, 256, 257, 511, 513, 699}) {
          CAPTURE(target);
          CAPTURE(to_string(mask));
          CAPTURE(query);
          const Output alone = attend(head.input(query, 1, tokens), rule);
          CHECK(std::equal(alone.weights.begin(), alone.weights.end(),
                           all.weights.begin() + std::ptrdiff_t(query) * tokens));
          CHECK(std::equal(alone.z.begin(), alone.z.end(), all.z.begin() + query * 24));
        }
      }
    });
  }

  TEST_CASE("what a mask forbids is not read") {
    with_each_target([&](const std::string& target) {
      CAPTURE(target);
      Head head(600, 16);
      const Mask mask = local_mask(4);
      const HeadRule rule{.scale = 0.9f, .causal = true, .mask = &mask};
      const Output before = attend(head.input(), rule);
      for (int key = 0; key < 500; ++key) head.v(key)[3] = kNaN;
      const Output after = attend(head.input(560, 40, 600), rule);
      CHECK(std::equal(after.z.begin(), after.z.end(), before.z.begin() + 560 * 16));
    });
  }

  TEST_CASE("rows sum to 1") {
    with_each_target([&](const std::string& target) {
      const int tokens = 9000;
      for (float scale : {0.0f, 0.1f, 3.0f}) {
        Head head(tokens, 16, 9);
        const HeadInput in = head.input(tokens - 20, 20, tokens);
        const Output out = attend(in, {.scale = scale, .causal = true});
        for (int r = 0; r < in.queries; ++r) {
          double sum = 0;
          for (int key = 0; key < tokens; ++key) sum += out.weights[std::size_t(r) * tokens + key];
          CHECK_MESSAGE(std::abs(sum - 1) < 1e-6, target, " row ", r, " sums to 1 + ", sum - 1);
        }
      }
    });
  }

  TEST_CASE("a row does not depend on the other rows or on later keys") {
    const Mask mask = local_mask(200) | random_mask(3, 1);
    with_each_target([&](const std::string& target) {
      const int tokens = 280;
      Head head(tokens, 24);
      for (const Mask* with : {static_cast<const Mask*>(nullptr), &mask}) {
        const HeadRule rule{.scale = 0.9f, .causal = true, .mask = with};
        const Output all = attend(head.input(), rule);
        for (int query : {0, 1, 5, 6, 15, 16, 100, 254, 255, 256, 257, 279}) {
          for (int queries : {1, 2, 6, 7, 13}) {
            for (int more : {0, 1, 5, 40}) {
              const int keys = query + queries + more;
              if (keys > tokens) continue;
              const Output part = attend(head.input(query, queries, keys), rule);
              const std::string what = target + " query " + std::to_string(query) + ", " +
                                       std::to_string(queries) + " of them, " +
                                       std::to_string(keys) + " keys";
              for (int r = 0; r < queries; ++r) {
                check_same(&part.weights[std::size_t(r) * keys],
                           &all.weights[std::size_t(query + r) * tokens], keys, keys, what);
              }
              check_same(part.z.data(), &all.z[std::size_t(query) * 24], part.z.size(), 24, what);
            }
          }
        }
      }
      const HeadRule open{.scale = 0.9f, .causal = false};
      const Output all = attend(head.input(), open);
      for (int query : {0, 7, 255, 279}) {
        const Output one = attend(head.input(query, 1, tokens), open);
        check_same(one.weights.data(), &all.weights[std::size_t(query) * tokens], tokens, tokens,
                   target + " open");
        check_same(one.z.data(), &all.z[std::size_t(query) * 24], 24, 24, target + " open");
      }
    });
  }

  TEST_CASE("weights alone are the weights of the output") {
    Head head(50, 24);
    for (bool causal : {true, false}) {
      const HeadRule rule{.scale = 0.9f, .causal = causal};
      HeadInput in = head.input();
      const Output out = attend(in, rule);
      AttentionScratch scratch;
      const int stride = 53;
      std::vector<float> weights(50 * stride, 7.0f), z(50 * 24);
      in.v = nullptr;
      attention_weights(in, rule, weights.data(), stride, scratch);
      for (int r = 0; r < 50; ++r) {
        check_same(&weights[r * stride], &out.weights[r * 50], 50, 50, "row " + std::to_string(r));
        for (int c = 50; c < stride; ++c) CHECK(weights[r * stride + c] == 7.0f);
      }
      attention_output(head.input(), rule, z.data(), 24, nullptr, 0, scratch);
      check_same(z.data(), out.z.data(), z.size(), 24, "z alone");
    }
  }

  TEST_CASE("scores are the scaled products of every pair") {
    with_each_target([&](const std::string& target) {
      for (int tokens : {1, 7, 33}) {
        Head head(tokens, 24);
        const int first = tokens / 2;
        const HeadInput in = head.input(first, tokens - first, tokens);
        std::vector<float> scores(std::size_t(in.queries) * tokens);
        AttentionScratch scratch;
        attention_scores(in, 0.25f, scores.data(), tokens, scratch);
        std::vector<double> want;
        for (int r = 0; r < in.queries; ++r) {
          for (int key = 0; key < tokens; ++key) {
            double product = 0;
            for (int i = 0; i < 24; ++i) product += double(head.q(first + r)[i]) * head.k(key)[i];
            want.push_back(product * 0.25);
          }
        }
        check_near(scores, want, std::vector<double>(want.size(), 1e-6), tokens, target);
      }
    });
  }

  TEST_CASE("a later key or value that is not a number never reaches an earlier row") {
    with_each_target([&](const std::string& target) {
      const int tokens = 30;
      Head clean(tokens, 24), spoilt(tokens, 24);
      const int bad = 14;
      for (int i = 0; i < 24; ++i) {
        spoilt.k(bad)[i] = i % 2 ? kNaN : kInfinity;
        spoilt.v(bad)[i] = i % 2 ? kInfinity : kNaN;
      }
      const HeadRule rule{.scale = 1.0f, .causal = true};
      const Output a = attend(clean.input(), rule), b = attend(spoilt.input(), rule);
      for (int r = 0; r < bad; ++r) {
        check_same(&b.weights[r * tokens], &a.weights[r * tokens], tokens, tokens, target);
      }
      check_same(b.z.data(), a.z.data(), bad * 24, 24, target);
      CHECK(std::isnan(b.weights[bad * tokens]));
    });
  }

  TEST_CASE("infinite and huge scores do not break a row") {
    with_each_target([&](const std::string& target) {
      CAPTURE(target);
      Head head(3, 1);
      for (int t = 0; t < 3; ++t) {
        *head.q(t) = 1.0f;
        *head.v(t) = 1.0f;
      }
      const HeadRule rule{.scale = 1.0f, .causal = false};
      *head.k(0) = 1e38f, *head.k(1) = -1e38f, *head.k(2) = 3e38f;
      Output out = attend(head.input(), rule);
      CHECK(out.weights[0] == 0.0f);
      CHECK(out.weights[1] == 0.0f);
      CHECK(out.weights[2] == 1.0f);
      *head.k(0) = -kInfinity;
      out = attend(head.input(), rule);
      CHECK(out.weights[0] == 0.0f);
      CHECK(out.weights[2] == 1.0f);
      for (int t = 0; t < 3; ++t) *head.k(t) = -kInfinity;
      out = attend(head.input(), rule);
      CHECK(out.weights[0] == 0.0f);
    });
  }

  TEST_CASE("no queries and no keys are allowed") {
    Head head(4, 8);
    const Output none = attend(head.input(0, 0, 4), {});
    CHECK(none.weights.empty());
    const Output empty = attend(head.input(0, 2, 0), {.causal = false});
    for (float z : empty.z) CHECK(z == 0.0f);
  }
}
