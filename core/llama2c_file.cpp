#include "llama2c_file.h"

#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t magic = 0x616b3432;  // "ak42"
constexpr std::size_t legacy_header = 7 * sizeof(std::int32_t);
constexpr std::size_t versioned_header = 256;

// The numbers of the file, by place; places count floats behind the header.
class Reader {
 public:
  Reader(const MappedFile& file, std::size_t header, LoadProgress* progress)
      : file_(file), header_(header), progress_(progress) {}

  /// The place of the next tensor, of `count` numbers.
  std::size_t place(std::size_t count) { return std::exchange(next_, next_ + count); }

  std::vector<float> take(const char* name, std::size_t place, std::size_t count) {
    if (progress_ && progress_->stop) throw LoadStopped();
    std::vector<float> values(count);
    const std::size_t begin = header_ + place * sizeof(float);
    file_.check_size();
    std::memcpy(values.data(), file_.bytes().data() + begin, count * sizeof(float));
    file_.forget(begin, begin + count * sizeof(float));
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isfinite(values[i])) continue;
      throw load_error(file_.path(), name,
                       "the value at " + std::to_string(i) + " is not a finite number");
    }
    if (progress_) progress_->done += count;
    return values;
  }

 private:
  const MappedFile& file_;
  std::size_t header_;
  std::size_t next_ = 0;
  LoadProgress* progress_;
};

// llama2.c turns neighbouring dimensions (2i, 2i + 1) of a head; the pass turns (i, i + d_head / 2).
// The same rows of W_q and W_k in another order give the same scores.
void split_pairs(float* rows, int heads, int d_head, int width) {
  std::vector<float> head(static_cast<std::size_t>(d_head) * width);
  for (int h = 0; h < heads; ++h) {
    float* at = rows + static_cast<std::size_t>(h) * head.size();
    std::copy_n(at, head.size(), head.begin());
    for (int i = 0; i < d_head; ++i) {
      const int from = i < d_head / 2 ? 2 * i : 2 * (i - d_head / 2) + 1;
      std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(from) * width, width,
                  at + static_cast<std::size_t>(i) * width);
    }
  }
}

}  // namespace

Llama2cFile::Llama2cFile(const fs::path& file) : file_(file) {
  const std::string_view bytes = file_.bytes();
  const auto number = [&](std::size_t at) {
    std::int32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
  };
  if (bytes.empty()) throw load_error(file, "", "the file is empty");
  if (bytes.size() < legacy_header) {
    throw load_error(file, "header", "cut off: the file has only " + std::to_string(bytes.size()) +
                                         " bytes");
  }
  std::size_t at = 0;
  header_ = legacy_header;
  if (static_cast<std::uint32_t>(number(0)) == magic) {
    if (bytes.size() < versioned_header) throw load_error(file, "header", "cut off");
    version_ = number(4);
    if (version_ != 1) {
      throw load_error(file, "header",
                       "version " + std::to_string(version_) +
                           " is not opened; export it again as float32 (version 0 or 1)");
    }
    at = 8;
    header_ = versioned_header;
  }
  std::array<std::int32_t, 7> numbers{};
  for (std::int32_t& value : numbers) {
    value = number(at);
    at += sizeof(value);
  }
  // Legacy files say with a negative vocabulary that the output matrix is there too.
  tied_ = version_ == 0 ? numbers[5] > 0 : bytes[at] != 0;
  if (version_ == 0 && numbers[5] < 0 && numbers[5] > -(1 << 24)) numbers[5] = -numbers[5];

  config_.family = "llama2.c";
  config_.d_model = numbers[0];
  config_.d_ff = numbers[1];
  config_.layers = numbers[2];
  config_.heads = numbers[3];
  config_.key_value_heads = numbers[4];
  config_.vocabulary = numbers[5];
  config_.context = numbers[6];
  if (config_.heads < 1 || config_.d_model < 1 || config_.d_model % config_.heads != 0) {
    throw load_error(file, "header", "this is no llama2.c checkpoint: the width " +
                                         std::to_string(numbers[0]) + " cannot be cut into " +
                                         std::to_string(numbers[3]) + " heads");
  }
  config_.d_head = config_.d_model / config_.heads;
  config_.norm = NormKind::rms_norm;
  config_.norm_epsilon = 1e-5f;
  config_.mlp = MlpKind::swiglu;
  config_.position = PositionKind::rotary;
  config_.end_of_text = {1};  // As llama2.c's run: a new beginning ends the text.
  try {
    if (config_.d_head <= 1 << 14) {
      config_.rotary_frequencies = rotary_frequencies(config_.d_head, 10000.0);
    }
    check(config_);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[check] layers is 0 ..."
    throw load_error(file, "header",
                     "this is no llama2.c checkpoint: " + what.substr(what.find(' ') + 1));
  }

  const auto d_model = static_cast<std::uint64_t>(config_.d_model);
  const auto queries = static_cast<std::uint64_t>(config_.query_width());
  const auto keys = static_cast<std::uint64_t>(config_.key_value_width());
  const auto d_ff = static_cast<std::uint64_t>(config_.d_ff);
  const auto layers = static_cast<std::uint64_t>(config_.layers);
  const std::uint64_t embedding = static_cast<std::uint64_t>(config_.vocabulary) * d_model;
  const std::uint64_t layer = 2 * d_model + 2 * d_model * queries + 2 * d_model * keys +
                              3 * d_model * d_ff;
  elements_ = embedding * (tied_ ? 1 : 2) + d_model + layer * layers;
  // Before W_O: embedding, norms (legacy: of the attention only), W_q, W_k and W_v.
  const std::uint64_t norms = (version_ == 0 ? layers : 2 * layers + 1) * d_model;
  output_begin_ = header_ + (embedding + norms + layers * d_model * (queries + 2 * keys)) *
                                sizeof(float);
  const std::uint64_t rotary =
      version_ == 0 ? static_cast<std::uint64_t>(config_.context) * config_.d_head : 0;
  const std::uint64_t wanted = header_ + (elements_ + rotary) * sizeof(float);
  if (bytes.size() != wanted) {
    throw load_error(file, "", "has " + std::to_string(bytes.size()) +
                                   " bytes, but a llama2.c checkpoint of its header has " +
                                   std::to_string(wanted));
  }
}

