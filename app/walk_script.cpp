#include "walk_script.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "command_values.h"
#include "file_io.h"
#include "notebook.h"
#include "script_arrays.h"
#include "script_words.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr std::size_t most_template_bytes = 1 << 20;

std::string filled(const char* name, const ScriptWords& words) {
  const std::filesystem::path file = words_folder() / "walk" / (std::string(name) + ".py.in");
  return fill_template(file.string(), read_file(file, most_template_bytes), words);
}

}  // namespace

Input tiny_input(const TinyLayer& layer, const std::vector<Token>& tokens) {
  Input input;
  const std::size_t count =
      std::min(tokens.size(), static_cast<std::size_t>(std::min(layer.tokens, most_tiny_tokens)));
  for (std::size_t place = 0; place < count; ++place) {
    input.tokens.push_back(tokens[place]);
    input.tokens.back().id = static_cast<int>(place);
  }
  return input;
}

bool is_script_file(const std::string& file) {
  const std::string ending = lower_ending(file);
  return ending == ".py" || ending == ".ipynb";
}

std::vector<std::pair<std::string, std::string>> walk_files(
    const TakeHome& form, std::shared_ptr<const Model> model, const Trace& trace, HeadId head,
    const std::string& text, const PredictionView& prediction, const MeanOutputs* means) {
  if (!is_script_file(form.file))
    throw std::invalid_argument("\"" + form.file + "\": the name must end in .py or .ipynb");
  const std::filesystem::path name = std::filesystem::path(form.file).filename();
  const std::string arrays = std::filesystem::path(name).replace_extension(".npz").string();
  const ScriptLayer layer(std::move(model), trace, head, prediction, means);
  const bool as_notebook = lower_ending(name) == ".ipynb";
  const ScriptWords words = script_words(
      layer, {.notebook = as_notebook, .guided = form.guided, .text = text, .arrays = arrays});
  std::string script = filled("setup", words);
  if (form.guided) script += filled("checks", words);
  script += filled("numpy", words);
  if (!form.guided) script += filled("torch", words);
  const std::vector<ScriptCell> cells = script_cells(script);
  return {{name.string(), as_notebook ? notebook(cells) : percent_script(cells)},
          {arrays, script_arrays(layer)}};
}

}  // namespace headlight
