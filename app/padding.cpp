#include "padding.h"

#include <algorithm>

namespace headlight {

bool hides_key(const HeadEdit& edit, int queries, int key) {
  for (int query = 0; query < queries; ++query) {
    const auto& cells = edit.masked_cells;
    if (std::find(cells.begin(), cells.end(), Cell{query, key}) == cells.end()) return false;
  }
  return queries > 0;
}

void hide_key(HeadEdit& edit, int queries, int key, bool hidden) {
  std::erase_if(edit.masked_cells, [&](const Cell& cell) { return cell.key == key && cell.query < queries; });
  for (int query = 0; hidden && query < queries; ++query) edit.masked_cells.push_back({query, key});
}

}  // namespace headlight
