#include "link_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "role_measures.h"

namespace headlight {
namespace {

constexpr LinkDirection directions[] = {LinkDirection::dependent_looks,
                                        LinkDirection::governor_looks};

std::size_t place(Relation relation, LinkDirection direction) {
  return static_cast<std::size_t>(relation) * 2 + static_cast<std::size_t>(direction);
}

}  // namespace

std::vector<LinkCase> link_cases(const ParsedSentence& sentence, const WordMap& map, bool causal) {
  const std::vector<int> tokens = map.token_counts();
  const auto has_tokens = [&](int word) {
    if (word < 0 || word >= map.words)
      throw std::invalid_argument("[link_cases] a link names word " + std::to_string(word) +
                                  " of " + std::to_string(map.words));
    return tokens[static_cast<std::size_t>(word)] > 0;
  };
  std::map<std::pair<std::size_t, int>, LinkCase> cases;
  for (const Link& link : sentence.links) {
    if (!has_tokens(link.dependent) || !has_tokens(link.governor)) continue;
    if (link.dependent == link.governor) continue;
    for (const LinkDirection direction : directions) {
      const bool dependent = direction == LinkDirection::dependent_looks;
      const int query = dependent ? link.dependent : link.governor;
      const int key = dependent ? link.governor : link.dependent;
      if (causal && key > query) continue;
      LinkCase& one = cases[{place(link.relation, direction), query}];
      one.relation = link.relation;
      one.direction = direction;
      one.query = query;
      one.gold.push_back(key);
    }
  }
  std::vector<LinkCase> result;
  for (auto& [key, one] : cases) {
    std::sort(one.gold.begin(), one.gold.end());
    one.gold.erase(std::unique(one.gold.begin(), one.gold.end()), one.gold.end());
    result.push_back(std::move(one));
  }
  return result;
}

int strongest_word(const WordWeights& weights, int query, double minimum_mass) {
  const auto words = static_cast<std::size_t>(weights.words);
  const double* row = weights.weights.data() + static_cast<std::size_t>(query) * words;
  double mass = 0;
  int best = -1;
  for (int key = 0; key < weights.words; ++key) {
    if (key == query) continue;
    mass += row[key];
    if (best < 0 || row[key] > row[best]) best = key;
  }
  return mass >= minimum_mass ? best : -1;
}

LinkScores::LinkScores(int heads) : heads(heads) {
  if (heads < 0) throw std::invalid_argument("[LinkScores] a negative number of heads");
  LinkCounts empty;
  empty.hits.resize(static_cast<std::size_t>(heads));
  empty.sink.resize(static_cast<std::size_t>(heads));
  empty.offsets.resize(2 * LinkCounts::longest_offset + 1);
  counts.assign(relations.size() * 2, empty);
}

void LinkScores::count_cases(const std::vector<LinkCase>& cases) {
  for (const LinkCase& one : cases) {
    LinkCounts& count = counts[place(one.relation, one.direction)];
    ++count.n;
    for (const int gold : one.gold) {
      const int offset = gold - one.query;
      if (std::abs(offset) <= LinkCounts::longest_offset)
        ++count.offsets[static_cast<std::size_t>(offset + LinkCounts::longest_offset)];
    }
  }
}

void LinkScores::count_head(int head, const std::vector<LinkCase>& cases,
                            const WordWeights& weights, double minimum_mass) {
  if (head < 0 || head >= heads) throw std::invalid_argument("[LinkScores] no such head");
  const auto at = static_cast<std::size_t>(head);
  for (const LinkCase& one : cases) {
    if (one.query < 0 || one.query >= weights.words)
      throw std::invalid_argument("[LinkScores] a case of another sentence");
    LinkCounts& count = counts[place(one.relation, one.direction)];
    const int word = strongest_word(weights, one.query, minimum_mass);
    count.hits[at] += std::binary_search(one.gold.begin(), one.gold.end(), word);
    count.sink[at] += weights.sink[static_cast<std::size_t>(one.query)];
  }
}

void LinkScores::merge(const LinkScores& other) {
  if (other.heads != heads) throw std::invalid_argument("[LinkScores] other heads");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    LinkCounts& mine = counts[i];
    const LinkCounts& more = other.counts[i];
    mine.n += more.n;
    for (std::size_t head = 0; head < mine.hits.size(); ++head) {
      mine.hits[head] += more.hits[head];
      mine.sink[head] += more.sink[head];
    }
    for (std::size_t k = 0; k < mine.offsets.size(); ++k) mine.offsets[k] += more.offsets[k];
  }
}

const LinkCounts& LinkScores::of(Relation relation, LinkDirection direction) const {
  return counts[place(relation, direction)];
}

LinkScore LinkScores::score(Relation relation, LinkDirection direction, int head) const {
  if (head < 0 || head >= heads) throw std::invalid_argument("[LinkScores] no such head");
  const LinkCounts& count = of(relation, direction);
  LinkScore score;
  score.n = count.n;
  if (count.n == 0) return score;
  const auto n = static_cast<double>(count.n);
  const std::int64_t hits = count.hits[static_cast<std::size_t>(head)];
  const auto best = std::max_element(count.offsets.begin(), count.offsets.end());
  score.score = static_cast<double>(hits) / n;
  score.baseline = static_cast<double>(*best) / n;
  score.baseline_offset =
      static_cast<int>(best - count.offsets.begin()) - LinkCounts::longest_offset;
  score.interval = wilson_interval(hits, count.n);
  score.sink_share = count.sink[static_cast<std::size_t>(head)] / n;
  return score;
}

LinkDirection LinkScores::better_direction(Relation relation, int head) const {
  const LinkScore dependent = score(relation, LinkDirection::dependent_looks, head);
  const LinkScore governor = score(relation, LinkDirection::governor_looks, head);
  if (governor.n == 0) return LinkDirection::dependent_looks;
  if (dependent.n == 0) return LinkDirection::governor_looks;
  // One or two lucky cases do not outdo a direction with many.
  const auto enough = [](const LinkScore& one) { return one.n >= fewest_cases; };
  if (enough(dependent) != enough(governor)) {
    return enough(dependent) ? LinkDirection::dependent_looks : LinkDirection::governor_looks;
  }
  return governor.score > dependent.score ? LinkDirection::governor_looks
                                          : LinkDirection::dependent_looks;
}

Interval wilson_interval(std::int64_t hits, std::int64_t n) {
  if (n <= 0) return {0.0, 1.0};
  constexpr double z = 1.959963984540054;
  const auto size = static_cast<double>(n);
  const double share = static_cast<double>(hits) / size;
  const double spread = 1 + z * z / size;
  const double middle = (share + z * z / (2 * size)) / spread;
  const double reach =
      z / spread * std::sqrt(share * (1 - share) / size + z * z / (4 * size * size));
  // At 0 and n the exact bound is 0 and 1.
  return {hits == 0 ? 0.0 : std::max(0.0, middle - reach),
          hits == n ? 1.0 : std::min(1.0, middle + reach)};
}

}  // namespace headlight
