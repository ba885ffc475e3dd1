#include "lesson_setup.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "assets_path.h"
#include "lesson_words.h"

namespace headlight {
namespace {

constexpr std::size_t longest_text = 4000;

// "HEADS VALUE": what a head's edit is given.
struct HeadsAnd {
  std::string heads;
  std::string value;
};

HeadsAnd heads_and_value(const std::string& value) {
  Phrase phrase(value);
  HeadsAnd both{phrase.heads(), ""};
  both.value = phrase.rest();
  return both;
}

float positive_number(const std::string& value, float least) {
  Phrase phrase(value);
  const double number = phrase.number();
  phrase.end();
  if (number < least || number > 1000.0) {
    throw std::invalid_argument("expected a number from " + std::to_string(least).substr(0, 4) + " to 1000");
  }
  return static_cast<float>(number);
}

bool flag_of(const std::string& value) {
  Phrase phrase(value);
  const bool flag = phrase.flag();
  phrase.end();
  return flag;
}

bool same_model(const std::string& a, const std::string& b) {
  return a == b || (a.empty() && b == default_model) || (b.empty() && a == default_model);
}

std::vector<Column> columns_of(const std::string& masks) {
  std::vector<Column> columns;
  for (std::string_view mask : split_unquoted(masks, ",")) {
    columns.emplace_back().mask = named_mask(std::string(mask));
  }
  if (columns.size() > most_columns_beside) {
    throw std::invalid_argument("at most " + std::to_string(most_columns_beside) + " columns stand beside the first");
  }
  return columns;
}

TinyLayer tiny_of(const std::string& value) {
  TinyLayer tiny;
  Phrase phrase(value);
  tiny.heads = phrase.whole_number();
  phrase.expect("heads of");
  tiny.d_out = phrase.whole_number();
  tiny.d_in = tiny.d_out;
  phrase.end();
  try {
    check(tiny);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();
    throw std::invalid_argument(what.substr(std::min(what.find("] ") + 2, what.size())));
  }
  return tiny;
}

}  // namespace

void LessonSetup::add_edit(const std::string& key, const std::string& value) {
  HeadsAnd both = heads_and_value(value);
  std::function<void(HeadEdit&)> change;
  if (key == "prune") {
    if (!both.value.empty()) throw std::invalid_argument("did not expect \"" + both.value + "\"");
    change = [](HeadEdit& edit) { edit.gain = 0.0f; };
  } else if (key == "gain") {
    change = [gain = positive_number(both.value, 0.0f)](HeadEdit& edit) { edit.gain = gain; };
  } else if (key == "temperature") {
    change = [t = positive_number(both.value, 0.01f)](HeadEdit& edit) { edit.temperature = t; };
  } else {
    change = [mask = named_mask(both.value)](HeadEdit& edit) { edit.mask = mask; };
  }
  after_.emplace_back(About::edits, [heads = both.heads, change](State& state, const Situation& s) {
    for (HeadId id : heads_of(s, heads)) change(state.request.edits[id]);
    state.request.edits = normalized(state.request.edits);
  });
}

void LessonSetup::add_pin(const std::string& value, std::optional<int> Selection::*pin,
                          bool of_queries) {
  if (value == "none") {
    after_.emplace_back(About::pins, [pin](State& state, const Situation&) { (state.selection.*pin).reset(); });
    return;
  }
  Phrase phrase(value);
  const TokenPlace place = phrase.token();
  phrase.end();
  after_.emplace_back(About::pins, [=](State& state, const Situation& s) {
    const Trace& trace = *answer_of(s).edited;
    const AttentionKind kind = state.selection.head.kind;
    state.selection.*pin = place.among(of_queries ? trace.query_tokens(kind) : trace.key_tokens(kind));
  });
}

void LessonSetup::add(const std::string& key, const std::string& value) {
  const auto change = [&](Change what) { before_.push_back(std::move(what)); };
  const auto need = [&](bool fits, const char* expected) {
    if (!fits) throw std::invalid_argument(std::string("expected ") + expected);
  };
  if (key == "model") {
    need(!value.empty(), "a model's name");
    changes_model_ = true;
    change([value](State& state) {
      if (!same_model(state.request.model, value)) change_model(state, value);
    });
  } else if (key == "text") {
    need(!value.empty() && value.size() <= longest_text, "a text of at most 4000 bytes");
    changes_text_ = true;
    change([value](State& state) {
      state.request.text = value;
      state.request.ids.clear();
      state.selection.query.reset();
      state.selection.key.reset();
    });
  } else if (key == "target") {
    change([value](State& state) { state.request.target = value; });
  } else if (key == "head") {
    Phrase phrase(value);
    const HeadId head = phrase.head();
    phrase.end();
    after_.emplace_back(About::edits, [head, value](State& state, const Situation& s) {
      heads_of(s, value);  // that it is there
      state.selection.head = head;
    });
  } else if (key == "query") {
    add_pin(value, &Selection::query, true);
  } else if (key == "key") {
    add_pin(value, &Selection::key, false);
  } else if (key == "edits") {
    need(value == "none", "none");
    after_.emplace_back(About::edits, [](State& state, const Situation&) { state.request.edits.clear(); });
  } else if (key == "prune" || key == "gain" || key == "temperature" || key == "mask") {
    add_edit(key, value);
  } else if (key == "view") {
    change([view = named_view(value)](State& state) { state.display.view = view; });
  } else if (key == "page") {
    change([page = named_page(value)](State& state) {
      state.display.view = View::learn;
      state.learn.page = page;
    });
  } else if (key == "step") {
    change([step = named_step(value)](State& state) {
      state.learn.step = step;
      state.learn.cell.reset();
    });
  } else if (key == "shown") {
    change([shown = named_shown(value)](State& state) { state.display.shown = shown; });
  } else if (key == "quantity") {
    change([quantity = named_quantity(value)](State& state) { state.display.quantity = quantity; });
  } else if (key == "scale") {
    change([scale = named_scale(value)](State& state) { state.display.scale = scale; });
  } else if (key == "range") {
    change([range = named_range(value)](State& state) { state.display.range = range; });
  } else if (key == "hide first") {
    change([on = flag_of(value)](State& state) { state.display.hide_first = on; });
  } else if (key == "outline") {
    change([on = flag_of(value)](State& state) { state.display.outline = on; });
  } else if (key == "fused") {
    change([on = flag_of(value)](State& state) { state.learn.fused = on; });
  } else if (key == "role") {
    change([role = value == "none" ? "" : value](State& state) { state.display.role = role; });
  } else if (key == "columns") {
    change([columns = columns_of(value)](State& state) { state.columns = columns; });
  } else if (key == "tiny") {
    change([tiny = tiny_of(value)](State& state) {
      state.learn.tiny = tiny;
      state.learn.tiny_head = 0;
    });
  } else {
    throw std::invalid_argument(
        "[set] knows model, text, target, head, query, key, edits, prune, gain, temperature, mask, "
        "view, page, step, shown, quantity, scale, range, hide first, outline, fused, role, columns and tiny");
  }
}

void LessonSetup::then(const LessonSetup& next) {
  if (next.changes_model_) {
    after_.clear();
  } else if (next.changes_text_) {
    std::erase_if(after_, [](const auto& later) { return later.first == About::pins; });
  }
  before_.insert(before_.end(), next.before_.begin(), next.before_.end());
  after_.insert(after_.end(), next.after_.begin(), next.after_.end());
  changes_model_ |= next.changes_model_;
  changes_text_ |= next.changes_text_;
}

void LessonSetup::begin(State& state) const {
  for (const Change& change : before_) change(state);
}

void LessonSetup::finish(State& state, const Snapshot& snapshot) const {
  for (const auto& [about, later] : after_) later(state, {.state = state, .snapshot = &snapshot});
}

void clear_for_lesson(State& state) {
  restore_after_lesson(state, State{});
}

void restore_after_lesson(State& state, const State& kept) {
  const Display now = state.display;
  const Learn learn = state.learn;
  state = kept;
  // What is not the lesson's: how the reader likes to see, and where in which lesson they are.
  state.display.theme = now.theme;
  state.display.color_map = now.color_map;
  state.display.left_width = now.left_width;
  state.display.right_width = now.right_width;
  state.display.text_scale = now.text_scale;
  state.display.presents = now.presents;
  state.learn.lesson = learn.lesson;
  state.learn.lesson_part = learn.lesson_part;
}

}  // namespace headlight
