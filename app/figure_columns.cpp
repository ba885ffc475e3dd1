#include "figure_columns.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "comparison_table.h"
#include "figure_bar.h"
#include "figure_file.h"
#include "figure_metadata.h"
#include "figure_page.h"
#include "figure_words.h"
#include "token_label.h"

namespace headlight {
namespace {

constexpr std::size_t words_shown = 4;
constexpr int most_rectangles = 64;

Rgb mixed(Rgb a, Rgb b, double share) {
  const auto mix = [&](int x, int y) {
    return static_cast<std::uint8_t>(std::lround(x + (y - x) * share));
  };
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

Rgb allowed_color(Theme theme) {
  return theme == Theme::light ? Rgb{58, 99, 168} : Rgb{112, 158, 232};
}

std::string title_of(const std::vector<ComparedColumn>& columns, const ComparisonFigure& figure) {
  if (!figure.title.empty()) return valid_utf8(figure.title);
  const ComparedColumn& first = columns.front();
  return default_title(first.model->config, first.model->name, {first.head}) + "  compared";
}

// What the whole page shows, below the title.
std::string subtitle_of(const std::vector<ComparedColumn>& columns,
                        const ComparisonFigure& figure) {
  const ComparedColumn& first = columns.front();
  std::string text = text_of(*first.run, first.head.kind);
  if (!text.empty()) text = "\u201C" + text + "\u201D";
  FigureRequest request{.heads = {first.head}, .display = figure.display};
  request.display.shown = Shown::baseline;
  for (const std::string& line : subtitle_lines(*first.baseline, request))
    text += (text.empty() ? "" : "\n") + line;
  return text;
}

FigureMetadata metadata_of(const std::vector<ComparedColumn>& columns,
                           const ComparisonFigure& figure) {
  FigureMetadata metadata{title_of(columns, figure), subtitle_of(columns, figure), ""};
  std::string names;
  for (const ComparedColumn& column : columns)
    names += (names.empty() ? "" : ",") + json_string(column_title(*column.run, column.head));
  const ComparedColumn& first = columns.front();
  metadata.json = "{\"program\":\"Headlight\",\"model\":" + json_string(first.model->name) +
                  ",\"text\":" + json_string(text_of(*first.run, first.head.kind)) +
                  ",\"head\":" + json_string(head_name(first.model->config, first.head)) +
                  ",\"shown\":\"comparison\",\"columns\":[" + names + "]}";
  return metadata;
}

// Cells of whole pixels where the format has pixels.
double cell_of(const Canvas& canvas, double side, int tokens) {
  if (canvas.pixels() <= 0.0) return side / tokens;
  const double pixels = std::round(side * canvas.pixels() / tokens);
  return pixels < 1.0 ? canvas.snap(side) / tokens : pixels / canvas.pixels();
}

// Draws one page, from top to bottom.
class Page {
 public:
  Page(const Canvas& canvas, const std::vector<ComparedColumn>& columns,
       const ComparisonFigure& figure)
      : canvas_(canvas), columns_(columns), figure_(figure), display_(figure.display),
        colors_(page_colors(figure.display.theme)), rows_(comparison_rows(columns)) {}

  Extent draw(Extent page) {
    canvas_.fill(0.0, 0.0, page.width, page.height, colors_.page);
    lay_out();
    draw_heading();
    draw_titles();
    draw_masks();
    draw_maps();
    draw_differences();
    draw_fields();
    draw_numbers();
    return {width_, y_ + page_margin};
  }

 private:
  TextStyle ink(double size) const { return {.size = size, .color = colors_.ink}; }
  TextStyle muted(double size) const { return {.size = size, .color = colors_.muted}; }
  TextStyle mono(double size) const { return {.size = size, .color = colors_.ink, .mono = true}; }

  int longest() const {
    int most = 1;
    for (const ComparedColumn& c : columns_)
      most = std::max({most, c.run->queries(c.head.kind), c.run->keys(c.head.kind)});
    return most;
  }
  double x_of(std::size_t column) const {
    return left_ + static_cast<double>(column) * (slot_ + gap_);
  }
  bool has_own_rows(std::size_t column) const {
    return column == 0 || columns_[column].run->query_tokens(columns_[column].head.kind) !=
                              columns_[0].run->query_tokens(columns_[0].head.kind);
  }
  Extent area(const ComparedColumn& c, double cell) const {
    return {canvas_.line_width(c.run->keys(c.head.kind) * cell),
            canvas_.line_width(c.run->queries(c.head.kind) * cell)};
  }
  int most_cells(double side) const {
    return canvas_.pixels() > 0.0 ? static_cast<int>(side * canvas_.pixels() + 0.01)
                                  : static_cast<int>(side * 6.0);
  }
  AxisLabels labels(const std::vector<Token>& tokens) const { return {tokens, cell_, 54.0}; }

  void lay_out() {
    const double side = std::clamp(560.0 / static_cast<double>(columns_.size()), 112.0, 190.0);
    cell_ = cell_of(canvas_, side, longest());
    mask_cell_ = cell_of(canvas_, 54.0, longest());
    labelled_ = cell_ >= 5.0;
    gap_ = canvas_.snap(14.0);
    for (std::size_t i = 1; i < columns_.size() && labelled_; ++i) {
      if (has_own_rows(i)) gap_ = std::max(gap_, 60.0);
    }
    slot_ = std::max(cell_ * longest(), side);
    double gutter = std::min(canvas_.measure(field_name(), muted(7.0)).width, 110.0);
    for (const ComparisonRow& row : rows_)
      gutter = std::max(gutter, canvas_.measure(row.name, muted(7.0)).width);
    for (std::size_t i = 0; i < columns_.size() && labelled_; ++i) {
      const AxisLabels axis = labels(columns_[i].run->query_tokens(columns_[i].head.kind));
      if (has_own_rows(i)) gutter = std::max(gutter, axis.width(canvas_));
    }
    left_ = canvas_.snap(page_margin + gutter + 8.0);
    bars_ = canvas_.snap(x_of(columns_.size() - 1) + slot_ + 12.0);
    map_bar_ = bar_of_maps();
    differs_ = std::any_of(columns_.begin() + 1, columns_.end(), [&](const ComparedColumn& c) {
      return same_shape(c, columns_.front());
    });
    double room = color_bar_room(canvas_, map_bar_);
    if (differs_) {
      difference_end_ = shared_difference_end(columns_, display_);
      for (const ComparedColumn& c : columns_) {
        if (&c == &columns_.front() || !same_shape(c, columns_.front())) continue;
        difference_bar_ = column_difference(c, columns_.front(), display_, difference_end_);
        break;
      }
      room = std::max(room, color_bar_room(canvas_, difference_bar_));
    }
    width_ = bars_ + room + page_margin;
  }

  // One upper end for the maps' colours.
  MapValues bar_of_maps() {
    MapValues bar = column_map(columns_.front(), display_);
    map_end_ = 0.0f;
    for (const ComparedColumn& c : columns_)
      map_end_ = std::max(map_end_, column_map(c, display_).high);
    set_range_end(bar, map_end_);
    return bar;
  }

  std::string field_name() const {
    const ComparedColumn& first = columns_.front();
    const std::vector<Token>& tokens = first.run->query_tokens(first.head.kind);
    return "layers to " + figure_label(tokens[static_cast<std::size_t>(first.field.position)]);
  }

  void draw_heading() {
    const double room = width_ - 2 * page_margin;
    y_ = page_margin;
    TextStyle title{.size = 11.0, .color = colors_.ink, .bold = true, .width = room, .wrap = true};
    y_ += canvas_.text(page_margin, y_, title_of(columns_, figure_), title).height;
    TextStyle small{.size = 8.0, .color = colors_.muted, .width = room, .wrap = true};
    const std::string subtitle = subtitle_of(columns_, figure_);
    if (!subtitle.empty()) y_ += 3.0 + canvas_.text(page_margin, y_ + 3.0, subtitle, small).height;
    y_ += 12.0;
  }

  void draw_titles() {
    double height = 0.0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      TextStyle bold{.size = 9.0, .color = colors_.ink, .bold = true, .width = slot_};
      double used =
          canvas_.text(x_of(i), y_, column_title(*columns_[i].run, columns_[i].head), bold).height;
      TextStyle small{.size = 7.0, .color = colors_.muted, .width = slot_, .wrap = true};
      std::string more = column_subtitle(columns_[i], columns_.front());
      if (more.empty()) more = i == 0 ? "the model as trained" : " ";
      used += 1.0 + canvas_.text(x_of(i), y_ + used + 1.0, more, small).height;
      const std::string notice = mask_notice(columns_[i]);
      if (!notice.empty()) {
        TextStyle ink{.size = 7.0, .color = colors_.ink, .width = slot_, .wrap = true};
        used += 1.0 + canvas_.text(x_of(i), y_ + used + 1.0, notice, ink).height;
      }
      height = std::max(height, used);
    }
    y_ = canvas_.snap(y_ + height + 7.0);
  }

  // The mask as a small square, the prediction beside it.
  void draw_masks() {
    row_name("mask", 0.0);
    double height = 0.0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const ComparedColumn& c = columns_[i];
      const double x = canvas_.snap(x_of(i));
      const Extent square = area(c, mask_cell_);
      if (!canvas_.measuring()) {
        const ColorCells cells = mask_cells_colors(c, display_.theme, most_cells(square.height),
                                                   most_cells(square.width));
        draw_cells(canvas_, cells, x, y_, square, plain_page(), longest() <= most_rectangles);
      }
      double below = y_;
      const double words_left = x + square.width + 8.0;
      if (c.prediction.position >= 0) {
        below += canvas_.text(words_left, below, predicts(c), muted(6.5)).height + 1.5;
        for (const auto& [word, probability] : predicted_words(c, words_shown)) {
          char share[16];
          std::snprintf(share, sizeof share, "%.2f", static_cast<double>(probability));
          const double number = canvas_.text(words_left, below, share, mono(6.5)).width;
          TextStyle style = ink(6.5);
          style.width = std::max(slot_ - square.width - 12.0 - number, 20.0);
          below += canvas_.text(words_left + number + 4.0, below, figure_label({.text = word}), style)
                       .height;
        }
      }
      height = std::max({height, square.height, below - y_});
    }
    y_ = canvas_.snap(y_ + height + 10.0);
  }

