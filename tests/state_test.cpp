#include "state.h"

#include <doctest/doctest.h>

namespace headlight {

TEST_CASE("another model keeps the text and the display, and drops what belongs to the old one") {
  State state;
  state.request = {.model = "old", .text = "The cat", .ids = {1, 2}, .target = "Le chat",
                   .target_ids = {3}, .edits = {{HeadId{1, 2}, HeadEdit{.gain = 0.0f}}}};
  state.selection = {.head = {1, 2}, .query = 1, .key = 0};
  state.display.theme = Theme::light;
  change_model(state, "new");
  CHECK(state.request == Request{.model = "new", .text = "The cat"});
  CHECK(state.selection == Selection{.head = {.kind = AttentionKind::cross}});
  CHECK(state.display.theme == Theme::light);
}

TEST_CASE("a column is the request with what it has of its own") {
  const Request first{.model = "m", .text = "The cat", .ids = {1, 2}, .target = "Le chat",
                      .edits = {{HeadId{0, 0}, HeadEdit{.gain = 0.0f}}}};
  CHECK(column_request(first, {}) == Request{.model = "m", .text = "The cat", .ids = {1, 2},
                                             .target = "Le chat"});
  CHECK(column_request(first, {.text = "A dog"}) == Request{.model = "m", .text = "A dog"});
  CHECK(column_request(first, {.model = "n"}) == Request{.model = "n", .text = "The cat"});
}

TEST_CASE("a column's mask goes to the heads that it names, as far as the model has them") {
  ModelConfig config;
  config.layers = 2;
  config.heads = config.key_value_heads = 3;
  Column column{.mask = local_mask(3)};
  column.edits[{0, 1}].gain = 0.0f;
  Edits edits = column_edits(column, config);
  CHECK(edits.size() == 6);
  CHECK(edits.at({1, 2}).mask == local_mask(3));
  CHECK(edits.at({0, 1}).gain == 0.0f);
  column.place = MaskPlace::head;
  column.head = {9, 9, AttentionKind::cross};
  edits = column_edits(column, config);
  CHECK(edits.size() == 2);
  CHECK(edits.at({1, 2}).mask == local_mask(3));
  column.place = MaskPlace::split;
  column.mask = dilated_mask(5, 3);
  edits = column_edits(column, config);
  CHECK(edits.at({1, 0}).mask == local_mask(5));
  CHECK(edits.at({1, 1}).mask == dilated_mask(5, 3));
  CHECK_FALSE(edits.contains({1, 2}));
  column.mask = {};
  CHECK(column_edits(column, config) == column.edits);
}

}  // namespace headlight
