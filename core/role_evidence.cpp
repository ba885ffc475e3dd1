#include "role_evidence.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "role_baselines.h"
#include "role_counts.h"
#include "role_measures.h"

namespace headlight {
namespace {

double threshold_of(RoleKind kind, double baseline, int d_model) {
  switch (kind) {
    case RoleKind::positional:
      return positional_threshold;
    case RoleKind::local:
      return local_threshold;
    case RoleKind::long_range:
      return long_range_threshold;
    case RoleKind::broad:
      return broad_threshold;
    case RoleKind::sink:
      return sink_threshold;
    case RoleKind::duplicate_token:
    case RoleKind::induction:
      return repeat_threshold;
    case RoleKind::syntactic:
    case RoleKind::coreference:
    case RoleKind::rare_token:
      return baseline + margin;
    case RoleKind::semantic:
      return std::max(semantic_threshold, 5.0 / std::max(d_model, 1));
  }
  throw std::invalid_argument("[threshold_of] no such role");
}

bool is_share(RoleKind kind) {
  return kind == RoleKind::positional || kind == RoleKind::syntactic ||
         kind == RoleKind::coreference || kind == RoleKind::rare_token;
}

// Six decimals are more than any figure is good for, and make files short.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

struct Shuffles {
  double mean = 0, deviation = 1;
};

Shuffles shuffles_of(const std::vector<double>& products, const std::vector<double>& sizes) {
  double sum = 0, squares = 0, n = 0;
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (sizes[i] <= 0) continue;
    const double correlation = products[i] / sizes[i];
    sum += correlation;
    squares += correlation * correlation;
    n += 1;
  }
  if (n < 2) return {};
  const double mean = sum / n;
  return {mean, std::sqrt(std::max((squares - n * mean * mean) / (n - 1), 1e-12))};
}

}  // namespace

RoleEvidence::RoleEvidence(int heads, int tested, int d_model)
    : tested_(std::max(tested, 1)), d_model_(d_model) {
  HeadEvidence empty;
  empty.tallies.resize(role_measures().size());
  for (auto* values : {&empty.shuffled_products, &empty.shuffled_sizes}) {
    for (std::vector<double>& half : *values) half.resize(Likeness::shuffles);
  }
  heads_.assign(static_cast<std::size_t>(heads), empty);
  baselines_.resize(role_measures().size());
}

const BaselineCounts& RoleEvidence::baseline_of(int measure, int half) const {
  return baselines_.at(static_cast<std::size_t>(measure)).at(static_cast<std::size_t>(half));
}

void RoleEvidence::count_text(const RoleText& text) {
  count_baselines(text, [&](int measure) -> BaselineCounts& {
    return baselines_[static_cast<std::size_t>(measure)][static_cast<std::size_t>(text.half)];
  });
}

void RoleEvidence::count_head(int index, const RoleText& text, const float* weights) {
  HeadEvidence& head = heads_.at(static_cast<std::size_t>(index));
  if (text.running) {
    count_offsets(head, text, weights);
    count_spread(head, text, weights);
  }
  if (text.window) {
    count_sinks(head, text, weights);
    count_shape(head, text, weights);
  }
  if (text.span > 0) {
    count_repeats(head, text, weights);
    count_detections(head, text, weights);
  }
  if (text.words && !text.cases.empty()) count_words(head, text, weights);
  if (text.likeness) count_likeness(head, text, weights);
}

std::optional<RoleScore> RoleEvidence::judge(int index, int measure) const {
  const RoleMeasure& what = role_measures()[static_cast<std::size_t>(measure)];
  const HeadEvidence& head = heads_[static_cast<std::size_t>(index)];
  const auto& tallies = head.tallies[static_cast<std::size_t>(measure)];
  const bool semantic = what.kind == RoleKind::semantic;
  for (const int half : {0, 1}) {
    const Tally& tally = tallies[static_cast<std::size_t>(half)];
    const double cases = semantic ? baseline_of(measure, half).n : tally.n;
    if (cases < fewest_cases || tally.n <= 0) return std::nullopt;
  }
  // z of the two tests: corrected for all heads and measures, and plain.
  const double tests = static_cast<double>(tested_) * static_cast<double>(role_measures().size());
  const double z[2] = {normal_quantile(0.05 / tests), normal_quantile(0.05)};
  const bool at_most = what.kind == RoleKind::local;
  const bool share = is_share(what.kind);

  RoleScore score;
  score.kind = what.kind;
  score.offset = what.offset;
  score.relation = what.relation;
  score.direction = what.direction;
  score.holds = true;
  for (const int half : {0, 1}) {
    const auto at = static_cast<std::size_t>(half);
    const Tally& tally = tallies[at];
    double baseline = baseline_score(what.kind, baseline_of(measure, half));
    bool beyond = false;
    if (semantic) {
      const Shuffles shuffles = shuffles_of(head.shuffled_products[at], head.shuffled_sizes[at]);
      baseline = shuffles.mean;
      beyond = tally.score() > shuffles.mean + z[half] * shuffles.deviation;
    } else {
      const Interval range = interval_of(tally, z[half], share);
      beyond = at_most ? range.high < baseline : range.low > baseline;
    }
    score.threshold = threshold_of(what.kind, baseline, d_model_);
    score.score = tally.score();
    score.baseline = baseline;
    const bool reached = at_most ? score.score <= score.threshold : score.score >= score.threshold;
    score.holds = score.holds && reached && beyond;
  }
  // The figures are those of the second half, the last of the loop.
  const Tally& tally = tallies[1];
  score.n = static_cast<std::int64_t>(semantic ? baseline_of(measure, 1).n : tally.n);
  score.interval = interval_of(tally, 1.96, share);
  if (!share) {
    score.interval.low = std::max(score.interval.low, semantic ? -1.0 : 0.0);
    const bool ratio = what.kind == RoleKind::local || what.kind == RoleKind::long_range;
    if (!ratio) score.interval.high = std::min(score.interval.high, 1.0);
  }
  score.sink_share = std::clamp(tally.sink_share(), 0.0, 1.0);
  for (double* figure : {&score.score, &score.threshold, &score.baseline, &score.interval.low,
                         &score.interval.high, &score.sink_share}) {
    *figure = rounded(*figure);
  }
  return score;
}

