#include "loss_studies.h"

#include <filesystem>

#include "file_io.h"
#include "text_lines.h"

namespace headlight {
namespace {

// How much of a measurement's bar the texts take.
constexpr float texts_share = 0.1f;

template <typename Measurement>
float share_done(const LossTextList& texts, const std::optional<Measurement>& measurement) {
  if (!measurement || measurement->steps() == 0) return texts_share * texts.fraction();
  return texts_share + (1.0f - texts_share) * static_cast<float>(measurement->steps_done()) /
                           static_cast<float>(measurement->steps());
}

}  // namespace

ImportanceStudy::ImportanceStudy(std::shared_ptr<const Model> model,
                                 std::shared_ptr<LossTextList> battery, std::string text,
                                 std::string corpus)
    : model_(std::move(model)),
      battery_(std::move(battery)),
      text_(std::move(text)),
      corpus_(std::move(corpus)) {}

void ImportanceStudy::begin() {
  std::vector<TextSet> sets{{battery_set_name, battery_->texts()}};
  try {
    if (!text_.empty()) sets.push_back(text_set(*model_, own_text_name, {text_}));
  } catch (const std::invalid_argument&) {
    // Too short to predict anything: the others are enough.
  }
  if (corpus_texts_) {
    sets.push_back({typed_path(corpus_).filename().string(), corpus_texts_->texts()});
  }
  measurement_.emplace(*model_, sets);
}

bool ImportanceStudy::step() {
  if (measurement_) return measurement_->step();
  if (!corpus_.empty() && !corpus_texts_) {  // first, since a wrong name is known at once
    // Whole, so that "-" is a file, too.
    const std::filesystem::path file = std::filesystem::absolute(typed_path(corpus_));
    corpus_texts_.emplace(model_, read_texts(file.string()));
    return true;
  }
  if (corpus_texts_ && corpus_texts_->step()) return true;
  if (battery_->step()) return true;
  begin();
  return true;
}

float ImportanceStudy::fraction() const { return share_done(*battery_, measurement_); }

void ImportanceStudy::publish(Snapshot& snapshot) {
  snapshot.importance = std::make_shared<const ImportanceReport>(measurement_->take());
  snapshot.importance_text = text_;
}

CurveStudy::CurveStudy(std::shared_ptr<const Model> model, std::shared_ptr<LossTextList> battery)
    : model_(std::move(model)), battery_(std::move(battery)) {}

bool CurveStudy::step() {
  if (measurement_) return measurement_->step();
  if (battery_->step()) return true;
  measurement_.emplace(*model_, battery_->texts());
  return true;
}

float CurveStudy::fraction() const { return share_done(*battery_, measurement_); }

void CurveStudy::publish(Snapshot& snapshot) {
  snapshot.curve = std::make_shared<const PruningCurve>(measurement_->take());
}

EffectStudy::EffectStudy(std::shared_ptr<const Model> model, std::shared_ptr<LossTextList> battery,
                         Edits edits)
    : model_(std::move(model)), battery_(std::move(battery)), edits_(std::move(edits)) {}

bool EffectStudy::step() {
  if (edits_.empty()) return false;
  if (measurement_) return measurement_->step();
  if (battery_->step()) return true;
  std::vector<HeadId> heads;
  for (const auto& [head, edit] : edits_) heads.push_back(head);
  PruningEffectOptions options;
  options.edits = edits_;
  measurement_.emplace(*model_, battery_->texts(), std::move(heads), options);
  return true;
}

float EffectStudy::fraction() const { return share_done(*battery_, measurement_); }

void EffectStudy::publish(Snapshot& snapshot) {
  snapshot.effect_edits = edits_;
  snapshot.effect = measurement_
                        ? std::make_shared<const PruningEffect>(measurement_->take())
                        : nullptr;
}

}  // namespace headlight
