#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace headlight::test {

struct StoredTensor {
  std::string type;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

/// Writes the tensors in the order of their names, without any check.
inline void write_safetensors(const std::filesystem::path& file,
                              const std::map<std::string, StoredTensor>& tensors) {
  std::string header, data;
  for (const auto& [name, tensor] : tensors) {
    header += (header.empty() ? "{\"" : ",\"") + name + "\":{\"dtype\":\"" + tensor.type +
              "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (i != 0) header += ",";
      header += std::to_string(tensor.shape[i]);
    }
    header += "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data += tensor.bytes;
    header += std::to_string(data.size()) + "]}";
  }
  header += header.empty() ? "{}" : "}";
  std::string length(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(length.data(), &size, 8);
  std::ofstream(file, std::ios::binary) << length << header << data;
}

}  // namespace headlight::test
