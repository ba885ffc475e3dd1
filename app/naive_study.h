#pragma once

#include <optional>

#include "naive_attention.h"
#include "naive_result.h"
#include "study.h"

namespace headlight {

/// A layer's attention on the text at hand, naively and vectorised, in turn: a round a step, on one
/// thread, so that only the form differs.
class NaiveStudy final : public Study {
 public:
  /// Throws std::invalid_argument as NaiveAttention, and where there is no text.
  NaiveStudy(const Snapshot& snapshot, int layer);
  static constexpr const char* words = "measuring both ways to compute a layer's heads";
  std::string what() const override { return words; }
  bool step() override;
  float fraction() const override;
  void publish(Snapshot& snapshot) override;
  int layer() const { return result_.layer; }
  const std::shared_ptr<const Trace>& trace() const { return trace_; }

  static constexpr int rounds = 15;

 private:
  void compare();
  double time(bool naive);

  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Trace> trace_;
  ThreadPool pool_{1};
  std::optional<NaiveAttention> naive_;
  std::vector<float> z_;
  int repeats_ = 1;  // Of one form in one round
  NaiveResult result_;
};

}  // namespace headlight
