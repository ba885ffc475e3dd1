#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <imgui.h>

#include <imgui_stdlib.h>

#include <algorithm>
#include <string>

#include "figure_columns.h"
#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

bool encoder_decoder(const Picture& picture) {
  const Snapshot& s = picture.snapshot();
  return s.model != nullptr && s.model->config.encoder_decoder();
}

// Rows of chips that are seen at once; more scroll.
int visible_chip_rows(const Picture& picture, const Ui& ui) {
  return encoder_decoder(picture) ? std::clamp(ui.chip_rows, 2, 3) : std::clamp(ui.chip_rows, 1, 2);
}

// What a token's place in the shown map is.
struct Side {
  const std::vector<Token>& tokens;
  bool looks = false;     // a query
  bool looked_at = false;  // a key
  const char* name = "";   // of its landmarks
};

void pin(std::optional<int>& pinned, int i) {
  if (pinned.value_or(-1) == i) {
    pinned.reset();
  } else {
    pinned = i;
  }
}

// Whether the model's framing put the token there ([CLS], <s>), not the text.
bool added(const Model& model, const Token& token) {
  return token.begin == token.end && model.tokenizer && model.tokenizer->is_special(token.id);
}

void draw_chip_tooltip(const Ui& ui, const Model& model, const Token& token, int position) {
  ImGui::BeginTooltip();
  ImGui::Text("\"%s\"", token.text.c_str());
  if (token.id < 0) {
    faint_text(ui, "position %d", position);
  } else {
    faint_text(ui, "id %d, position %d%s", token.id, position,
               added(model, token) ? ", not in the text itself" : "");
  }
  ImGui::EndTooltip();
}

// In the compare view: which tokens reach the pinned or last one in the chosen column, where that has
// these tokens.
const ReceptiveField* field_of(const State& state, const Picture& picture, const Ui& ui,
                               const std::vector<Token>& tokens) {
  if (state.display.view != View::compare) return nullptr;
  const int at = picture.column_at(static_cast<std::size_t>(std::max(ui.column, 0)));
  if (at < 0) return nullptr;
  const ComparedColumn& column = picture.columns()[static_cast<std::size_t>(at)];
  const bool same = column.field.depth.size() == tokens.size() &&
                    column.run->query_tokens(column.head.kind) == tokens;
  return same ? &column.field : nullptr;
}

// The tokens of one side, wrapped. The query that is hovered or pinned is framed, and the keys are
// shaded by how much it looks at them.
void draw_chips(State& state, const Picture& picture, Ui& ui, const Side& side) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const Palette& p = *ui.palette;
  const MapValues& map = picture.map();
  const Model& model = *picture.snapshot().model;
  const ReceptiveField* field = side.looks ? field_of(state, picture, ui, side.tokens) : nullptr;
  std::optional<int> query = state.selection.query;
  std::optional<int> key = state.selection.key;
  if (ui.hovered_cell) {
    query = ui.hovered_cell->query;
    key = ui.hovered_cell->key;
  }
  const float height = ui.px(26);
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImVec2 at = start;
  ++ui.chip_rows;
  for (int i = 0; i < static_cast<int>(side.tokens.size()); ++i) {
    const Token& token = side.tokens[static_cast<std::size_t>(i)];
    const std::string label = token_label(token, 24);
    const float width = std::max(text_width(ui.fonts.text, label), ui.px(6)) + ui.px(12);
    if (at.x + width > right && at.x > start.x) {
      at = {start.x, at.y + height + ui.px(4)};
      ++ui.chip_rows;
    }
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(i);
    if (ImGui::InvisibleButton(side.name, {width, height})) {
      if (side.looks) {
        pin(state.selection.query, i);
        state.selection.key.reset();
      } else if (side.looked_at) {
        pin(state.selection.key, i);
      }
    }
    ImGui::PopID();
    if (i < 64) ui.landmarks.mark_item(side.name + ("/" + std::to_string(i)));
    if (ImGui::IsItemVisible()) {
      const ImVec2 end{at.x + width, at.y + height};
      draw->AddRectFilled(at, end, p.raised, ui.px(4));
      if (field != nullptr) {
        const Rgb c = depth_color(field->depth[static_cast<std::size_t>(i)], field->layers,
                                  state.display.theme);
        draw->AddRectFilled(at, end, IM_COL32(c.r, c.g, c.b, 255), ui.px(4));
      } else if (side.looked_at && query && *query < map.queries && i < map.keys && !map.diverging) {
        const float w = map.values[cell_index(map, *query, i)];
        draw->AddRectFilled(at, end, fade(p.accent, 0.65f * std::clamp(w, 0.0f, 1.0f)), ui.px(4));
      }
      const bool is_query = side.looks && query == i;
      if (is_query) draw->AddRect(at, end, p.accent, ui.px(4), 0, ui.px(2));
      if (side.looked_at && key == i && !is_query) {
        draw->AddRect(at, end, p.ink, ui.px(4), 0, ui.px(2));
      }
      ImU32 ink = added(model, token) ? p.faint : p.ink;
      if (field != nullptr) {
        const Rgb c = depth_color(field->depth[static_cast<std::size_t>(i)], field->layers,
                                  state.display.theme);
        ink = c.r * 3 + c.g * 6 + c.b > 1300 ? IM_COL32(20, 22, 28, 255) : IM_COL32(245, 246, 248, 255);
      }
      draw_text(draw, ui.fonts.text, {at.x + ui.px(6), at.y + ui.px(4)}, ink, label);
      if (ImGui::IsItemHovered()) draw_chip_tooltip(ui, model, token, i);
    }
    at.x += width + ui.px(4);
  }
  ImGui::SetCursorScreenPos({start.x, at.y + height + ui.px(4)});
  ImGui::Dummy({1, 0});
}

