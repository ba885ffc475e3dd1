#pragma once

#include <functional>
#include <string>

#include "figure_canvas.h"

namespace headlight {

/// A4 upright, in points.
inline constexpr double handout_width = 595.0, handout_height = 842.0, handout_margin = 42.0;

/// Writes down a hand-out's pages from top to bottom. Texts that would cross the end of a page begin the next.
class HandoutPage {
 public:
  /// `footer` stands at the end of each page, with its number.
  HandoutPage(const Canvas& canvas, std::string footer);

  const Canvas& canvas() const { return canvas_; }
  double y() const { return y_; }
  double width() const { return handout_width - 2 * handout_margin; }
  /// Begins a new page unless `height` points are left on this one.
  void need(double height);
  void skip(double height) { y_ += height; }
  /// A paragraph, as wide as the page less `indent`; returns its height.
  double text(const std::string& words, TextStyle style, double indent = 0.0);
  /// An empty line to write on.
  void line_to_write(double indent = 0.0);
  void finish();  ///< The last page's footer.

 private:
  void foot();

  const Canvas& canvas_;
  std::string footer_;
  double y_ = handout_margin;
  int page_ = 1;
};

/// The bytes of the PDF that `draw` writes. Throws std::runtime_error where it cannot be drawn.
std::string handout_file(const std::string& title, const std::string& footer,
                         const std::function<void(HandoutPage&)>& draw);

}  // namespace headlight
