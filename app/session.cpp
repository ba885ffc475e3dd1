#include "session.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "errors.h"
#include "file_io.h"
#include "session_learn.h"
#include "session_part.h"

namespace headlight {
namespace {

constexpr int version = 1;
constexpr std::size_t largest_file = 16 << 20;
constexpr int deepest = 16;
constexpr float largest_number = 1e9f;

constexpr Name<View> view_names[] = {
    {View::map, "map"}, {View::arcs, "arcs"}, {View::text, "text"}, {View::pruning, "pruning"},
    {View::compare, "compare"}, {View::variants, "variants"}, {View::learn, "learn"}};
constexpr Name<Shown> shown_names[] = {
    {Shown::baseline, "baseline"}, {Shown::edited, "edited"}, {Shown::difference, "difference"}};
constexpr Name<Quantity> quantity_names[] = {{Quantity::weights, "weights"},
                                             {Quantity::value_weighted, "value-weighted"},
                                             {Quantity::rollout, "rollout"}};
constexpr Name<ColorMap> color_map_names[] = {{ColorMap::viridis, "viridis"},
                                              {ColorMap::cividis, "cividis"},
                                              {ColorMap::magma, "magma"},
                                              {ColorMap::grey, "grey"}};
constexpr Name<Scale> scale_names[] = {{Scale::linear, "linear"}, {Scale::log, "log"}};
constexpr Name<Range> range_names[] = {
    {Range::unit, "unit"}, {Range::map, "map"}, {Range::row, "row"}};
constexpr Name<Theme> theme_names[] = {{Theme::dark, "dark"}, {Theme::light, "light"}};
constexpr Name<HeadOrder> order_names[] = {{HeadOrder::layers, "layers"},
                                           {HeadOrder::entropy, "entropy"},
                                           {HeadOrder::distance, "distance"},
                                           {HeadOrder::maximum, "maximum"},
                                           {HeadOrder::sink, "sink"},
                                           {HeadOrder::importance, "importance"}};
constexpr Name<AttentionKind> kind_names[] = {{AttentionKind::self, "decoder"},
                                              {AttentionKind::encoder, "encoder"},
                                              {AttentionKind::cross, "cross"}};
constexpr Name<MaskPlace> place_names[] = {{MaskPlace::head, "head"},
                                           {MaskPlace::layer, "layer"},
                                           {MaskPlace::all, "all"},
                                           {MaskPlace::split, "split"}};
constexpr Name<Replacement> replace_names[] = {{Replacement::zero, "zero"},
                                               {Replacement::mean, "mean"}};

Json write_head(HeadId id) {
  Json json = {{"layer", id.layer}, {"head", id.head}};
  if (id.kind != AttentionKind::self) json["kind"] = to_string(id.kind);
  return json;
}

void read_head(const Part& part, HeadId& id) {
  part.member("layer", [&](const Part& p) { id.layer = p.index(); });
  part.member("head", [&](const Part& p) { id.head = p.index(); });
  part.member("kind", [&](const Part& p) { id.kind = p.choice(kind_names); });
}

Json write_edit(HeadId id, const HeadEdit& edit) {
  Json json = write_head(id);
  if (edit.gain != 1.0f) json["gain"] = shortest(edit.gain);
  if (edit.replace != Replacement::zero) json["replace"] = name_of(edit.replace, replace_names);
  if (edit.temperature != 1.0f) json["temperature"] = shortest(edit.temperature);
  if (!edit.mask.is_full()) json["mask"] = to_string(edit.mask);
  for (const Cell& cell : edit.masked_cells) json["masked_cells"].push_back({cell.query, cell.key});
  return json;
}

Json write_edits(const Edits& edits) {
  Json list = Json::array();
  for (const auto& [id, edit] : normalized(edits)) list.push_back(write_edit(id, edit));
  return list;
}

Cell read_cell(const Part& part) {
  std::vector<int> numbers;
  part.elements([&](const Part& number) { numbers.push_back(number.index()); });
  if (numbers.size() != 2) part.refuse("expected [query, key]");
  return {numbers[0], numbers[1]};
}

Mask read_mask(const Part& part) {
  try {
    return parse_mask(part.text());
  } catch (const std::invalid_argument& error) {
    std::string_view what = error.what();  // "[parse_mask] "part": why"
    if (const auto end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
    part.refuse(std::string(what));
  }
}

void read_edit(const Part& part, Edits& edits) {
  HeadId id{-1, -1};
  HeadEdit edit;
  part.object();
  read_head(part, id);
  if (id.layer < 0 || id.head < 0) part.refuse("has no layer or no head");
  part.member("gain",
              [&](const Part& p) { edit.gain = p.number(-largest_number, largest_number); });
  part.member("replace", [&](const Part& p) { edit.replace = p.choice(replace_names); });
  part.member("temperature",
              [&](const Part& p) { edit.temperature = p.number(1e-4f, largest_number); });
  part.member("mask", [&](const Part& p) { edit.mask = read_mask(p); });
  part.member("masked_cells", [&](const Part& p) {
    p.elements([&](const Part& cell) { edit.masked_cells.push_back(read_cell(cell)); });
  });
  if (!edits.emplace(id, std::move(edit)).second) part.refuse("stands twice: " + to_string(id));
}

Json write_column(const Column& column) {
  Json json = write_head(column.head);
  if (column.model) json["model"] = *column.model;
  if (column.text) json["text"] = *column.text;
  if (column.shows) json["shows"] = write_head(*column.shows);
  json["mask"] = to_string(column.mask);
  json["on"] = name_of(column.place, place_names);
  if (const Json edits = write_edits(column.edits); !edits.empty()) json["edits"] = edits;
  return json;
}

Column read_column(const Part& part) {
  Column column;
  part.object();
  read_head(part, column.head);
  part.member("model", [&](const Part& p) { column.model = p.text(); });
  part.member("text", [&](const Part& p) { column.text = p.text(); });
  part.member("shows", [&](const Part& p) { read_head(p, column.shows.emplace()); });
  part.member("mask", [&](const Part& p) { column.mask = read_mask(p); });
  part.member("on", [&](const Part& p) { column.place = p.choice(place_names); });
  part.member("edits", [&](const Part& p) {
    p.elements([&](const Part& edit) { read_edit(edit, column.edits); });
  });
  return column;
}

Json write_display(const Display& display) {
  return {{"view", name_of(display.view, view_names)},
          {"shown", name_of(display.shown, shown_names)},
          {"quantity", name_of(display.quantity, quantity_names)},
          {"color_map", name_of(display.color_map, color_map_names)},
          {"scale", name_of(display.scale, scale_names)},
          {"range", name_of(display.range, range_names)},
          {"hide_first", display.hide_first},
          {"theme", name_of(display.theme, theme_names)},
          {"order", name_of(display.order, order_names)},
          {"role", display.role},
          {"outline", display.outline},
          {"left_width", shortest(display.left_width)},
          {"right_width", shortest(display.right_width)},
          {"text_scale", shortest(display.text_scale)},
          {"presents", display.presents}};
}

void read_display(const Part& part, Display& display) {
  part.object();
  part.member("view", [&](const Part& p) { display.view = p.choice(view_names); });
  part.member("shown", [&](const Part& p) { display.shown = p.choice(shown_names); });
  part.member("quantity", [&](const Part& p) { display.quantity = p.choice(quantity_names); });
  part.member("color_map", [&](const Part& p) { display.color_map = p.choice(color_map_names); });
  part.member("scale", [&](const Part& p) { display.scale = p.choice(scale_names); });
  part.member("range", [&](const Part& p) { display.range = p.choice(range_names); });
  part.member("hide_first", [&](const Part& p) { display.hide_first = p.flag(); });
  part.member("theme", [&](const Part& p) { display.theme = p.choice(theme_names); });
  part.member("order", [&](const Part& p) { display.order = p.choice(order_names); });
  part.member("role", [&](const Part& p) { display.role = p.text(); });
  part.member("outline", [&](const Part& p) { display.outline = p.flag(); });
  part.member("left_width", [&](const Part& p) { display.left_width = p.number(0, 100000); });
  part.member("right_width", [&](const Part& p) { display.right_width = p.number(0, 100000); });
  part.member("text_scale", [&](const Part& p) { display.text_scale = p.number(0.25f, 8); });
  part.member("presents", [&](const Part& p) { display.presents = p.flag(); });
}

Json parse(const std::string& text, const std::string& source) {
  const auto check_depth = [&](int depth, Json::parse_event_t event, Json&) {
    const bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= deepest)
      throw LoadError(source + ": nested deeper than " + std::to_string(deepest) + " levels");
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (const Json::exception& error) {
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at ..."
    if (const std::size_t end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw LoadError(source + ": not JSON: " + what.substr(0, 200));
  }
}

}  // namespace

std::string write_session(const State& state) {
  const Request& request = state.request;
  Json json = {{"headlight_session", version}};
  if (!request.model.empty()) json["model"] = request.model;
  json["text"] = request.text;
  if (!request.ids.empty()) json["ids"] = request.ids;
  if (request.target) json["target"] = *request.target;
  if (!request.target_ids.empty()) json["target_ids"] = request.target_ids;
  json["edits"] = write_edits(request.edits);
  json["columns"] = Json::array();
  for (const Column& column : state.columns) json["columns"].push_back(write_column(column));
  const Selection& selection = state.selection;
  json["selection"] = write_head(selection.head);
  if (selection.query) json["selection"]["query"] = *selection.query;
  if (selection.key) json["selection"]["key"] = *selection.key;
  json["display"] = write_display(state.display);
  json["learn"] = write_learn(state.learn);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

State read_session(const std::string& text, const std::string& source) {
  const Json json = parse(text, source);
  if (!json.is_object() || !json.contains("headlight_session"))
    throw LoadError(source + ": not a session of Headlight");
  const Part top(json, source, "");
  State state;
  top.member("headlight_session", [](const Part& p) {
    if (p.index() != version)
      p.refuse("this program reads version " + std::to_string(version) + " only");
  });
  top.member("model", [&](const Part& p) { state.request.model = p.text(); });
  top.member("text", [&](const Part& p) { state.request.text = p.text(); });
  top.member("ids", [&](const Part& p) {
    p.elements([&](const Part& id) { state.request.ids.push_back(id.index()); });
  });
  top.member("target", [&](const Part& p) { state.request.target = p.text(); });
  top.member("target_ids", [&](const Part& p) {
    p.elements([&](const Part& id) { state.request.target_ids.push_back(id.index()); });
  });
  top.member("edits", [&](const Part& p) {
    p.elements([&](const Part& edit) { read_edit(edit, state.request.edits); });
  });
  top.member("columns", [&](const Part& p) {
    state.columns.clear();
    p.elements([&](const Part& column) { state.columns.push_back(read_column(column)); });
    if (state.columns.size() < least_columns || state.columns.size() > most_columns_beside)
      p.refuse("expected " + std::to_string(least_columns) + " to " +
               std::to_string(most_columns_beside) + " columns beside the first");
  });
  top.member("selection", [&](const Part& p) {
    Selection& selection = state.selection;
    p.object();
    read_head(p, selection.head);
    p.member("query", [&](const Part& n) { selection.query = n.index(); });
    p.member("key", [&](const Part& n) { selection.key = n.index(); });
  });
  top.member("display", [&](const Part& p) { read_display(p, state.display); });
  top.member("learn", [&](const Part& p) { read_learn(p, state.learn); });
  return state;
}

void save_session(const State& state, const std::filesystem::path& file) {
  write_file(file, write_session(state));
}

State load_session(const std::filesystem::path& file) {
  return read_session(read_file(file, largest_file), file.string());
}

bool is_session_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::string name = file.filename().string();
  return file.extension() == ".json" && name != "config.json" &&
         !name.ends_with(".safetensors.index.json") &&
         std::filesystem::is_regular_file(file, error);
}

std::string edits_json(const Edits& edits) { return write_edits(edits).dump(); }

}  // namespace headlight
