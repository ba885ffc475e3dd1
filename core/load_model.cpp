#include <array>
#include <stdexcept>
#include <system_error>

#include "family.h"
#include "model.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::array families = {&gpt2_family, &llama_family};

const Family& find_family(const ConfigFile& file) {
  const std::string type = file.text("model_type");
  std::string known;
  for (const Family* family : families) {
    if (family->model_type == type) return *family;
    known += (known.empty() ? "" : ", ") + std::string(family->model_type);
  }
  file.refuse("model_type", "\"" + type + "\" is not known; known are " + known);
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

ModelConfig checked_config(const Family& family, const ConfigFile& file) {
  ModelConfig config = family.read_config(file);
  config.family = family.model_type;
  try {
    check(config);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[check] layers is 0 ..."
    throw load_error(file.file(), "", what.substr(what.find(' ') + 1));
  }
  return config;
}

fs::path weights_file(const fs::path& folder) {
  const fs::path file = folder / "model.safetensors";
  if (is_there(file)) return file;
  if (const fs::path index = folder / "model.safetensors.index.json"; is_there(index)) {
    throw load_error(
        index, "",
        "a model in several files is not opened; save it again as one model.safetensors");
  }
  if (const fs::path pickle = folder / "pytorch_model.bin"; is_there(pickle)) {
    throw load_error(
        pickle, "",
        "a pickle is not opened, because it may run code; convert it in its folder with: "
        "python3 -c \"import torch, safetensors.torch as s; s.save_file({k: "
        "v.contiguous().clone() for k, v in torch.load('pytorch_model.bin', 'cpu', "
        "weights_only=True).items()}, 'model.safetensors')\"");
  }
  throw load_error(file, "", "there is no such file");
}

std::string folder_name(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(folder, error);
  if (error) path = folder.lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

Model load_model(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found)
    throw load_error(folder, "", "there is no such folder");
  if (error) throw load_error(folder, "", error.message());
  if (status.type() != fs::file_type::directory) {
    throw load_error(
        folder, "", "this is a file; give the folder that holds config.json and model.safetensors");
  }
  const ConfigFile file(folder / "config.json");
  const Family& family = find_family(file);

  Model model;
  model.name = folder_name(folder);
  model.path = folder;
  model.config = checked_config(family, file);
  const Safetensors tensors(weights_file(folder));
  WeightReader reader(tensors, std::string(family.prefix));
  model.weights = family.read_weights(model.config, file, reader);
  if (Tokenizer::present(folder))
    model.tokenizer = Tokenizer::load(folder, model.config.vocabulary);
  return model;
}

}  // namespace headlight
