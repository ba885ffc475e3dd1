#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edits.h"
#include "mask_placement.h"
#include "tiny_layer.h"
#include "walk.h"

namespace headlight {

/// What to compute: the answer to it is a Snapshot.
struct Request {
  std::string model;     ///< Folder or file of the model, or a built-in one's name; empty: mini-gpt.
  std::string text;      ///< What the user typed. Of an encoder-decoder: the source.
  std::vector<int> ids;  ///< Token ids instead of a text, when not empty.
  /// What the decoder of an encoder-decoder is fed, its start token not counted; none: it decodes
  /// greedily, without the edits, so that edits are compared on the same tokens.
  std::optional<std::string> target;
  std::vector<int> target_ids;  ///< Ids instead of a target, the start token first, when not empty.
  Edits edits;
  bool operator==(const Request&) const = default;
};

/// A column of the compare view beyond the first, which is the request itself: a request of its own
/// that shares what it does not say.
struct Column {
  std::optional<std::string> model;  ///< None: the first column's.
  std::optional<std::string> text;   ///< None: the first column's, and its ids and target too.
  Mask mask;                         ///< Put on the heads that `place` and `head` name.
  MaskPlace place = MaskPlace::all;  ///< `split`: the mask's first numbers are window and gap.
  HeadId head;                       ///< Of `head` and `layer`.
  Edits edits;                       ///< Everything else that is changed.
  std::optional<HeadId> shows;       ///< Whose map it shows; none: the selected head's.
  bool operator==(const Column&) const = default;
};

/// The fewest and most columns that stand beside the first.
inline constexpr std::size_t least_columns = 1, most_columns_beside = 3;

/// What is compared with the request at first: one mask of each kind.
std::vector<Column> default_columns();

/// The request that a column makes beside the first. Its mask is not yet among the edits.
Request column_request(const Request& first, const Column& column);

/// The column's edits with its mask on the heads that it names, as far as the model has them.
Edits column_edits(const Column& column, const ModelConfig& config);

/// What is looked at.
struct Selection {
  HeadId head;
  std::optional<int> query;  ///< Pinned by a click, else none.
  std::optional<int> key;
  bool operator==(const Selection&) const = default;
};

enum class View { map, arcs, text, pruning, compare, variants, learn };
/// What a map shows of each pair of tokens.
enum class Quantity {
  weights,         ///< Attention weights.
  value_weighted,  ///< Weight times the norm of what it moves (value_weighted.h).
  rollout,         ///< Of the whole stack up to the layer (rollout.h); not of one head.
};
enum class Shown { baseline, edited, difference };
enum class ColorMap { viridis, cividis, magma, grey };
enum class Scale { linear, log };
enum class Range { unit, map, row };  ///< 0 to 1; 0 to the map's maximum; each row to its own maximum.
enum class Theme { dark, light };
/// How the heads stand in the grid: layers down, or one after the other by a number on this text,
/// the largest first; importance once it was measured.
enum class HeadOrder { layers, entropy, distance, maximum, sink, importance };

/// How it is drawn.
struct Display {
  View view = View::map;
  Shown shown = Shown::edited;
  Quantity quantity = Quantity::weights;  ///< Weights where a model or file has nothing else.
  ColorMap color_map = ColorMap::viridis;
  Scale scale = Scale::linear;
  Range range = Range::unit;
  bool hide_first = false;  ///< Hide the first token's weight and scale up the rest of each row.
  Theme theme = Theme::dark;
  HeadOrder order = HeadOrder::layers;
  std::string role;      ///< Heads without this role (role_name, or "unclassified") step back; empty: none do.
  bool outline = false;  ///< Outline the cells that make the selected head's role.
  float left_width = 0.0f;   ///< Splitters, in pixels at 100 %; 0: as the window sees fit.
  float right_width = 0.0f;
  float text_scale = 1.0f;   ///< Size of all text and widgets; 1 = 16 px at 100 %.
  bool presents = false;     ///< Presenter mode: large type, the picture and the prompt alone.
  bool operator==(const Display&) const = default;
};

/// The pages of the Learn view.
enum class LearnPage { lessons, walk, tiny, naive, parameters, cache, rotary };

/// Where the learner stands.
struct Learn {
  LearnPage page = LearnPage::lessons;
  WalkStep step = WalkStep::embed;  ///< Of the walk, and of that through the tiny layer.
  std::optional<WalkCell> cell;     ///< Pinned by a click; else the one under the mouse is explained.
  bool fused = false;               ///< Q, K and V as one product.
  Dropout dropout;
  TinyLayer tiny;
  int tiny_head = 0;
  int cached = 0;  ///< Of the page on the key-value cache: tokens before the one that is appended; 0: all but one.
  int pair = 0;    ///< Of the page on rotary positions: which pair of dimensions,
  int shift = 0;   ///< and by how many tokens query and key are moved together.
  std::string lesson;  ///< Name of the lesson that is taken; empty: none.
  int lesson_part = 0;
  bool operator==(const Learn&) const = default;
};

/// All that a user can change, as one value. A session file is this, written as JSON.
struct State {
  Request request;
  std::vector<Column> columns = default_columns();
  Selection selection;
  Display display;
  Learn learn;
  bool operator==(const State&) const = default;
};

/// Shows another model: the text stays; edits, ids, target and selection belong to the old one and
/// go. The first head of cross-attention is selected: what an encoder-decoder alone has; in a model of
/// one stack that is the first head.
void change_model(State& state, std::string model);

}  // namespace headlight
