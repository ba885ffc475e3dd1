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

  const int n = map_.tokens;
  const bool causal = s.model->config.causal;
  allowed_.assign(static_cast<std::size_t>(n) * n, 1);
  HeadEdit edit;
  const Edits& edits = s.edited->edits();
  if (const auto found = edits.find(state.selection.head);
      found != edits.end() && state.display.shown == Shown::edited) {
    edit = found->second;
  }
  for (int query = 0; query < n; ++query) {
    allow_row(edit.mask, query, causal,
              {allowed_.data() + static_cast<std::size_t>(query) * n, static_cast<std::size_t>(n)});
  }
  for (const Cell& cell : edit.masked_cells) {
    if (cell.query < n && cell.key < n) allowed_[cell.query * n + cell.key] = 0;
  }
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
  const bool causal = config.causal;
  thumbnails_.width = config.heads * tile_;
  thumbnails_.height = config.layers * tile_;
  thumbnails_.pixels.resize(static_cast<std::size_t>(thumbnails_.width) * thumbnails_.height);
  const ImU32 masked = palette_of(display.theme).masked;
  for (int index = 0; index < config.layers * config.heads; ++index) {
    const std::size_t at = static_cast<std::size_t>(index) * tile_ * tile_;
    const float* tile = shown.data() + at;
    const float map_top = *std::max_element(tile, tile + tile_ * tile_);
    for (int y = 0; y < tile_; ++y) {
      const float* row = tile + static_cast<std::size_t>(y) * tile_;
      float top = 1.0f;
      if (display.range == Range::map) top = map_top;
      if (display.range == Range::row) top = *std::max_element(row, row + tile_);
      ImU32* out = thumbnails_.pixels.data() +
                   static_cast<std::size_t>(index / config.heads * tile_ + y) * thumbnails_.width +
                   static_cast<std::size_t>(index % config.heads) * tile_;
      const int end = causal ? y + 1 : tile_;  // cells after the query are masked
      std::fill(out + end, out + tile_, masked);
      if (difference) {
        const float* then = before.data() + at + static_cast<std::size_t>(y) * tile_;
        const float* now = after.data() + at + static_cast<std::size_t>(y) * tile_;
        for (int x = 0; x < end; ++x) out[x] = color_at(0.5f + 0.5f * (now[x] - then[x]));
      } else if (display.scale == Scale::log) {
        const float floor = std::log(log_floor);
        for (int x = 0; x < end; ++x) {
          const float share = top > 0.0f ? row[x] / top : 0.0f;
          out[x] = color_at(1.0f - std::log(std::max(share, log_floor)) / floor);
        }
      } else {
        const float factor = top > 0.0f ? 1.0f / top : 0.0f;
        for (int x = 0; x < end; ++x) out[x] = color_at(row[x] * factor);
      }
    }
  }
  ++thumbnails_version_;
}

}  // namespace headlight
