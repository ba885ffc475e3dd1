#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "layer_walk.h"

namespace headlight {
namespace {

using Rule = Derivation::Rule;

// Sums of numbers of one tensor, by cell: how convolution, pools and rotation make q, k and v of the
// projections.
using Combination = std::map<WalkCell, double>;

void add(Combination& to, const Combination& from, double factor) {
  for (const auto& [cell, share] : from) to[cell] += factor * share;
}

}  // namespace

// Answers LayerWalk::derive.
class WalkDerivation {
 public:
  WalkDerivation(const LayerWalk& walk, WalkCell cell)
      : walk_(walk), config_(walk.model().config), cell_(cell) {
    result_.value = walk.at(cell);
  }
  Derivation make();

 private:
  bool post() const { return config_.norm_place == NormPlace::post; }
  int rows(WalkTensor tensor) const { return walk_.shape(tensor).rows; }
  WalkTerm term(WalkCell left) const { return {.left = walk_.at(left), .left_cell = left}; }
  WalkTerm term(WalkCell left, WalkCell right) const {
    return {.left = walk_.at(left), .right = walk_.at(right), .left_cell = left, .right_cell = right};
  }
  WalkCell here(WalkTensor tensor) const { return {tensor, cell_.row, cell_.column}; }

  void copied(WalkCell from);
  void embedded();
  void normed(const Norm& norm, const std::vector<WalkTensor>& parts);
  void product(WalkTensor left, WalkTensor right);
  void headed(WalkTensor all, int first_column, const Norm& norm, bool rotates, bool pools);
  Combination rotated(WalkTensor all, int first, const Norm& norm, bool pools, int row, int i) const;
  Combination pooled(WalkTensor all, int first, const Norm& norm, bool pools, int row, int i) const;
  Combination convolved(WalkTensor all, int first, const Norm& norm, int row, int i) const;
  Combination head_normed(WalkTensor all, int first, const Norm& norm, int row, int i) const;
  void softmax();
  void dropped();
  void blended();
  void concatenated();
  void mixed(int first, int count);

  const LayerWalk& walk_;
  const ModelConfig& config_;
  WalkCell cell_;
  Derivation result_;
};

Derivation WalkDerivation::make() {
  const Block& block = walk_.block();
  const bool cross = walk_.head().kind == AttentionKind::cross;
  const bool self = walk_.head().kind == AttentionKind::self;
  const bool rotary = self && config_.position == PositionKind::rotary;
  const HeadDesign* design = config_.design_of(walk_.head());
  const bool pools = design != nullptr && design->pool > 1;
  const WalkTensor read = walk_.has(WalkTensor::normed) ? WalkTensor::normed : WalkTensor::x;
  switch (cell_.tensor) {
    case WalkTensor::token_rows:
    case WalkTensor::position_rows:
    case WalkTensor::source:
    case WalkTensor::w_q:
    case WalkTensor::w_k:
    case WalkTensor::w_v:
    case WalkTensor::w_o:
      break;
    case WalkTensor::x:
      if (walk_.has(WalkTensor::token_rows)) embedded();
      break;
    case WalkTensor::normed:
      normed(block.attention_norm, {WalkTensor::x});
      break;
    case WalkTensor::all_q:
      product(read, WalkTensor::w_q);
      break;
    case WalkTensor::all_k:
      product(cross ? WalkTensor::source : read, WalkTensor::w_k);
      break;
    case WalkTensor::all_v:
      product(cross ? WalkTensor::source : read, WalkTensor::w_v);
      break;
    case WalkTensor::q:
      headed(WalkTensor::all_q, walk_.query_column(), self ? block.query_norm : Norm{}, rotary, false);
      break;
    case WalkTensor::k:
      headed(WalkTensor::all_k, walk_.key_column(), self ? block.key_norm : Norm{}, rotary, pools);
      break;
    case WalkTensor::v:
      headed(WalkTensor::all_v, walk_.key_column(), {}, false, pools);
      break;
    case WalkTensor::products:
      result_.rule = Rule::sum;
      for (int i = 0; i < walk_.d_head(); ++i) {
        result_.terms.push_back(
            term({WalkTensor::q, cell_.row, i}, {WalkTensor::k, cell_.column, i}));
      }
      break;
    case WalkTensor::scores:
      result_.rule = Rule::divided;
      result_.divisor = walk_.divisor();
      result_.terms = {term(here(WalkTensor::products))};
      break;
    case WalkTensor::masked:
      if (walk_.allowed(cell_.row, cell_.column)) {
        copied(here(WalkTensor::scores));
      } else {
        result_.rule = Rule::masked;
        result_.terms = {term(here(WalkTensor::scores))};
      }
      break;
    case WalkTensor::weights:
      softmax();
      break;
    case WalkTensor::dropped:
      dropped();
      break;
    case WalkTensor::z:
      blended();
      break;
    case WalkTensor::concatenated:
      concatenated();
      break;
    case WalkTensor::contribution:
      mixed(walk_.query_column(), walk_.d_head());
      break;
    case WalkTensor::mixed: {
      mixed(0, walk_.shape(WalkTensor::concatenated).columns);
      const std::vector<float> bias = walk_.bias(WalkTensor::mixed);
      if (!bias.empty()) result_.terms.push_back({.left = bias[static_cast<std::size_t>(cell_.column)]});
      break;
    }
    case WalkTensor::stream:
      if (post()) {
        normed(block.attention_norm, {WalkTensor::x, WalkTensor::mixed});
      } else {
        result_.rule = Rule::sum;
        result_.terms = {term(here(WalkTensor::x)), term(here(WalkTensor::mixed))};
      }
      break;
    case WalkTensor::output:
      if (block.has_mlp()) {
        result_.rule = Rule::mlp;
        result_.terms = {term(here(WalkTensor::stream))};
      } else {
        copied(here(WalkTensor::stream));
      }
      break;
  }
  return result_;
}

void WalkDerivation::copied(WalkCell from) {
  result_.rule = Rule::copied;
  result_.terms = {term(from)};
}

void WalkDerivation::embedded() {
  std::vector<WalkTensor> parts = {WalkTensor::token_rows};
  if (walk_.has(WalkTensor::position_rows)) parts.push_back(WalkTensor::position_rows);
  const bool encoder = walk_.head().kind == AttentionKind::encoder;
  const Weights& weights = walk_.model().weights;
  const Norm& norm = encoder ? weights.encoder_embedding.norm : weights.embedding.norm;
  if (!norm.gain.empty()) return normed(norm, parts);
  result_.rule = parts.size() == 1 ? Rule::copied : Rule::sum;
  for (WalkTensor part : parts) result_.terms.push_back(term(here(part)));
}

// LayerNorm (Ba et al. 2016) or RMSNorm (Zhang & Sennrich 2019) of the sum of some tensors' rows.
void WalkDerivation::normed(const Norm& norm, const std::vector<WalkTensor>& parts) {
  const int width = config_.d_model;
  const auto column = static_cast<std::size_t>(cell_.column);
  for (WalkTensor part : parts) result_.terms.push_back(term(here(part)));
  if (norm.gain.empty()) {
    result_.rule = Rule::sum;
    return;
  }
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < width; ++i) {
    double x = 0.0;
    for (WalkTensor part : parts) x += walk_.at({part, cell_.row, i});
    sum += x;
    squares += x * x;
  }
  result_.rule = Rule::normed;
  result_.gain = norm.gain[column];
  if (config_.norm == NormKind::layer_norm) {
    result_.mean = sum / width;
    result_.bias = norm.bias[column];
  }
  result_.deviation = std::sqrt(squares / width - result_.mean * result_.mean + config_.norm_epsilon);
}

