#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config.h"
#include "config_file.h"
#include "model.h"
#include "safetensors.h"

namespace headlight {

/// The tensors of one file, put together into the layers of a Model. Names are given without the
/// prefix that some files carry. Every reader throws LoadError when a tensor is missing or
/// misshapen.
class WeightReader {
 public:
  /// `prefix` is what a whole model's file puts before the body's names ("transformer.").
  WeightReader(const Safetensors& tensors, std::string prefix);

  bool has(const std::string& name) const;
  std::vector<float> vector(const std::string& name, int size);               // [size]
  std::vector<float> matrix(const std::string& name, int rows, int columns);  // [rows, columns]

  /// `name`.weight and, with `bias`, `name`.bias.
  Norm norm(const std::string& name, int size, bool bias);

  /// A layer stored [in, out] (GPT-2's Conv1D), with its bias.
  Linear in_out(const std::string& name, int in, int out);

  struct Part {
    std::string name;
    int out;
  };
  /// Layers stored [out, in] (torch.nn.Linear) that read the same input, side by side in this
  /// order.
  Linear out_in(const std::vector<Part>& parts, int in, bool bias);

  /// Throws LoadError when a tensor whose name begins with `prefix` was not read and ends with none
  /// of `ignored`: a model that computes something else than its config says.
  void refuse_unread(const std::string& prefix, const std::vector<std::string>& ignored) const;

 private:
  std::string take(const std::string& name);  // The full name, marked as read.

  const Safetensors& tensors_;
  std::string prefix_;
  std::vector<std::string> read_;
};

/// How one family of models is read from a Hugging Face folder. Its file is core/family_<name>.cpp;
/// a new one is declared and listed below the others in this header and in load_model.cpp.
struct Family {
  std::string_view model_type;  ///< As config.json names it.
  std::string_view prefix;      ///< What may stand before the names of the body's tensors.
  ModelConfig (*read_config)(const ConfigFile&);
  /// Called with a config that check() accepts.
  Weights (*read_weights)(const ModelConfig&, const ConfigFile&, WeightReader&);
};

extern const Family gpt2_family;
extern const Family llama_family;

}  // namespace headlight
