#include "padding.h"

#include <doctest/doctest.h>

using namespace headlight;

TEST_CASE("padding: a key is hidden from every query and shown again, and painted cells stay") {
  HeadEdit edit{.masked_cells = {{2, 0}, {1, 3}}};
  CHECK_FALSE(hides_key(edit, 4, 3));
  hide_key(edit, 4, 3, true);
  CHECK(hides_key(edit, 4, 3));
  CHECK(edit.masked_cells == std::vector<Cell>{{2, 0}, {0, 3}, {1, 3}, {2, 3}, {3, 3}});
  CHECK_FALSE(hides_key(edit, 5, 3));  // a longer text has a query that may look
  hide_key(edit, 4, 3, false);
  CHECK_FALSE(hides_key(edit, 4, 3));
  CHECK(edit.masked_cells == std::vector<Cell>{{2, 0}});
}
