#include "picture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "color_maps.h"
#include "palette.h"
#include "pass.h"
#include "pass_reference.h"
#include "paths.h"
#include "prediction.h"

using namespace headlight;

namespace {

std::shared_ptr<const Model> tiny() {
  static const auto model =
      std::make_shared<const Model>(load_model(test::test_data() / "models" / "tiny-gpt2"));
  return model;
}

// An answer as the worker gives it.
std::shared_ptr<const Snapshot> answer(const std::string& text, const Edits& edits = {}) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->request = {
      .model = "", .text = text, .ids = {}, .target = {}, .target_ids = {}, .edits = edits};
  snapshot->model = tiny();
  snapshot->baseline = std::make_shared<const Trace>(run(*tiny(), text));
  snapshot->baseline_heads =
      std::make_shared<const SummariesByKind>(summarize(*snapshot->baseline, 64));
  snapshot->edited = snapshot->baseline;
  snapshot->edited_heads = snapshot->baseline_heads;
  if (!edits.empty()) {
    snapshot->edited = std::make_shared<const Trace>(run(*tiny(), text, edits));
    snapshot->edited_heads =
        std::make_shared<const SummariesByKind>(summarize(*snapshot->edited, 64));
  }
  snapshot->prediction =
      predict(*snapshot->baseline, *snapshot->edited, snapshot->baseline->size() - 1);
  return snapshot;
}

State state_for(const Snapshot& snapshot) {
  State state;
  state.request = snapshot.request;
  return state;
}

ImU32 color_at(const std::array<Rgb, 256>& table, float position) {
  const Rgb c = table[static_cast<std::size_t>(std::lround(position * 255.0f))];
  return IM_COL32(c.r, c.g, c.b, 255);
}

int red(ImU32 c) { return static_cast<int>(c >> IM_COL32_R_SHIFT & 255); }
int blue(ImU32 c) { return static_cast<int>(c >> IM_COL32_B_SHIFT & 255); }

constexpr char sentence[] = "the cat sat on the mat and the dog sat on the rug";

// Every cell of a head masked but one: a lone bright cell.
HeadEdit all_but(int query, int key, int tokens) {
  HeadEdit edit;
  for (int q = 0; q < tokens; ++q) {
    for (int k = 0; k <= q; ++k) {
      if (q != query || k != key) edit.masked_cells.push_back({q, k});
    }
  }
  return edit;
}

}  // namespace

TEST_CASE("without an answer a picture is empty") {
  Picture picture;
  CHECK(picture.has_no_snapshot());
  CHECK(picture.empty());
  CHECK(picture.tokens() == 0);
  CHECK(picture.update(std::make_shared<Snapshot>(), State{}));
  CHECK_FALSE(picture.has_no_snapshot());
  CHECK(picture.empty());
}

TEST_CASE("a picture is made anew only for what it depends on") {
  const auto snapshot = answer(sentence);
  State state = state_for(*snapshot);
  Picture picture;
  CHECK(picture.update(snapshot, state));
  const int map = picture.map_version(), thumbnails = picture.thumbnails_version();
  CHECK_FALSE(picture.update(snapshot, state));
  state.display.view = View::arcs;
  state.display.text_scale = 1.5f;
  state.display.left_width = 300.0f;
  CHECK_FALSE(picture.update(snapshot, state));
  CHECK(picture.map_version() == map);
  CHECK(picture.thumbnails_version() == thumbnails);

  state.selection.head = {1, 1};
  CHECK(picture.update(snapshot, state));
  CHECK(picture.map_version() > map);
  CHECK(picture.thumbnails_version() == thumbnails);

  state.display.theme = Theme::light;
  CHECK(picture.update(snapshot, state));
  CHECK(picture.thumbnails_version() > thumbnails);

  state.selection.query = 2;
  CHECK(picture.update(snapshot, state));
  CHECK(picture.prediction().position == 2);

  const int before = picture.map_version();
  CHECK(picture.update(answer("another text"), state));
  CHECK(picture.map_version() > before);
}

