#include "picture.h"

#include <algorithm>
#include <cmath>

#include "color_maps.h"
#include "palette.h"

namespace headlight {
namespace {

ImU32 color_of(const std::array<Rgb, 256>& table, float position) {
  const int index = std::clamp(static_cast<int>(position * 255.0f + 0.5f), 0, 255);
  const Rgb c = table[index];
  return IM_COL32(c.r, c.g, c.b, 255);
}

// Whether two displays colour maps alike.
bool same_colors(const Display& a, const Display& b) {
  return a.shown == b.shown && a.color_map == b.color_map && a.scale == b.scale &&
         a.range == b.range && a.hide_first == b.hide_first && a.theme == b.theme;
}

}  // namespace

bool Picture::update(std::shared_ptr<const Snapshot> snapshot, const State& state) {
  const bool new_snapshot = snapshot != snapshot_;
  const bool new_head = state.selection.head != head_;
  const bool new_colors = !same_colors(state.display, display_);
  snapshot_ = std::move(snapshot);
  if (empty()) return new_snapshot;

  const ModelConfig& config = snapshot_->model->config;
  if (new_snapshot || new_head || new_colors) {
    head_ = state.selection.head;
    const bool exists = head_.layer < config.layers && head_.head < config.heads;
    if (exists) make_map(state);
  }
  if (new_snapshot || new_colors) make_thumbnails(state);
  display_ = state.display;

  const int position = std::clamp(state.selection.query.value_or(tokens() - 1), 0, tokens() - 1);
  const bool new_position = position != prediction_.position;
  if (position == snapshot_->prediction.position) {
    prediction_ = snapshot_->prediction;
  } else if (new_snapshot || new_position) {
    prediction_ = predict(*snapshot_->baseline, *snapshot_->edited, position);
  }
  return new_snapshot || new_head || new_colors || new_position;
}

void Picture::make_map(const State& state) {
  const Snapshot& s = *snapshot_;
  map_ = map_values(*s.baseline, *s.edited, state.selection.head, state.display);
  ++map_version_;

  // A difference has cells that only one of the two runs forbids: they count.
  allowed_ = masked_cells(state.display.shown == Shown::edited ? *s.edited : *s.baseline,
                          state.selection.head);
  for (std::uint8_t& cell : allowed_) cell = !cell;
}

Image Picture::map_image(int factor, Theme theme) const {
  const int n = map_.tokens;
  const auto& table = map_.diverging ? diverging_table(theme) : color_table(display_.color_map);
  const ImU32 masked = palette_of(theme).masked;
  Image image;
  image.width = image.height = (n + factor - 1) / factor;
  image.pixels.assign(static_cast<std::size_t>(image.width) * image.height, masked);
  const float rest = map_.diverging ? 0.5f : 0.0f;  // the colour of "nothing"
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      float strongest = -1.0f;
      float at = rest;
      for (int query = y * factor; query < std::min(n, (y + 1) * factor); ++query) {
        for (int key = x * factor; key < std::min(n, (x + 1) * factor); ++key) {
          if (!allowed(query, key)) continue;
          const float position = map_.position[static_cast<std::size_t>(query) * n + key];
          if (std::fabs(position - rest) > strongest) {
            strongest = std::fabs(position - rest);
            at = position;
          }
        }
      }
      if (strongest >= 0.0f) {
        image.pixels[static_cast<std::size_t>(y) * image.width + x] = color_of(table, at);
      }
    }
  }
  return image;
}

void Picture::make_thumbnails(const State& state) {
  const Snapshot& s = *snapshot_;
  const ModelConfig& config = s.model->config;
  const Display& display = state.display;
  const bool hide = display.hide_first;
  const auto& after = hide ? s.edited_heads->tiles_without_first : s.edited_heads->tiles;
  const auto& before = hide ? s.baseline_heads->tiles_without_first : s.baseline_heads->tiles;
  const bool difference = display.shown == Shown::difference;
  const std::vector<float>& shown = display.shown == Shown::baseline ? before : after;
  std::array<ImU32, 256> colors;
  const auto& table = difference ? diverging_table(display.theme) : color_table(display.color_map);
  for (int i = 0; i < 256; ++i) colors[i] = IM_COL32(table[i].r, table[i].g, table[i].b, 255);
  const auto color_at = [&colors](float position) {
    return colors[static_cast<int>(std::clamp(position, 0.0f, 1.0f) * 255.0f + 0.5f)];
  };

  tile_ = s.edited_heads->tile;
  const auto& masked = (display.shown == Shown::edited ? s.edited_heads : s.baseline_heads)->masked;
  const ImU32 masked_color = palette_of(display.theme).masked;
  thumbnails_.width = config.heads * tile_;
  thumbnails_.height = config.layers * tile_;
  thumbnails_.pixels.resize(static_cast<std::size_t>(thumbnails_.width) * thumbnails_.height);
  const std::size_t cells = static_cast<std::size_t>(tile_) * tile_;
  for (int index = 0; index < config.layers * config.heads; ++index) {
    const std::size_t at = index * cells;
    // Scaled as the map is: the same numbers, of a tile's strongest cell.
    MapValues tile;
    tile.tokens = tile_;
    tile.diverging = difference;
    tile.log = display.scale == Scale::log;
    tile.per_row = display.range == Range::row;
    tile.values.assign(shown.begin() + at, shown.begin() + at + cells);
    if (difference) {
      for (std::size_t i = 0; i < cells; ++i) tile.values[i] -= before[at + i];
    }
    const bool to_largest = display.range == Range::map;
    set_range_end(tile, to_largest ? range_end(largest_value(tile), display.scale) : 1.0f);
    for (int y = 0; y < tile_; ++y) {
      ImU32* out = thumbnails_.pixels.data() +
                   static_cast<std::size_t>(index / config.heads * tile_ + y) * thumbnails_.width +
                   static_cast<std::size_t>(index % config.heads) * tile_;
      const std::size_t row = static_cast<std::size_t>(y) * tile_;
      for (int x = 0; x < tile_; ++x) {
        out[x] = masked[at + row + x] ? masked_color : color_at(tile.position[row + x]);
      }
    }
  }
  ++thumbnails_version_;
}

}  // namespace headlight
