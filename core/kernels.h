#pragma once

#include <cstddef>
#include <vector>

#include "thread_pool.h"

namespace headlight {

// Products and row functions on raw contiguous float rows. Each picks its instruction set at run
// time. Every output row is computed the same way however many rows there are: a row computed alone
// equals the same row computed among others bit for bit.

enum class Activation { none, gelu_tanh, gelu_erf, relu, silu };

/// Memory that starts at a cache line, and at a huge page when it is large.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* p);

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) { free_aligned(p); }
  bool operator==(const AlignedAllocator&) const = default;
};
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

/// Columns of one panel of a packed matrix.
inline constexpr int kPanelWidth = 16;

/// The weights of a linear layer y = x W + b, in the order in which `linear` reads them: [panel,
/// in, 16] with 16 neighbouring outputs to a panel, and zeros where the last panel has fewer.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  /// From W row-major [in, out] (GPT-2's Conv1D).
  static PackedMatrix from_in_out(const float* w, int in, int out);
  /// From W row-major [out, in] (torch.nn.Linear); computes y = x W^T.
  static PackedMatrix from_out_in(const float* w, int in, int out);

  int in() const { return in_; }
  int out() const { return out_; }
  std::size_t bytes() const { return data_.size() * sizeof(float); }
  const float* data() const { return data_.data(); }
  /// W[in, out].
  float at(int in, int out) const {
    return data_[(static_cast<std::size_t>(out / kPanelWidth) * in_ + in) * kPanelWidth +
                 out % kPanelWidth];
  }

 private:
  int in_ = 0;
  int out_ = 0;
  AlignedFloats data_;
};

/// What `linear` does to each row at the end of the product.
struct LinearEnd {
  const float* bias = nullptr;  ///< [out], added first.
  Activation activation = Activation::none;
  const float* residual = nullptr;  ///< [rows, residual_stride], added last. May be `y` itself.
  std::size_t residual_stride = 0;
};

/// y[r, :] = end(x[r, :] W). x is [rows, in] with x_stride floats from row to row, y [rows, out]
/// likewise.
void linear(const float* x, std::size_t x_stride, int rows, const PackedMatrix& w,
            const LinearEnd& end, float* y, std::size_t y_stride, ThreadPool& pool);

/// y = (x - mean) / sqrt(variance + epsilon) * gain + bias, row by row of `width`.
void layer_norm(const float* x, std::size_t x_stride, int rows, int width, const float* gain,
                const float* bias, float epsilon, float* y, std::size_t y_stride, ThreadPool& pool);

/// y = x / sqrt(mean(x^2) + epsilon) * gain, row by row of `width` (Zhang & Sennrich 2019).
void rms_norm(const float* x, std::size_t x_stride, int rows, int width, const float* gain,
              float epsilon, float* y, std::size_t y_stride, ThreadPool& pool);

/// y[r, i] = silu(gate_up[r, i]) * gate_up[r, width + i] (Shazeer 2020).
void swiglu(const float* gate_up, std::size_t stride, int rows, int width, float* y,
            std::size_t y_stride, ThreadPool& pool);

/// The same with GELU's tanh form instead of silu.
void geglu(const float* gate_up, std::size_t stride, int rows, int width, float* y,
           std::size_t y_stride, ThreadPool& pool);

}  // namespace headlight
