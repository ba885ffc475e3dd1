#include "pruned_checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <system_error>

#include "content_hash.h"
#include "family.h"
#include "file_io.h"
#include "llama2c_file.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr const char* sidecar_name = "pruning.json";
constexpr const char* index_name = "model.safetensors.index.json";

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};
using Ranges = std::map<fs::path, std::vector<Range>>;  // Bytes to be set to 0, by file

// Of a llama2.c checkpoint, which is a single file.
bool is_file(const Model& model) {
  std::error_code error;
  return fs::is_regular_file(model.path, error);
}

fs::path folder_of(const Model& model) {
  std::error_code error;
  const bool file = is_file(model);
  if (model.recorded || (!file && !fs::exists(model.path / "config.json", error))) {
    throw std::invalid_argument(
        "[write_pruned] a pruned copy is made of a model's files, which this model has not");
  }
  if (files_changed(model)) {
    throw std::invalid_argument("[write_pruned] the files of " + model.path.string() +
                                " have changed since they were opened: open the model again");
  }
  if (!file) return model.path;
  return model.path.has_parent_path() ? model.path.parent_path() : ".";
}

bool is_weights(const fs::path& file) {
  constexpr std::array endings = {".safetensors", ".bin", ".pt",   ".pth", ".h5",    ".msgpack",
                                  ".onnx",        ".ot",  ".gguf", ".ckpt", ".tflite"};
  return std::find(endings.begin(), endings.end(), file.extension()) != endings.end();
}

std::size_t bytes_of(DataType type) { return type == DataType::f32 ? 4 : 2; }

Ranges file_ranges(const Model& model, const std::vector<HeadId>& heads) {
  const Llama2cFile file(model.path);
  const std::size_t d_head = static_cast<std::size_t>(model.config.d_head) * sizeof(float);
  const std::size_t row = static_cast<std::size_t>(model.config.heads) * d_head;
  const auto rows = static_cast<std::size_t>(model.config.d_model);
  std::vector<Range> ranges;
  for (HeadId head : heads) {
    check_head(model.config, head, "write_pruned");
    const std::size_t first = static_cast<std::size_t>(file.output_begin()) +
                              static_cast<std::size_t>(head.layer) * rows * row +
                              static_cast<std::size_t>(head.head) * d_head;
    for (std::size_t i = 0; i < rows; ++i) {
      ranges.push_back({first + i * row, first + i * row + d_head});
    }
  }
  return {{model.path, std::move(ranges)}};
}

Ranges ranges_of(const Model& model, const std::vector<HeadId>& heads) {
  if (is_file(model)) return file_ranges(model, heads);
  const ModelConfig& config = model.config;
  const ConfigFile file(model.path / "config.json");
  const Family& family = family_of(file);
  const TensorFiles tensors(model.path);
  Ranges ranges;
  for (HeadId head : heads) {
    check_head(config, head, "write_pruned");
    const OutputTensor output = family.output_tensor(head.kind, head.layer);
    const std::string whole = std::string(family.prefix) + output.name;
    const std::string name = tensors.has(whole) ? whole : output.name;
    const auto d_head = static_cast<std::size_t>(config.d_head_of(head.kind));
    const std::size_t in = static_cast<std::size_t>(config.heads_of(head.kind)) * d_head;
    const auto out = static_cast<std::size_t>(config.d_model);
    const auto rows = static_cast<std::int64_t>(output.in_out ? in : out);
    const auto columns = static_cast<std::int64_t>(output.in_out ? out : in);
    const TensorInfo& tensor = tensors.expect(name, {rows, columns});
    const std::size_t size = bytes_of(tensor.type);
    const std::size_t first = static_cast<std::size_t>(head.head) * d_head;
    std::vector<Range>& to = ranges[tensors.file_of(name)];
    if (output.in_out) {
      to.push_back({tensor.begin + first * out * size,
                    tensor.begin + (first + d_head) * out * size});
      continue;
    }
    for (std::size_t row = 0; row < out; ++row) {
      const std::size_t begin = tensor.begin + (row * in + first) * size;
      to.push_back({begin, begin + d_head * size});
    }
  }
  return ranges;
}

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::string& why) {
  throw std::runtime_error("cannot " + what + " " + path.string() + ": " + why);
}

void copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) fail("write", to, error.message());
  // The copy belongs to the user, whatever the original allowed.
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, fs::perm_options::add, error);
}

void clear(const fs::path& file, const std::vector<Range>& ranges) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  std::vector<char> zeros;
  for (const Range& range : ranges) {
    zeros.resize(std::max(zeros.size(), range.end - range.begin), 0);
    out.seekp(static_cast<std::streamoff>(range.begin));
    out.write(zeros.data(), static_cast<std::streamsize>(range.end - range.begin));
  }
  out.close();
  if (!out) fail("write", file, "the disk may be full");
}

void write_new(const fs::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary);
  out << bytes;
  out.close();
  if (!out) fail("write", file, "the disk may be full");
}

// The model's card with a note above it, below the front matter that Hugging Face reads.
std::string pruned_card(const Model& model, const std::vector<HeadId>& heads, std::string card) {
  std::string names;
  for (HeadId head : heads) {
    names += (names.empty() ? "" : ", ") + head_name(model.config, head);
  }
  std::string note = "> **Pruned copy of " + model.name + ".** Without the output of " + names +
                     ": their rows of W_O are 0, nothing else is changed. The loss with and "
                     "without them, and that of a random control, are in `pruning.json`.";
  if (card.empty()) return "# " + model.name + ", pruned\n\n" + note + "\n";
  note += " What follows is the card of the whole model.\n\n";
  std::size_t at = 0;
  if (card.starts_with("---\n")) {
    if (const std::size_t end = card.find("\n---\n", 3); end != card.npos) at = end + 5;
  }
  return card.insert(at, (at > 0 ? "\n" : "") + note);
}

void write_card(const Model& model, const std::vector<HeadId>& heads, const fs::path& from,
                const fs::path& to) {
  constexpr std::size_t longest_card = 16 << 20;
  std::error_code error;
  const fs::path card = from / "README.md";
  const bool there = fs::is_regular_file(card, error);
  if (there) fs::remove(to / "README.md", error);  // The copy may be read-only
  write_new(to / "README.md",
            pruned_card(model, heads, there ? read_file(card, longest_card) : ""));
}

// A checkpoint of one file with its tokenizer, in a folder that exists.
void write_checkpoint(const Model& model, const Ranges& ranges, const fs::path& to) {
  copy_to(model.path, to / model.path.filename());
  clear(to / model.path.filename(), ranges.at(model.path));
  const fs::path tokenizer = Llama2cFile(model.path).tokenizer_file();
  if (!tokenizer.empty()) copy_to(tokenizer, to / tokenizer.filename());
}

// Every file of the copy of a folder, in one that exists.
void write_files(const Model& model, const Ranges& ranges, const fs::path& to) {
  const TensorFiles tensors(model.path);
  std::set<fs::path> weights;
  for (const std::string& name : tensors.names()) weights.insert(tensors.file_of(name));
  const bool sharded = !weights.contains(model.path / "model.safetensors");
  for (const auto& entry : fs::directory_iterator(model.path)) {
    const fs::path name = entry.path().filename();
    if (!entry.is_regular_file() || is_weights(name) || name == sidecar_name) continue;
    if (name == "roles.json") continue;  // of the whole model
    if (name == index_name && !sharded) continue;
    copy_to(entry.path(), to / name);
  }
  for (const fs::path& file : weights) {
    copy_to(file, to / file.filename());
    if (const auto at = ranges.find(file); at != ranges.end()) {
      clear(to / file.filename(), at->second);
    }
  }
}

// The files of another model would be read with the new weights.
void remove_files(const fs::path& folder) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) old.push_back(entry.path());
  }
  for (const fs::path& file : old) fs::remove(file);
}

}  // namespace

