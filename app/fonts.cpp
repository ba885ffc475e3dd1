#include "fonts.h"

#include <fontconfig/fontconfig.h>

#include <memory>
#include <utility>
#include <vector>

namespace headlight {
namespace {

struct FontFile {
  std::string path;
  int index = 0;
  std::vector<unsigned> covered;
};

using Pattern = std::unique_ptr<FcPattern, decltype(&FcPatternDestroy)>;
using CharSet = std::unique_ptr<FcCharSet, decltype(&FcCharSetDestroy)>;

// The installed file that fontconfig finds for a family and weight, and which of `wanted` it has. With
// an empty family: the best font that covers the first character of `wanted`.
FontFile find_font(const char* family, int weight, const std::set<unsigned>& wanted) {
  const Pattern pattern(FcPatternCreate(), FcPatternDestroy);
  if (*family != '\0') {
    FcPatternAddString(pattern.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>(family));
  } else if (!wanted.empty()) {
    const CharSet charset(FcCharSetCreate(), FcCharSetDestroy);
    FcCharSetAddChar(charset.get(), *wanted.begin());
    FcPatternAddCharSet(pattern.get(), FC_CHARSET, charset.get());
  }
  FcPatternAddInteger(pattern.get(), FC_WEIGHT, weight);
  FcPatternAddInteger(pattern.get(), FC_SLANT, FC_SLANT_ROMAN);
  FcPatternAddBool(pattern.get(), FC_SCALABLE, FcTrue);
  FcPatternAddBool(pattern.get(), FC_COLOR, FcFalse);
  FcConfigSubstitute(nullptr, pattern.get(), FcMatchPattern);
  FcDefaultSubstitute(pattern.get());
  FcResult result = FcResultNoMatch;
  const Pattern match(FcFontMatch(nullptr, pattern.get(), &result), FcPatternDestroy);

  FontFile font;
  FcChar8* file = nullptr;
  if (!match || FcPatternGetString(match.get(), FC_FILE, 0, &file) != FcResultMatch) return font;
  font.path = reinterpret_cast<const char*>(file);
  FcPatternGetInteger(match.get(), FC_INDEX, 0, &font.index);
  FcCharSet* charset = nullptr;
  if (FcPatternGetCharSet(match.get(), FC_CHARSET, 0, &charset) == FcResultMatch) {
    for (unsigned character : wanted) {
      if (FcCharSetHasChar(charset, character)) font.covered.push_back(character);
    }
  }
  return font;
}

// Characters of UTF-8 text; invalid bytes are passed over.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    FcChar32 character = 0;
    const int length = FcUtf8ToUcs4(reinterpret_cast<const FcChar8*>(text.data() + i), &character,
                                    static_cast<int>(text.size() - i));
    if (length > 0) visit(character);
    i += length > 0 ? static_cast<std::size_t>(length) : 1;
  }
}

// Glyph ranges live as long as the atlas needs them: until the next build.
std::vector<std::vector<ImWchar>>& kept_ranges() {
  static std::vector<std::vector<ImWchar>> ranges;
  return ranges;
}

const ImWchar* ranges_of(const std::vector<unsigned>& characters) {
  std::vector<ImWchar> ranges;
  for (unsigned character : characters) {
    ranges.push_back(static_cast<ImWchar>(character));
    ranges.push_back(static_cast<ImWchar>(character));
  }
  ranges.push_back(0);
  kept_ranges().push_back(std::move(ranges));
  return kept_ranges().back().data();
}

}  // namespace

bool Fonts::ensure(std::string_view shown, float scale) {
  const std::size_t before = characters_.size();
  if (characters_.empty()) {
    for (unsigned c = 0x20; c < 0x250; ++c) {
      if (c < 0x7f || c >= 0xa0) characters_.insert(c);
    }
    for (unsigned c : {0x2013u, 0x2014u, 0x2018u, 0x2019u, 0x201cu, 0x201du, 0x2022u, 0x2026u, 0x2190u,
                       0x2191u, 0x2192u, 0x2193u, 0x2212u, 0x2264u, 0x2265u, 0x00d7u, 0xfffdu}) {
      characters_.insert(c);
    }
  }
  for_each_character(shown, [&](unsigned c) {
    if (c >= 0x20 && c <= IM_UNICODE_CODEPOINT_MAX) characters_.insert(c);
  });
  if (characters_.size() == before && scale == scale_) return false;
  build(scale);
  return true;
}

ImFont* Fonts::add(const std::string& family, float size, const std::set<unsigned>& wanted) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  const bool semibold = family == "Inter SemiBold";
  const FontFile main = find_font(semibold ? "Inter" : family.c_str(),
                                  semibold ? FC_WEIGHT_DEMIBOLD : FC_WEIGHT_REGULAR, wanted);
  if (main.path.empty() || main.covered.empty()) return atlas.AddFontDefault();

  std::set<unsigned> missing = wanted;
  const auto take = [&](const FontFile& file, bool merge) {
    ImFontConfig config;
    config.FontNo = file.index;
    config.MergeMode = merge;
    config.OversampleH = 1;
    config.PixelSnapH = true;
    ImFont* font =
        atlas.AddFontFromFileTTF(file.path.c_str(), size, &config, ranges_of(file.covered));
    for (unsigned character : file.covered) missing.erase(character);
    return font;
  };
  ImFont* font = take(main, false);
  // What the family lacks comes from whichever installed fonts have it.
  for (int tries = 0; tries < 8 && !missing.empty(); ++tries) {
    const FontFile other = find_font("", FC_WEIGHT_REGULAR, missing);
    if (other.covered.empty()) {
      missing.erase(missing.begin());
      continue;
    }
    take(other, true);
  }
  return font;
}

void Fonts::build(float scale) {
  scale_ = scale;
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  kept_ranges().clear();
  std::set<unsigned> latin;
  for (unsigned character : characters_) {
    if (character < 0x3000) latin.insert(character);
  }
  text = add("Inter", 16.0f * scale, characters_);
  small = add("Inter", 13.0f * scale, characters_);
  large = add("Inter", 21.0f * scale, latin);
  strong = add("Inter SemiBold", 16.0f * scale, latin);
  title = add("Inter SemiBold", 22.0f * scale, latin);
  mono = add("JetBrains Mono", 15.0f * scale, latin);
  atlas.Build();
}

}  // namespace headlight
