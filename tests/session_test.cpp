#include "session.h"

#include <doctest/doctest.h>

#include "errors.h"
#include "file_io.h"
#include "temporary_folder.h"

using namespace headlight;

namespace {

State rich_state() {
  State state;
  state.request.model = "models/some";
  state.request.text = "A \"text\"\nwith \xC3\xA9 and \xF0\x9F\x98\x80";
  state.request.ids = {1, 2, 30000};
  state.request.edits[{1, 3}] = {.gain = 0.1f, .replace = Replacement::mean};
  HeadEdit edit{.temperature = 2.5f};
  edit.mask = local_mask(4) | global_mask(1);
  edit.masked_cells = {{3, 1}, {4, 0}};
  state.request.edits[{0, 0}] = edit;
  state.columns.resize(2);
  state.columns[0] = {.model = "other", .text = "Another text", .mask = local_mask(3)};
  state.columns[1].mask = dilated_mask(3, 4) | random_mask(2, 9);
  state.columns[1].place = MaskPlace::layer;
  state.columns[1].head = {3, 1, AttentionKind::cross};
  state.columns[1].edits[{0, 1}] = {.gain = 0.0f};
  state.columns[1].shows = HeadId{2, 3};
  state.selection = {{2, 5}, 7, std::nullopt};
  state.display.view = View::arcs;
  state.display.shown = Shown::difference;
  state.display.color_map = ColorMap::magma;
  state.display.scale = Scale::log;
  state.display.range = Range::row;
  state.display.hide_first = true;
  state.display.theme = Theme::light;
  state.display.left_width = 312.5f;
  state.display.right_width = 280.0f;
  state.display.text_scale = 1.25f;
  return state;
}

std::string refusal(const std::string& json) {
  try {
    read_session(json, "s.json");
  } catch (const LoadError& error) {
    return error.what();
  }
  return "read";
}

std::string with(const std::string& members) {
  return "{\"headlight_session\": 1, " + members + "}";
}

}  // namespace

TEST_CASE("a session comes back as it was") {
  CHECK(read_session(write_session(State{}), "s") == State{});
  CHECK(read_session(write_session(rich_state()), "s") == rich_state());
  CHECK(write_session(read_session(write_session(rich_state()), "s")) ==
        write_session(rich_state()));
}

TEST_CASE("a session keeps kinds of attention and the decoder's target") {
  State state = rich_state();
  state.request.target = "Ein \"Ziel\"\n";
  state.request.edits[{1, 3, AttentionKind::cross}] = {.gain = 0.0f};
  state.request.edits[{1, 3, AttentionKind::encoder}] = {.temperature = 2.0f};
  for (const AttentionKind kind :
       {AttentionKind::self, AttentionKind::encoder, AttentionKind::cross}) {
    state.selection.head = {1, 2, kind};
    CHECK(read_session(write_session(state), "s") == state);
  }
  state.request.target = "";  // An empty target is not none.
  state.request.target_ids = {2, 0, 7};
  const State back = read_session(write_session(state), "s");
  CHECK(back == state);
  REQUIRE(back.request.target);
  CHECK(back.request.target->empty());
  CHECK_FALSE(read_session(write_session(rich_state()), "s").request.target);
  CHECK(edits_json({{{1, 2, AttentionKind::cross}, {.gain = 0.1f}}}) ==
        R"([{"gain":0.1,"head":2,"kind":"cross","layer":1}])");
}

TEST_CASE("edits that change nothing are not written") {
  State state;
  state.request.edits[{0, 1}] = {};
  CHECK(read_session(write_session(state), "s").request.edits.empty());
  CHECK(edits_json({}) == "[]");
  CHECK(edits_json({{{1, 2}, {.gain = 0.1f}}}) == R"([{"gain":0.1,"head":2,"layer":1}])");
}

TEST_CASE("missing keys keep defaults and unknown ones are ignored") {
  CHECK(read_session("{\"headlight_session\": 1}", "s") == State{});
  CHECK(read_session(with("\"later\": [[1]], \"text\": null"), "s") == State{});
}

TEST_CASE("a text that is no valid UTF-8 can be saved") {
  State state;
  state.request.text = "a\xFFz";
  CHECK(read_session(write_session(state), "s").request.text == "a\xEF\xBF\xBDz");
}

