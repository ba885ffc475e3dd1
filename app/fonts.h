#pragma once

#include <imgui.h>

#include <set>
#include <string>
#include <string_view>

namespace headlight {

/// The fonts of the window. The atlas holds the characters that are shown, and grows when others come:
/// whole scripts would cost seconds and hundreds of megabytes.
class Fonts {
 public:
  /// Makes sure that every character of `text` can be drawn at `scale`. Returns whether the atlas was
  /// built anew, which must happen between frames. Characters beyond the Basic Multilingual Plane come out
  /// as U+FFFD where Dear ImGui was built for 16 bits.
  bool ensure(std::string_view text, float scale);

  ImFont* text = nullptr;    ///< Inter, 16 px at scale 1.
  ImFont* strong = nullptr;  ///< Inter SemiBold, 16 px.
  ImFont* title = nullptr;   ///< Inter SemiBold, 22 px.
  ImFont* large = nullptr;   ///< Inter, 21 px: what a lesson says.
  ImFont* small = nullptr;   ///< Inter, 13 px.
  ImFont* mono = nullptr;    ///< JetBrains Mono, 15 px: numbers.

 private:
  void build(float scale);
  ImFont* add(const std::string& file, float size, const std::set<unsigned>& wanted);

  std::set<unsigned> characters_;
  float scale_ = 0.0f;
};

}  // namespace headlight
