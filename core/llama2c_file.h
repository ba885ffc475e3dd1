#pragma once

#include <cstdint>
#include <filesystem>

#include "load_progress.h"
#include "mapped_file.h"
#include "model.h"

namespace headlight {

/// A checkpoint of llama2.c (Karpathy 2023), float32, little-endian: seven numbers and the weights
/// ("legacy", version 0), or 256 bytes with a magic number and the weights (version 1). Throws
/// LoadError when the file is no such checkpoint or its size is not what its numbers need.
class Llama2cFile {
 public:
  explicit Llama2cFile(const std::filesystem::path& file);

  const ModelConfig& config() const { return config_; }  ///< Not yet checked.
  std::uint64_t elements() const { return elements_; }   ///< Numbers that read() takes.

  /// Throws LoadError when a number is not finite, or the progress says stop.
  Weights read(LoadProgress* progress = nullptr) const;

  /// Where W_O of the first layer begins in the file, in bytes; those of the others follow it. Each
  /// is [d_model, query_width], float32.
  std::uint64_t output_begin() const { return output_begin_; }

  /// tok<vocabulary>.bin or tokenizer.bin beside the file, or the only tok*.bin there; else empty.
  std::filesystem::path tokenizer_file() const;

 private:
  MappedFile file_;
  ModelConfig config_;
  int version_ = 0;
  bool tied_ = true;
  std::size_t header_ = 0;  // bytes
  std::uint64_t elements_ = 0;
  std::uint64_t output_begin_ = 0;
};

}  // namespace headlight
