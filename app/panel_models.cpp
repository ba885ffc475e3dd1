#include <string>

#include "free_memory.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

std::string heads_text(int encoder_layers, int layers, int heads) {
  std::string text = std::to_string(layers);
  if (encoder_layers > 0) text = std::to_string(encoder_layers) + " + " + text;
  return text + " x " + std::to_string(heads) + " heads";
}

// The line in the menu bar: what is open now.
std::string open_model_line(const Picture& picture) {
  const Snapshot& s = picture.snapshot();
  if (s.model == nullptr) return "Models";
  const ModelConfig& config = s.model->config;
  std::string line =
      s.model->name + "   " + heads_text(config.encoder_layers, config.layers, config.heads);
  if (s.model->recorded) return line + "   from a file";
  char text[48];
  const double millions = static_cast<double>(s.model->parameters()) / 1e6;
  std::snprintf(text, sizeof text, "   %.*f M parameters", millions < 0.1 ? 3 : 1, millions);
  return line + text;
}

void draw_rows(Ui& ui, const char* heading, const std::vector<ModelInfo>& models, bool built_in) {
  if (models.empty()) return;
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  faint_text(ui, "%s", heading);
  for (const ModelInfo& model : models) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::PushID(model.path.c_str());
    ImGui::BeginDisabled(!model.problem.empty());
    if (ImGui::Selectable(model.name.c_str(), false, ImGuiSelectableFlags_SpanAllColumns)) {
      ui.wishes.open_model = built_in ? model.name : model.path.string();
    }
    ImGui::EndDisabled();
    ui.landmarks.mark_item("model/" + model.name);
    if (ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) {
      ImGui::SetTooltip("%s", model.problem.empty() ? model.path.c_str() : model.problem.c_str());
    }
    ImGui::PopID();
    ImGui::TableNextColumn();
    if (model.layers > 0) {
      faint_text(ui, "%s", heads_text(model.encoder_layers, model.layers, model.heads).c_str());
    }
    ImGui::TableNextColumn();
    faint_text(ui, "%s", byte_size(model.bytes).c_str());
    ImGui::TableNextColumn();
    faint_text(ui, "%s", model.kind.c_str());
  }
}

}  // namespace

void draw_model_menu(const Picture& picture, Ui& ui) {
  const std::string line = open_model_line(picture);
  const float width = text_width(ui.fonts.text, line) + ui.px(36);
  ImGui::SameLine(ImGui::GetWindowWidth() - width - ui.px(28));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  if (ImGui::Selectable(line.c_str(), false, 0, {width, 0})) {
    ui.wishes.list_models = true;
    ImGui::OpenPopup("models");
  }
  ui.landmarks.mark_item("model");
  const ImVec2 tip{corner.x + width - ui.px(20), corner.y + ImGui::GetFrameHeight() * 0.58f};
  ImGui::GetWindowDrawList()->AddTriangleFilled({tip.x - ui.px(5), tip.y - ui.px(5)},
                                                {tip.x + ui.px(5), tip.y - ui.px(5)}, tip,
                                                ui.palette->faint);
  const float right = corner.x + width;
  ImGui::SetNextWindowPos({right, ImGui::GetWindowPos().y + ImGui::GetWindowHeight()},
                          ImGuiCond_Always, {1.0f, 0.0f});
  ImGui::SetNextWindowSizeConstraints({ui.px(420), 0}, {ui.px(900), ui.px(560)});
  if (!ImGui::BeginPopup("models")) return;
  if (!ui.models) {
    faint_text(ui, "Looking for models ...");
  } else if (ImGui::BeginTable("list", 4, ImGuiTableFlags_SizingFixedFit,
                               {0, 0})) {
    draw_rows(ui, "Built in", ui.models->built_in, true);
    draw_rows(ui, "Heads built differently", ui.models->variants, true);
    draw_rows(ui, "Opened before", ui.models->recent, false);
    draw_rows(ui, "Hugging Face cache", ui.models->cached, false);
    ImGui::EndTable();
  }
  ImGui::Separator();
  if (ImGui::MenuItem("Open a folder or file...", "Ctrl+M")) ui.open(Dialog::open_model);
  ui.landmarks.mark_item("model/open");
  ImGui::EndPopup();
}

}  // namespace headlight
