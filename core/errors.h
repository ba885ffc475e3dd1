#pragma once

#include <stdexcept>
#include <string>

namespace headlight {

/// A file that cannot be used. The text is one sentence: `<file>: <part>: <what is wrong>`.
/// A caller's own mistake is a `std::invalid_argument` instead, thrown at the door of the function.
class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace headlight
