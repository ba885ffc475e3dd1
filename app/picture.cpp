#include "picture.h"

#include <algorithm>
#include <cmath>

#include "battery.h"
#include "color_maps.h"
#include "palette.h"

namespace headlight {
namespace {

ImU32 color_of(const std::array<Rgb, 256>& table, float position) {
  const int index = std::clamp(static_cast<int>(position * 255.0f + 0.5f), 0, 255);
  const Rgb c = table[index];
  return IM_COL32(c.r, c.g, c.b, 255);
}

// The battery's own sentence with its links, when it is on the screen.
const ParsedSentence* gold_of(const std::string& text) {
  static const std::vector<ParsedSentence> battery = parsed_battery();
  const auto found = std::find_if(battery.begin(), battery.end(),
                                  [&](const ParsedSentence& s) { return s.text == text; });
  return found == battery.end() ? nullptr : &*found;
}

// Whether two displays colour maps alike.
bool same_colors(const Display& a, const Display& b) {
  return a.shown == b.shown && a.quantity == b.quantity && a.color_map == b.color_map && a.scale == b.scale &&
         a.range == b.range && a.hide_first == b.hide_first && a.theme == b.theme;
}

}  // namespace

bool Picture::update(std::shared_ptr<const Snapshot> snapshot, const State& state) {
  const bool new_snapshot = snapshot != snapshot_;
  const bool new_head = state.selection.head != head_;
  const bool new_colors = !same_colors(state.display, display_);
  snapshot_ = std::move(snapshot);
  if (empty()) {
    columns_.clear();
    column_at_.clear();
    return new_snapshot;
  }

  const bool new_kind = state.selection.head.kind != head_.kind;
  const bool exists = snapshot_->model->config.has(state.selection.head);
  if (exists && (new_snapshot || new_head || new_colors)) {
    head_ = state.selection.head;
    make_map(state);
    if (new_snapshot || new_head) make_activities();
  }
  const bool compares = state.display.view == View::compare;
  const bool new_columns = new_snapshot || new_head || new_colors ||
                           compares != (display_.view == View::compare) ||
                           state.selection.query != column_position_;
  if (exists && (compares || !columns_.empty()) && new_columns) make_columns(state);
  column_position_ = state.selection.query;
  const bool new_order = state.display.order != display_.order;
  if (exists && (new_snapshot || new_kind || new_order)) make_order(state.display.order);
  if (exists && (new_snapshot || new_kind || new_colors)) make_thumbnails(state);
  display_ = state.display;
  pages_.update(snapshot_, state);

  // The encoder's tokens have no prediction.
  const Model& model = *snapshot_->model;
  const bool predicts = model.config.predicts != ModelConfig::Predicts::nothing;
  const int usual = predicts ? predicted_position(model, shown().tokens()) : -1;
  int position = usual;
  if (usual >= 0 && head_.kind != AttentionKind::encoder && state.selection.query) {
    position = std::clamp(*state.selection.query, 0, tokens() - 1);
  }
  const bool new_position = position != prediction_.position;
  if (position == snapshot_->prediction.position) {
    prediction_ = snapshot_->prediction;
  } else if (new_snapshot || new_position) {
    prediction_ = predict(*snapshot_->baseline, *snapshot_->edited, position);
  }
  return new_snapshot || new_head || new_colors || new_position || new_order || new_columns;
}

void Picture::make_map(const State& state) {
  const Snapshot& s = *snapshot_;
  const HeadId head = state.selection.head;
  Display display = state.display;
  const bool rolled = shown_quantity(*s.edited, head, display) == Quantity::rollout;
  const bool known = s.rollouts && s.rollouts->kind == head.kind;
  waits_for_rollout_ = rolled && !known;
  if (waits_for_rollout_) display.quantity = Quantity::weights;
  map_ = map_values(*s.baseline, *s.edited, head, display, known ? s.rollouts.get() : nullptr);
  ++map_version_;
  find_changes();

  // A difference has cells that only one of the two runs forbids: they count.
  allowed_ = masked_cells(state.display.shown == Shown::edited ? *s.edited : *s.baseline,
                          state.selection.head);
  for (std::uint8_t& cell : allowed_) cell = !cell;
  blind_rows_ = 0;
  for (int query = 0; query < map_.queries; ++query) {
    const auto row = allowed_.begin() + static_cast<std::ptrdiff_t>(cell_index(map_, query, 0));
    blind_rows_ += std::find(row, row + map_.keys, 1) == row + map_.keys;
  }
}

void Picture::find_changes() {
  const Snapshot& s = *snapshot_;
  unchanged_ = map_.diverging && s.edited != s.baseline &&
               std::all_of(map_.values.begin(), map_.values.end(), [](float v) { return v == 0.0f; });
  first_changed_layer_.reset();
  if (!unchanged_) return;
  const std::vector<float>& before = s.baseline_heads->at(head_.kind).tiles;
  const std::vector<float>& after = s.edited_heads->at(head_.kind).tiles;
  const auto first = std::mismatch(before.begin(), before.end(), after.begin(), after.end()).first;
  if (first == before.end()) return;
  const std::size_t layer = before.size() / static_cast<std::size_t>(layers());
  first_changed_layer_ = static_cast<int>(static_cast<std::size_t>(first - before.begin()) / layer);
}

void Picture::make_order(HeadOrder order) {
  order_.clear();
  for (int layer = 0; layer < layers(); ++layer) {
    for (int head = 0; head < heads(); ++head) order_.push_back({layer, head, head_.kind});
  }
  ordered_by_ = order;
  const auto number = [&](HeadId id) { return order_number(id).value_or(0.0f); };
  std::stable_sort(order_.begin(), order_.end(),
                   [&](HeadId a, HeadId b) { return number(a) > number(b); });
}

std::optional<float> Picture::order_number(HeadId id) const {
  const HeadStats& stats = edited_stats(id);
  switch (ordered_by_) {
    case HeadOrder::layers:
      return std::nullopt;
    case HeadOrder::entropy:
      return stats.entropy;
    case HeadOrder::distance:
      return stats.distance;
    case HeadOrder::maximum:
      return stats.maximum;
    case HeadOrder::sink:
      return stats.sink_share;
    case HeadOrder::importance:
      return importance(id);
  }
  return std::nullopt;
}

void Picture::make_activities() {
  activities_.clear();
  const HeadRoles* known = roles(head_);
  if (known == nullptr) return;
  const ParsedSentence* gold = gold_of(snapshot_->request.text);
  for (const RoleScore& score : known->scores) {
    if (score.holds) activities_.push_back(role_activity(shown(), head_, score, gold));
  }
}

const HeadRoles* Picture::roles(HeadId id) const {
  return empty() || !snapshot_->roles ? nullptr : find_head(*snapshot_->roles, id);
}

std::optional<double> Picture::importance(HeadId id, std::string_view set) const {
  if (empty() || !snapshot_->importance) return std::nullopt;
  const ImportanceReport& report = *snapshot_->importance;
  const auto found = std::find(report.heads.begin(), report.heads.end(), id);
  if (found == report.heads.end()) return std::nullopt;
  const auto& sets = report.importance[static_cast<std::size_t>(found - report.heads.begin())];
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    if (report.sets[i].name == set) return sets[i].change;
  }
  return std::nullopt;
}

