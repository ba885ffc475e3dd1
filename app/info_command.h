#pragma once

#include <string>

namespace headlight {

/// What `headlight info` was asked for.
struct InfoOptions {
  std::string model;  ///< As model_path takes it.
  bool json = false;
  bool parameters = false;  ///< Counts by part, beside the known models'.
};

/// Prints what a model is made of on stdout. Throws LoadError.
int run_info(const InfoOptions& options);

}  // namespace headlight
