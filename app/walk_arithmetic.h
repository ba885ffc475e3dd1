#pragma once

#include <string>
#include <vector>

#include "layer_walk.h"

namespace headlight {

/// The arithmetic behind one number of a walk, written out with the numbers as the model has them.
struct WalkArithmetic {
  std::string name;                ///< "scores[·sat, ·cat]"
  std::string value;               ///< "1.0734"
  std::string sentence;            ///< In words: "The row of ·sat in Q times the row of ·cat in K, number by number."
  std::string line;                ///< "0.31 × −0.52 + 0.20 × 1.10 + … (62 more) = 8.587"
  std::vector<std::string> terms;  ///< Every summand: "Q[·sat, 3] 0.2031 × K[·cat, 3] 1.1 = 0.2234"
};

WalkArithmetic arithmetic_of(const LayerWalk& walk, WalkCell cell);

/// "Q[·sat, 3]": the tensor's symbol with its row and column, tokens by their labels.
std::string cell_name(const LayerWalk& walk, WalkCell cell);

/// A number with about four digits, a real minus sign, "−∞" for minus infinity.
std::string number_text(double value);

}  // namespace headlight