TEST_CASE("the map holds the selected head of the run that is shown") {
  const Edits edits = {{{0, 1}, {.temperature = 5.0f}}};
  const auto snapshot = answer(sentence, edits);
  State state = state_for(*snapshot);
  state.selection.head = {0, 1};
  Picture picture;
  for (const Shown shown : {Shown::baseline, Shown::edited, Shown::difference}) {
    state.display.shown = shown;
    picture.update(snapshot, state);
    const MapValues expected =
        map_values(*snapshot->baseline, *snapshot->edited, {0, 1}, state.display);
    CHECK(picture.map().values == expected.values);
    CHECK(picture.map().position == expected.position);
    CHECK(picture.map().diverging == (shown == Shown::difference));
  }
}

TEST_CASE("a map of the rollout shows weights until the snapshot has the rollout") {
  auto snapshot = std::make_shared<Snapshot>(*answer(sentence, {{{0, 1}, {.temperature = 5.0f}}}));
  State state = state_for(*snapshot);
  state.selection.head = {1, 0};
  state.display.quantity = Quantity::rollout;
  Picture picture;
  picture.update(snapshot, state);
  CHECK(picture.waits_for_rollout());
  const auto weights = snapshot->edited->weights({1, 0});
  CHECK(picture.map().values == std::vector<float>(weights.begin(), weights.end()));
  auto rolled = std::make_shared<Snapshot>(*snapshot);
  std::vector<float> before = shown_rollout(*snapshot->baseline, AttentionKind::self);
  std::vector<float> after = shown_rollout(*snapshot->edited, AttentionKind::self);
  before[before.size() / 2] += 0.25f;  // so that one sees which numbers are shown
  rolled->rollouts = std::make_shared<const Rollouts>(
      Rollouts{AttentionKind::self, std::make_shared<const std::vector<float>>(before),
               std::make_shared<const std::vector<float>>(after)});
  const std::size_t cells = after.size() / 2;  // tiny-gpt2 has two layers
  picture.update(rolled, state);
  CHECK_FALSE(picture.waits_for_rollout());
  CHECK(picture.map().values ==
        std::vector<float>(after.begin() + static_cast<std::ptrdiff_t>(cells), after.end()));
  state.display.shown = Shown::difference;
  picture.update(rolled, state);
  CHECK(picture.map().values[0] == doctest::Approx(after[cells] - before[cells]));
}

TEST_CASE("a difference without any says in which layer there is one") {
  const auto snapshot = answer(sentence, {{{0, 1}, {.gain = 0.0f}}});
  State state = state_for(*snapshot);
  state.selection.head = {0, 1};
  state.display.shown = Shown::difference;
  Picture picture;
  picture.update(snapshot, state);
  CHECK(picture.unchanged());  // only its output is gone
  CHECK(picture.first_changed_layer() == 1);
  state.selection.head = {1, 0};
  picture.update(snapshot, state);
  CHECK_FALSE(picture.unchanged());
  const auto last = answer(sentence, {{{1, 1}, {.gain = 0.0f}}});
  picture.update(last, state_for(*last));
  state.request = last->request;
  picture.update(last, state);
  CHECK(picture.unchanged());
  CHECK_FALSE(picture.first_changed_layer());
}

