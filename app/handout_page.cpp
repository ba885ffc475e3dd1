#include "handout_page.h"

#include <cairo-pdf.h>

#include <stdexcept>

namespace headlight {
namespace {

constexpr double foot_height = 24.0;

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int count) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), count);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

HandoutPage::HandoutPage(const Canvas& canvas, std::string footer) : canvas_(canvas), footer_(std::move(footer)) {}

void HandoutPage::foot() {
  const TextStyle style{.size = 8.0, .color = page_colors(Theme::light).muted, .width = width()};
  const double y = handout_height - handout_margin - 8.0;
  canvas_.text(handout_margin, y, footer_, style);
  canvas_.text(handout_width - handout_margin, y, std::to_string(page_), {.size = 8.0, .color = style.color}, Align::right);
}

void HandoutPage::need(double height) {
  if (y_ + height <= handout_height - handout_margin - foot_height || y_ <= handout_margin) return;
  foot();
  cairo_show_page(canvas_.cairo());
  ++page_;
  y_ = handout_margin;
}

double HandoutPage::text(const std::string& words, TextStyle style, double indent) {
  style.width = width() - indent;
  style.wrap = true;
  const double height = canvas_.measure(words, style).height;
  need(height);
  canvas_.text(handout_margin + indent, y_, words, style);
  y_ += height;
  return height;
}

void HandoutPage::line_to_write(double indent) {
  need(26.0);
  y_ += 22.0;
  canvas_.fill(handout_margin + indent, y_, width() - indent, 0.6, page_colors(Theme::light).muted);
  y_ += 4.0;
}

void HandoutPage::finish() {
  foot();
  cairo_show_page(canvas_.cairo());
}

std::string handout_file(const std::string& title, const std::string& footer,
                         const std::function<void(HandoutPage&)>& draw) {
  std::string bytes;
  cairo_surface_t* surface = cairo_pdf_surface_create_for_stream(append, &bytes, handout_width, handout_height);
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title.c_str());
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Headlight");
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
  {
    const Canvas canvas(surface, 0.0, false);
    HandoutPage page(canvas, footer);
    draw(page);
    page.finish();
    cairo_surface_finish(surface);
    if (cairo_status(canvas.cairo()) != CAIRO_STATUS_SUCCESS || cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
      throw std::runtime_error("cannot draw the hand-out");
    }
  }
  return bytes;
}

}  // namespace headlight
