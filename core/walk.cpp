#include "walk.h"

namespace headlight {

const char* to_string(WalkStep step) {
  constexpr const char* names[] = {"embed",   "project", "split",       "scores", "scale",   "mask",
                                   "softmax", "blend",   "concatenate", "mix",    "residual"};
  return names[static_cast<int>(step)];
}

const char* to_string(WalkTensor tensor) {
  constexpr const char* names[] = {
      "token_rows", "position_rows", "x",      "normed",       "source",  "w_q",          "w_k",
      "w_v",        "all_q",         "all_k",  "all_v",        "q",       "k",            "v",
      "products",   "scores",        "masked", "weights",      "dropped", "z",            "concatenated",
      "w_o",        "contribution",  "mixed",  "stream",       "output"};
  return names[static_cast<int>(tensor)];
}

}  // namespace headlight