TEST_CASE("each pixel of a map has its strongest cell's colour") {
  const auto snapshot = answer(sentence, {{{1, 2}, {.temperature = 0.3f}}});
  State state = state_for(*snapshot);
  state.selection.head = {1, 2};
  Picture picture;
  for (const Shown shown : {Shown::edited, Shown::difference}) {
    for (const Range range : {Range::unit, Range::map, Range::row}) {
      state.display.shown = shown;
      state.display.range = range;
      picture.update(snapshot, state);
      const MapValues& map = picture.map();
      const int n = map.queries;
      const auto& table =
          map.diverging ? diverging_table(Theme::dark) : color_table(ColorMap::viridis);
      const float rest = map.diverging ? 0.5f : 0.0f;
      for (const int factor : {1, 2, 3, 7, n, n + 5}) {
        const Image image = picture.map_image(factor, Theme::dark);
        const int side = (n + factor - 1) / factor;
        REQUIRE(image.width == side);
        REQUIRE(image.height == side);
        REQUIRE(image.pixels.size() == static_cast<std::size_t>(side) * side);
        int wrong = 0;
        for (int y = 0; y < side; ++y) {
          for (int x = 0; x < side; ++x) {
            float strongest = -1.0f, at = 0.0f;
            for (int q = y * factor; q < std::min(n, (y + 1) * factor); ++q) {
              for (int k = x * factor; k <= std::min(q, (x + 1) * factor - 1); ++k) {
                const float position = map.position[static_cast<std::size_t>(q * n + k)];
                if (std::fabs(position - rest) > strongest) {
                  strongest = std::fabs(position - rest);
                  at = position;
                }
              }
            }
            const ImU32 expected =
                strongest < 0.0f ? palette_of(Theme::dark).masked : color_at(table, at);
            wrong += image.pixels[static_cast<std::size_t>(y * side + x)] != expected;
          }
        }
        CHECK_MESSAGE(wrong == 0, "factor " << factor << ": " << wrong << " pixels");
      }
    }
  }
}

TEST_CASE("a lone bright cell is seen at any reduction") {
  const int n = static_cast<int>(answer(sentence)->baseline->size());
  for (const Cell cell : {Cell{n - 1, 0}, Cell{n / 2, 1}, Cell{n - 1, n - 1}, Cell{0, 0}}) {
    const auto snapshot = answer(sentence, {{{0, 3}, all_but(cell.query, cell.key, n)}});
    State state = state_for(*snapshot);
    state.selection.head = {0, 3};
    Picture picture;
    picture.update(snapshot, state);
    const ImU32 bright = color_at(color_table(ColorMap::viridis), 1.0f);
    for (int factor = 1; factor <= n; ++factor) {
      const Image image = picture.map_image(factor, Theme::dark);
      const int at = cell.query / factor * image.width + cell.key / factor;
      CHECK(image.pixels[static_cast<std::size_t>(at)] == bright);
      CHECK(std::count(image.pixels.begin(), image.pixels.end(), bright) == 1);
    }
  }
}

TEST_CASE("cells that a mask forbids have the masked colour in the edited map alone") {
  HeadEdit edit;
  edit.mask = local_mask(1);
  edit.masked_cells = {{4, 4}};
  const auto snapshot = answer(sentence, {{{0, 0}, edit}});
  State state = state_for(*snapshot);
  Picture picture;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    state.display.theme = theme;
    state.display.shown = Shown::edited;
    picture.update(snapshot, state);
    const int n = picture.tokens();
    Image image = picture.map_image(1, theme);
    const ImU32 masked = palette_of(theme).masked;
    for (int q = 0; q < n; ++q) {
      for (int k = 0; k < n; ++k) {
        const bool allowed = k <= q && q - k <= 1 && !(q == 4 && k == 4);
        CHECK(picture.allowed(q, k) == allowed);
        CHECK((image.pixels[static_cast<std::size_t>(q * n + k)] == masked) == !allowed);
      }
    }
    state.display.shown = Shown::baseline;
    picture.update(snapshot, state);
    image = picture.map_image(1, theme);
    CHECK(picture.allowed(4, 4));
    CHECK(picture.allowed(9, 0));
    CHECK_FALSE(picture.allowed(0, 9));
    CHECK(image.pixels[static_cast<std::size_t>(9 * n)] != masked);
    CHECK(image.pixels[9] == masked);
  }
}

