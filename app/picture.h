#pragma once

#include <imgui.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compared_column.h"
#include "comparison_table.h"
#include "learn_pages.h"
#include "map_values.h"
#include "prediction_view.h"
#include "role_activity.h"
#include "snapshot.h"
#include "state.h"

namespace headlight {

/// Pixels as Dear ImGui and GL read them: one IM_COL32 each, row-major.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<ImU32> pixels;
};

/// The name that stands for no role at all.
inline constexpr const char* unclassified = "unclassified";

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

  /// The kind of attention shown, its tokens, and its heads. Only when not empty().
  AttentionKind kind() const { return head_.kind; }
  const std::vector<Token>& query_tokens() const { return shown().query_tokens(head_.kind); }
  const std::vector<Token>& key_tokens() const { return shown().key_tokens(head_.kind); }
  int layers() const { return snapshot_->model->config.layers_of(head_.kind); }
  int heads() const { return snapshot_->model->config.heads_of(head_.kind); }
  const HeadStats& baseline_stats(HeadId id) const { return stats(*snapshot_->baseline_heads, id); }
  const HeadStats& edited_stats(HeadId id) const { return stats(*snapshot_->edited_heads, id); }

  /// Whether the map shows weights until the rollout that it should show is there.
  bool waits_for_rollout() const { return waits_for_rollout_; }
  /// Whether the map is a difference without any; then the first layer whose maps have one.
  bool unchanged() const { return unchanged_; }
  std::optional<int> first_changed_layer() const { return first_changed_layer_; }
  /// The selected head's map, and which cells its mask leaves.
  const MapValues& map() const { return map_; }
  bool allowed(int query, int key) const { return allowed_[cell_index(map_, query, key)] != 0; }
  /// The map's colours, `factor` x `factor` cells to a pixel, so that the strongest cell is never lost.
  Image map_image(int factor, Theme theme) const;

  /// The thumbnails of all heads of the kind in one image, each tile_rows() x tile_columns() pixels,
  /// layers down.
  const Image& thumbnails() const { return thumbnails_; }
  int tile_rows() const { return tile_rows_; }
  int tile_columns() const { return tile_columns_; }

  /// The heads of the kind in the order in which the grid shows them.
  const std::vector<HeadId>& order() const { return order_; }
  /// The number by which a head stands where it does; none in the order of layers, and while it is
  /// not measured.
  std::optional<float> order_number(HeadId id) const;

  /// What the battery says of a head; null while nothing is known.
  const HeadRoles* roles(HeadId id) const;
  /// Whether a head has the role of this name; "unclassified": it was measured and has none.
  bool has_role(HeadId id, const std::string& name) const;
  /// The head's loss change when it is ablated, on the battery or another set of the report by its
  /// name; none while that is not measured.
  std::optional<double> importance(HeadId id, std::string_view set = battery_set_name) const;
  /// The selected head's roles, those of its scores that hold, on the text at hand.
  const std::vector<RoleActivity>& activities() const { return activities_; }

  /// Queries of the selected head's map that no key is left to.
  int blind_rows() const { return blind_rows_; }

  const PredictionView& prediction() const { return prediction_; }

  /// The columns of the compare view for the selected head, as far as they are there; those that
  /// could not be computed are left out.
  const std::vector<ComparedColumn>& columns() const { return columns_; }
  /// The place of a computed column among columns(); -1: it is not there, see column_error.
  int column_at(std::size_t place) const { return place < column_at_.size() ? column_at_[place] : -1; }
  const std::string& column_error(std::size_t place) const;
  /// Of a column of columns(), at most `side` pixels high and wide.
  Image column_mask_image(std::size_t index, int side) const;
  Image column_map_image(std::size_t index, int side) const;
  Image column_difference_image(std::size_t index, int side) const;
  const MapValues& column_map_values(std::size_t index) const { return column_maps_[index]; }
  /// Empty where the column's map has another shape than the first one's.
  const MapValues& column_differences(std::size_t index) const { return column_differences_[index]; }
  const std::vector<ComparisonRow>& column_rows() const { return column_rows_; }
  /// What is odd about the columns' masks: "2: local:99 hides nothing from these tokens".
  const std::string& column_notices() const { return column_notices_; }
  int columns_version() const { return columns_version_; }

  /// The numbers of the Learn view's pages.
  const LearnPages& pages() const { return pages_; }

  /// Counts up with every change of the map and of the thumbnails, for the textures.
  int map_version() const { return map_version_; }
  int thumbnails_version() const { return thumbnails_version_; }

 private:
  const Trace& shown() const { return *snapshot_->edited; }
  const HeadStats& stats(const SummariesByKind& summaries, HeadId id) const {
    return summaries.at(id.kind).stats[static_cast<std::size_t>(id.layer * heads() + id.head)];
  }
  void make_map(const State& state);
  void find_changes();
  void make_order(HeadOrder order);
  void make_activities();
  void make_thumbnails(const State& state);
  void make_columns(const State& state);

  std::shared_ptr<const Snapshot> snapshot_;
  HeadId head_;
  Display display_;
  MapValues map_;
  bool waits_for_rollout_ = false;
  bool unchanged_ = false;
  std::optional<int> first_changed_layer_;
  std::vector<std::uint8_t> allowed_;  // [query, key]
  int blind_rows_ = 0;
  Image thumbnails_;
  int tile_rows_ = 0;
  int tile_columns_ = 0;
  std::vector<HeadId> order_;
  HeadOrder ordered_by_ = HeadOrder::layers;
  std::vector<RoleActivity> activities_;
  PredictionView prediction_;
  std::vector<ComparedColumn> columns_;
  std::vector<int> column_at_;
  std::vector<std::string> column_errors_;
  std::vector<ComparisonRow> column_rows_;
  std::string column_notices_;
  std::vector<MapValues> column_maps_, column_differences_;
  std::optional<int> column_position_;
  int columns_version_ = 0;
  LearnPages pages_;
  int map_version_ = 0;
  int thumbnails_version_ = 0;
};

}  // namespace headlight
