#pragma once

#include <memory>
#include <vector>

#include "model.h"
#include "tokenizer.h"

namespace headlight {

/// Milliseconds of one way over the rounds of a measurement.
struct FormTimes {
  std::vector<double> rounds;
  double median = 0.0, least = 0.0, most = 0.0;
};

/// A layer's attention computed in two ways, on one text.
struct NaiveResult {
  std::weak_ptr<const Model> model;
  std::vector<Token> tokens;  ///< Of the text.
  int layer = 0;
  int threads = 1;
  FormTimes naive, vectorised;
  std::vector<float> naive_z, vectorised_z;  ///< [query_width] the last token's, of all heads.
  double largest_difference = 0.0;           ///< Over all tokens and heads.
  bool equals_pass = false;  ///< Vectorised, and times a router's gates, is what the run had.
};

}  // namespace headlight
