#include "notebook.h"

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view cell_mark = "# %% ";
constexpr std::string_view markdown_mark = " [markdown]";

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void trim_lines(std::string& text) {
  text.erase(0, std::min(text.find_first_not_of('\n'), text.size()));
  text.erase(text.find_last_not_of('\n') + 1);
}

bool is_id(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
             std::string::npos;
}

}  // namespace

std::vector<ScriptCell> script_cells(std::string_view script) {
  std::vector<ScriptCell> cells;
  for (std::string_view line : lines_of(script)) {
    if (line.starts_with(cell_mark)) {
      ScriptCell& cell = cells.emplace_back();
      line.remove_prefix(cell_mark.size());
      cell.markdown = line.ends_with(markdown_mark);
      if (cell.markdown) line.remove_suffix(markdown_mark.size());
      cell.name = line;
    } else if (!cells.empty()) {
      if (cells.back().markdown && line.starts_with("#"))
        line.remove_prefix(line.starts_with("# ") ? 2 : 1);
      cells.back().text.append(line).append("\n");
    }
  }
  for (ScriptCell& cell : cells) trim_lines(cell.text);
  return cells;
}

std::string percent_script(const std::vector<ScriptCell>& cells) {
  std::string script;
  for (const ScriptCell& cell : cells) {
    if (!script.empty()) script += '\n';
    script.append(cell_mark)
        .append(cell.name)
        .append(cell.markdown ? markdown_mark : "")
        .append("\n");
    for (const std::string_view line : lines_of(cell.text)) {
      if (cell.markdown) script += line.empty() ? "#" : "# ";
      script.append(line).append("\n");
    }
  }
  return script;
}

std::string notebook(const std::vector<ScriptCell>& cells) {
  Json json = {{"nbformat", 4}, {"nbformat_minor", 5}};
  json["metadata"]["kernelspec"] = {
      {"display_name", "Python 3"}, {"language", "python"}, {"name", "python3"}};
  json["metadata"]["language_info"] = {{"name", "python"}};
  json["cells"] = Json::array();
  std::set<std::string> names;
  for (const ScriptCell& cell : cells) {
    const std::string id = cell.name + (cell.markdown ? "-text" : "");
    if (!is_id(id) || !names.insert(id).second)
      throw std::invalid_argument("[notebook] \"" + id + "\" cannot be a cell's id");
    Json entry = {{"id", id},
                  {"cell_type", cell.markdown ? "markdown" : "code"},
                  {"metadata", Json::object()}};
    if (!cell.markdown)
      entry.update(Json{{"execution_count", nullptr}, {"outputs", Json::array()}});
    entry["source"] = Json::array();
    const std::vector<std::string_view> lines = lines_of(cell.text);
    for (std::size_t i = 0; i < lines.size(); ++i)
      entry["source"].push_back(std::string(lines[i]) + (i + 1 < lines.size() ? "\n" : ""));
    json["cells"].push_back(std::move(entry));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace headlight
