#pragma once

#include <imgui.h>

#include <map>
#include <string>

namespace headlight {

/// Where the named parts of the window stood in the last frame, in pixels: what a lesson or a test of the
/// real window points at.
class Landmarks {
 public:
  void clear() { places_.clear(); }
  /// Names the item that was drawn last.
  void mark_item(const std::string& name) {
    mark(name, ImGui::GetItemRectMin(), ImGui::GetItemRectMax());
  }
  void mark(const std::string& name, ImVec2 min, ImVec2 max) {
    places_[name] = {min.x, min.y, max.x, max.y};
  }
  const std::map<std::string, ImVec4>& places() const { return places_; }

 private:
  std::map<std::string, ImVec4> places_;
};

}  // namespace headlight