TEST_CASE("broken and lying sessions are refused by the part that is wrong") {
  CHECK(refusal("").starts_with("s.json: not JSON"));
  CHECK(refusal("{").starts_with("s.json: not JSON"));
  CHECK(refusal("[]") == "s.json: not a session of Headlight");
  CHECK(refusal("{\"text\": \"x\"}") == "s.json: not a session of Headlight");
  CHECK(refusal("{\"headlight_session\": 2}").starts_with("s.json: headlight_session: "));
  CHECK(refusal("{\"headlight_session\": \"1\"}").starts_with("s.json: headlight_session: "));
  CHECK(refusal(with("\"text\": 5")) == "s.json: text: expected a text");
  CHECK(refusal(with("\"ids\": [1, -1]")).starts_with("s.json: ids[1]: "));
  CHECK(refusal(with("\"ids\": [1.5]")) == "s.json: ids[0]: expected a whole number");
  CHECK(refusal(with("\"ids\": [18446744073709551615]")).starts_with("s.json: ids[0]: "));
  CHECK(refusal(with("\"ids\": 1e999")).starts_with("s.json: not JSON"));
  CHECK(refusal(with("\"edits\": {}")) == "s.json: edits: expected a list");
  CHECK(refusal(with("\"edits\": [{\"head\": 1}]")) == "s.json: edits[0]: has no layer or no head");
  const std::string id = "\"edits\": [{\"layer\": 0, \"head\": 1, ";
  CHECK(refusal(with(id + "\"gain\": \"x\"}]")) == "s.json: edits[0].gain: expected a number");
  CHECK(refusal(with(id + "\"gain\": NaN}]")).starts_with("s.json: not JSON"));
  CHECK(refusal(with(id + "\"gain\": 1e300}]")).starts_with("s.json: edits[0].gain: "));
  CHECK(refusal(with(id + "\"temperature\": 0}]")).starts_with("s.json: edits[0].temperature: "));
  CHECK(refusal(with(id + "\"mask\": \"lokal:4\"}]")).starts_with("s.json: edits[0].mask: \"lok"));
  CHECK(refusal(with(id + "\"masked_cells\": [[1]]}]")) ==
        "s.json: edits[0].masked_cells[0]: expected [query, key]");
  CHECK(refusal(with("\"edits\": [{\"layer\": 0, \"head\": 1}, {\"layer\": 0, \"head\": 1}]")) ==
        "s.json: edits[1]: stands twice: L0 H1");
  CHECK(refusal(with(id + "\"kind\": \"self\"}]"))
            .starts_with("s.json: edits[0].kind: expected one of "));
  CHECK(refusal(with("\"selection\": {\"kind\": 3}")) == "s.json: selection.kind: expected a text");
  CHECK(refusal(with("\"target\": 5")) == "s.json: target: expected a text");
  CHECK(refusal(with("\"target_ids\": [-1]")).starts_with("s.json: target_ids[0]: "));
  CHECK(refusal(with("\"edits\": [{\"layer\": 0, \"head\": 1, \"kind\": \"cross\"}, {\"layer\": 0, "
                     "\"head\": 1}]")) == "read");
  CHECK(refusal(with("\"edits\": [{\"layer\": 0, \"head\": 1, \"kind\": \"cross\"}, {\"layer\": 0, "
                     "\"head\": 1, \"kind\": \"cross\"}]")) ==
        "s.json: edits[1]: stands twice: cross L0 H1");
  CHECK(refusal(with("\"display\": {\"theme\": \"pink\"}")) ==
        "s.json: display.theme: expected one of dark, light");
  CHECK(refusal(with("\"display\": {\"text_scale\": 1000}"))
            .starts_with("s.json: display.text_scale: "));
  CHECK(refusal(with("\"selection\": 3")) == "s.json: selection: expected an object");
  CHECK(refusal(with("\"x\": " + std::string(100000, '['))).find("nested") != std::string::npos);
}

TEST_CASE("a session file is saved and loaded") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "s.json";
  save_session(rich_state(), file);
  CHECK(load_session(file) == rich_state());
  CHECK_THROWS_AS(save_session(State{}, folder.path() / "no" / "s.json"), std::runtime_error);
  CHECK(load_session(file) == rich_state());
  CHECK_THROWS_AS(load_session(folder.path() / "missing.json"), LoadError);
}

TEST_CASE("columns are one to three, and say what is wrong in them") {
  CHECK(read_session(with("\"columns\": [{}]"), "s").columns.size() == 1);
  CHECK(read_session(with("\"text\": \"\""), "s").columns == default_columns());
  CHECK(refusal(with("\"columns\": []")).find("columns: expected 1 to 3") != std::string::npos);
  CHECK(refusal(with("\"columns\": [{},{},{},{}]")).find("columns: ") != std::string::npos);
  CHECK(refusal(with("\"columns\": [{\"mask\": \"local:-1\"}]")).find("columns[0].mask") !=
        std::string::npos);
  CHECK(refusal(with("\"columns\": [{\"on\": \"some\"}]")).find("columns[0].on") !=
        std::string::npos);
  CHECK(refusal(with("\"columns\": [3]")).find("columns[0]") != std::string::npos);
  State compares;
  compares.display.view = View::compare;
  CHECK(read_session(write_session(compares), "s") == compares);
}