TEST_CASE("masked cells beyond the text are passed over") {
  HeadEdit edit;
  edit.masked_cells = {{1, 0}, {500, 3}, {1000000, 1000000}};
  const auto snapshot = answer("the cat", {{{0, 0}, edit}});
  Picture picture;
  picture.update(snapshot, state_for(*snapshot));
  CHECK_FALSE(picture.allowed(1, 0));
  CHECK(picture.allowed(1, 1));
}

TEST_CASE("rows that no key is left to are counted") {
  Picture picture;
  const auto plain = answer("the cat sat");
  picture.update(plain, state_for(*plain));
  CHECK(picture.blind_rows() == 0);
  const auto none = answer("the cat sat", {{{0, 0}, {.mask = global_mask(0)}}});
  picture.update(none, state_for(*none));
  CHECK(picture.blind_rows() == picture.tokens());
  HeadEdit edit;
  edit.masked_cells = {{0, 0}, {1, 0}};
  const auto one = answer("the cat sat", {{{0, 0}, edit}});
  picture.update(one, state_for(*one));
  CHECK(picture.blind_rows() == 1);
}

TEST_CASE("a pooled key is drawn as a cell that spans its tokens") {
  const auto model = std::make_shared<const Model>(
      load_model(test::test_data() / "models" / "tiny-headlight"));
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->request.text = "the cat sat on";
  snapshot->model = model;
  snapshot->baseline = snapshot->edited =
      std::make_shared<const Trace>(run(*model, snapshot->request.text));
  snapshot->baseline_heads = snapshot->edited_heads =
      std::make_shared<const SummariesByKind>(summarize(*snapshot->baseline, 64));
  const int n = snapshot->baseline->size();
  REQUIRE(n >= 7);
  snapshot->prediction = predict(*snapshot->baseline, *snapshot->edited, n - 1);
  State state = state_for(*snapshot);
  state.selection.head = {0, 2};  // It pools by 3.
  Picture picture;
  picture.update(snapshot, state);
  const Image image = picture.map_image(1, Theme::dark);
  const ImU32 masked = palette_of(Theme::dark).masked;
  for (int query = 0; query < n; ++query) {
    double sum = 0.0;
    for (int key = 0; key < n; ++key) {
      const ImU32 color = image.pixels[static_cast<std::size_t>(query * n + key)];
      if (key > query) {
        CHECK(color == masked);
        continue;
      }
      // All tokens of a pool, as far as the query has come, have the colour of its last one.
      const int last = std::min(key / 3 * 3 + 2, query);
      const MapValues& map = picture.map();
      const float position = map.position[cell_index(map, query, last)];
      CHECK(color == color_at(color_table(ColorMap::viridis), position));
      CHECK(picture.allowed(query, key) == (key == last));
      sum += map.values[cell_index(map, query, key)];
    }
    CHECK(sum == doctest::Approx(1.0));
  }
}

TEST_CASE("a difference is red where weight was gained and blue where it was lost") {
  HeadEdit edit;
  edit.masked_cells = {{5, 0}};
  const auto snapshot = answer(sentence, {{{0, 2}, edit}});
  State state = state_for(*snapshot);
  state.selection.head = {0, 2};
  state.display.shown = Shown::difference;
  state.display.range = Range::map;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    state.display.theme = theme;
    Picture picture;
    picture.update(snapshot, state);
    const int n = picture.tokens();
    const Image image = picture.map_image(1, theme);
    const auto pixel = [&](int q, int k) {
      return image.pixels[static_cast<std::size_t>(q * n + k)];
    };
    CHECK(blue(pixel(5, 0)) > red(pixel(5, 0)));
    int gained = 0;
    for (int k = 1; k <= 5; ++k) gained += red(pixel(5, k)) > blue(pixel(5, k));
    CHECK(gained > 0);
    const ImU32 rest = pixel(3, 1);  // another row is as it was
    CHECK(std::abs(red(rest) - blue(rest)) <= 8);
  }
}

