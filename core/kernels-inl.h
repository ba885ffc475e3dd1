// The vector code that products and attention share, compiled once for each instruction set: see
// foreach_target.h of Highway for the guard below.
#if defined(HEADLIGHT_KERNELS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADLIGHT_KERNELS_INL_H
#undef HEADLIGHT_KERNELS_INL_H
#else
#define HEADLIGHT_KERNELS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>

#include "kernels.h"

HWY_BEFORE_NAMESPACE();
namespace headlight {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::CappedTag<float, kPanelWidth>;
using V = hn::Vec<F>;

constexpr int kLanes = static_cast<int>(hn::MaxLanes(F()));
constexpr int kVectors = kPanelWidth / kLanes;  // Vectors across one panel.

// Registers for sums, beside a row of weights and one input.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
constexpr int kRegisters = 24;
#else
constexpr int kRegisters = 12;
#endif

// Panels side by side in a tile of many rows: the smallest number that makes two vectors.
constexpr int kWidePanels = kVectors == 1 ? 2 : 1;
constexpr int kMaxTileRows = 12;

constexpr int tile_rows(int panels) {
  return std::clamp(kRegisters / (kVectors * panels), 1, kMaxTileRows);
}

// What accumulate does with the sums that it finds.
enum class Sums {
  resume,  ///< Goes on from them, product by product.
  add,     ///< Sums the new products by themselves and adds the result.
};

// sums[r, 16 p + c] += sum over k of x[r, k] * w[p, k, c], in order of k, by fused multiply-adds
// where the processor has them: an element does not depend on R and P.
//   x: [R, depth], x_stride floats from row to row
//   w: [P, depth, 16], w_stride floats from panel to panel
//   sums: [R, 16 P], aligned
// Meanwhile asks for the weights that come next: from ahead on, ahead_step floats more with every
// k, so that a tile of few rows does its part of fetching a block while others compute with it.
template <int R, int P, Sums kSums, bool kAhead = false>
HWY_INLINE void accumulate(const float* HWY_RESTRICT x, std::size_t x_stride,
                           const float* HWY_RESTRICT w, std::size_t w_stride, int depth,
                           float* HWY_RESTRICT sums, const float* ahead = nullptr,
                           std::size_t ahead_step = 0) {
  constexpr int kColumns = P * kVectors;
  const F d;
  V sum[R][kColumns];
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int c = 0; c < kColumns; ++c) {
      sum[r][c] =
          kSums == Sums::resume ? hn::Load(d, sums + (r * kColumns + c) * kLanes) : hn::Zero(d);
    }
  }
  for (int k = 0; k < depth; ++k) {
    const auto weight = [&](int c) HWY_ATTR {
      return hn::Load(d, w + c / kVectors * w_stride + c % kVectors * kLanes);
    };
    const auto input = [&](int r) HWY_ATTR { return hn::Set(d, x[r * x_stride + k]); };
    if constexpr (kAhead) {
      for (int p = 0; p < P; ++p) __builtin_prefetch(ahead + p * w_stride, 0, 3);
      ahead += ahead_step;
    }
    // The shorter side of the tile waits in registers while the longer passes by.
    if constexpr (R < kColumns) {
      V inputs[R];
      HWY_UNROLL(16)
      for (int r = 0; r < R; ++r) inputs[r] = input(r);
      HWY_UNROLL(16)
      for (int c = 0; c < kColumns; ++c) {
        const V one = weight(c);
        HWY_UNROLL(16)
        for (int r = 0; r < R; ++r) sum[r][c] = hn::MulAdd(inputs[r], one, sum[r][c]);
      }
    } else {
      V weights[kColumns];
      HWY_UNROLL(16)
      for (int c = 0; c < kColumns; ++c) weights[c] = weight(c);
      HWY_UNROLL(16)
      for (int r = 0; r < R; ++r) {
        const V one = input(r);
        HWY_UNROLL(16)
        for (int c = 0; c < kColumns; ++c) sum[r][c] = hn::MulAdd(one, weights[c], sum[r][c]);
      }
    }
    w += kPanelWidth;
  }
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int c = 0; c < kColumns; ++c) {
      float* to = sums + (r * kColumns + c) * kLanes;
      hn::Store(kSums == Sums::resume ? sum[r][c] : hn::Add(hn::Load(d, to), sum[r][c]), d, to);
    }
  }
}

// e^x to 1 ulp for x in [-87.3, 88.3]; exactly 0 below -88; infinite above 88.3; NaN stays NaN.
// Reduction by multiples of ln 2 in two parts and the polynomial of Cephes' expf (Moshier).
HWY_INLINE V exp(F d, V x) {
  const hn::RebindToSigned<F> di;
  // Comparisons, not Min and Max, which may drop a NaN.
  const V low = hn::Set(d, -88.0f);
  const V high = hn::Set(d, 89.0f);
  x = hn::IfThenElse(hn::Lt(x, low), low, x);
  x = hn::IfThenElse(hn::Gt(x, high), high, x);
  const V k = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341f)));
  V r = hn::NegMulAdd(k, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::MulAdd(hn::Set(d, 1.9875691500e-4f), r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0f));
  const auto exponent = hn::Add(hn::ConvertTo(di, k), hn::Set(di, 127));
  return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<23>(exponent)));
}

}  // namespace HWY_NAMESPACE
}  // namespace headlight
HWY_AFTER_NAMESPACE();

#endif  // HEADLIGHT_KERNELS_INL_H
