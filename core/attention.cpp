#include "attention.h"

#include <algorithm>
#include <cstring>
#include <limits>

// Vectors are kept in arrays, which the sizeless vectors of these instruction sets cannot be.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "kernels-inl.h"
// clang-format on

#ifndef HEADLIGHT_ATTENTION_PARTS
#define HEADLIGHT_ATTENTION_PARTS
namespace headlight {
namespace {

constexpr int kKeyBlock = 256;  // Keys whose values are summed by themselves before they join z.
constexpr int kSumBlock = 256;  // Keys whose e^score are summed by themselves.
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

// Keys and values in the order in which the products read them.
struct PackedHead {
  float* keys;    // [key panel, d_head, 16]: 16 keys side by side
  float* values;  // [value panel, keys, 16]: 16 columns of v side by side
  int keys_count;
  int d_head;
};

}  // namespace
}  // namespace headlight
#endif

HWY_BEFORE_NAMESPACE();
namespace headlight {
namespace HWY_NAMESPACE {
namespace {

// Rows of one tile: those of one panel.
constexpr int kTileRows = tile_rows(1);

// A tile's sums of a number of rows known at run time.
template <Sums kSums, int R = kTileRows>
HWY_INLINE void accumulate_rows(int rows, const float* x, std::size_t x_stride, const float* w,
                                int depth, float* sums) {
  if constexpr (R > 0) {
    if (rows == R) return accumulate<R, 1, kSums>(x, x_stride, w, 0, depth, sums);
    accumulate_rows<kSums, R - 1>(rows, x, x_stride, w, depth, sums);
  }
}

// scores[r, key] = scale * q[r, :] k[key, :]^T for the keys of a range of whole panels.
//   q: [rows, d_head]; scores: [rows, keys]
HWY_NOINLINE void score_rows(const float* q, std::size_t q_stride, int rows, const PackedHead& head,
                             KeyRange keys_range, float scale, float* scores, std::size_t stride) {
  const F d;
  const V factor = hn::Set(d, scale);
  HWY_ALIGN_MAX float sums[kTileRows * kPanelWidth];
  for (int panel = keys_range.begin / kPanelWidth; panel * kPanelWidth < keys_range.end; ++panel) {
    std::memset(sums, 0, sizeof(sums));
    const float* keys = head.keys + static_cast<std::size_t>(panel) * head.d_head * kPanelWidth;
    accumulate_rows<Sums::add>(rows, q, q_stride, keys, head.d_head, sums);
    for (int r = 0; r < rows; ++r) {
      for (int i = 0; i < kPanelWidth; i += kLanes) {
        hn::Store(hn::Mul(hn::Load(d, sums + r * kPanelWidth + i), factor), d,
                  scores + r * stride + panel * kPanelWidth + i);
      }
    }
  }
}

// Turns one row of scores into weights: e^(score - max) / sum. Forbidden cells and the padding hold
// kForbidden and become 0; a row of nothing else becomes all 0.
//   row: [keys], of which `ranges` holds whole panels
HWY_NOINLINE void softmax_row(float* row, const KeyRange* ranges, std::size_t count) {
  const F d;
  // From a finite number on, so that a row of nothing but kForbidden has the sum 0, not NaN.
  V max = hn::Set(d, std::numeric_limits<float>::lowest());
  for (std::size_t n = 0; n < count; ++n) {
    for (int i = ranges[n].begin; i < ranges[n].end; i += kLanes) {
      max = hn::Max(max, hn::Load(d, row + i));
    }
  }
  max = hn::MaxOfLanes(d, max);
  // Each column of the panels by itself, block by block, so that long rows still sum to 1. The blocks
  // stand at fixed keys: what a row sums does not depend on panels in which it has nothing.
  V sum = hn::Zero(d);
  V part[kVectors];
  HWY_UNROLL(16)
  for (int v = 0; v < kVectors; ++v) part[v] = hn::Zero(d);
  int block = 0;
  const auto close_block = [&]() HWY_ATTR {
    HWY_UNROLL(16)
    for (int v = 1; v < kVectors; ++v) part[0] = hn::Add(part[0], part[v]);
    sum = hn::Add(sum, part[0]);
    HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) part[v] = hn::Zero(d);
  };
  for (std::size_t n = 0; n < count; ++n) {
    for (int i = ranges[n].begin; i < ranges[n].end; i += kPanelWidth) {
      if (i / kSumBlock != block) {
        close_block();
        block = i / kSumBlock;
      }
      HWY_UNROLL(16)
      for (int v = 0; v < kVectors; ++v) {
        const V e = exp(d, hn::Sub(hn::Load(d, row + i + v * kLanes), max));
        hn::Store(e, d, row + i + v * kLanes);
        part[v] = hn::Add(part[v], e);
      }
    }
  }
  close_block();
  sum = hn::SumOfLanes(d, sum);
  if (hn::GetLane(sum) == 0.0f) return;  // Every cell is forbidden, and 0 by now.
  const V factor = hn::Div(hn::Set(d, 1.0f), sum);
  for (std::size_t n = 0; n < count; ++n) {
    for (int i = ranges[n].begin; i < ranges[n].end; i += kLanes) {
      hn::Store(hn::Mul(hn::Load(d, row + i), factor), d, row + i);
    }
  }
}

// z[r, :] = sum over keys of weights[r, key] * v[key, :], of the keys of `ranges`. Row r takes the
// keys [0, reach(r)): on a causal head one more from row to row, so that a later value, were it NaN,
// never enters.
//   weights: [rows, stride]; z: [rows, d_head]
HWY_NOINLINE void value_rows(const float* weights, std::size_t stride, int rows, int reach,
                             bool causal, const PackedHead& head, const KeyRange* ranges,
                             std::size_t count, float* z, std::size_t z_stride) {
  const F d;
  const auto reach_of = [&](int r) {
    return causal ? std::min(reach + r, head.keys_count) : reach;
  };
  const int longest = reach_of(rows - 1);
  HWY_ALIGN_MAX float total[kTileRows * kPanelWidth];
  HWY_ALIGN_MAX float sums[kTileRows * kPanelWidth];
  for (int column = 0; column < head.d_head; column += kPanelWidth) {
    const float* values = head.values + static_cast<std::size_t>(column) * head.keys_count;
    std::memset(total, 0, sizeof(total));
    for (std::size_t n = 0; n < count;) {
      // All ranges' parts in one block of fixed keys.
      const int block_end = (ranges[n].begin / kKeyBlock + 1) * kKeyBlock;
      std::memset(sums, 0, sizeof(sums));
      for (std::size_t m = n; m < count && ranges[m].begin < block_end; ++m) {
        const int end = std::min(ranges[m].end, longest);
        if (ranges[m].begin >= end) continue;
        const int begin = ranges[m].begin;
        const int common = std::clamp(reach, begin, end);
        accumulate_rows<Sums::resume>(rows, weights + begin, stride,
                                      values + static_cast<std::size_t>(begin) * kPanelWidth,
                                      common - begin, sums);
        for (int r = 0; r < rows; ++r) {
          const int last = std::clamp(reach_of(r), common, end);
          if (last == common) continue;
          accumulate<1, 1, Sums::resume>(weights + r * stride + common, 0,
                                         values + static_cast<std::size_t>(common) * kPanelWidth,
                                         0, last - common, sums + r * kPanelWidth);
        }
      }
      for (int i = 0; i < rows * kPanelWidth; i += kLanes) {
        hn::Store(hn::Add(hn::Load(d, total + i), hn::Load(d, sums + i)), d, total + i);
      }
      while (n < count && ranges[n].begin < block_end) ++n;
    }
    const int columns = std::min(kPanelWidth, head.d_head - column);
    for (int r = 0; r < rows; ++r) {
      std::memcpy(z + r * z_stride + column, total + r * kPanelWidth, columns * sizeof(float));
    }
  }
}

int rows_of_tile() { return kTileRows; }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace headlight
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headlight {
namespace {

HWY_EXPORT(score_rows);
HWY_EXPORT(softmax_row);
HWY_EXPORT(value_rows);
HWY_EXPORT(rows_of_tile);

int padded(int n) { return (n + kPanelWidth - 1) / kPanelWidth * kPanelWidth; }

// Copies k, transposed panel by panel, with zeros for the keys that the last panel lacks.
void pack_keys(const HeadInput& in, int keys, float* to) {
  for (int first = 0; first < keys; first += kPanelWidth) {
    const int columns = std::min(kPanelWidth, keys - first);
    float* panel = to + static_cast<std::size_t>(first) * in.d_head;
    if (columns < kPanelWidth) std::fill_n(panel, in.d_head * kPanelWidth, 0.0f);
    for (int c = 0; c < columns; ++c) {
      const float* from = in.k + (first + c) * in.k_stride;
      for (int i = 0; i < in.d_head; ++i) panel[i * kPanelWidth + c] = from[i];
    }
  }
}

void pack_values(const HeadInput& in, int keys, float* to) {
  for (int first = 0; first < in.d_head; first += kPanelWidth) {
    const int columns = std::min(kPanelWidth, in.d_head - first);
    for (int key = 0; key < keys; ++key, to += kPanelWidth) {
      std::copy_n(in.v + key * in.v_stride + first, columns, to);
      std::fill(to + columns, to + kPanelWidth, 0.0f);
    }
  }
}

// The whole panels in which any of the rows has a key, cut where blocks of kKeyBlock keys begin.
void panels_of(const std::vector<KeyRange>* rows, int count, std::vector<KeyRange>& panels) {
  panels.clear();
  for (int r = 0; r < count; ++r) {
    for (const KeyRange& range : rows[r]) {
      panels.push_back({range.begin / kPanelWidth * kPanelWidth, padded(range.end)});
    }
  }
  std::sort(panels.begin(), panels.end(), [](const KeyRange& a, const KeyRange& b) {
    return a.begin < b.begin;
  });
  std::size_t kept = 0;
  for (std::size_t n = 0; n < panels.size(); ++n) {
    const KeyRange range = panels[n];
    if (kept > 0 && range.begin <= panels[kept - 1].end) {
      panels[kept - 1].end = std::max(panels[kept - 1].end, range.end);
    } else {
      panels[kept++] = range;
    }
  }
  panels.resize(kept);
  for (std::size_t n = 0; n < panels.size(); ++n) {
    const int block_end = (panels[n].begin / kKeyBlock + 1) * kKeyBlock;
    if (panels[n].end <= block_end) continue;
    const KeyRange rest{block_end, panels[n].end};
    panels[n].end = block_end;
    panels.insert(panels.begin() + static_cast<std::ptrdiff_t>(n) + 1, rest);
  }
}

// Sets the scores of the panels that are not among the row's keys to kForbidden.
void forbid(const std::vector<KeyRange>& allowed, const std::vector<KeyRange>& panels, float* row) {
  auto next = allowed.begin();
  for (const KeyRange& panel : panels) {
    int at = panel.begin;
    while (at < panel.end) {
      while (next != allowed.end() && next->end <= at) ++next;
      const int begin = next == allowed.end() ? panel.end : std::min(next->begin, panel.end);
      if (at < begin) std::fill(row + at, row + begin, kForbidden);
      if (begin == panel.end) break;
      at = next->end;
    }
  }
}

// Both public forms: weights and z may each be null.
void attend(const HeadInput& in, const HeadRule& rule, float* z, std::size_t z_stride,
            float* weights, std::size_t weights_stride, AttentionScratch& scratch) {
  if (in.queries <= 0) return;
  const int last_query = in.first_query + in.queries - 1;
  // The keys that any of the queries can see.
  const int keys = rule.causal ? std::min(in.keys, last_query + 1) : in.keys;
  if (keys <= 0) {
    for (int r = 0; z && r < in.queries; ++r) std::fill_n(z + r * z_stride, in.d_head, 0.0f);
    return;
  }
  const int tile = HWY_DYNAMIC_DISPATCH(rows_of_tile)();
  const std::size_t stride = padded(keys);
  const std::size_t keys_size = stride * in.d_head;
  const std::size_t values_size = z ? static_cast<std::size_t>(keys) * padded(in.d_head) : 0;
  scratch.floats.resize(keys_size + (values_size + 15) / 16 * 16 + tile * stride);
  const PackedHead head{scratch.floats.data(), scratch.floats.data() + keys_size, keys, in.d_head};
  float* rows = head.values + (values_size + 15) / 16 * 16;  // [tile, stride]
  pack_keys(in, keys, head.keys);
  if (z) pack_values(in, keys, head.values);

  std::vector<Cell> cells;
  if (rule.masked_cells) cells = *rule.masked_cells;
  std::sort(cells.begin(), cells.end());
  scratch.ranges.resize(static_cast<std::size_t>(tile) + 1);
  std::vector<KeyRange>& panels = scratch.ranges.back();

  for (int first = 0; first < in.queries; first += tile) {
    const int count = std::min(tile, in.queries - first);
    const int query = in.first_query + first;
    for (int r = 0; r < count; ++r) {
      allowed_keys(rule, cells, query + r, keys, scratch.ranges[static_cast<std::size_t>(r)]);
    }
    panels_of(scratch.ranges.data(), count, panels);
    for (const KeyRange& range : panels) {
      HWY_DYNAMIC_DISPATCH(score_rows)
      (in.q + first * in.q_stride, in.q_stride, count, head, range, rule.scale, rows, stride);
    }
    for (int r = 0; r < count; ++r) {
      float* row = rows + r * stride;
      const std::vector<KeyRange>& allowed = scratch.ranges[static_cast<std::size_t>(r)];
      forbid(allowed, panels, row);
      HWY_DYNAMIC_DISPATCH(softmax_row)(row, panels.data(), panels.size());
      if (weights) {
        float* to = weights + (first + r) * weights_stride;
        std::fill_n(to, in.keys, 0.0f);
        for (const KeyRange& range : allowed) {
          std::copy(row + range.begin, row + range.end, to + range.begin);
        }
      }
    }
    if (z) {
      const int reach = rule.causal ? std::min(query + 1, keys) : keys;
      HWY_DYNAMIC_DISPATCH(value_rows)
      (rows, stride, count, reach, rule.causal, head, panels.data(), panels.size(),
       z + first * z_stride, z_stride);
    }
  }
}

}  // namespace

void attention_weights(const HeadInput& in, const HeadRule& rule, float* weights,
                       std::size_t weights_stride, AttentionScratch& scratch) {
  attend(in, rule, nullptr, 0, weights, weights_stride, scratch);
}

void attention_output(const HeadInput& in, const HeadRule& rule, float* z, std::size_t z_stride,
                      float* weights, std::size_t weights_stride, AttentionScratch& scratch) {
  attend(in, rule, z, z_stride, weights, weights_stride, scratch);
}

void attention_scores(const HeadInput& in, float scale, float* scores, std::size_t scores_stride,
                      AttentionScratch& scratch) {
  if (in.queries <= 0 || in.keys <= 0) return;
  const int tile = HWY_DYNAMIC_DISPATCH(rows_of_tile)();
  const std::size_t stride = padded(in.keys);
  const std::size_t keys_size = stride * in.d_head;
  scratch.floats.resize(keys_size + tile * stride);
  const PackedHead head{scratch.floats.data(), nullptr, in.keys, in.d_head};
  float* rows = scratch.floats.data() + keys_size;
  pack_keys(in, in.keys, head.keys);
  for (int first = 0; first < in.queries; first += tile) {
    const int count = std::min(tile, in.queries - first);
    HWY_DYNAMIC_DISPATCH(score_rows)
    (in.q + first * in.q_stride, in.q_stride, count, head, KeyRange{0, static_cast<int>(stride)},
     scale, rows, stride);
    for (int r = 0; r < count; ++r) {
      std::copy_n(rows + r * stride, in.keys, scores + (first + r) * scores_stride);
    }
  }
}

}  // namespace headlight
#endif  // HWY_ONCE
