#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "snapshot.h"
#include "studies.h"

namespace headlight {

/// How far the running request is.
struct Progress {
  bool busy = false;
  std::string what;       ///< "loading mini-gpt", "layer 3 of 12".
  float fraction = 0.0f;  ///< 0 to 1.
};

/// Which walk is looked at.
struct WalkWish {
  HeadId head;
  Dropout dropout;
  bool operator==(const WalkWish&) const = default;
};

/// Side of a head's thumbnail, in cells.
inline constexpr int thumbnail_size = 64;

/// Owns the one thread that loads and computes. The newest request replaces the queued one; a running pass
/// is finished and shown when only the edits changed, and left between layers when text or model changed.
/// When no request waits it goes on with a measurement of the model, a step at a time.
class Worker {
 public:
  /// `published` is called on the worker's thread after each new snapshot. A worker that `measures` begins with the roles of each model that it opens, where
  /// they are not known already (role_cache.h) and it has at most 250 M parameters; others measure only what is asked for.
  explicit Worker(std::function<void()> published, bool measures = false);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Asks for a request to be answered, and for columns beside it; the same again is ignored. Columns
  /// are published as they come, each as soon as it is there.
  void submit(const Request& request, const std::vector<Column>& columns = {});

  /// Leaves the running pass between layers, and answers the queued request without computing it. The latest
  /// snapshot then says that the user stopped it.
  void stop();

  /// From now on snapshots have the rollouts of this kind, too, the latest as soon as they are
  /// computed; none: no longer.
  void want_rollout(std::optional<AttentionKind> kind);

  /// From now on snapshots have the walk through this head of the edited run, too; none: no longer.
  void want_walk(std::optional<WalkWish> wish);

  std::shared_ptr<const Snapshot> latest() const;  ///< Never null.
  Progress progress() const;

  /// Begins a measurement, before those that are under way, or goes on with a paused one. Importance
  /// is measured on the latest snapshot's text too, and on the file `corpus` (a text a line) where
  /// one is named; the effect is that of its edits.
  void measure(StudyKind kind, std::string corpus = "");
  void pause_studies();
  StudyProgress study_progress() const;

  /// Waits until the last submitted request is answered.
  std::shared_ptr<const Snapshot> wait() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headlight
