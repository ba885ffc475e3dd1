#include "figure_png.h"

#include <png.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace headlight {
namespace {

[[noreturn]] void fail(png_structp, png_const_charp message) {
  throw std::runtime_error(std::string("cannot encode the PNG: ") + message);
}
void ignore(png_structp, png_const_charp) {}

void append(png_structp png, png_bytep bytes, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(bytes), count);
}

class Writer {
 public:
  explicit Writer(std::string& bytes)
      : png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, fail, ignore)),
        info_(png_ ? png_create_info_struct(png_) : nullptr) {
    if (!info_) throw std::bad_alloc();
    png_set_write_fn(png_, &bytes, append, nullptr);
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  png_structp png() const { return png_; }
  png_infop info() const { return info_; }

 private:
  png_structp png_;
  png_infop info_;
};

png_text text_chunk(const char* key, const std::string& text) {
  png_text chunk{};
  chunk.compression = PNG_ITXT_COMPRESSION_NONE;
  chunk.key = const_cast<char*>(key);
  chunk.text = const_cast<char*>(text.c_str());
  chunk.itxt_length = text.size();
  chunk.lang = const_cast<char*>("");
  chunk.lang_key = const_cast<char*>("");
  return chunk;
}

}  // namespace

std::string encode_png(cairo_surface_t* image, double pixels_per_point,
                       const FigureMetadata& metadata) {
  cairo_surface_flush(image);
  const int width = cairo_image_surface_get_width(image);
  const int height = cairo_image_surface_get_height(image);
  const int stride = cairo_image_surface_get_stride(image);
  const unsigned char* pixels = cairo_image_surface_get_data(image);

  std::string bytes;
  const std::string software = "Headlight";
  std::vector<png_byte> row(static_cast<std::size_t>(width) * 3);
  Writer writer(bytes);
  png_structp png = writer.png();
  png_set_IHDR(png, writer.info(), static_cast<png_uint_32>(width),
               static_cast<png_uint_32>(height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const auto per_metre = static_cast<png_uint_32>(std::lround(pixels_per_point * 72.0 / 0.0254));
  png_set_pHYs(png, writer.info(), per_metre, per_metre, PNG_RESOLUTION_METER);
  png_text chunks[] = {text_chunk("Title", metadata.title),
                       text_chunk("Description", metadata.description),
                       text_chunk("Software", software), text_chunk("headlight", metadata.json)};
  png_set_text(png, writer.info(), chunks, 4);
  png_write_info(png, writer.info());
  for (int y = 0; y < height; ++y) {
    const auto* words =
        reinterpret_cast<const std::uint32_t*>(pixels + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < width; ++x) {
      row[static_cast<std::size_t>(x) * 3] = static_cast<png_byte>(words[x] >> 16);
      row[static_cast<std::size_t>(x) * 3 + 1] = static_cast<png_byte>(words[x] >> 8);
      row[static_cast<std::size_t>(x) * 3 + 2] = static_cast<png_byte>(words[x]);
    }
    png_write_row(png, row.data());
  }
  png_write_end(png, writer.info());
  return bytes;
}

}  // namespace headlight
