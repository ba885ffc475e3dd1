#include "head_id.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

using Heads = std::vector<HeadId>;

std::string refusal(const std::string& text) {
  return message_of<std::invalid_argument>([&] { parse_heads(text, 4, 8); });
}

}  // namespace

TEST_CASE("a head is written with its layer first") {
  CHECK(to_string(HeadId{}) == "L0 H0");
  CHECK(to_string(HeadId{5, 3}) == "L5 H3");
  CHECK(to_string(HeadId{11, 10}) == "L11 H10");
}

TEST_CASE("heads are ordered by layer and then by number") {
  CHECK(HeadId{0, 7} < HeadId{1, 0});
  CHECK(HeadId{1, 0} < HeadId{1, 1});
}

TEST_CASE("heads are read from single names and stars and lists") {
  CHECK(parse_heads("2.3", 4, 8) == Heads{{2, 3}});
  CHECK(parse_heads("3.7", 4, 8) == Heads{{3, 7}});
  CHECK(parse_heads("1.*", 2, 3) == Heads{{1, 0}, {1, 1}, {1, 2}});
  CHECK(parse_heads("*.2", 2, 3) == Heads{{0, 2}, {1, 2}});
  CHECK(parse_heads("*.*", 2, 2) == Heads{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  CHECK(parse_heads("1.1,0.1", 2, 2) == Heads{{0, 1}, {1, 1}});
  CHECK(parse_heads("0.1,0.*,0.1", 2, 2) == Heads{{0, 0}, {0, 1}});
}

TEST_CASE("heads that cannot be read are refused by naming the part") {
  const std::string shape = "\": expected LAYER.HEAD, as in 2.3, 2.* or *.*";
  for (const char* text : {"", "5", "L1 H2", "*"}) {
    CHECK(refusal(text) == "[parse_heads] \"" + std::string(text) + shape);
  }
  CHECK(refusal("1.2,") == "[parse_heads] \"" + shape);
  CHECK(refusal(",1.2") == "[parse_heads] \"" + shape);
  const std::string numbers = "\": expected LAYER.HEAD, two numbers counted from 0, or * for all";
  for (const char* text : {".", "1.", ".1", "-1.0", "0.-1", "a.0", "0.b", "1.2.3", " 1.2", "1.2x",
                           "1.**", "99999999999.0"}) {
    CHECK(refusal(text) == "[parse_heads] \"" + std::string(text) + numbers);
  }
  CHECK(refusal("0.0,4.0") == "[parse_heads] \"4.0\": the model has 4 layers (0 to 3)");
  CHECK(refusal("0.8") == "[parse_heads] \"0.8\": the model has 8 heads a layer (0 to 7)");
  CHECK(refusal("*.8") == "[parse_heads] \"*.8\": the model has 8 heads a layer (0 to 7)");
}
