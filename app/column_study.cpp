#include "column_study.h"

#include <stdexcept>

#include "battery.h"
#include "importance.h"

namespace headlight {

ColumnStudy::ColumnStudy(std::vector<std::shared_ptr<const ColumnResult>> columns)
    : columns_(std::move(columns)) {}

bool ColumnStudy::begin_column() {
  const auto& column = columns_[losses_.size()];
  if (column == nullptr || column->run == nullptr || !column->model->tokenizer) return false;
  if (model_ == column->model) return true;
  try {
    unembedding_.emplace(*column->model);
    texts_ = text_set(*column->model, "battery", loss_texts()).texts;
    model_ = column->model;
    return true;
  } catch (const std::invalid_argument&) {
    return false;  // It predicts nothing.
  }
}

bool ColumnStudy::step() {
  if (losses_.size() == columns_.size()) return false;
  if (text_ == 0) {
    sum_ = {};
    const auto& column = columns_[losses_.size()];
    if (column && column->loss) {
      losses_.push_back(column->loss);
      return losses_.size() < columns_.size();
    }
    if (!begin_column()) {
      losses_.emplace_back();
      return losses_.size() < columns_.size();
    }
  }
  const LossText& text = texts_[text_];
  const Edits& edits = columns_[losses_.size()]->run->edits();
  const double mean = mean_loss(*model_, {text}, edits, *unembedding_);
  sum_ += {mean * text.predicted(), text.predicted()};
  if (++text_ == texts_.size()) {
    losses_.push_back(sum_.mean());
    text_ = 0;
  }
  return losses_.size() < columns_.size();
}

float ColumnStudy::fraction() const {
  if (columns_.empty()) return 1.0f;
  const float part =
      texts_.empty() ? 0.0f : static_cast<float>(text_) / static_cast<float>(texts_.size());
  return (static_cast<float>(losses_.size()) + part) / static_cast<float>(columns_.size());
}

void ColumnStudy::publish(Snapshot& snapshot) {
  for (std::shared_ptr<const ColumnResult>& place : snapshot.columns) {
    for (std::size_t i = 0; i < losses_.size() && place != nullptr && place->run != nullptr; ++i) {
      if (columns_[i] == nullptr || columns_[i]->run == nullptr || !losses_[i]) continue;
      if (columns_[i]->model != place->model ||
          columns_[i]->run->edits() != place->run->edits()) {
        continue;
      }
      auto measured = std::make_shared<ColumnResult>(*place);
      measured->loss = losses_[i];
      place = measured;
      break;
    }
  }
}

}  // namespace headlight
