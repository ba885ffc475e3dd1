#include "content_hash.h"

#define XXH_INLINE_ALL
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "mapped_file.h"

namespace headlight {
namespace fs = std::filesystem;
namespace {

/// A stream of named parts; the length of each keeps the parts apart.
class Hash {
 public:
  Hash() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
  }
  void add(const void* bytes, std::size_t size) {
    const std::uint64_t length = size;
    XXH3_128bits_update(state_.get(), &length, sizeof length);
    XXH3_128bits_update(state_.get(), bytes, size);
  }
  void add(std::string_view bytes) { add(bytes.data(), bytes.size()); }
  void add(const std::vector<float>& values) { add(values.data(), values.size() * sizeof(float)); }
  void add(const Norm& norm) {
    add(norm.gain);
    add(norm.bias);
  }
  void add(const Linear& linear) {
    add(linear.weight.data(), linear.weight.bytes());
    add(linear.bias);
  }
  void add_number(double value) { add(&value, sizeof value); }
  std::string text() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    std::string digits;
    for (const unsigned char byte : canonical.digest) {
      digits += "0123456789abcdef"[byte >> 4];
      digits += "0123456789abcdef"[byte & 15];
    }
    return digits;
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

// What a model's folder is read from (load_model, Tokenizer::load); papers, pictures and other
// frameworks' weights beside them say nothing of the model.
bool belongs_to_model(const fs::path& file) {
  constexpr std::array names = {"config.json",
                                "generation_config.json",
                                "tokenizer.json",
                                "vocab.json",
                                "tokenizer_config.json",
                                "special_tokens_map.json",
                                "merges.txt",
                                "added_tokens.json",
                                "encoder.json",
                                "vocab.bpe",
                                "vocab.txt",
                                "source.spm",
                                "target.spm",
                                "tokenizer.model",
                                "tokenizer.bin",
                                "target_vocab.json",
                                "model.safetensors.index.json"};
  const std::string name = file.filename().string();
  return file.extension() == ".safetensors" || std::ranges::find(names, name) != names.end();
}

void add_file(Hash& hash, const fs::path& file) { hash.add(MappedFile(file).bytes()); }

// In order; none and an error for a folder that cannot be read.
std::vector<fs::path> files_of(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> files;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code gone;
    if (entries->is_regular_file(gone) && belongs_to_model(entries->path())) {
      files.push_back(entries->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add_folder(Hash& hash, const fs::path& folder) {
  std::error_code error;
  const std::vector<fs::path> files = files_of(folder, error);
  if (error) throw load_error(folder, "", error.message());
  for (const fs::path& file : files) {
    hash.add(file.filename().string());
    add_file(hash, file);
  }
}

// A llama2.c checkpoint's tokenizer stands beside it.
fs::path tokenizer_beside(const fs::path& file) { return file.parent_path() / "tokenizer.bin"; }

void add_config(Hash& hash, const ModelConfig& config) {
  for (const int number : {config.layers,
                           config.heads,
                           config.key_value_heads,
                           config.d_model,
                           config.d_head,
                           config.d_ff,
                           config.vocabulary,
                           config.context,
                           config.encoder_layers,
                           config.encoder_heads,
                           config.encoder_d_ff,
                           static_cast<int>(config.norm),
                           static_cast<int>(config.norm_place),
                           static_cast<int>(config.position),
                           static_cast<int>(config.mlp),
                           static_cast<int>(config.causal),
                           config.position_offset,
                           config.without_position,
                           config.token_types,
                           config.decoder_start}) {
    hash.add_number(number);
  }
  for (const double number : config.rotary_frequencies) hash.add_number(number);
  for (const int window : config.windows) hash.add_number(window);
  hash.add_number(config.norm_epsilon);
  hash.add_number(config.embedding_scale);
  hash.add_number(config.rotary_scale);
}

void add_weights(Hash& hash, const Weights& weights) {
  for (const Embedding* embedding : {&weights.encoder_embedding, &weights.embedding}) {
    hash.add(embedding->token);
    hash.add(embedding->position);
    hash.add(embedding->type);
    hash.add(embedding->norm);
  }
  hash.add(weights.encoder_norm);
  for (const Block& block : weights.blocks) {
    for (const Norm* norm :
         {&block.attention_norm, &block.query_norm, &block.key_norm, &block.mlp_norm}) {
      hash.add(*norm);
    }
    for (const Linear* linear :
         {&block.qkv, &block.source_kv, &block.attention_out, &block.mlp_in, &block.mlp_out}) {
      hash.add(*linear);
    }
  }
  hash.add(weights.final_norm);
  hash.add(weights.head.dense);
  hash.add(weights.head.norm);
  hash.add(weights.head.output_embedding);
  hash.add(weights.head.bias);
}

}  // namespace

namespace {

// The stamp stands for what is not in memory any more: the tokenizer's files.
std::string memory_hash(const Model& model) {
  Hash hash;
  add_config(hash, model.config);
  add_weights(hash, model.weights);
  if (!model.stamp.empty()) hash.add(model.stamp);
  return hash.text();
}

std::string files_hash(const Model& model) {
  Hash hash;
  std::error_code error;
  if (fs::is_directory(model.path, error)) {
    add_folder(hash, model.path);
    return hash.text();
  }
  add_file(hash, model.path);
  const fs::path tokenizer = tokenizer_beside(model.path);
  if (model.tokenizer && fs::is_regular_file(tokenizer, error)) add_file(hash, tokenizer);
  return hash.text();
}

}  // namespace

std::string file_stamp(const fs::path& model) {
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_directory(model, error)) {
    files = files_of(model, error);
  } else {
    files = {model, tokenizer_beside(model)};
  }
  std::string stamp;
  for (const fs::path& file : files) {
    struct stat status = {};
    if (::stat(file.c_str(), &status) != 0) continue;
    stamp += file.filename().string();
    for (const std::int64_t number :
         {static_cast<std::int64_t>(status.st_size), static_cast<std::int64_t>(status.st_ino),
          static_cast<std::int64_t>(status.st_mtim.tv_sec),
          static_cast<std::int64_t>(status.st_mtim.tv_nsec)}) {
      stamp += ' ' + std::to_string(number);
    }
    stamp += '\n';
  }
  return stamp;
}

bool files_changed(const Model& model) {
  return !model.path.empty() && !model.stamp.empty() && file_stamp(model.path) != model.stamp;
}

std::string content_hash(const Model& model) {
  if (model.path.empty() || files_changed(model)) return memory_hash(model);
  std::string hash;
  try {
    hash = files_hash(model);
  } catch (const LoadError&) {
    if (!files_changed(model)) throw;
  }
  // They may have been replaced while they were read.
  return files_changed(model) ? memory_hash(model) : hash;
}

}  // namespace headlight