  std::string predicts(const ComparedColumn& c) const {
    const bool next = c.model->config.predicts == ModelConfig::Predicts::next_token;
    return std::string(next ? "after " : "at ") +
           figure_label(c.run->tokens()[static_cast<std::size_t>(c.prediction.position)]);
  }

  // Cells of the page's own colour are what a causal head never sees: no gaps are drawn there.
  const PageColors& plain_page() const { return colors_; }

  void row_name(const std::string& name, double below) {
    TextStyle style = muted(7.0);
    style.width = left_ - page_margin - 8.0;
    canvas_.text(page_margin, y_ + below, name, style);
  }

  void draw_maps() {
    double above = 0.0;
    for (const ComparedColumn& c : columns_) {
      if (labelled_) above = std::max(above, labels(c.run->key_tokens(c.head.kind)).width(canvas_));
    }
    y_ = canvas_.snap(y_ + above);
    double height = 0.0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const ComparedColumn& c = columns_[i];
      const double x = canvas_.snap(x_of(i));
      const Extent square = area(c, cell_);
      height = std::max(height, square.height);
      if (labelled_) {
        labels(c.run->key_tokens(c.head.kind)).draw_above(canvas_, colors_, x, y_);
        if (has_own_rows(i))
          labels(c.run->query_tokens(c.head.kind)).draw_left(canvas_, colors_, x, y_);
      }
      if (canvas_.measuring()) continue;
      MapValues map = column_map(c, display_);
      set_range_end(map, map_end_);
      draw_map(map, shaded_cells(*c.run, c.head, display_), x, square);
    }
    draw_bar(map_bar_, height);
    y_ = canvas_.snap(y_ + height + 10.0);
  }

