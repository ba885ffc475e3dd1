#include "tiny_walk.h"

#include <algorithm>
#include <stdexcept>

#include "pass.h"
#include "run_command.h"
#include "session.h"
#include "session_learn.h"
#include "walk_script.h"

namespace headlight {
Edits tiny_edits(const State& state, int tokens) {
  const auto found = state.request.edits.find(state.selection.head);
  if (found == state.request.edits.end()) return {};
  HeadEdit edit = found->second;
  edit.gain = 1.0f;
  std::erase_if(edit.masked_cells, [&](const Cell& cell) { return cell.query >= tokens || cell.key >= tokens; });
  return {{HeadId{0, std::min(state.learn.tiny_head, state.learn.tiny.heads - 1)}, edit}};
}

std::shared_ptr<const LayerWalk> tiny_walk(const State& state, const std::vector<Token>& tokens) {
  const TinyLayer& tiny = state.learn.tiny;
  const auto model = std::make_shared<const Model>(tiny_model(tiny));
  const Input input = tiny_input(tiny, tokens);
  if (input.tokens.empty()) throw std::invalid_argument("[tiny_walk] there are no tokens");
  const Trace trace = run(*model, input, tiny_edits(state, static_cast<int>(input.tokens.size())));
  const HeadId head{0, std::clamp(state.learn.tiny_head, 0, tiny.heads - 1)};
  return std::make_shared<const LayerWalk>(model, trace, head, WalkOptions{.dropout = state.learn.dropout});
}

void update_tiny_walk(const State& state, const std::vector<Token>& tokens, WalkUi& view) {
  std::string key = write_learn({.dropout = state.learn.dropout, .tiny = state.learn.tiny, .tiny_head = state.learn.tiny_head}).dump();
  for (std::size_t i = 0; i < tokens.size() && i < most_tiny_tokens; ++i) key += tokens[i].text + "\n";
  key += edits_json(state.request.edits) + to_string(state.selection.head);
  if (key == view.tiny_key) return;
  view.tiny_key = key;
  view.tiny_error.clear();
  try {
    view.tiny = tiny_walk(state, tokens);
  } catch (const std::invalid_argument& error) {
    view.tiny_error = plain_sentence(error);
  }
}

}  // namespace headlight
