#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// A cell of a script in the percent format: `# %% name`, or `# %% name [markdown]`, and its lines.
struct ScriptCell {
  std::string name;  ///< Letters, digits, '-' and '_': the cell's id.
  bool markdown = false;
  std::string text;  ///< Without the comment signs of markdown, and without empty lines around.
  bool operator==(const ScriptCell&) const = default;
};

/// What comes before the first cell is left out.
std::vector<ScriptCell> script_cells(std::string_view script);

/// A script of these cells.
std::string percent_script(const std::vector<ScriptCell>& cells);

/// A Jupyter notebook of these cells: nbformat 4.5, JSON in UTF-8, for the kernel python3. Throws
/// std::invalid_argument for a name that is no cell id, or is there twice.
std::string notebook(const std::vector<ScriptCell>& cells);

}  // namespace headlight