  void draw_differences() {
    if (!differs_) return;
    double height = 0.0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const ComparedColumn& c = columns_[i];
      const double x = canvas_.snap(x_of(i));
      const Extent square = area(c, cell_);
      height = std::max(height, square.height);
      const std::string why = i == 0                                ? "the others minus this one"
                              : same_shape(c, columns_.front()) ? ""
                                                                  : "other tokens than the first";
      if (!why.empty()) {
        canvas_.text(x + square.width / 2, y_ + square.height / 2 - 4.0, why, muted(7.0),
                     Align::center);
        if (!canvas_.measuring())
          canvas_.frame(x, y_, square.width, square.height, colors_.masked);
        continue;
      }
      if (canvas_.measuring()) continue;
      std::vector<std::uint8_t> shaded = shaded_cells(*c.run, c.head, display_);
      const std::vector<std::uint8_t> of_first =
          shaded_cells(*columns_.front().run, columns_.front().head, display_);
      for (std::size_t k = 0; k < shaded.size(); ++k) shaded[k] &= of_first[k];
      draw_map(column_difference(c, columns_.front(), display_, difference_end_), shaded, x, square);
    }
    draw_bar(difference_bar_, height);
    y_ = canvas_.snap(y_ + height + 8.0);
  }

  void draw_map(const MapValues& map, const std::vector<std::uint8_t>& shaded, double x,
                Extent square) {
    const ColorCells cells =
        color_cells(map, shaded, display_, most_cells(square.height), most_cells(square.width));
    draw_cells(canvas_, cells, x, y_, square, colors_, longest() <= most_rectangles);
  }

  void draw_bar(const MapValues& bar, double height) {
    draw_color_bar(canvas_, bar, display_, bars_, y_, std::clamp(height, 90.0, 160.0));
  }

  // Which tokens reach the position, below the keys.
  void draw_fields() {
    if (columns_.front().field.depth.empty()) return;
    const double height = canvas_.snap(9.0);
    row_name(field_name(), 0.0);
    for (std::size_t i = 0; i < columns_.size() && !canvas_.measuring(); ++i) {
      const ReceptiveField& field = columns_[i].field;
      const double x = canvas_.snap(x_of(i));
      for (std::size_t token = 0; token < field.depth.size(); ++token) {
        const double left = canvas_.snap(x + static_cast<double>(token) * cell_);
        const double right = canvas_.snap(x + static_cast<double>(token + 1) * cell_);
        const Rgb color = depth_color(field.depth[token], field.layers, display_.theme);
        canvas_.fill(left, y_, right - left - (cell_ >= 4.0 ? canvas_.line_width(0.5) : 0.0),
                     height, color);
        if (cell_ < 6.0 || field.depth[token] < 0) continue;
        const bool light = (display_.theme == Theme::light) == (2 * field.depth[token] > field.layers);
        canvas_.text((left + right) / 2, y_ + 0.6, std::to_string(field.depth[token]),
                     {.size = 6.0,
                      .color = light ? Rgb{24, 26, 31} : Rgb{255, 255, 255},
                      .mono = true},
                     Align::center);
      }
    }
    y_ += height + 9.0;
  }

  void draw_numbers() {
    const double line = canvas_.measure("0", ink(7.0)).height + 3.0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const double thin = canvas_.line_width(0.4);
      const double right = x_of(columns_.size() - 1) + slot_;
      canvas_.fill(page_margin, canvas_.snap(y_), right - page_margin, thin, colors_.masked);
      canvas_.text(page_margin, y_ + 1.8, rows_[r].name, muted(7.0));
      for (std::size_t i = 0; i < columns_.size(); ++i)
        canvas_.text(x_of(i), y_ + 1.8, rows_[r].values[i], mono(7.0));
      y_ += line;
    }
  }

  const Canvas& canvas_;
  const std::vector<ComparedColumn>& columns_;
  const ComparisonFigure& figure_;
  const Display& display_;
  const PageColors& colors_;
  std::vector<ComparisonRow> rows_;

  double cell_ = 0.0, mask_cell_ = 0.0;
  bool labelled_ = false, differs_ = false;
  double left_ = 0.0, slot_ = 0.0, gap_ = 0.0, bars_ = 0.0, width_ = 0.0;
  float map_end_ = 1.0f, difference_end_ = 1.0f;
  MapValues map_bar_, difference_bar_;
  double y_ = 0.0;
};

}  // namespace

