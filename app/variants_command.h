#pragma once

#include <string>

namespace headlight {

/// What `headlight variants` was asked for.
struct VariantsOptions {
  std::string text = "The old dog slept near the fire because it was tired";
  bool json = false;
};

/// Prints the models whose heads are made differently side by side, on stdout. Throws
/// std::runtime_error where there are none.
int run_variants(const VariantsOptions& options);

}  // namespace headlight
