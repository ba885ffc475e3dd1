#include "panel_mask.h"

#include <algorithm>
#include <string>

#include "mask_presets.h"
#include "widgets.h"

namespace headlight {
namespace {

struct MaskChoice {
  const char* name;
  MaskPart part;  // what a new one begins with
  const char* tip;
};

constexpr MaskChoice mask_choices[] = {
    {"local", {MaskKind::local, 4, 0}, "Keys at most `window` tokens away"},
    {"dilated", {MaskKind::dilated, 4, 2}, "`window` keys to each side, `gap` tokens apart"},
    {"global", {MaskKind::global, 1, 0}, "The first tokens see all and are seen by all"},
    {"token", {MaskKind::token, 0, 0}, "One chosen token sees all and is seen by all"},
    {"block", {MaskKind::block, 8, 0}, "Keys in the query's own block of tokens"},
    {"strided", {MaskKind::strided, 4, 0}, "Every `stride`-th key before the query, however far"},
    {"columns", {MaskKind::columns, 4, 1}, "The last `count` tokens of every `stride`"},
    {"random", {MaskKind::random, 3, 1}, "Some keys a row, drawn from a seed"},
};

const char* name_of(MaskKind kind) {
  for (const MaskChoice& choice : mask_choices) {
    if (choice.part.kind == kind) return choice.name;
  }
  return kind == MaskKind::causal ? "causal" : "none";
}

// A number of a mask with its name in front.
bool mask_number(Ui& ui, const char* label, int& value, int least) {
  ImGui::AlignTextToFramePadding();
  faint_text(ui, "%s", label);
  ImGui::SameLine();
  ImGui::SetNextItemWidth(-1);
  return slider(ui, std::string("mask/") + label, value, least, std::max(32, value));
}

bool edit_numbers(Ui& ui, MaskPart& part) {
  bool changed = false;
  switch (part.kind) {
    case MaskKind::local:
      return mask_number(ui, "window", part.a, 0);
    case MaskKind::dilated:
      changed |= mask_number(ui, "window", part.a, 0);
      return mask_number(ui, "gap", part.b, 1) || changed;
    case MaskKind::global:
      return mask_number(ui, "first tokens", part.a, 0);
    case MaskKind::token:
      return mask_number(ui, "place", part.a, 0);
    case MaskKind::block:
      return mask_number(ui, "size", part.a, 1);
    case MaskKind::strided:
      return mask_number(ui, "stride", part.a, 1);
    case MaskKind::columns:
      changed |= mask_number(ui, "stride", part.a, 1);
      return mask_number(ui, "count", part.b, 0) || changed;
    case MaskKind::random:
      changed |= mask_number(ui, "keys a row", part.a, 0);
      return mask_number(ui, "seed", part.b, 0) || changed;
    default:
      return false;
  }
}

bool choose_kind(MaskPart& part) {
  bool changed = false;
  if (!ImGui::BeginCombo("##kind", name_of(part.kind))) return false;
  for (const MaskChoice& choice : mask_choices) {
    if (ImGui::Selectable(choice.name, part.kind == choice.part.kind)) {
      part = choice.part;
      changed = true;
    }
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", choice.tip);
  }
  ImGui::EndCombo();
  return changed;
}

bool add_part(Ui& ui, Mask& mask) {
  bool changed = false;
  if (!ImGui::BeginCombo("##add", mask.parts.empty() ? "none" : "+ add to the union",
                         ImGuiComboFlags_HeightLarge)) {
    return false;
  }
  for (const MaskChoice& choice : mask_choices) {
    if (ImGui::Selectable(choice.name)) {
      mask.parts.push_back(choice.part);
      changed = true;
    }
    ui.landmarks.mark_item(std::string("mask/") + choice.name);
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", choice.tip);
  }
  ImGui::Separator();
  for (const MaskPreset& preset : mask_presets()) {
    const std::string name(preset.name);
    if (ImGui::Selectable(name.c_str())) {
      mask = parse_mask(preset.mask);
      changed = true;
    }
    ui.landmarks.mark_item("mask/" + name);
    if (ImGui::IsItemHovered()) {
      ImGui::SetTooltip("%s\n%s", std::string(preset.mask).c_str(),
                        std::string(preset.source).c_str());
    }
  }
  ImGui::EndCombo();
  return changed;
}

}  // namespace

bool edit_mask(Ui& ui, Mask& mask) {
  bool changed = false;
  for (std::size_t i = 0; i < mask.parts.size(); ++i) {
    MaskPart& part = mask.parts[i];
    ImGui::PushID(static_cast<int>(i));
    const float close = ui.px(34);
    ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - close - ui.px(8));
    changed |= choose_kind(part);
    ImGui::SameLine();
    const bool gone = ImGui::Button("\u00d7", {close, 0});
    changed |= edit_numbers(ui, part);
    ImGui::PopID();
    if (gone) {
      mask.parts.erase(mask.parts.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  ImGui::SetNextItemWidth(-1);
  changed |= add_part(ui, mask);
  ui.landmarks.mark_item("mask");
  return changed;
}

}  // namespace headlight