ColorCells mask_cells_colors(const ComparedColumn& column, Theme theme, int most_rows,
                             int most_columns) {
  const PageColors& colors = page_colors(theme);
  const std::vector<Access> access = access_of(column);
  const int queries = column.run->queries(column.head.kind);
  const int keys = column.run->keys(column.head.kind);
  ColorCells cells;
  cells.rows = std::min(queries, std::max(most_rows, 1));
  cells.columns = std::min(keys, std::max(most_columns, 1));
  const auto first = [](int index, int tokens, int parts) {
    return static_cast<int>(static_cast<std::int64_t>(index) * tokens / parts);
  };
  for (int row = 0; row < cells.rows; ++row) {
    for (int place = 0; place < cells.columns; ++place) {
      Access best = Access::none;
      for (int q = first(row, queries, cells.rows); q < first(row + 1, queries, cells.rows); ++q) {
        for (int k = first(place, keys, cells.columns); k < first(place + 1, keys, cells.columns); ++k)
          best = std::max(best, access[static_cast<std::size_t>(q) * static_cast<std::size_t>(keys) +
                                       static_cast<std::size_t>(k)]);
      }
      cells.colors.push_back(best == Access::allowed  ? allowed_color(theme)
                             : best == Access::masked ? colors.masked
                                                      : colors.page);
    }
  }
  return cells;
}