void draw_all_chips(State& state, const Picture& picture, Ui& ui) {
  ui.chip_rows = 0;
  if (picture.empty()) return;
  const Trace& trace = *picture.snapshot().edited;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
  if (!trace.source().empty()) {
    const bool encoder = picture.kind() == AttentionKind::encoder;
    const bool keys = &picture.key_tokens() == &trace.source();
    draw_chips(state, picture, ui, {trace.source(), encoder, encoder || keys, "source"});
  }
  const bool looked_at = &picture.key_tokens() == &trace.tokens();
  const bool looks = &picture.query_tokens() == &trace.tokens();
  draw_chips(state, picture, ui, {trace.tokens(), looks, looked_at, "chip"});
  ImGui::PopStyleVar();
}

// The text as the field can hold it: where Dear ImGui was built for 16-bit characters, those beyond
// become U+FFFD, or the field would cut the text's end off. The request keeps them until the user
// types.
std::string editable(const std::string& text) {
  if (IM_UNICODE_CODEPOINT_MAX > 0xffff) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xf8) == 0xf0) {
      out += "\ufffd";
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void unpin(State& state) {
  state.selection.query.reset();
  state.selection.key.reset();
}

void draw_examples(State& state, Ui& ui) {
  if (ImGui::Button("Examples")) ImGui::OpenPopup("examples");
  ui.landmarks.mark_item("Examples");
  popup_below(ui);
  if (ImGui::BeginPopup("examples")) {
    for (const std::string& example : ui.examples) {
      if (ImGui::MenuItem(example.c_str())) {
        state.request.text = example;
        state.request.ids.clear();
        unpin(state);
      }
    }
    ImGui::EndPopup();
  }
}

// The text of the model's mask token; empty where it has none.
std::string mask_text(const Picture& picture) {
  const Snapshot& s = picture.snapshot();
  if (s.model == nullptr || !s.model->tokenizer) return "";
  const Tokenizer& tokenizer = *s.model->tokenizer;
  return tokenizer.mask() < 0 ? "" : tokenizer.token(tokenizer.mask()).text;
}

// Puts a mask in the place of the pinned token, or at the text's end.
void put_mask(State& state, const Picture& picture, const std::string& mask) {
  std::string& text = state.request.text;
  const std::optional<int> query = state.selection.query;
  const bool current = !picture.empty() && picture.snapshot().request.text == text;
  if (query && current && *query < picture.tokens()) {
    const Token& token =
        picture.snapshot().edited->tokens()[static_cast<std::size_t>(*query)];
    if (token.begin < token.end && token.end <= text.size()) {
      const bool space = text[token.begin] == ' ';
      text.replace(token.begin, token.end - token.begin, (space ? " " : "") + mask);
      state.request.ids.clear();
      return;
    }
  }
  text += (text.empty() || text.back() == ' ' ? "" : " ") + mask;
  state.request.ids.clear();
  unpin(state);
}

int insert_mask(ImGuiInputTextCallbackData* data) {
  const auto* mask = static_cast<const std::string*>(data->UserData);
  if (!mask->empty()) data->InsertChars(data->CursorPos, mask->c_str());
  return 0;
}

// One text field. Returns whether something was typed into it.
bool draw_field(Ui& ui, const char* id, const char* hint, std::string& text, bool focus,
                const std::string& inserted) {
  if (focus) ImGui::SetKeyboardFocusHere();
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(12), ui.px(9)});
  bool typed = ImGui::InputTextWithHint(id, hint, &text, ImGuiInputTextFlags_CallbackAlways,
                                        insert_mask, const_cast<std::string*>(&inserted));
  ImGui::PopStyleVar();
  // Esc leaves the field; Dear ImGui would also take back what was typed.
  const bool escaped = std::any_of(ui.keys.begin(), ui.keys.end(), [](const KeyPress& press) {
    return press.key == GLFW_KEY_ESCAPE;
  });
  text = text.c_str();  // up to the first NUL: the field may leave one at the end
  return typed && !escaped;
}

