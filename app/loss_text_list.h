#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loss.h"
#include "model.h"

namespace headlight {

/// Texts to measure a loss on, made ready one a step: an encoder-decoder decodes each of them.
class LossTextList {
 public:
  LossTextList(std::shared_ptr<const Model> model, std::vector<std::string> texts);

  /// The next text; false when none is left. Those with nothing to predict are left out. Throws
  /// std::invalid_argument, with the last text, where none has anything.
  bool step();
  float fraction() const;  ///< 0 to 1.
  const std::vector<LossText>& texts() const { return ready_; }

 private:
  std::shared_ptr<const Model> model_;
  std::vector<std::string> texts_;
  std::size_t next_ = 0;
  std::vector<LossText> ready_;
  std::string refusal_ = "there is no text to measure on";
};

}  // namespace headlight