Rgb depth_color(int depth, int layers, Theme theme) {
  const PageColors& colors = page_colors(theme);
  if (depth < 0) return colors.masked;
  // From the accent, which is near, towards the page.
  const double share = layers > 0 ? static_cast<double>(depth) / (layers + 1) : 0.0;
  return mixed(allowed_color(theme), colors.masked, 0.9 * share);
}

std::string draw_comparison(const std::vector<ComparedColumn>& columns,
                            const ComparisonFigure& figure, FigureFormat format) {
  if (columns.empty()) throw std::invalid_argument("[draw_comparison] there are no columns");
  if (!(figure.scale > 0.0) || !std::isfinite(figure.scale))
    throw std::invalid_argument("[draw_comparison] the scale must be a positive number");
  return draw_file(format, figure.scale, metadata_of(columns, figure),
                   [&](const Canvas& canvas, Extent page) {
                     return Page(canvas, columns, figure).draw(page);
                   });
}

std::string comparison_file(const std::vector<ComparedColumn>& columns,
                            const ComparisonFigure& figure, const std::string& ending) {
  if (ending == ".csv") return comparison_csv(columns);
  if (ending == ".json") return comparison_json(columns);
  if (ending == ".svg") return draw_comparison(columns, figure, FigureFormat::svg);
  if (ending == ".pdf") return draw_comparison(columns, figure, FigureFormat::pdf);
  if (ending == ".png") return draw_comparison(columns, figure, FigureFormat::png);
  throw std::invalid_argument("a comparison's file must end in .png, .svg, .pdf, .csv or .json");
}

}  // namespace headlight
