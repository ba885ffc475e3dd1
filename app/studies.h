#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loss_text_list.h"
#include "study.h"

namespace headlight {

/// How far the long measurements are.
struct StudyProgress {
  bool busy = false;      ///< One runs, between requests.
  bool paused = false;    ///< One waits, as the user wished.
  std::string what;       ///< "measuring what each head does"
  float fraction = 0.0f;  ///< 0 to 1.
  std::string failed;     ///< One sentence, when the last one could not be done.
};

/// A request waits for one text's pass at the most; that of a model with more parameters would be
/// felt, so such a one is measured only when asked.
inline constexpr std::size_t most_measured_unasked = 250'000'000;

/// Long measurements that can be asked for.
enum class StudyKind { roles, importance, curve, effect, columns, variants, naive };

/// The measurements of one model that are under way; the newest wish is at work. Touched by the
/// compute thread alone.
class Studies {
 public:
  ~Studies() { drop(); }

  bool empty() const { return studies_.empty(); }

  /// Begins a measurement of the snapshot's model, or goes on with one of this kind. An effect is
  /// that of the snapshot's edits; importance is measured on the file `corpus` too, where one is
  /// named: what was begun for other edits or another file is dropped. For `naive` the corpus is the
  /// layer's number. A model that only has recorded attention has none. Throws as the studies do.
  void begin(StudyKind kind, const Snapshot& snapshot, const std::string& corpus = "");
  void begin(std::unique_ptr<Study> study) { studies_.push_back(std::move(study)); }

  /// The next step of the one at work. True when that was its last, or it failed; its result is then
  /// in the snapshot. Only when not empty().
  bool step(Snapshot& snapshot);

  const StudyProgress& progress() const { return progress_; }  ///< As of the last step.

  /// Keeps what can be kept, and forgets all.
  void drop();

 private:
  std::vector<std::unique_ptr<Study>> studies_;  // the last one is at work
  std::shared_ptr<LossTextList> battery_;       // of the model, shared by its studies
  StudyProgress progress_;
};

}  // namespace headlight
