#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>

#include "attention_file.h"
#include "content_hash.h"
#include "family.h"
#include "free_memory.h"
#include "llama2c_file.h"
#include "model.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::array families = {&gpt2_family,    &llama_family,      &bert_family,
                                 &roberta_family, &distilbert_family, &bart_family};

// The ids that decoding needs: generation_config.json's, else config.json's.
void read_decoding(const fs::path& folder, const ConfigFile& file, ModelConfig& config) {
  std::error_code error;
  const fs::path other = folder / "generation_config.json";
  const ConfigFile generation = fs::exists(other, error) ? ConfigFile(other) : file;
  const auto with = [&](const char* key) { return generation.has(key) ? generation : file; };
  if (const ConfigFile from = with("eos_token_id"); from.has("eos_token_id")) {
    config.end_of_text = from.integers("eos_token_id");
  }
  if (!config.encoder_decoder()) return;
  if (const ConfigFile from = with("forced_bos_token_id"); from.has("forced_bos_token_id")) {
    config.forced_first = from.integer("forced_bos_token_id");
  }
}

void check_config(const ModelConfig& config, const fs::path& file) {
  try {
    check(config);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[check] layers is 0 ..."
    throw load_error(file, "", what.substr(what.find(' ') + 1));
  }
}

std::string last_name(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::weakly_canonical(path, error);
  if (error) whole = path.lexically_normal();
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

// "ORG/NAME" of a snapshot in the Hugging Face cache (models--ORG--NAME/snapshots/HASH), else the
// folder's name.
std::string folder_name(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(folder, error);
  const fs::path snapshots = whole.parent_path();
  const std::string entry = snapshots.parent_path().filename().string();
  if (error || snapshots.filename() != "snapshots" || !entry.starts_with("models--")) {
    return last_name(folder);
  }
  std::string name = entry.substr(std::string_view("models--").size());
  if (const std::size_t at = name.find("--"); at != std::string::npos) name.replace(at, 2, "/");
  return name;
}

void check_memory(const fs::path& path, std::uint64_t elements, const LoadOptions& options) {
  const std::uint64_t free = options.memory > 0 ? options.memory : free_memory();
  const std::uint64_t needed = elements * sizeof(float);
  if (needed <= free) return;
  throw load_error(path, "", "the weights need " + byte_size(needed) + " of memory, and " +
                                 byte_size(free) + " are free");
}

Model load_folder(const fs::path& folder, const LoadOptions& options) {
  const std::string stamp = file_stamp(folder);  // Before the first byte is read
  const ConfigFile file(folder / "config.json");
  const Family& family = family_of(file);

  Model model;
  model.name = folder_name(folder);
  model.path = folder;
  model.stamp = stamp;
  model.config = family.read_config(file);
  model.config.family = file.text("model_type");
  read_decoding(folder, file, model.config);
  check_config(model.config, file.file());
  const TensorFiles tensors(folder, options.progress);
  check_memory(folder, tensors.elements(), options);
  WeightReader reader(tensors, std::string(family.prefix));
  if (!family.has_head(file, reader)) {
    model.config.predicts = ModelConfig::Predicts::nothing;
  }
  // The tokenizer first: a broken one shows before the long part.
  if (Tokenizer::present(folder)) {
    model.tokenizer = Tokenizer::load(folder, model.config.vocabulary);
    if (model.config.encoder_decoder()) {
      model.target_tokenizer =
          Tokenizer::load(folder, model.config.vocabulary, TextSide::target);
    }
  }
  model.weights = family.read_weights(model.config, file, reader);
  return model;
}

Model load_checkpoint(const fs::path& file, const LoadOptions& options) {
  const std::string stamp = file_stamp(file);
  const Llama2cFile checkpoint(file);
  check_config(checkpoint.config(), file);
  check_memory(file, checkpoint.elements(), options);
  Model model;
  model.name = file.stem().string();
  model.path = file;
  model.stamp = stamp;
  model.config = checkpoint.config();
  if (const fs::path tokenizer = checkpoint.tokenizer_file(); !tokenizer.empty()) {
    model.tokenizer = Tokenizer::load_llama2c(tokenizer, model.config.vocabulary);
  }
  model.weights = checkpoint.read(options.progress);
  return model;
}

Model load_recorded(const fs::path& file) {
  Model model;
  model.name = last_name(file);
  model.path = file;
  model.recorded = std::make_shared<const RecordedAttention>(read_attention(file));
  ModelConfig& config = model.config;
  config.family = "attention file";
  config.layers = model.recorded->layers;
  config.heads = config.key_value_heads = model.recorded->heads;
  config.context = std::max(model.recorded->queries, model.recorded->keys);
  config.causal = false;
  config.predicts = ModelConfig::Predicts::nothing;
  return model;
}

}  // namespace

const Family& family_of(const ConfigFile& file) {
  const std::string type = file.text("model_type");
  std::string known;
  for (const Family* family : families) {
    for (std::string_view name : family->model_types) {
      if (name == type) return *family;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
  }
  file.refuse("model_type", "\"" + type + "\" is not known; known are " + known);
}

Model load_model(const fs::path& path, const LoadOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw load_error(path, "", "there is no such folder or file");
  }
  if (error) throw load_error(path, "", error.message());
  if (status.type() == fs::file_type::directory) return load_folder(path, options);
  const std::string extension = path.extension().string();
  const bool of_folder = fs::exists(path.parent_path() / "config.json", error);
  if (extension == ".bin" && !of_folder) return load_checkpoint(path, options);
  if (is_attention_file(path)) return load_recorded(path);
  if (of_folder) return load_folder(path.has_parent_path() ? path.parent_path() : ".", options);
  throw load_error(path, "",
                   "not a model; give a folder with config.json and model.safetensors, a llama2.c "
                   "checkpoint (.bin), or attention (.npz, .npy, .safetensors)");
}

}  // namespace headlight
