#include "figure_svg.h"

#include <cctype>
#include <map>

namespace headlight {
namespace {

// cairo numbers surfaces through the life of the program, and names images and patterns after them.
std::string with_stable_ids(const std::string& svg) {
  std::map<std::string, int> numbers;
  std::string stable;
  std::size_t done = 0;
  for (std::size_t at = svg.find_first_of("#\""); at != std::string::npos;
       at = svg.find_first_of("#\"", at + 1)) {
    const bool reference = svg[at] == '#';
    if (!reference && (at < 3 || svg.compare(at - 3, 3, "id=") != 0)) continue;
    for (const std::string name : {"surface", "image", "pattern", "clip", "mask"}) {
      if (svg.compare(at + 1, name.size(), name) != 0) continue;
      const std::size_t begin = at + 1 + name.size();
      std::size_t end = begin;
      while (end < svg.size() && std::isdigit(static_cast<unsigned char>(svg[end]))) ++end;
      if (end == begin) continue;
      const std::string number = svg.substr(begin, end - begin);
      const int next = static_cast<int>(numbers.size());
      stable.append(svg, done, begin - done);
      stable += std::to_string(numbers.emplace(number, next).first->second);
      done = end;
    }
  }
  return stable.append(svg, done, std::string::npos);
}

std::string with_sharp_images(std::string svg) {
  // Viewers know the one or the other word; each takes the last that it knows.
  const std::string style = "style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\" ";
  const std::string image = "<image ";
  for (std::size_t at = svg.find(image); at != std::string::npos; at = svg.find(image, at + 1))
    svg.insert(at + image.size(), style);
  return svg;
}

std::string with_metadata(const std::string& svg, const FigureMetadata& metadata) {
  const std::size_t root = svg.find("<svg");
  const std::size_t end = root == std::string::npos ? root : svg.find('>', root);
  if (end == std::string::npos) return svg;
  return svg.substr(0, end + 1) + "\n<title>" + xml_text(metadata.title) + "</title>\n<desc>" +
         xml_text(metadata.description) + "</desc>\n<metadata>" + xml_text(metadata.json) +
         "</metadata>" + svg.substr(end + 1);
}

}  // namespace

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+FFFE and U+FFFF are no characters of XML either.
    const bool nonchar = byte == 0xEF && i + 2 < text.size() && text[i + 1] == '\xBF' &&
                         (text[i + 2] == '\xBE' || text[i + 2] == '\xBF');
    if (nonchar) {
      escaped += "\uFFFD";
      i += 2;
    } else if (byte < 0x20 && byte != '\t' && byte != '\n') {
      escaped += "\uFFFD";
    } else if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else if (byte == '>') {
      escaped += "&gt;";
    } else if (byte == '"') {
      escaped += "&quot;";
    } else if (byte == '\'') {
      escaped += "&apos;";
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string finish_svg(std::string svg, const FigureMetadata& metadata) {
  return with_metadata(with_sharp_images(with_stable_ids(svg)), metadata);
}

}  // namespace headlight
