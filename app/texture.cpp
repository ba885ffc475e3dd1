#include "texture.h"

#include <epoxy/gl.h>

#include <algorithm>
#include <cstdint>

namespace headlight {

Texture::~Texture() {
  if (id_ != 0) glDeleteTextures(1, &id_);
}

void Texture::upload(const Image& image) {
  if (id_ == 0) {
    glGenTextures(1, &id_);
    glBindTexture(GL_TEXTURE_2D, id_);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  }
  glBindTexture(GL_TEXTURE_2D, id_);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
  if (image.width == width_ && image.height == height_) {
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, width_, height_, GL_RGBA, GL_UNSIGNED_BYTE,
                    image.pixels.data());
  } else {
    width_ = image.width;
    height_ = image.height;
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width_, height_, 0, GL_RGBA, GL_UNSIGNED_BYTE,
                 image.pixels.data());
  }
}

TextureRef Texture::ref() const {
  return {(ImTextureID)(std::intptr_t)id_, width_, height_};  // as Dear ImGui's GL backend takes it
}

bool PictureTextures::update(const Picture& picture, Theme theme, Ui& ui) {
  bool uploaded = false;
  if (picture.empty()) {
    ui.map_texture = ui.thumbnails_texture = {};
    return false;
  }
  if (map_version_ != picture.map_version() || map_factor_ != ui.map_factor) {
    map_.upload(picture.map_image(ui.map_factor, theme));
    map_version_ = picture.map_version();
    map_factor_ = ui.map_factor;
    uploaded = true;
  }
  if (thumbnails_version_ != picture.thumbnails_version()) {
    thumbnails_.upload(picture.thumbnails());
    thumbnails_version_ = picture.thumbnails_version();
    uploaded = true;
  }
  const std::size_t columns = std::min(picture.columns().size(), columns_.size());
  if (columns_version_ != picture.columns_version() || column_side_ != ui.column_side) {
    for (std::size_t i = 0; i < columns; ++i) {
      columns_[i].mask.upload(picture.column_mask_image(i, ui.column_side));
      columns_[i].map.upload(picture.column_map_image(i, ui.column_side));
      columns_[i].difference.upload(picture.column_difference_image(i, ui.column_side));
    }
    columns_version_ = picture.columns_version();
    column_side_ = ui.column_side;
    uploaded = uploaded || columns > 0;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    ui.columns[i] = i < columns ? ColumnTextures{columns_[i].mask.ref(), columns_[i].map.ref(),
                                                 columns_[i].difference.ref()}
                                : ColumnTextures{};
  }
  ui.map_texture = map_.ref();
  ui.thumbnails_texture = thumbnails_.ref();
  return uploaded;
}

}  // namespace headlight
