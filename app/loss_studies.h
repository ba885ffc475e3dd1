#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "importance.h"
#include "loss_text_list.h"
#include "pruning_curve.h"
#include "pruning_effect.h"
#include "study.h"

namespace headlight {

// What heads are worth, measured on the battery's plain texts (loss_texts). Each fails with one
// sentence for a model that predicts nothing or has no tokenizer. The battery's list may be shared:
// what one study has made ready the next one finds.

/// Every head's importance on the battery, on the user's text and on a file of theirs.
class ImportanceStudy final : public Study {
 public:
  /// `text` may be empty, or one that predicts nothing: then it is left out. So is a `corpus` that
  /// is empty; else it names a file with a text a line, which a step then fails to read.
  ImportanceStudy(std::shared_ptr<const Model> model, std::shared_ptr<LossTextList> battery,
                  std::string text, std::string corpus = "");
  std::string what() const override { return "measuring how much each head matters"; }
  bool step() override;
  float fraction() const override;
  void publish(Snapshot& snapshot) override;
  const std::string& corpus() const { return corpus_; }

 private:
  void begin();

  std::shared_ptr<const Model> model_;
  std::shared_ptr<LossTextList> battery_;
  std::string text_;
  std::string corpus_;
  std::optional<LossTextList> corpus_texts_;
  std::optional<ImportanceMeasurement> measurement_;
};

/// Loss over heads kept, in three orders.
class CurveStudy final : public Study {
 public:
  CurveStudy(std::shared_ptr<const Model> model, std::shared_ptr<LossTextList> battery);
  std::string what() const override { return "measuring the pruning curve"; }
  bool step() override;
  float fraction() const override;
  void publish(Snapshot& snapshot) override;

 private:
  std::shared_ptr<const Model> model_;
  std::shared_ptr<LossTextList> battery_;
  std::optional<PruningCurveMeasurement> measurement_;
};

/// What all edits do together, each head's by itself, and the same edits of random other heads.
class EffectStudy final : public Study {
 public:
  EffectStudy(std::shared_ptr<const Model> model, std::shared_ptr<LossTextList> battery,
              Edits edits);
  std::string what() const override { return "measuring what the edits did"; }
  bool step() override;
  float fraction() const override;
  void publish(Snapshot& snapshot) override;
  const Edits& edits() const { return edits_; }

 private:
  std::shared_ptr<const Model> model_;
  std::shared_ptr<LossTextList> battery_;
  Edits edits_;
  std::optional<PruningEffectMeasurement> measurement_;
};

}  // namespace headlight
