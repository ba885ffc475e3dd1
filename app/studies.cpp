#include "studies.h"

#include <algorithm>

#include "battery.h"
#include "column_study.h"
#include "loss_studies.h"
#include "naive_study.h"
#include "role_study.h"
#include "run_command.h"
#include "variant_study.h"

namespace headlight {
namespace {

using List = std::vector<std::unique_ptr<Study>>;

template <typename Kind>
List::iterator find(List& studies) {
  return std::find_if(studies.begin(), studies.end(), [](const std::unique_ptr<Study>& study) {
    return dynamic_cast<const Kind*>(study.get()) != nullptr;
  });
}

// One of this type that measures something else is of no use any more.
template <typename Kind, typename Same>
void drop_unless(List& studies, Same same) {
  const auto found = find<Kind>(studies);
  if (found == studies.end() || same(static_cast<const Kind&>(**found))) return;
  studies.erase(found);
}

// One of this type that waits or runs goes on; else it begins.
template <typename Kind, typename... Arguments>
void begin_or_go_on(List& studies, Arguments&&... arguments) {
  if (const auto found = find<Kind>(studies); found != studies.end()) {
    std::rotate(found, found + 1, studies.end());
  } else {
    studies.push_back(std::make_unique<Kind>(std::forward<Arguments>(arguments)...));
  }
}

}  // namespace

void Studies::begin(StudyKind kind, const Snapshot& snapshot, const std::string& corpus) {
  if (kind == StudyKind::variants) {  // Of no model in particular
    drop_unless<VariantStudy>(studies_,
                              [&](const auto& s) { return s.text() == snapshot.request.text; });
    return begin_or_go_on<VariantStudy>(studies_, snapshot);
  }
  const std::shared_ptr<const Model>& model = snapshot.model;
  if (model == nullptr || model->recorded) return;
  if (kind == StudyKind::naive) {  // Needs no battery
    const int layer = std::stoi(corpus);
    drop_unless<NaiveStudy>(studies_, [&](const auto& s) {
      return s.layer() == layer && s.trace() == snapshot.baseline;
    });
    return begin_or_go_on<NaiveStudy>(studies_, snapshot, layer);
  }
  if (!battery_) battery_ = std::make_shared<LossTextList>(model, loss_texts());
  switch (kind) {
    case StudyKind::roles:
      return begin_or_go_on<RoleStudy>(studies_, model);
    case StudyKind::importance:
      drop_unless<ImportanceStudy>(studies_, [&](const auto& s) { return s.corpus() == corpus; });
      return begin_or_go_on<ImportanceStudy>(studies_, model, battery_, snapshot.request.text,
                                             corpus);
    case StudyKind::curve:
      return begin_or_go_on<CurveStudy>(studies_, model, battery_);
    case StudyKind::effect: {
      const Edits edits = normalized(snapshot.request.edits);
      drop_unless<EffectStudy>(studies_, [&](const auto& s) { return s.edits() == edits; });
      return begin_or_go_on<EffectStudy>(studies_, model, battery_, edits);
    }
    case StudyKind::columns:
      if (const auto old = find<ColumnStudy>(studies_); old != studies_.end()) studies_.erase(old);
      studies_.push_back(std::make_unique<ColumnStudy>(snapshot.columns));
      return;
    case StudyKind::variants:
    case StudyKind::naive:
      return;
  }
}

bool Studies::step(Snapshot& snapshot) {
  const std::unique_ptr<Study>& study = studies_.back();
  bool more = false;
  std::string failed;
  try {
    more = study->step();
    if (!more) study->publish(snapshot);
  } catch (const std::exception& error) {
    failed = as_sentence(plain_sentence(error));
  }
  progress_ = {.busy = true, .what = study->what(), .fraction = study->fraction(), .failed = failed};
  if (!more) {
    studies_.pop_back();
    progress_.busy = !studies_.empty();
  }
  return !more;
}

void Studies::drop() {
  for (const auto& study : studies_) study->keep();
  studies_.clear();
  battery_.reset();
  progress_ = {};
}

}  // namespace headlight
