#include "loss_text_list.h"

#include <stdexcept>

#include "input_options.h"

namespace headlight {
namespace {

// For a model without a tokenizer the text holds token ids.
LossText made(const Model& model, const std::string& text) {
  if (model.tokenizer) return loss_text(model, text);
  std::string cut;
  return loss_text(model, given_input(model, {.text = text}, cut));
}

}  // namespace

LossTextList::LossTextList(std::shared_ptr<const Model> model, std::vector<std::string> texts)
    : model_(std::move(model)), texts_(std::move(texts)) {}

bool LossTextList::step() {
  if (next_ < texts_.size()) {
    try {
      ready_.push_back(made(*model_, texts_[next_]));
    } catch (const std::invalid_argument& error) {
      refusal_ = error.what();
    }
    ++next_;
  }
  if (next_ < texts_.size()) return true;
  if (ready_.empty()) throw std::invalid_argument(refusal_);
  return false;
}

float LossTextList::fraction() const {
  return texts_.empty() ? 1.0f : static_cast<float>(next_) / static_cast<float>(texts_.size());
}

}  // namespace headlight