Weights Llama2cFile::read(LoadProgress* progress) const {
  if (progress) progress->total = elements_;
  const int width = config_.d_model;
  const auto layers = static_cast<std::size_t>(config_.layers);
  const auto d_model = static_cast<std::size_t>(width);
  const std::size_t queries = d_model * config_.query_width();
  const std::size_t keys = d_model * config_.key_value_width();
  const std::size_t inner = d_model * config_.d_ff;
  const std::size_t embedding = d_model * config_.vocabulary;

  // The file has each kind of matrix for all layers together.
  Reader reader(file_, header_, progress);
  const bool legacy = version_ == 0;
  std::size_t token = 0, attention_norms = 0, mlp_norms = 0, final_norm = 0;
  if (legacy) {
    token = reader.place(embedding);
    attention_norms = reader.place(layers * d_model);
  } else {
    attention_norms = reader.place(layers * d_model);
    mlp_norms = reader.place(layers * d_model);
    final_norm = reader.place(d_model);
    token = reader.place(embedding);
  }
  const std::size_t wq = reader.place(layers * queries);
  const std::size_t wk = reader.place(layers * keys);
  const std::size_t wv = reader.place(layers * keys);
  const std::size_t wo = reader.place(layers * queries);
  if (legacy) mlp_norms = reader.place(layers * d_model);
  const std::size_t w1 = reader.place(layers * inner);
  const std::size_t w2 = reader.place(layers * inner);
  const std::size_t w3 = reader.place(layers * inner);
  if (legacy) {
    final_norm = reader.place(d_model);
    reader.place(static_cast<std::size_t>(config_.context) * config_.d_head);  // rotary tables
  }

  Weights weights;
  weights.embedding.token = reader.take("token_embedding", token, embedding);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto part = [&](const char* name, std::size_t all, std::size_t size) {
      return reader.take(name, all + layer * size, size);
    };
    const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    Block& block = weights.blocks.emplace_back();
    block.attention_norm.gain = part("attention_norm", attention_norms, d_model);
    std::vector<float> qkv = part("wq", wq, queries);
    append(qkv, part("wk", wk, keys));
    split_pairs(qkv.data(), config_.heads + config_.key_value_heads, config_.d_head, width);
    append(qkv, part("wv", wv, keys));
    block.qkv.weight = PackedMatrix::from_out_in(qkv.data(), width, config_.qkv_width());
    block.attention_out.weight = PackedMatrix::from_out_in(part("wo", wo, queries).data(),
                                                           config_.query_width(), width);
    block.mlp_norm.gain = part("mlp_norm", mlp_norms, d_model);
    std::vector<float> gate_up = part("w1", w1, inner);
    append(gate_up, part("w3", w3, inner));
    block.mlp_in.weight = PackedMatrix::from_out_in(gate_up.data(), width, 2 * config_.d_ff);
    block.mlp_out.weight =
        PackedMatrix::from_out_in(part("w2", w2, inner).data(), config_.d_ff, width);
  }
  weights.final_norm.gain = reader.take("final_norm", final_norm, d_model);
  if (!tied_) {
    weights.head.output_embedding = reader.take("output", reader.place(embedding), embedding);
  }
  return weights;
}

fs::path Llama2cFile::tokenizer_file() const {
  const fs::path folder = file_.path().has_parent_path() ? file_.path().parent_path() : ".";
  std::error_code error;
  for (const std::string& name :
       {"tok" + std::to_string(config_.vocabulary) + ".bin", std::string("tokenizer.bin")}) {
    if (fs::is_regular_file(folder / name, error)) return folder / name;
  }
  fs::path only;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("tok") || !name.ends_with(".bin")) continue;
    if (!only.empty()) return {};
    only = entry->path();
  }
  return only;
}

}  // namespace headlight
