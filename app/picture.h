#pragma once

#include <imgui.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "map_values.h"
#include "prediction_view.h"
#include "snapshot.h"
#include "state.h"

namespace headlight {

/// Pixels as Dear ImGui and GL read them: one IM_COL32 each, row-major.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<ImU32> pixels;
};

/// What the panels show of a snapshot for a selection and a display: made between worker and panels, so
/// that panels compute nothing. Each part is made anew only when what it depends on has changed.
class Picture {
 public:
  /// Returns whether anything changed.
  bool update(std::shared_ptr<const Snapshot> snapshot, const State& state);

  bool has_no_snapshot() const { return snapshot_ == nullptr; }
  const Snapshot& snapshot() const { return *snapshot_; }
  std::shared_ptr<const Snapshot> shared_snapshot() const { return snapshot_; }
  bool empty() const { return !snapshot_ || !snapshot_->has_pictures(); }
  int tokens() const { return empty() ? 0 : snapshot_->edited->size(); }

  /// The selected head's map, and which cells its mask leaves.
  const MapValues& map() const { return map_; }
  bool allowed(int query, int key) const { return allowed_[query * map_.tokens + key] != 0; }
  /// The map's colours, `factor` x `factor` cells to a pixel, so that the strongest cell is never lost.
  Image map_image(int factor, Theme theme) const;

  /// All heads' thumbnails in one image, a cell of thumbnail_tile() pixels each, layers down.
  const Image& thumbnails() const { return thumbnails_; }
  int thumbnail_tile() const { return tile_; }

  const PredictionView& prediction() const { return prediction_; }

  /// Counts up with every change of the map and of the thumbnails, for the textures.
  int map_version() const { return map_version_; }
  int thumbnails_version() const { return thumbnails_version_; }

 private:
  void make_map(const State& state);
  void make_thumbnails(const State& state);

  std::shared_ptr<const Snapshot> snapshot_;
  HeadId head_;
  Display display_;
  MapValues map_;
  std::vector<std::uint8_t> allowed_;  // [query, key]
  Image thumbnails_;
  int tile_ = 0;
  PredictionView prediction_;
  int map_version_ = 0;
  int thumbnails_version_ = 0;
};

}  // namespace headlight