TEST_CASE("thumbnails lie by layer and head and show each head") {
  const auto snapshot = answer(sentence);
  State state = state_for(*snapshot);
  Picture picture;
  picture.update(snapshot, state);
  const int n = picture.tokens();
  REQUIRE(n < 64);
  const ModelConfig& config = tiny()->config;
  const Image& image = picture.thumbnails();
  CHECK(picture.tile_rows() == n);
  CHECK(picture.tile_columns() == n);
  REQUIRE(image.width == config.heads * n);
  REQUIRE(image.height == config.layers * n);
  REQUIRE(image.pixels.size() == static_cast<std::size_t>(image.width) * image.height);
  for (const Range range : {Range::unit, Range::map, Range::row}) {
    state.display.range = range;
    picture.update(snapshot, state);
    for (int layer = 0; layer < config.layers; ++layer) {
      for (int head = 0; head < config.heads; ++head) {
        state.selection.head = {layer, head};
        picture.update(snapshot, state);
        const Image map = picture.map_image(1, Theme::dark);
        int wrong = 0;
        for (int q = 0; q < n; ++q) {
          for (int k = 0; k < n; ++k) {
            const int at = (layer * n + q) * image.width + head * n + k;
            wrong += picture.thumbnails().pixels[static_cast<std::size_t>(at)] !=
                     map.pixels[static_cast<std::size_t>(q * n + k)];
          }
        }
        CHECK_MESSAGE(wrong == 0, to_string(HeadId{layer, head}) << ": " << wrong << " pixels");
      }
    }
  }
}

