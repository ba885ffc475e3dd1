#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "errors.h"
#include "mapped_file.h"

namespace headlight {

/// How a file stores numbers. `other` (integers, masks, 8-bit floats) may stand in a file, not be
/// read.
enum class DataType { f32, f16, bf16, other };

/// One tensor of a file: where its bytes lie and what they mean.
struct TensorInfo {
  DataType type = DataType::other;
  std::string type_name;  ///< As the file has it: "F32", "I64".
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;  ///< First byte, counted from the start of the file.
  std::size_t end = 0;
};

/// A memory-mapped safetensors file whose header was checked whole: offsets inside the file,
/// without overlaps or holes, sizes that agree with shape and type.
class Safetensors {
 public:
  explicit Safetensors(const std::filesystem::path& file);  ///< Throws LoadError.

  const std::filesystem::path& file() const { return file_.path(); }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }

  /// Throws LoadError unless the tensor exists, has this shape, and holds F32, F16 or BF16.
  const TensorInfo& expect(const std::string& name, const std::vector<std::int64_t>& shape) const;

  /// The values as float32, row-major. Throws LoadError as `expect` does, and when a value is not
  /// finite.
  std::vector<float> read(const std::string& name, const std::vector<std::int64_t>& shape) const;

  /// The same into `out`, which has room for the shape's product.
  void read_into(const std::string& name, const std::vector<std::int64_t>& shape, float* out) const;

 private:
  MappedFile file_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace headlight
