#pragma once

#include <string>

namespace headlight {

/// The walk through one layer's attention, as a file that a learner takes home.
struct TakeHome {
  std::string
      file;  ///< Ends in .py or .ipynb. Its weights go beside it, into a file that ends in .npz.
  bool guided = false;  ///< With gaps to fill in, and checks.
  bool tiny = false;    ///< The window's tiny layer, and not the model that is open.
};

}  // namespace headlight
