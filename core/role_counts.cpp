#include "role_counts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "head_detector.h"
#include "head_summary.h"
#include "role_measures.h"

namespace headlight {
namespace {

const float* row_of(const RoleText& text, const float* weights, int query) {
  return weights + static_cast<std::size_t>(query) * static_cast<std::size_t>(text.keys);
}

double sink_mass(const RoleText& text, const float* row) {
  double mass = 0;
  for (int key = 0; key < text.keys; ++key) {
    if (text.sink[static_cast<std::size_t>(key)]) mass += row[key];
  }
  return mass;
}

Tally& tally(HeadEvidence& head, const RoleText& text, int measure) {
  return head.tallies[static_cast<std::size_t>(measure)][static_cast<std::size_t>(text.half)];
}

struct Sums {
  double sum = 0, n = 0, sink = 0;
  void add(double score, double sink_share) {
    sum += score;
    n += 1;
    sink += sink_share;
  }
};

}  // namespace

void count_offsets(HeadEvidence& head, const RoleText& text, const float* weights) {
  if (text.cross) return;
  const int first = measure_of(RoleKind::positional, -farthest_offset);
  std::array<Sums, 2 * farthest_offset + 1> sums;
  for (int query = 0; query < text.queries; ++query) {
    const float* row = row_of(text, weights, query);
    const int visible = visible_keys(text, query);
    const int best = static_cast<int>(std::max_element(row, row + visible) - row);
    const double sink = sink_mass(text, row);
    for (int offset = -farthest_offset; offset <= farthest_offset; ++offset) {
      if (!offset_counts(text, query, offset)) continue;
      sums[static_cast<std::size_t>(offset + farthest_offset)].add(best == query + offset, sink);
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    tally(head, text, first + static_cast<int>(i)).add(sums[i].sum, sums[i].n, sums[i].sink);
  }
}

void count_spread(HeadEvidence& head, const RoleText& text, const float* weights) {
  constexpr int fewest_keys = 4;  // In shorter rows all is near and broad
  Sums distance, entropy;
  for (int query = 0; query < text.queries; ++query) {
    if (text.idle[static_cast<std::size_t>(query)]) continue;
    const float* row = row_of(text, weights, query);
    const int visible = visible_keys(text, query);
    const double sink = sink_mass(text, row);
    int others = 0;
    double rest = 0, weighted = 0, plain = 0, nats = 0;
    for (int key = 0; key < visible; ++key) {
      const double weight = row[key];
      if (weight > 0) nats -= weight * std::log(weight);
      if (text.sink[static_cast<std::size_t>(key)]) continue;
      const int apart = std::abs(query - key);
      ++others;
      rest += weight;
      weighted += weight * apart;
      plain += apart;
    }
    if (visible >= fewest_keys) entropy.add(nats / std::log(visible), sink);
    if (others >= fewest_keys && plain > 0) {
      distance.add(rest < minimum_rest ? 1.0 : weighted / rest / (plain / others), sink);
    }
  }
  tally(head, text, measure_of(RoleKind::broad)).add(entropy.sum, entropy.n, entropy.sink);
  const HeadStats stats = head_stats(weights, text.queries, text.keys);
  head.stats[0] += stats.entropy;
  head.stats[1] += stats.distance;
  head.stats[2] += stats.maximum;
  head.stats[3] += stats.sink_share;
  head.stats_texts += 1;
  if (text.cross) return;  // Places in two texts are not comparable
  for (const RoleKind kind : {RoleKind::local, RoleKind::long_range}) {
    tally(head, text, measure_of(kind)).add(distance.sum, distance.n, distance.sink);
  }
}

void count_sinks(HeadEvidence& head, const RoleText& text, const float* weights) {
  Sums first, separators;
  bool any = false;
  for (int query = 0; query < text.queries; ++query) {
    const float* row = row_of(text, weights, query);
    double mass = 0;
    for (int key = 0; key < text.keys; ++key) {
      if (!text.special[static_cast<std::size_t>(key)]) continue;
      any = true;
      mass += row[key];
    }
    first.add(row[0], row[0]);
    separators.add(mass, mass);
  }
  tally(head, text, measure_of(RoleKind::sink, 0)).add(first.sum, first.n, first.sink);
  if (!any) return;
  tally(head, text, measure_of(RoleKind::sink, 1))
      .add(separators.sum, separators.n, separators.sink);
}

void count_repeats(HeadEvidence& head, const RoleText& text, const float* weights) {
  Sums copies, followers;
  for (int i = 0; i < 2 * text.span; ++i) {
    const int query = text.span_begin + i;
    const bool second = i >= text.span;
    const float* row = row_of(text, weights, query);
    const double sink = sink_mass(text, row);
    if (second) {
      copies.add(row[query - text.span], sink);
      followers.add(row[query - text.span + 1], sink);
    } else if (!text.causal) {
      copies.add(row[query + text.span], sink);
    }
  }
  tally(head, text, measure_of(RoleKind::duplicate_token)).add(copies.sum, copies.n, copies.sink);
  tally(head, text, measure_of(RoleKind::induction))
      .add(followers.sum, followers.n, followers.sink);
}

void count_detections(HeadEvidence& head, const RoleText& text, const float* weights) {
  if (text.patterns[0].empty()) return;
  const std::vector<float> map(weights, weights + text.patterns[0].size());
  for (std::size_t i = 0; i < text.patterns.size(); ++i) {
    head.detections[i] += detection_score(map, text.patterns[i], text.queries);
  }
  head.detection_texts += 1;
}

namespace {

// The word of the token that a query word's tokens look at most, on average, its own word and sinks
// left out; -1 where they leave less than minimum_word_mass.
int word_of_strongest_token(const RoleText& text, const float* weights, int query) {
  const std::vector<int>& word_of = text.words->word_of;
  std::vector<double> mean(word_of.size());
  double rows = 0, mass = 0;
  for (int row = 0; row < text.queries; ++row) {
    if (word_of[static_cast<std::size_t>(row)] != query) continue;
    rows += 1;
    for (std::size_t key = 0; key < mean.size(); ++key)
      mean[key] += row_of(text, weights, row)[key];
  }
  std::size_t best = mean.size();
  for (std::size_t key = 0; key < mean.size(); ++key) {
    if (word_of[key] == query || word_of[key] < 0) continue;
    mass += mean[key];
    if (best == mean.size() || mean[key] > mean[best]) best = key;
  }
  return best < mean.size() && mass >= minimum_word_mass * rows ? word_of[best] : -1;
}

}  // namespace

void count_words(HeadEvidence& head, const RoleText& text, const float* weights) {
  const WordWeights words = word_weights(weights, *text.words);
  std::map<int, Sums> sums;
  for (const WordCase& one : text.cases) {
    const int best = one.by_token ? word_of_strongest_token(text, weights, one.query)
                                  : strongest_word(words, one.query, minimum_word_mass);
    sums[one.measure].add(best >= 0 && std::ranges::binary_search(one.gold, best),
                          words.sink[static_cast<std::size_t>(one.query)]);
  }
  for (const auto& [measure, sum] : sums) tally(head, text, measure).add(sum.sum, sum.n, sum.sink);
}

void count_likeness(HeadEvidence& head, const RoleText& text, const float* weights) {
  const LikenessMatch match = match_likeness(*text.likeness, weights);
  if (match.size <= 0) return;
  double sink = 0;
  for (int query = 0; query < text.queries; ++query) {
    sink += sink_mass(text, row_of(text, weights, query));
  }
  tally(head, text, measure_of(RoleKind::semantic))
      .add(match.product, match.size, match.size * sink / text.queries);
  const auto half = static_cast<std::size_t>(text.half);
  for (std::size_t i = 0; i < match.shuffled_products.size(); ++i) {
    head.shuffled_products[half][i] += match.shuffled_products[i];
    head.shuffled_sizes[half][i] += match.shuffled_sizes[i];
  }
}

void count_shape(HeadEvidence& head, const RoleText& text, const float* weights) {
  std::vector<double> columns(static_cast<std::size_t>(text.keys));
  double mass = 0, diagonal = 0, block = 0;
  int block_rows = 0;
  for (int query = 0; query < text.queries; ++query) {
    const float* row = row_of(text, weights, query);
    const int visible = visible_keys(text, query);
    double inside = 0, rest = 0;
    int inside_keys = 0, rest_keys = 0;
    for (int key = 0; key < visible; ++key) {
      const auto at = static_cast<std::size_t>(key);
      mass += row[key];
      columns[at] += row[key];
      if (text.cross || text.sink[at]) continue;
      if (std::abs(query - key) <= 1) {
        diagonal += row[key];
        continue;
      }
      const bool same = text.sentence_of[at] == text.sentence_of[static_cast<std::size_t>(query)];
      (same ? inside : rest) += row[key];
      ++(same ? inside_keys : rest_keys);
    }
    if (inside_keys == 0 || rest_keys == 0 || inside + rest < minimum_rest) continue;
    const double chance = static_cast<double>(inside_keys) / (inside_keys + rest_keys);
    block += (inside / (inside + rest) - chance) / (1 - chance);
    ++block_rows;
  }
  if (mass <= 0) return;
  std::partial_sort(columns.begin(), columns.begin() + std::min<std::ptrdiff_t>(2, text.keys),
                    columns.end(), std::greater<>());
  head.shape.windows += 1;
  head.shape.vertical += (columns[0] + (text.keys > 1 ? columns[1] : 0)) / mass;
  head.shape.diagonal += diagonal / mass;
  if (block_rows == 0) return;
  head.shape.blocks += 1;
  head.shape.block += block / block_rows;
}

Shape shape_of(const ShapeSums& sums) {
  if (sums.windows <= 0) return Shape::mixed;
  const double vertical = sums.vertical / sums.windows;
  const double diagonal = sums.diagonal / sums.windows;
  if (vertical >= 0.25 && diagonal >= 0.25 && vertical + diagonal >= 0.6) {
    return Shape::vertical_diagonal;
  }
  if (diagonal >= 0.5) return Shape::diagonal;
  if (vertical >= 0.5) return Shape::vertical;
  return sums.blocks > 0 && sums.block / sums.blocks >= 0.5 ? Shape::block : Shape::mixed;
}

}  // namespace headlight
