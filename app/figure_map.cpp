#include "figure_map.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

namespace headlight {
namespace {

// The cell of [first, last) x [first, last) that is farthest from zero; masked ones come last.
std::size_t strongest(const MapValues& map, const std::vector<std::uint8_t>& masked, int row_begin,
                      int row_end, int key_begin, int key_end) {
  const float zero = map.diverging ? 0.5f : 0.0f;
  std::size_t best = cell_index(map, row_begin, covering_key(map, row_begin, key_begin));
  float best_distance = -1.0f;
  for (int row = row_begin; row < row_end; ++row) {
    for (int key = key_begin; key < key_end; ++key) {
      const std::size_t cell = cell_index(map, row, covering_key(map, row, key));
      const float distance = masked[cell] ? -0.5f : std::abs(map.position[cell] - zero);
      if (distance <= best_distance) continue;
      best = cell;
      best_distance = distance;
    }
  }
  return best;
}

double luminance(Rgb color) {  // Relative, of sRGB (WCAG 2).
  const auto linear = [](std::uint8_t value) {
    const double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b);
}

void draw_rectangles(const Canvas& canvas, const ColorCells& cells, double x, double y, Extent area,
                     const PageColors& colors) {
  const double cell_width = area.width / cells.columns, cell_height = area.height / cells.rows;
  const double least = std::min(cell_width, cell_height);
  const double gap = least >= 5.0 ? canvas.line_width(0.5) : 0.0;
  // Without gaps each rectangle reaches a little under the next ones, so that no viewer's
  // antialiasing lets the page shine through.
  const double overlap = gap == 0.0 && canvas.pixels() == 0.0 ? std::min(0.3, least / 4.0) : 0.0;
  cairo_t* cairo = canvas.cairo();
  cairo_save(cairo);
  cairo_rectangle(cairo, x, y, area.width, area.height);
  cairo_clip(cairo);
  if (canvas.pixels() > 0.0) cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
  canvas.fill(x, y, area.width, area.height, colors.masked);
  for (int row = 0; row < cells.rows; ++row) {
    const Rgb* row_colors = cells.colors.data() + static_cast<std::size_t>(row) * cells.columns;
    const double top = y + row * cell_height;
    for (int begin = 0, end = 0; begin < cells.columns; begin = end) {
      // Neighbours of one colour become one rectangle, unless a gap shall part them.
      const Rgb color = row_colors[begin];
      end = begin + 1;
      while (end < cells.columns && row_colors[end] == color &&
             (gap == 0.0 || color == colors.masked || end % cells.pool != 0))
        ++end;
      if (color == colors.masked) continue;
      const double left = x + begin * cell_width, width = (end - begin) * cell_width;
      if (gap > 0.0) canvas.fill(left, top, width, cell_height, colors.page);
      canvas.fill(left, top, width - gap + overlap, cell_height - gap + overlap, color);
    }
  }
  cairo_restore(cairo);
}

// On a vector surface each cell is several pixels, so that a viewer that smooths images blurs only
// their edges.
void draw_image(const Canvas& canvas, const ColorCells& cells, double x, double y, Extent area) {
  constexpr double pixels_per_point = 4.0;
  const double cell = std::max(area.width / cells.columns, area.height / cells.rows);
  const int zoom =
      canvas.pixels() > 0.0 ? 1 : std::max(static_cast<int>(std::ceil(cell * pixels_per_point)), 1);
  const int width = cells.columns * zoom, height = cells.rows * zoom;
  using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height),
                      cairo_surface_destroy);
  cairo_surface_flush(image.get());
  unsigned char* bytes = cairo_image_surface_get_data(image.get());
  const int stride = cairo_image_surface_get_stride(image.get());
  for (int row = 0; row < height; ++row) {
    auto* words =
        reinterpret_cast<std::uint32_t*>(bytes + static_cast<std::ptrdiff_t>(row) * stride);
    const Rgb* colors = cells.colors.data() + static_cast<std::size_t>(row / zoom) * cells.columns;
    for (int key = 0; key < width; ++key) {
      const Rgb color = colors[key / zoom];
      words[key] = 0xff000000u | static_cast<std::uint32_t>(color.r) << 16 |
                   static_cast<std::uint32_t>(color.g) << 8 | color.b;
    }
  }
  cairo_surface_mark_dirty(image.get());
  cairo_t* cairo = canvas.cairo();
  cairo_save(cairo);
  cairo_translate(cairo, x, y);
  cairo_scale(cairo, area.width / width, area.height / height);
  cairo_set_source_surface(cairo, image.get(), 0.0, 0.0);
  cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST);
  cairo_rectangle(cairo, 0.0, 0.0, width, height);
  cairo_fill(cairo);
  cairo_restore(cairo);
}

}  // namespace