HeadRoles RoleEvidence::conclude(int index) const {
  const HeadEvidence& head = of(index);
  // Of measures that answer one question (which offset, which direction) the first half names one.
  const auto lead = [&](int measure) {
    const RoleKind kind = role_measures()[static_cast<std::size_t>(measure)].kind;
    return head.tallies[static_cast<std::size_t>(measure)][0].score() -
           (kind == RoleKind::positional ? 0.0 : baseline_score(kind, baseline_of(measure, 0)));
  };
  const auto has_cases = [&](int measure) {
    const auto& tallies = head.tallies[static_cast<std::size_t>(measure)];
    return tallies[0].n >= fewest_cases && tallies[1].n >= fewest_cases;
  };
  std::vector<int> chosen;
  for (int measure = 0; measure < static_cast<int>(role_measures().size()); ++measure) {
    const RoleMeasure& what = role_measures()[static_cast<std::size_t>(measure)];
    if (!chosen.empty()) {
      const RoleMeasure& last = role_measures()[static_cast<std::size_t>(chosen.back())];
      if (last.kind == what.kind && last.relation == what.relation) {
        if (has_cases(measure) &&
            (!has_cases(chosen.back()) || lead(measure) > lead(chosen.back()))) {
          chosen.back() = measure;
        }
        continue;
      }
    }
    chosen.push_back(measure);
  }
  HeadRoles roles;
  bool positional = false;
  for (const int measure : chosen) {
    const std::optional<RoleScore> score = judge(index, measure);
    if (!score) continue;
    // The offset says it better than "local" or "long-range" does.
    const bool spread = score->kind == RoleKind::local || score->kind == RoleKind::long_range;
    if (positional && spread) continue;
    positional = positional || (score->kind == RoleKind::positional && score->holds);
    roles.scores.push_back(*score);
  }
  const auto strength = [](const RoleScore& score) {
    const bool at_most = score.kind == RoleKind::local;
    return at_most ? score.threshold / std::max(score.score, 1e-9)
                   : score.score / std::max(score.threshold, 1e-9);
  };
  std::stable_sort(roles.scores.begin(), roles.scores.end(),
                   [&](const RoleScore& a, const RoleScore& b) {
                     return a.holds != b.holds ? a.holds : strength(a) > strength(b);
                   });
  roles.shape = shape_of(head.shape);
  if (head.stats_texts > 0) {
    const auto mean = [&](std::size_t i) {
      return static_cast<float>(rounded(head.stats[i] / head.stats_texts));
    };
    roles.stats = {mean(0), mean(1), mean(2), mean(3)};
  }
  if (head.detection_texts > 0) {
    const auto mean = [&](std::size_t i) {
      return rounded(head.detections[i] / head.detection_texts);
    };
    roles.detector = {mean(0), mean(1), mean(2), static_cast<std::int64_t>(head.detection_texts)};
  }
  return roles;
}

template <typename Self, typename Visit>
void RoleEvidence::visit(Self& self, Visit visit) {
  for (auto& head : self.heads_) {
    for (auto& halves : head.tallies) {
      for (auto& tally : halves) {
        for (auto* number : {&tally.sum, &tally.n, &tally.sum_squares, &tally.n_squares,
                             &tally.products, &tally.sink, &tally.texts}) {
          visit(*number);
        }
      }
    }
    for (auto* values : {&head.shuffled_products, &head.shuffled_sizes}) {
      for (auto& half : *values) {
        for (auto& number : half) visit(number);
      }
    }
    for (auto* number : {&head.shape.windows, &head.shape.vertical, &head.shape.diagonal,
                         &head.shape.blocks, &head.shape.block, &head.stats_texts}) {
      visit(*number);
    }
    for (auto& number : head.stats) visit(number);
    for (auto& number : head.detections) visit(number);
    visit(head.detection_texts);
  }
  for (auto& halves : self.baselines_) {
    for (auto& counts : halves) {
      for (auto* number : {&counts.n, &counts.chance, &counts.nearest}) visit(*number);
      for (auto* values : {&counts.offsets, &counts.places}) {
        for (auto& number : *values) visit(number);
      }
    }
  }
}

std::vector<double> RoleEvidence::numbers() const {
  std::vector<double> numbers;
  visit(*this, [&](const double& number) { numbers.push_back(number); });
  return numbers;
}

bool RoleEvidence::set_numbers(const std::vector<double>& numbers) {
  std::size_t expected = 0;
  visit(*this, [&](const double&) { ++expected; });
  if (numbers.size() != expected ||
      !std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); })) {
    return false;
  }
  std::size_t at = 0;
  visit(*this, [&](double& number) { number = numbers[at++]; });
  return true;
}

}  // namespace headlight
