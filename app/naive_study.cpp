#include "naive_study.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "routing.h"

namespace headlight {
namespace {

// A round of one form takes at least this long, so that the clock's steps do not count.
constexpr double least_round_ms = 2.0;
constexpr int most_repeats = 200;

void summarize(FormTimes& times) {
  std::vector<double> sorted = times.rounds;
  std::sort(sorted.begin(), sorted.end());
  times.least = sorted.front();
  times.most = sorted.back();
  times.median = sorted[sorted.size() / 2];
}

}  // namespace

NaiveStudy::NaiveStudy(const Snapshot& snapshot, int layer)
    : model_(snapshot.model), trace_(snapshot.baseline) {
  if (trace_ == nullptr) throw std::invalid_argument("[naive_study] there is no text");
  check_head(model_->config, {layer, 0}, "naive_study");
  result_.model = model_;
  result_.tokens = trace_->tokens();
  result_.layer = layer;
}

double NaiveStudy::time(bool naive) {
  const float* x = trace_->block(result_.layer).input.data();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats_; ++i) {
    if (naive) {
      naive_->run(x, trace_->size(), z_.data(), pool_);
    } else {
      vectorised_attention(*model_, result_.layer, x, trace_->size(), z_.data(), pool_);
    }
  }
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::milli>(end - begin).count() / repeats_;
}

void NaiveStudy::compare() {
  naive_.emplace(*model_, result_.layer);
  const BlockTrace& block = trace_->block(result_.layer);
  z_.resize(block.z.size());
  const auto width = static_cast<std::ptrdiff_t>(model_->config.query_width());
  time(true);
  const std::vector<float> one_by_one = z_;
  result_.naive_z.assign(z_.end() - width, z_.end());
  const double ms = time(false);
  result_.vectorised_z.assign(z_.end() - width, z_.end());
  for (std::size_t i = 0; i < z_.size(); ++i) {
    const double difference = std::abs(static_cast<double>(z_[i]) - one_by_one[i]);
    result_.largest_difference = std::max(result_.largest_difference, difference);
  }
  std::vector<float> gated = z_;
  if (!block.gates.empty()) {
    apply_gates(model_->config, block.gates.data(), trace_->size(), gated.data());
  }
  result_.equals_pass = gated == block.z;
  repeats_ = std::clamp(static_cast<int>(least_round_ms / std::max(ms, 1e-4)), 1, most_repeats);
}

bool NaiveStudy::step() {
  if (!naive_) {
    compare();
    return true;
  }
  // In turn, and in turns first, so that a slow moment of the machine hits both.
  const bool naive_first = result_.naive.rounds.size() % 2 == 0;
  for (const bool naive : {naive_first, !naive_first}) {
    (naive ? result_.naive : result_.vectorised).rounds.push_back(time(naive));
  }
  return result_.naive.rounds.size() < rounds;
}

float NaiveStudy::fraction() const {
  return static_cast<float>(result_.naive.rounds.size()) / static_cast<float>(rounds);
}

void NaiveStudy::publish(Snapshot& snapshot) {
  summarize(result_.naive);
  summarize(result_.vectorised);
  snapshot.naive = std::make_shared<const NaiveResult>(result_);
}

}  // namespace headlight
