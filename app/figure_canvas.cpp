#include "figure_canvas.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace headlight {
namespace {

constexpr const char* text_fonts = "Inter,Noto Sans,DejaVu Sans,sans-serif";
constexpr const char* mono_fonts = "JetBrains Mono,DejaVu Sans Mono,monospace";

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Layout = std::unique_ptr<PangoLayout, Unref>;

Extent extent_of(PangoLayout* layout) {
  int width = 0, height = 0;
  pango_layout_get_size(layout, &width, &height);
  return {static_cast<double>(width) / PANGO_SCALE, static_cast<double>(height) / PANGO_SCALE};
}

double shift(Align align, double width) {
  return align == Align::left ? 0.0 : align == Align::center ? -width / 2.0 : -width;
}

}  // namespace

const PageColors& page_colors(Theme theme) {
  static constexpr PageColors light{
      {255, 255, 255}, {24, 26, 31}, {104, 110, 122}, {196, 200, 208}, {238, 240, 243}};
  static constexpr PageColors dark{
      {19, 21, 26}, {232, 234, 238}, {148, 154, 166}, {66, 71, 82}, {36, 39, 47}};
  return theme == Theme::light ? light : dark;
}

Canvas::Canvas(cairo_surface_t* surface, double pixels, bool measuring)
    : cairo_(cairo_create(surface)), pixels_(pixels), measuring_(measuring) {
  cairo_surface_destroy(surface);
  // Not when measuring: at a size that will be refused, FreeType would fail, and for good.
  if (pixels > 0.0 && !measuring) cairo_scale(cairo_, pixels, pixels);
  context_ = pango_cairo_create_context(cairo_);
  // Without hinting a text is as wide at every resolution, and on every surface.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context_, options);
  pango_context_set_round_glyph_positions(context_, FALSE);
  cairo_font_options_destroy(options);
}

Canvas::~Canvas() {
  g_object_unref(context_);
  cairo_destroy(cairo_);
}

double Canvas::snap(double place) const {
  return pixels_ > 0.0 ? std::round(place * pixels_) / pixels_ : place;
}

double Canvas::line_width(double width) const {
  return pixels_ > 0.0 ? std::max(std::round(width * pixels_), 1.0) / pixels_ : width;
}

PangoLayout* Canvas::layout(const std::string& text, const TextStyle& style) const {
  PangoLayout* layout = pango_layout_new(context_);
  PangoFontDescription* font =
      pango_font_description_from_string(style.mono ? mono_fonts : text_fonts);
  pango_font_description_set_absolute_size(font, style.size * PANGO_SCALE);
  if (style.bold) pango_font_description_set_weight(font, PANGO_WEIGHT_SEMIBOLD);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  pango_layout_set_auto_dir(layout, FALSE);  // A label stands where it is put in every script.
  if (style.width > 0.0) {
    pango_layout_set_width(layout, static_cast<int>(style.width * PANGO_SCALE));
    if (style.wrap) {
      pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
      pango_layout_set_line_spacing(layout, 1.25f);
    } else {
      pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    }
  }
  if (style.markup)
    pango_layout_set_markup(layout, text.data(), static_cast<int>(text.size()));
  else
    pango_layout_set_text(layout, text.data(), static_cast<int>(text.size()));
  return layout;
}

Extent Canvas::measure(const std::string& text, const TextStyle& style) const {
  const Layout layout(this->layout(text, style));
  return extent_of(layout.get());
}

Extent Canvas::text(double x, double y, const std::string& text, const TextStyle& style,
                    Align align) const {
  const Layout layout(this->layout(text, style));
  const Extent extent = extent_of(layout.get());
  if (measuring_) return extent;
  set_color(style.color);
  cairo_move_to(cairo_, x + shift(align, extent.width), y);
  pango_cairo_show_layout(cairo_, layout.get());
  return extent;
}

void Canvas::text_up(double x, double y, const std::string& text, const TextStyle& style,
                     Align align) const {
  if (measuring_) return;
  const Layout layout(this->layout(text, style));
  const Extent extent = extent_of(layout.get());
  set_color(style.color);
  cairo_save(cairo_);
  cairo_translate(cairo_, x, y);
  cairo_rotate(cairo_, -G_PI / 2.0);
  cairo_move_to(cairo_, shift(align, extent.width), -extent.height / 2.0);
  pango_cairo_update_layout(cairo_, layout.get());
  pango_cairo_show_layout(cairo_, layout.get());
  cairo_restore(cairo_);
}

void Canvas::set_color(Rgb color) const {
  cairo_set_source_rgb(cairo_, color.r / 255.0, color.g / 255.0, color.b / 255.0);
}

void Canvas::fill(double x, double y, double width, double height, Rgb color) const {
  set_color(color);
  cairo_rectangle(cairo_, x, y, width, height);
  cairo_fill(cairo_);
}

void Canvas::frame(double x, double y, double width, double height, Rgb color) const {
  const double line = line_width(0.5);
  set_color(color);
  cairo_set_line_width(cairo_, line);
  cairo_rectangle(cairo_, x - line / 2, y - line / 2, width + line, height + line);
  cairo_stroke(cairo_);
}

}  // namespace headlight