void WalkDerivation::product(WalkTensor left, WalkTensor right) {
  result_.rule = Rule::sum;
  for (int i = 0; i < config_.d_model; ++i) {
    result_.terms.push_back(term({left, cell_.row, i}, {right, i, cell_.column}));
  }
  const std::vector<float> bias = walk_.bias(cell_.tensor);
  if (!bias.empty()) result_.terms.push_back({.left = bias[static_cast<std::size_t>(cell_.column)]});
}

// From the projections of all heads to the head's own rows.
void WalkDerivation::headed(WalkTensor all, int first, const Norm& norm, bool rotates, bool pools) {
  const Combination sum = rotates ? rotated(all, first, norm, pools, cell_.row, cell_.column)
                                  : pooled(all, first, norm, pools, cell_.row, cell_.column);
  for (const auto& [from, share] : sum) {
    WalkTerm part = term(from);
    part.right = share;
    result_.terms.push_back(part);
  }
  const bool same = result_.terms.size() == 1 && result_.terms.front().right == 1.0;
  result_.rule = same ? Rule::copied : Rule::sum;
}

Combination WalkDerivation::rotated(WalkTensor all, int first, const Norm& norm, bool pools, int row,
                                    int i) const {
  const int half = static_cast<int>(config_.rotary_frequencies.size());
  Combination sum = pooled(all, first, norm, pools, row, i);
  if (i >= 2 * half) return sum;
  const double angle = row * config_.rotary_frequencies[static_cast<std::size_t>(i % half)];
  const double cosine = config_.rotary_scale * std::cos(angle);
  const double sine = config_.rotary_scale * std::sin(angle);
  for (auto& [cell, share] : sum) share *= cosine;
  const int other = i < half ? i + half : i - half;
  add(sum, pooled(all, first, norm, pools, row, other), i < half ? -sine : sine);
  return sum;
}

Combination WalkDerivation::pooled(WalkTensor all, int first, const Norm& norm, bool pools, int row,
                                   int i) const {
  if (!pools) return convolved(all, first, norm, row, i);
  const int pool = config_.design_of(walk_.head())->pool;
  const int begin = row / pool * pool;
  Combination mean;
  for (int other = begin; other <= row; ++other) {
    add(mean, convolved(all, first, norm, other, i), 1.0 / (row - begin + 1));
  }
  return mean;
}

