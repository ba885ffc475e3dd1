#include "learn_code.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "pass_reference.h"

using namespace headlight;
using namespace headlight::test;

namespace {

bool has(const std::string& code, const std::string& text) { return code.find(text) != code.npos; }

}  // namespace

TEST_CASE("the lines have the model's own sizes") {
  const ModelConfig plain = small_gpt2_config();  // d_model 24, 3 heads of 8
  const std::string naive = naive_code(plain, true), fused = vectorised_code(plain, true);
  CHECK(has(naive, "q = x @ W_q[h] + b_q[h]"));
  CHECK(has(naive, "/ 8 ** 0.5"));
  CHECK(has(naive, "for h in range(3)"));
  CHECK(has(fused, "qkv.split([24, 24, 24], -1)"));
  CHECK(has(fused, "q = q.view(n, 3, 8).transpose(0, 1)"));
  CHECK(has(fused, "+ b_qkv"));
  for (const std::string& code : {naive, fused}) {
    CHECK(has(code, "scores + mask"));
    CHECK_FALSE(has(code, "rotate"));
    CHECK_FALSE(has(code, "repeat_interleave"));
  }
}

TEST_CASE("shared keys, rotary positions and a missing mask change the lines") {
  const ModelConfig grouped = small_llama_config();  // 4 heads of 6 in 2 groups, rotary
  CHECK(has(naive_code(grouped, false), "k = x @ W_k[h // 2]  "));
  CHECK(has(naive_code(grouped, false), "q, k = rotate(q), rotate(k)"));
  CHECK(has(vectorised_code(grouped, false), "split([24, 12, 12], -1)"));
  CHECK(has(vectorised_code(grouped, false), "k = k.repeat_interleave(2, 0)"));
  CHECK_FALSE(has(vectorised_code(grouped, false), "q = q.repeat_interleave"));
  CHECK_FALSE(has(vectorised_code(grouped, false), "b_qkv"));
  const ModelConfig both = small_bidirectional_config();
  CHECK_FALSE(has(naive_code(both, true), "mask"));
  CHECK_FALSE(has(vectorised_code(both, true), "mask"));
}
