#include "link_scores.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace headlight;
using doctest::Approx;

namespace {

constexpr auto dependent = LinkDirection::dependent_looks;
constexpr auto governor = LinkDirection::governor_looks;
constexpr auto det = Relation::determiner_noun;
constexpr auto amod = Relation::adjective_noun;

// "the big old farmer sleeps", a token a word.
ParsedSentence farmer() {
  return {"the big old farmer sleeps",
          {{0, 3}, {4, 7}, {8, 11}, {12, 18}, {19, 25}},
          {{det, 0, 3}, {amod, 1, 3}, {amod, 2, 3}, {Relation::subject_verb, 3, 4}}};
}

WordMap one_token_each(int words) {
  WordMap map{words, {}};
  for (int i = 0; i < words; ++i) map.word_of.push_back(i);
  return map;
}

// Every word looks at this one, with this weight, and gives the rest to the sink.
WordWeights all_look_at(int word, int words, double weight = 1.0) {
  WordWeights weights{words, std::vector<double>(words * words), std::vector<double>(words)};
  for (int query = 0; query < words; ++query) {
    weights.weights[query * words + word] = weight;
    weights.sink[query] = 1.0 - weight;
  }
  return weights;
}

}  // namespace

TEST_CASE("a word's links of one relation are one case") {
  const auto cases = link_cases(farmer(), one_token_each(5), false);
  const std::vector<LinkCase> expected = {
      {det, dependent, 0, {3}},
      {det, governor, 3, {0}},
      {amod, dependent, 1, {3}},
      {amod, dependent, 2, {3}},
      {amod, governor, 3, {1, 2}},
      {Relation::subject_verb, dependent, 3, {4}},
      {Relation::subject_verb, governor, 4, {3}},
  };
  CHECK(cases == expected);
}

TEST_CASE("a causal model is asked only for words before the query") {
  for (const LinkCase& one : link_cases(farmer(), one_token_each(5), true))
    CHECK(one.direction == governor);
  CHECK(link_cases(farmer(), one_token_each(5), true).size() == 3);
}

TEST_CASE("words without tokens are not asked") {
  WordMap map = one_token_each(5);
  map.word_of[0] = WordMap::is_sink;
  const auto cases = link_cases(farmer(), map, false);
  CHECK(cases.size() == 5);
  CHECK(cases[0].relation == amod);
}

TEST_CASE("links of words that are not there are refused") {
  ParsedSentence sentence = farmer();
  sentence.links.push_back({det, 5, 0});
  CHECK_THROWS_AS(link_cases(sentence, one_token_each(5), false), std::invalid_argument);
}

TEST_CASE("the strongest word is not the query, and needs some mass") {
  WordWeights weights{3, {0.9, 0.02, 0.02, 0, 0, 0, 0.3, 0.3, 0.4}, {0.06, 1, 0}};
  CHECK(strongest_word(weights, 0, 0.0) == 1);
  CHECK(strongest_word(weights, 0, 0.04) == 1);
  CHECK(strongest_word(weights, 0, 0.05) == -1);
  CHECK(strongest_word(weights, 2, 0.05) == 0);
  CHECK(strongest_word(weights, 1, 0.05) == -1);
}

TEST_CASE("hits, baseline and sink of a head") {
  const auto cases = link_cases(farmer(), one_token_each(5), false);
  LinkScores scores(3);
  scores.count_cases(cases);
  scores.count_head(0, cases, all_look_at(3, 5, 0.75));
  scores.count_head(1, cases, all_look_at(3, 5, 0.01));
  scores.count_head(2, cases, all_look_at(2, 5));

  const LinkScore adjective = scores.score(amod, dependent, 0);
  CHECK(adjective.score == 1.0);
  CHECK(adjective.n == 2);
  CHECK(adjective.baseline == 0.5);  // One is at +2, the other at +1.
  CHECK(adjective.baseline_offset == 1);
  CHECK(adjective.sink_share == Approx(0.25));
  CHECK(scores.score(amod, dependent, 1).score == 0.0);  // Too little mass.
  CHECK(scores.score(amod, governor, 2).score == 1.0);   // Either adjective will do.
  CHECK(scores.score(amod, governor, 2).n == 1);
  CHECK(scores.score(amod, governor, 2).baseline == 1.0);
  CHECK(scores.better_direction(amod, 0) == dependent);
  CHECK(scores.better_direction(amod, 2) == governor);
  CHECK(scores.score(Relation::passive, dependent, 0).n == 0);
  CHECK_THROWS_AS(scores.score(amod, dependent, 3), std::invalid_argument);
}

TEST_CASE("a direction with too few cases does not win by a lucky hit") {
  LinkScores scores(1);
  LinkCounts& many = scores.counts[static_cast<std::size_t>(Relation::passive) * 2];
  LinkCounts& few = scores.counts[static_cast<std::size_t>(Relation::passive) * 2 + 1];
  many.n = 40;
  many.hits[0] = 30;
  few.n = few.hits[0] = 4;
  CHECK(scores.better_direction(Relation::passive, 0) == LinkDirection::dependent_looks);
  few.n = few.hits[0] = 10;
  CHECK(scores.better_direction(Relation::passive, 0) == LinkDirection::governor_looks);
  many.n = many.hits[0] = 4;
  CHECK(scores.better_direction(Relation::passive, 0) == LinkDirection::governor_looks);
}

TEST_CASE("counts of parts of a corpus add up") {
  const auto cases = link_cases(farmer(), one_token_each(5), false);
  LinkScores part(1), whole(1);
  part.count_cases(cases);
  part.count_head(0, cases, all_look_at(3, 5, 0.5));
  for (int i = 0; i < 2; ++i) {
    whole.count_cases(cases);
    whole.count_head(0, cases, all_look_at(3, 5, 0.5));
  }
  LinkScores sum(1);
  sum.merge(part);
  CHECK(sum == part);
  sum.merge(part);
  CHECK(sum == whole);
  CHECK_THROWS_AS(sum.merge(LinkScores(2)), std::invalid_argument);
}

TEST_CASE("Wilson's interval") {
  // Newcombe 1998, table I: 81 of 263 has 0.2553 to 0.3662; 0 of 20 has 0 to 0.1611.
  CHECK(wilson_interval(81, 263).low == Approx(0.2553).epsilon(1e-3));
  CHECK(wilson_interval(81, 263).high == Approx(0.3662).epsilon(1e-3));
  CHECK(wilson_interval(0, 20).low == 0.0);
  CHECK(wilson_interval(0, 20).high == Approx(0.1611).epsilon(1e-3));
  CHECK(wilson_interval(20, 20).high == 1.0);
  CHECK(wilson_interval(0, 0) == Interval{0.0, 1.0});
}
