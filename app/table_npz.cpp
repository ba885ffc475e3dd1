#include <set>
#include <stdexcept>

#include "npz.h"
#include "table.h"

namespace headlight {
namespace {

// [layers, heads] of the selection when every layer in it shows the same heads, else [1, heads].
std::vector<std::int64_t> grid_shape(const std::vector<HeadId>& heads) {
  std::set<int> layers, numbers;
  for (HeadId id : heads) {
    layers.insert(id.layer);
    numbers.insert(id.head);
  }
  const auto count = static_cast<std::int64_t>(heads.size());
  const auto rows = static_cast<std::int64_t>(layers.size());
  const auto columns = static_cast<std::int64_t>(numbers.size());
  return rows * columns == count ? std::vector{rows, columns} : std::vector<std::int64_t>{1, count};
}

}  // namespace

std::string npz_table(const Trace& baseline, const Trace& edited, const FigureRequest& request) {
  const std::int64_t tokens = edited.size();
  const std::uint64_t cells = request.heads.size() * static_cast<std::uint64_t>(tokens * tokens);
  if (cells * sizeof(float) > 4'000'000'000u)
    throw std::invalid_argument("[write_table] an .npz of " + std::to_string(request.heads.size()) +
                                " heads at " + std::to_string(tokens) +
                                " tokens would be larger than 4 GB: choose fewer heads");

  NpzWriter npz;
  std::vector<std::int64_t> shape = grid_shape(request.heads);
  const std::vector<std::int64_t> grid = shape;
  shape.insert(shape.end(), {tokens, tokens});
  npz.begin("attentions", "<f4", shape);
  for (HeadId id : request.heads) {
    const std::vector<float> weights = shown_weights(baseline, edited, id, request.display);
    npz.append({reinterpret_cast<const char*>(weights.data()), weights.size() * sizeof(float)});
  }
  npz.end();

  std::vector<std::int32_t> layer_ids, head_ids;
  for (HeadId id : request.heads) {
    layer_ids.push_back(id.layer);
    head_ids.push_back(id.head);
  }
  npz.add("layer_ids", layer_ids, grid);
  npz.add("head_ids", head_ids, grid);

  std::vector<std::string> texts;
  std::vector<std::int64_t> ids;
  for (const Token& token : edited.tokens()) {
    texts.push_back(token.text);
    ids.push_back(token.id);
  }
  npz.add("tokens", texts);
  npz.add("token_ids", ids, {tokens});
  const std::vector<float> logits = edited.logits(edited.size() - 1);
  npz.add("logits", logits, {static_cast<std::int64_t>(logits.size())});
  return npz.finish();
}

}  // namespace headlight