bool Picture::has_role(HeadId id, const std::string& name) const {
  const HeadRoles* known = roles(id);
  if (known == nullptr) return false;
  bool any = false;
  for (const RoleScore& score : known->scores) {
    if (!score.holds) continue;
    any = true;
    if (role_name(score) == name) return true;
  }
  return !any && name == unclassified;
}

Image Picture::map_image(int factor, Theme theme) const {
  const auto& table = map_.diverging ? diverging_table(theme) : color_table(display_.color_map);
  const ImU32 masked = palette_of(theme).masked;
  Image image;
  image.width = (map_.keys + factor - 1) / factor;
  image.height = (map_.queries + factor - 1) / factor;
  image.pixels.assign(static_cast<std::size_t>(image.width) * image.height, masked);
  const float rest = map_.diverging ? 0.5f : 0.0f;  // the colour of "nothing"
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      float strongest = -1.0f;
      float at = rest;
      for (int query = y * factor; query < std::min(map_.queries, (y + 1) * factor); ++query) {
        for (int key = x * factor; key < std::min(map_.keys, (x + 1) * factor); ++key) {
          const int at_key = covering_key(map_, query, key);
          if (!allowed(query, at_key)) continue;
          const float position = map_.position[cell_index(map_, query, at_key)];
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
  const Display& display = state.display;
  const HeadSummaries& edited = snapshot_->edited_heads->at(head_.kind);
  const HeadSummaries& baseline = snapshot_->baseline_heads->at(head_.kind);
  const bool hide = display.hide_first;
  const auto& after = hide ? edited.tiles_without_first : edited.tiles;
  const auto& before = hide ? baseline.tiles_without_first : baseline.tiles;
  const bool difference = display.shown == Shown::difference;
  const std::vector<float>& shown = display.shown == Shown::baseline ? before : after;
  std::array<ImU32, 256> colors;
  const auto& table = difference ? diverging_table(display.theme) : color_table(display.color_map);
  for (int i = 0; i < 256; ++i) colors[i] = IM_COL32(table[i].r, table[i].g, table[i].b, 255);
  const auto color_at = [&colors](float position) {
    return colors[static_cast<int>(std::clamp(position, 0.0f, 1.0f) * 255.0f + 0.5f)];
  };

  tile_rows_ = edited.tile_rows;
  tile_columns_ = edited.tile_columns;
  const auto& masked = (display.shown == Shown::edited ? edited : baseline).masked;
  const ImU32 masked_color = palette_of(display.theme).masked;
  thumbnails_.width = heads() * tile_columns_;
  thumbnails_.height = layers() * tile_rows_;
  thumbnails_.pixels.resize(static_cast<std::size_t>(thumbnails_.width) * thumbnails_.height);
  const std::size_t cells = edited.tile_cells();
  for (int index = 0; index < layers() * heads(); ++index) {
    const std::size_t at = index * cells;
    // Scaled as the map is: the same numbers, of a tile's strongest cell.
    MapValues tile;
    tile.queries = tile_rows_;
    tile.keys = tile_columns_;
    tile.diverging = difference;
    tile.log = display.scale == Scale::log;
    tile.per_row = display.range == Range::row;
    tile.values.assign(shown.begin() + at, shown.begin() + at + cells);
    if (difference) {
      for (std::size_t i = 0; i < cells; ++i) tile.values[i] -= before[at + i];
    }
    const bool to_largest = display.range == Range::map;
    set_range_end(tile, to_largest ? range_end(largest_value(tile), display.scale) : 1.0f);
    for (int y = 0; y < tile_rows_; ++y) {
      ImU32* out = thumbnails_.pixels.data() +
                   static_cast<std::size_t>(index / heads() * tile_rows_ + y) * thumbnails_.width +
                   static_cast<std::size_t>(index % heads()) * tile_columns_;
      const std::size_t row = static_cast<std::size_t>(y) * tile_columns_;
      for (int x = 0; x < tile_columns_; ++x) {
        out[x] = masked[at + row + x] ? masked_color : color_at(tile.position[row + x]);
      }
    }
  }
  ++thumbnails_version_;
}

}  // namespace headlight