Combination WalkDerivation::convolved(WalkTensor all, int first, const Norm& norm, int row, int i) const {
  const int taps = config_.convolution;
  if (taps == 0) return head_normed(all, first, norm, row, i);
  const int before = all == WalkTensor::all_q   ? 0
                     : all == WalkTensor::all_k ? config_.query_width()
                                                : config_.query_width() + config_.key_value_width();
  const float* tap = walk_.block().convolution.data() + static_cast<std::ptrdiff_t>(before + first + i) * taps;
  Combination sum;
  for (int t = std::max(0, taps - 1 - row); t < taps; ++t) {
    add(sum, head_normed(all, first, norm, row - (taps - 1) + t, i), tap[t]);
  }
  return sum;
}

// The norm's divisor depends on the whole row; here it is a number.
Combination WalkDerivation::head_normed(WalkTensor all, int first, const Norm& norm, int row, int i) const {
  const WalkCell cell{all, row, first + i};
  if (norm.gain.empty()) return {{cell, 1.0}};
  double squares = 0.0;
  for (int other = 0; other < walk_.d_head(); ++other) {
    const double x = walk_.at({all, row, first + other});
    squares += x * x;
  }
  const double deviation = std::sqrt(squares / walk_.d_head() + config_.norm_epsilon);
  return {{cell, norm.gain[static_cast<std::size_t>(i)] / deviation}};
}

void WalkDerivation::softmax() {
  result_.rule = Rule::softmax;
  if (!walk_.allowed(cell_.row, cell_.column)) {
    result_.rule = Rule::masked;
    result_.terms = {term(here(WalkTensor::masked))};
    return;
  }
  result_.terms = {term(here(WalkTensor::masked))};
  result_.largest = -std::numeric_limits<double>::infinity();
  for (int key = 0; key < rows(WalkTensor::k); ++key) {
    if (!walk_.allowed(cell_.row, key)) continue;
    result_.terms.push_back(term({WalkTensor::masked, cell_.row, key}));
    result_.largest = std::max(result_.largest, result_.terms.back().left);
  }
  for (std::size_t i = 1; i < result_.terms.size(); ++i) {
    result_.total += std::exp(result_.terms[i].left - result_.largest);
  }
}

void WalkDerivation::dropped() {
  result_.rule = Rule::dropped;
  result_.terms = {term(here(WalkTensor::weights))};
  result_.factor = 1.0 / (1.0 - static_cast<double>(walk_.dropout().p));
  if (result_.value == 0.0f) result_.factor = 0.0;
}

void WalkDerivation::blended() {
  result_.rule = Rule::sum;
  result_.factor = walk_.gate(cell_.row);
  const WalkTensor by = walk_.has(WalkTensor::dropped) ? WalkTensor::dropped : WalkTensor::weights;
  for (int key = 0; key < rows(WalkTensor::k); ++key) {
    if (walk_.allowed(cell_.row, key)) {
      result_.terms.push_back(term({by, cell_.row, key}, {WalkTensor::v, key, cell_.column}));
    }
  }
}

// Of the walk's own head, its z; the others' are not drawn.
void WalkDerivation::concatenated() {
  const int column = cell_.column - walk_.query_column();
  if (column < 0 || column >= walk_.d_head()) return;
  copied({WalkTensor::z, cell_.row, column});
  const auto edit = walk_.edits().find(walk_.head());
  if (edit == walk_.edits().end() || edit->second.gain == 1.0f) return;
  result_.rule = Rule::sum;
  result_.terms.front().right = edit->second.gain;
  // What replaces the output where gain takes some away.
  const double more = result_.value - result_.terms.front().left * edit->second.gain;
  if (edit->second.replace == Replacement::mean) result_.terms.push_back({.left = more});
}

void WalkDerivation::mixed(int first, int count) {
  result_.rule = Rule::sum;
  for (int i = first; i < first + count; ++i) {
    result_.terms.push_back(
        term({WalkTensor::concatenated, cell_.row, i}, {WalkTensor::w_o, i, cell_.column}));
  }
}

Derivation LayerWalk::derive(WalkCell cell) const {
  if (!has(cell)) {
    throw std::invalid_argument("[walk] there is no " + std::string(to_string(cell.tensor)) + "[" +
                                std::to_string(cell.row) + ", " + std::to_string(cell.column) + "]");
  }
  return WalkDerivation(*this, cell).make();
}

double evaluate(const Derivation& derivation) {
  double sum = 0.0;
  for (const WalkTerm& term : derivation.terms) sum += term.left * term.right;
  switch (derivation.rule) {
    case Rule::copied:
      return sum;
    case Rule::sum:
      return derivation.factor == 0.0 ? 0.0 : derivation.factor * sum;
    case Rule::divided:
      return sum / derivation.divisor;
    case Rule::softmax:
      return std::exp(derivation.terms.front().left - derivation.largest) / derivation.total;
    case Rule::normed:
      return (sum - derivation.mean) / derivation.deviation * derivation.gain + derivation.bias;
    case Rule::dropped:
      return derivation.factor * sum;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace headlight
