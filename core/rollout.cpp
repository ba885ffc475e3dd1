#include "rollout.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace headlight {
namespace {

// One head's weights into memory of queries * keys floats.
using Weights = std::function<void(HeadId, float*)>;

struct Matrix {
  int rows = 0;
  int columns = 0;
  std::vector<double> cells;  // [rows, columns]
  double* row(int r) { return cells.data() + static_cast<std::size_t>(r) * columns; }
  const double* row(int r) const { return cells.data() + static_cast<std::size_t>(r) * columns; }
};

Matrix zeros(int rows, int columns) {
  return {rows, columns, std::vector<double>(static_cast<std::size_t>(rows) * columns)};
}

Matrix identity(int size) {
  Matrix made = zeros(size, size);
  for (int i = 0; i < size; ++i) made.row(i)[i] = 1.0;
  return made;
}

Matrix mean_heads(const Trace& trace, AttentionKind kind, int layer, const Weights& weights) {
  const int heads = trace.model().config.heads_of(kind);
  Matrix mean = zeros(trace.queries(kind), trace.keys(kind));
  std::vector<float> one(mean.cells.size());
  for (int head = 0; head < heads; ++head) {
    weights({layer, head, kind}, one.data());
    for (std::size_t i = 0; i < one.size(); ++i) mean.cells[i] += static_cast<double>(one[i]) / heads;
  }
  return mean;
}

// 0.5 A + 0.5 I with rows that sum to 1.
void add_residual(Matrix& a) {
  for (int r = 0; r < a.rows; ++r) {
    double* row = a.row(r);
    row[r] += 1.0;
    double sum = 0.0;
    for (int c = 0; c < a.columns; ++c) sum += row[c];
    for (int c = 0; c < a.columns; ++c) row[c] /= sum;
  }
}

Matrix product(const Matrix& a, const Matrix& b, ThreadPool& pool) {
  Matrix out = zeros(a.rows, b.columns);
  pool.run(a.rows, [&](int r) {
    double* to = out.row(r);
    for (int k = 0; k < a.columns; ++k) {
      const double weight = a.row(r)[k];
      if (weight == 0.0) continue;
      const double* from = b.row(k);
      for (int c = 0; c < b.columns; ++c) to[c] += weight * from[c];
    }
  });
  return out;
}

void append(std::vector<float>& out, const Matrix& matrix) {
  for (double cell : matrix.cells) out.push_back(static_cast<float>(cell));
}

// A stack that looks at itself only.
std::vector<float> one_stack(const Trace& trace, AttentionKind kind, const Weights& weights,
                             ThreadPool& pool, Matrix* last = nullptr) {
  std::vector<float> out;
  Matrix state = identity(trace.queries(kind));
  for (int layer = 0; layer < trace.model().config.layers_of(kind); ++layer) {
    Matrix a = mean_heads(trace, kind, layer, weights);
    add_residual(a);
    state = product(a, state, pool);
    append(out, state);
  }
  if (last != nullptr) *last = std::move(state);
  return out;
}

std::vector<float> decoder(const Trace& trace, AttentionKind kind, const Weights& weights,
                           ThreadPool& pool) {
  Matrix encoder;
  one_stack(trace, AttentionKind::encoder, weights, pool, &encoder);
  const int targets = trace.size();
  Matrix of_target = identity(targets), of_source = zeros(targets, encoder.columns);
  std::vector<float> out;
  for (int layer = 0; layer < trace.model().config.layers; ++layer) {
    Matrix a = mean_heads(trace, AttentionKind::self, layer, weights);
    add_residual(a);
    of_target = product(a, of_target, pool);
    of_source = product(a, of_source, pool);
    const Matrix cross = mean_heads(trace, AttentionKind::cross, layer, weights);
    const Matrix moved = product(cross, encoder, pool);
    for (double& cell : of_target.cells) cell *= 0.5;
    for (std::size_t i = 0; i < moved.cells.size(); ++i) {
      of_source.cells[i] = 0.5 * of_source.cells[i] + 0.5 * moved.cells[i];
    }
    append(out, kind == AttentionKind::cross ? of_source : of_target);
  }
  return out;
}

std::vector<float> rolled(const Trace& trace, AttentionKind kind, const Weights& weights,
                          ThreadPool* pool) {
  const std::vector<AttentionKind> kinds = trace.model().config.kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw std::invalid_argument("[rollout] the model has no " + to_string(kind) + " attention");
  }
  if (trace.model().recorded && trace.queries(kind) != trace.keys(kind)) {
    throw std::invalid_argument(
        "[rollout] the maps have other keys than queries, so layers cannot be joined");
  }
  ThreadPool& threads = pool != nullptr ? *pool : default_pool();
  const bool two_stacks = trace.model().config.encoder_decoder();
  return two_stacks && kind != AttentionKind::encoder ? decoder(trace, kind, weights, threads)
                                                      : one_stack(trace, kind, weights, threads);
}

}  // namespace

std::vector<float> rollout(const Trace& trace, AttentionKind kind, ThreadPool* pool,
                           const std::function<void()>& before_layer) {
  AttentionScratch scratch;
  const auto weights = [&](HeadId id, float* out) {
    if (before_layer && id.head == 0) before_layer();
    trace.weights(id, out, scratch);
  };
  return rolled(trace, kind, weights, pool);
}

std::vector<float> corrected_rollout(const Trace& trace, AttentionKind kind, ThreadPool* pool,
                                     const std::function<void()>& before_layer) {
  std::vector<float> out = rollout(trace, kind, pool, before_layer);
  const auto uniform_weights = [&](HeadId id, float* to) {
    if (before_layer && id.head == 0) before_layer();
    const std::vector<std::uint8_t> masked = masked_cells(trace, id);
    const auto keys = static_cast<std::size_t>(trace.keys(id.kind));
    for (std::size_t row = 0; row < masked.size(); row += keys) {
      const auto begin = masked.begin() + static_cast<std::ptrdiff_t>(row);
      const auto allowed = std::count(begin, begin + static_cast<std::ptrdiff_t>(keys), 0);
      for (std::size_t key = 0; key < keys; ++key) {
        to[row + key] = masked[row + key] != 0 ? 0.0f : 1.0f / static_cast<float>(allowed);
      }
    }
  };
  const std::vector<float> uniform = rolled(trace, kind, uniform_weights, pool);
  const auto keys = static_cast<std::size_t>(trace.keys(kind));
  std::vector<double> row(keys);
  for (std::size_t begin = 0; begin < out.size(); begin += keys) {
    double before = 0.0, after = 0.0;
    for (std::size_t key = 0; key < keys; ++key) {
      const float share = uniform[begin + key];
      row[key] = share > 0.0f ? static_cast<double>(out[begin + key]) / share : 0.0;
      before += out[begin + key];
      after += row[key];
    }
    for (std::size_t key = 0; key < keys; ++key) {
      out[begin + key] = after > 0.0 ? static_cast<float>(row[key] * before / after) : 0.0f;
    }
  }
  return out;
}

}  // namespace headlight
