#pragma once

#include <array>

#include "picture.h"
#include "ui.h"

namespace headlight {

/// One GL texture, nearest-filtered: a map's cells stay squares. Needs a current GL context throughout.
class Texture {
 public:
  Texture() = default;
  ~Texture();
  Texture(const Texture&) = delete;
  Texture& operator=(const Texture&) = delete;

  void upload(const Image& image);
  TextureRef ref() const;

 private:
  unsigned id_ = 0;
  int width_ = 0;
  int height_ = 0;
};

/// The textures of a picture, uploaded when the picture has changed.
class PictureTextures {
 public:
  /// Makes the textures match the picture, and tells the panels through `ui`. Returns whether anything was
  /// uploaded.
  bool update(const Picture& picture, Theme theme, Ui& ui);

 private:
  struct Column {
    Texture mask, map, difference;
  };

  Texture map_;
  Texture thumbnails_;
  std::array<Column, 4> columns_;
  int columns_version_ = 0;
  int column_side_ = 0;
  int map_version_ = 0;
  int map_factor_ = 0;
  int thumbnails_version_ = 0;
};

}  // namespace headlight