TEST_CASE("thumbnails of edited heads and of differences agree with the map") {
  const auto snapshot =
      answer(sentence, {{{0, 0}, {.mask = local_mask(2), .masked_cells = {{4, 4}}}}});
  State state = state_for(*snapshot);
  Picture picture;
  const ModelConfig& config = tiny()->config;
  for (const Shown shown : {Shown::baseline, Shown::edited, Shown::difference}) {
    for (const Range range : {Range::unit, Range::map, Range::row}) {
      for (const Scale scale : {Scale::linear, Scale::log}) {
        state.display.shown = shown;
        state.display.range = range;
        state.display.scale = scale;
        int wrong = 0;
        for (int i = 0; i < config.layers * config.heads; ++i) {
          state.selection.head = {i / config.heads, i % config.heads};
          picture.update(snapshot, state);
          const int n = picture.tokens();
          const Image map = picture.map_image(1, Theme::dark);
          const Image& all = picture.thumbnails();
          for (int q = 0; q < n; ++q) {
            for (int k = 0; k < n; ++k) {
              const int at = (i / config.heads * n + q) * all.width + i % config.heads * n + k;
              wrong += all.pixels[static_cast<std::size_t>(at)] !=
                       map.pixels[static_cast<std::size_t>(q * n + k)];
            }
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("thumbnails agree with the map in the logarithmic scale") {
  const auto snapshot = answer(sentence);
  State state = state_for(*snapshot);
  state.display.scale = Scale::log;
  Picture picture;
  picture.update(snapshot, state);
  const int n = picture.tokens();
  const Image map = picture.map_image(1, Theme::dark);
  int far = 0;
  for (int q = 0; q < n; ++q) {
    for (int k = 0; k <= q; ++k) {
      const ImU32 a =
          picture.thumbnails().pixels[static_cast<std::size_t>(q * picture.thumbnails().width + k)];
      const ImU32 b = map.pixels[static_cast<std::size_t>(q * n + k)];
      far += std::abs(red(a) - red(b)) > 4 || std::abs(blue(a) - blue(b)) > 4;
    }
  }
  CHECK(far == 0);
}

TEST_CASE("hiding the first token darkens its column in map and thumbnails") {
  const auto snapshot = answer(sentence);
  State state = state_for(*snapshot);
  state.display.hide_first = true;
  Picture picture;
  picture.update(snapshot, state);
  const int n = picture.tokens();
  const ImU32 nothing = color_at(color_table(ColorMap::viridis), 0.0f);
  const Image map = picture.map_image(1, Theme::dark);
  for (int q = 0; q < n; ++q) {
    CHECK(map.pixels[static_cast<std::size_t>(q * n)] == nothing);
    CHECK(picture.thumbnails().pixels[static_cast<std::size_t>(q * picture.thumbnails().width)] ==
          nothing);
  }
}

TEST_CASE("without edits the prediction is one and the same") {
  const auto snapshot = answer(sentence);
  Picture picture;
  picture.update(snapshot, state_for(*snapshot));
  const PredictionView& view = picture.prediction();
  CHECK(view.position == picture.tokens() - 1);
  CHECK(view.kl == 0.0);
  REQUIRE(!view.rows.empty());
  float sum = 0.0f;
  for (const auto& row : view.rows) {
    CHECK(row.before == row.after);
    CHECK(row.after > 0.0f);
    CHECK(!row.text.empty());
    sum += row.after;
  }
  CHECK(sum <= 1.0f + 1e-5f);
  const Candidate best = top_candidates(snapshot->baseline->logits(view.position), 1).front();
  CHECK(view.rows.front().id == best.id);
  CHECK(view.rows.front().after == doctest::Approx(best.probability));
}

TEST_CASE("the prediction shows the most probable tokens of both runs in order") {
  const Edits edits = {{{0, 0}, {.gain = 0.0f}}, {{1, 1}, {.gain = 0.0f}}};
  const auto snapshot = answer(sentence, edits);
  State state = state_for(*snapshot);
  Picture picture;
  for (const int query : {0, 3, 7}) {
    state.selection.query = query;
    picture.update(snapshot, state);
    const PredictionView& view = picture.prediction();
    CHECK(view.position == query);
    CHECK(view.kl > 0.0);
    CHECK(view.kl == doctest::Approx(kl_divergence(snapshot->baseline->logits(query),
                                                   snapshot->edited->logits(query))));
    const auto p = probabilities(snapshot->baseline->logits(query));
    const auto q = probabilities(snapshot->edited->logits(query));
    std::vector<int> ids;
    float last = 1.0f;
    for (const auto& row : view.rows) {
      CHECK(row.before == doctest::Approx(p[static_cast<std::size_t>(row.id)]));
      CHECK(row.after == doctest::Approx(q[static_cast<std::size_t>(row.id)]));
      CHECK(std::max(row.before, row.after) <= last);
      last = std::max(row.before, row.after);
      CHECK(std::find(ids.begin(), ids.end(), row.id) == ids.end());
      ids.push_back(row.id);
    }
    // Nothing that is left out is more probable than what is shown.
    for (std::size_t id = 0; id < p.size(); ++id) {
      if (std::find(ids.begin(), ids.end(), static_cast<int>(id)) != ids.end()) continue;
      CHECK(std::max(p[id], q[id]) <= last * (1 + 1e-5));
    }
  }
}

TEST_CASE("a pinned query beyond the text gives the last token's prediction") {
  const auto snapshot = answer("the cat");
  State state = state_for(*snapshot);
  state.selection.query = 5000;
  Picture picture;
  picture.update(snapshot, state);
  CHECK(picture.prediction().position == picture.tokens() - 1);
}

TEST_CASE("a head that the model lacks leaves the picture as it was") {
  const auto snapshot = answer("the cat");
  State state = state_for(*snapshot);
  Picture picture;
  picture.update(snapshot, state);
  const auto values = picture.map().values;
  state.selection.head = {40, 2};
  CHECK_NOTHROW(picture.update(snapshot, state));
  CHECK(picture.map().values == values);
}

TEST_CASE("one token is a picture") {
  const auto snapshot = answer("a");
  Picture picture;
  picture.update(snapshot, state_for(*snapshot));
  REQUIRE(picture.tokens() == 1);
  CHECK(picture.map_image(1, Theme::dark).pixels.size() == 1);
  CHECK(picture.map().values == std::vector<float>{1.0f});
}

TEST_CASE("a picture shows the kind of attention that is selected with its own tokens") {
  const auto model = std::make_shared<const Model>(test::encoder_decoders().front());
  const Input input = test::input_of_ids(*model, {2, 5, 6, 7}, {8, 9, 10, 11, 12, 13, 14});
  const HeadEdit edit{.mask = local_mask(2), .masked_cells = {{3, 1}}};
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->model = model;
  snapshot->baseline = std::make_shared<const Trace>(run(*model, input));
  snapshot->edited =
      std::make_shared<const Trace>(run(*model, input, {{{0, 1, AttentionKind::cross}, edit}}));
  snapshot->baseline_heads =
      std::make_shared<const SummariesByKind>(summarize(*snapshot->baseline, 64));
  snapshot->edited_heads =
      std::make_shared<const SummariesByKind>(summarize(*snapshot->edited, 64));
  snapshot->prediction = predict(*snapshot->baseline, *snapshot->edited, 3);
  State state;
  Picture picture;
  const ImU32 masked = palette_of(Theme::dark).masked;
  for (const AttentionKind kind : model->config.kinds()) {
    CAPTURE(to_string(kind));
    const int rows = kind == AttentionKind::encoder ? 7 : 4;
    const int columns = kind == AttentionKind::self ? 4 : 7;
    state.selection.head = {0, 1, kind};
    CHECK(picture.update(snapshot, state));
    CHECK(picture.kind() == kind);
    CHECK(picture.query_tokens().size() == std::size_t(rows));
    CHECK(picture.key_tokens().size() == std::size_t(columns));
    CHECK(picture.layers() == model->config.layers_of(kind));
    CHECK(picture.heads() == model->config.heads_of(kind));
    CHECK(picture.map().queries == rows);
    CHECK(picture.map().keys == columns);
    CHECK(picture.tile_rows() == rows);
    CHECK(picture.tile_columns() == columns);
    REQUIRE(picture.thumbnails().width == picture.heads() * columns);
    REQUIRE(picture.thumbnails().height == picture.layers() * rows);
    const Image map = picture.map_image(1, Theme::dark);
    REQUIRE(map.width == columns);
    REQUIRE(map.height == rows);
    for (int q = 0; q < rows; ++q) {
      for (int k = 0; k < columns; ++k) {
        const bool causal = kind == AttentionKind::self && k > q;
        const bool forbidden =
            kind == AttentionKind::cross && (std::abs(q - k) > 2 || (q == 3 && k == 1));
        CHECK(picture.allowed(q, k) == !(causal || forbidden));
        const ImU32 pixel = map.pixels[static_cast<std::size_t>(q * columns + k)];
        CHECK((pixel == masked) == (causal || forbidden));
        // Head 1 of layer 0 in the thumbnails.
        const int at = q * picture.thumbnails().width + columns + k;
        CHECK(picture.thumbnails().pixels[static_cast<std::size_t>(at)] == pixel);
      }
    }
    const Image small = picture.map_image(3, Theme::dark);
    CHECK(small.width == (columns + 2) / 3);
    CHECK(small.height == (rows + 2) / 3);
    const HeadId last{picture.layers() - 1, picture.heads() - 1, kind};
    CHECK(picture.edited_stats(last) == snapshot->edited_heads->at(kind).stats.back());
    CHECK(picture.baseline_stats(last) == snapshot->baseline_heads->at(kind).stats.back());
    // The encoder's tokens have no prediction: the last token's stays.
    state.selection.query = 1;
    picture.update(snapshot, state);
    CHECK(picture.prediction().position == (kind == AttentionKind::encoder ? 3 : 1));
    state.selection.query.reset();
    picture.update(snapshot, state);
    CHECK(picture.prediction().position == 3);
  }
}
