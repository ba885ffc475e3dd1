#include "state.h"

#include <algorithm>
#include <utility>

namespace headlight {

std::vector<Column> default_columns() {
  std::vector<Column> columns(3);
  columns[0].mask = local_mask(4);
  columns[1].mask = dilated_mask(4, 2);
  columns[2].mask = global_mask(1);
  return columns;
}

Request column_request(const Request& first, const Column& column) {
  Request request = first;
  request.edits = column.edits;
  if (column.model && *column.model != first.model) {
    request.model = *column.model;
    request.ids.clear();
    request.target.reset();
    request.target_ids.clear();
  }
  if (column.text) {
    request.text = *column.text;
    request.ids.clear();
    request.target.reset();
    request.target_ids.clear();
  }
  return request;
}

Edits column_edits(const Column& column, const ModelConfig& config) {
  HeadId head = column.head;
  if (!config.encoder_decoder()) head.kind = AttentionKind::self;
  head.layer = std::clamp(head.layer, 0, config.layers_of(head.kind) - 1);
  head.head = std::clamp(head.head, 0, config.heads_of(head.kind) - 1);
  if (column.mask.is_full()) return normalized(column.edits);
  if (column.place == MaskPlace::split) {
    const MaskPart& part = column.mask.parts.front();
    return with_resolutions(column.edits, config, head.kind, part.a, std::max(part.b, 1));
  }
  return with_mask(column.edits, heads_at(config, column.place, head), column.mask);
}

void change_model(State& state, std::string model) {
  state.request = {.model = std::move(model), .text = std::move(state.request.text)};
  state.selection = {.head = {.kind = AttentionKind::cross}};
  for (Column& column : state.columns) {
    column.edits.clear();
    column.head = state.selection.head;
  }
}

}  // namespace headlight