void check_pruned(const Model& model, const std::vector<HeadId>& heads, const fs::path& folder,
                  bool force) {
  const fs::path source = folder_of(model);
  if (heads.empty()) throw std::invalid_argument("[write_pruned] there are no heads to prune");
  for (HeadId head : heads) check_head(model.config, head, "write_pruned");
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (fs::equivalent(folder, source, error)) {
    throw std::invalid_argument("[write_pruned] " + folder.string() +
                                " is the model itself: give another folder");
  }
  if (!fs::is_directory(folder, error)) {
    throw std::invalid_argument("[write_pruned] " + folder.string() + " is not a folder");
  }
  if (fs::is_empty(folder, error)) return;
  if (!force) {
    throw std::invalid_argument("[write_pruned] " + folder.string() +
                                " exists already: give another folder, or --force");
  }
  const bool weights = fs::exists(folder / "model.safetensors", error) ||
                       fs::exists(folder / index_name, error);
  const bool pruned = fs::exists(folder / sidecar_name, error);  // Of any kind
  if (!pruned && (!weights || !fs::exists(folder / "config.json", error))) {
    throw std::invalid_argument("[write_pruned] " + folder.string() +
                                " holds other things than a model: give another folder");
  }
}

void write_pruned(const Model& model, const std::vector<HeadId>& heads, const fs::path& folder,
                  std::string_view sidecar, bool force) {
  check_pruned(model, heads, folder, force);
  const Ranges ranges = ranges_of(model, heads);
  fs::path whole = fs::absolute(folder).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  const fs::path part = whole.string() + ".part" + std::to_string(::getpid());
  std::error_code error;
  fs::create_directories(part, error);
  if (error) fail("make the folder", part, error.message());
  try {
    if (is_file(model)) {
      write_checkpoint(model, ranges, part);
    } else {
      write_files(model, ranges, part);
    }
    write_card(model, heads, is_file(model) ? part : model.path, part);
    write_new(part / sidecar_name, sidecar);
    if (fs::exists(whole) && !fs::is_empty(whole)) {
      remove_files(whole);
      for (const auto& entry : fs::directory_iterator(part)) {
        fs::rename(entry.path(), whole / entry.path().filename());
      }
      fs::remove_all(part);
    } else {
      fs::remove(whole, error);
      fs::rename(part, whole);
    }
  } catch (const fs::filesystem_error& problem) {
    fs::remove_all(part, error);
    fail("write", whole, problem.code().message());
  } catch (...) {
    fs::remove_all(part, error);
    throw;
  }
}

std::string pruning_json(const Model& model, const PruningEffect& effect,
                         std::string_view texts) {
  using Json = nlohmann::ordered_json;
  const auto list = [&](const std::vector<HeadId>& heads) {
    Json names = Json::array();
    for (HeadId head : heads) names.push_back(head_name(model.config, head));
    return names;
  };
  Json draws = Json::array();
  for (std::size_t i = 0; i < effect.controls.size(); ++i) {
    draws.push_back({{"heads", list(effect.control_heads[i])}, {"change", effect.controls[i]}});
  }
  Json control{{"draws", std::move(draws)},
               {"mean", effect.control_mean()},
               {"least", effect.control_least()},
               {"most", effect.control_most()}};
  if (!effect.notice.empty()) control["notice"] = effect.notice;
  const Json json{{"program", "headlight"},
                  {"model", model.name},
                  {"source", model.path.string()},
                  {"heads", list(effect.heads)},
                  {"method", "rows of W_O that read these heads are 0; nothing else is changed"},
                  {"texts", texts},
                  {"tokens", effect.tokens},
                  {"unit", "nats per predicted token"},
                  {"loss_before", effect.before},
                  {"loss_after", effect.after},
                  {"change", effect.joint()},
                  {"sum_of_single_changes", effect.sum_of_singles()},
                  {"control", std::move(control)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace headlight