Rgb bar_color(const MapValues& map, const Display& display, float position) {
  const auto& table =
      map.diverging ? diverging_table(display.theme) : color_table(display.color_map);
  return table[static_cast<std::size_t>(std::lround(std::clamp(position, 0.0f, 1.0f) * 255.0f))];
}

ColorCells color_cells(const MapValues& map, const std::vector<std::uint8_t>& masked,
                       const Display& display, int most_rows, int most_columns) {
  const Rgb masked_color = page_colors(display.theme).masked;
  ColorCells cells;
  cells.rows = std::min(map.queries, std::max(most_rows, 1));
  cells.columns = std::min(map.keys, std::max(most_columns, 1));
  if (cells.columns == map.keys) cells.pool = map.pool;
  cells.colors.reserve(static_cast<std::size_t>(cells.rows) * cells.columns);
  const auto first = [](int index, int tokens, int parts) {
    return static_cast<int>(static_cast<std::int64_t>(index) * tokens / parts);
  };
  const auto query = [&](int row) { return first(row, map.queries, cells.rows); };
  const auto key = [&](int column) { return first(column, map.keys, cells.columns); };
  for (int row = 0; row < cells.rows; ++row) {
    for (int column = 0; column < cells.columns; ++column) {
      const std::size_t cell =
          strongest(map, masked, query(row), query(row + 1), key(column), key(column + 1));
      cells.colors.push_back(masked[cell] ? masked_color
                                          : bar_color(map, display, map.position[cell]));
    }
  }
  return cells;
}

void draw_cells(const Canvas& canvas, const ColorCells& cells, double x, double y, Extent area,
                const PageColors& colors, bool as_rectangles) {
  if (canvas.measuring()) return;
  if (as_rectangles)
    draw_rectangles(canvas, cells, x, y, area, colors);
  else
    draw_image(canvas, cells, x, y, area);
  canvas.frame(x, y, area.width, area.height, colors.line);
}

void draw_cell_values(const Canvas& canvas, const MapValues& map,
                      const std::vector<std::uint8_t>& masked, const ColorCells& cells, double x,
                      double y, Extent area) {
  if (canvas.measuring()) return;
  const double cell_width = area.width / map.keys, cell_height = area.height / map.queries;
  TextStyle style{.size = map.diverging ? 6.0 : 6.5, .mono = true};
  for (int row = 0; row < map.queries; ++row) {
    for (int key = 0; key < map.keys; ++key) {
      const std::size_t index = cell_index(map, row, key);
      if (masked[index]) continue;
      char digits[16];
      std::snprintf(digits, sizeof digits, map.diverging ? "%+.2f" : "%.2f",
                    static_cast<double>(map.values[index]));
      std::string text = digits;
      if (text == "0.00" || text == "-0.00" || text == "+0.00") text = "0";
      if (text[0] == '-') text.replace(0, 1, "\u2212");  // A minus as wide as the plus.
      const bool bright = luminance(cells.colors[index]) > 0.22;
      style.color = bright ? Rgb{20, 22, 26} : Rgb{245, 246, 248};
      const double height = canvas.measure(text, style).height;
      const double middle = (key / map.pool * map.pool + key + 1) / 2.0;  // of the key's tokens
      canvas.text(x + middle * cell_width, y + (row + 0.5) * cell_height - height / 2.0, text,
                  style, Align::center);
    }
  }
}

}  // namespace headlight
