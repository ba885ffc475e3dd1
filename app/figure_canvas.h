#pragma once

#include <pango/pangocairo.h>

#include <string>

#include "color_maps.h"
#include "state.h"

namespace headlight {

/// Colours of a figure's page, by theme.
struct PageColors {
  Rgb page;
  Rgb ink;     ///< Titles and tokens.
  Rgb muted;   ///< Axis names, ticks, notices.
  Rgb line;    ///< Frames.
  Rgb masked;  ///< Cells that a head may not look at: close to the page, in no colour map.
};
const PageColors& page_colors(Theme theme);

/// How a piece of text looks. Lengths are points, 1/72 inch.
struct TextStyle {
  double size = 7.5;
  Rgb color;
  bool bold = false;
  bool mono = false;    ///< JetBrains Mono, for numbers; else Inter.
  bool markup = false;  ///< The text is Pango markup.
  double width = 0.0;   ///< Room for a line; 0: as wide as it gets.
  bool wrap = false;    ///< Break lines at `width`; else end with an ellipsis there.
};

struct Extent {
  double width = 0.0;
  double height = 0.0;
};

enum class Align { left, center, right };

/// A cairo surface to draw on in points. Text is shaped by Pango, so every script and emoji that
/// the machine has a font for comes out right. Two canvases measure the same text alike, whatever
/// their format.
class Canvas {
 public:
  /// Draws on a surface, whose reference is taken over. `pixels` is pixels per point, or 0 for a
  /// vector surface. `measuring`: nothing needs to be drawn, only measured.
  Canvas(cairo_surface_t* surface, double pixels, bool measuring);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  cairo_t* cairo() const { return cairo_; }
  bool measuring() const { return measuring_; }
  double pixels() const { return pixels_; }

  /// The nearest place on the pixel grid; the place itself on a vector surface.
  double snap(double place) const;
  /// `width` or one pixel, whichever is more.
  double line_width(double width) const;

  Extent measure(const std::string& text, const TextStyle& style) const;

  /// Draws text whose left, middle or right is at x and whose top is at y; returns its extent.
  Extent text(double x, double y, const std::string& text, const TextStyle& style,
              Align align = Align::left) const;

  /// The same turned to read upwards: its start is at the bottom, y, and its middle line at x.
  void text_up(double x, double y, const std::string& text, const TextStyle& style,
               Align align = Align::left) const;

  void set_color(Rgb color) const;
  void fill(double x, double y, double width, double height, Rgb color) const;
  void frame(double x, double y, double width, double height, Rgb color) const;

 private:
  PangoLayout* layout(const std::string& text, const TextStyle& style) const;

  cairo_t* cairo_;
  PangoContext* context_;
  double pixels_;
  bool measuring_;
};

}  // namespace headlight
