#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "loss.h"
#include "study.h"

namespace headlight {

/// The loss of each column of the compare view on the battery's plain texts, a text a step. Columns
/// that predict nothing, or have no tokenizer, are left out.
class ColumnStudy final : public Study {
 public:
  explicit ColumnStudy(std::vector<std::shared_ptr<const ColumnResult>> columns);
  std::string what() const override { return "measuring the columns' losses"; }
  bool step() override;
  float fraction() const override;
  /// To the columns that are still as they were.
  void publish(Snapshot& snapshot) override;

 private:
  bool begin_column();  // False when it is left out.

  std::vector<std::shared_ptr<const ColumnResult>> columns_;
  std::vector<std::optional<double>> losses_;  // Of the columns done.
  std::shared_ptr<const Model> model_;         // That the next two are of.
  std::vector<LossText> texts_;
  std::optional<Unembedding> unembedding_;
  std::size_t text_ = 0;  // The next one of the column at hand.
  LossSum sum_;
};

}  // namespace headlight