const char* hint_of(const Picture& picture) {
  const Snapshot& s = picture.snapshot();
  if (s.model != nullptr && s.model->recorded) {
    return "Attention from a file: its text is fixed";
  }
  if (s.model != nullptr && !s.model->tokenizer) {
    return "Type token ids, as in 15 27 3: this model has no tokenizer";
  }
  return encoder_decoder(picture) ? "Type the source" : "Type a sentence: every head's map follows";
}

void draw_target(State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  ImGui::SetNextItemWidth(-1);
  std::string field = editable(state.request.target.value_or(""));
  const std::string decoded = s.decoded ? "Decoded by the model. Type a target of your own instead"
                                        : "Type the target; empty: the model decodes it";
  if (draw_field(ui, "##target", decoded.c_str(), field, false, "")) {
    state.request.target = field.empty() ? std::nullopt : std::optional(field);
    state.request.target_ids.clear();
    unpin(state);
  }
  ui.landmarks.mark_item("target");
}

}  // namespace

float prompt_height(const Picture& picture, const Ui& ui) {
  const float fields = encoder_decoder(picture) ? 2 * (38 + 8) : 38 + 8;
  return ui.px(12 + fields + 10 + 30.0f * static_cast<float>(visible_chip_rows(picture, ui)));
}

void draw_prompt_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  begin_panel("prompt", min, max, ImGuiWindowFlags_NoScrollWithMouse);
  const Snapshot& s = picture.snapshot();
  const std::string mask = mask_text(picture);
  const bool fixed = s.model != nullptr && s.model->recorded;
  float buttons = text_width(ui.fonts.text, "Examples") + ui.px(28);
  if (!mask.empty()) buttons += text_width(ui.fonts.text, mask) + ui.px(28);
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - buttons);

  const bool masks = ui.wants_mask && !mask.empty();
  ui.wants_mask = false;
  const bool typing = ui.prompt_active;
  if (masks && !typing) put_mask(state, picture, mask);
  std::string field = fixed ? "" : editable(state.request.text);
  ImGui::BeginDisabled(fixed);
  const bool typed = draw_field(ui, "##text", hint_of(picture), field, ui.focus_prompt,
                                masks && typing ? mask : "");
  ImGui::EndDisabled();
  ui.prompt_active = ImGui::IsItemActive();
  ui.focus_prompt = false;
  ui.landmarks.mark_item("prompt");
  if (typed) {
    state.request.text = field;
    state.request.ids.clear();
    unpin(state);
  }
  ImGui::SameLine();
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(10), ui.px(9)});
  if (!mask.empty()) {
    if (ImGui::Button(mask.c_str())) put_mask(state, picture, mask);
    ui.landmarks.mark_item("mask token");
    if (ImGui::IsItemHovered()) {
      ImGui::SetTooltip("Hides the pinned token, or adds a hidden one at the end:\n"
                        "the model then guesses what stands there. Key: F2.");
    }
    ImGui::SameLine();
  }
  ImGui::BeginDisabled(fixed);
  draw_examples(state, ui);
  ImGui::EndDisabled();
  ImGui::PopStyleVar();
  if (encoder_decoder(picture)) draw_target(state, picture, ui);

  if (!s.error.empty() || !s.notice.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, s.error.empty() ? ui.palette->accent : ui.palette->error);
    ImGui::TextUnformatted(s.error.empty() ? s.notice.c_str() : s.error.c_str());
    ImGui::PopStyleColor();
  }
  const int rows = visible_chip_rows(picture, ui);
  const bool all_fit = ui.chip_rows <= rows;
  ImGui::BeginChild(
      "chips", {0, ui.px(30.0f * static_cast<float>(rows) - 4.0f)}, false,
      all_fit ? ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse : 0);
  draw_all_chips(state, picture, ui);
  ImGui::EndChild();
  end_panel();
}

}  // namespace headlight
