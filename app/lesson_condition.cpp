#include "lesson_condition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "assets_path.h"
#include "lesson_words.h"

namespace headlight {
namespace {

using Test = std::function<bool(const Situation&)>;

const HeadEdit& edit_of(const State& state, HeadId id) {
  static const HeadEdit none;
  const auto found = state.request.edits.find(id);
  return found == state.request.edits.end() ? none : found->second;
}

// A test that has to hold of every head of the list.
Test of_heads(std::string heads, std::function<bool(const HeadEdit&)> holds) {
  return [heads = std::move(heads), holds = std::move(holds)](const Situation& situation) {
    const std::vector<HeadId> ids = heads_of(situation, heads);
    return std::all_of(ids.begin(), ids.end(),
                       [&](HeadId id) { return holds(edit_of(situation.state, id)); });
  };
}

enum class Sign { is, above, below };

Sign sign(Phrase& phrase) {
  if (phrase.take("is")) return Sign::is;
  if (phrase.take("above")) return Sign::above;
  phrase.expect("below");
  return Sign::below;
}

bool compare(double value, Sign sign, double with) {
  if (sign == Sign::above) return value > with;
  if (sign == Sign::below) return value < with;
  return std::fabs(value - with) < 0.005;
}

bool contains(std::string text, std::string part) {
  const auto lower = [](std::string& s) {
    std::transform(s.begin(), s.end(), s.begin(),
                   [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  };
  lower(text);
  lower(part);
  return text.find(part) != text.npos;
}

// "local" names a kind; "local:4" the very mask; "none" that there is none.
std::function<bool(const Mask&)> mask_test(const std::string& name) {
  if (name.find(':') == name.npos && name != "none") {
    static const std::map<std::string, MaskKind> kinds = {
        {"local", MaskKind::local},   {"dilated", MaskKind::dilated}, {"global", MaskKind::global},
        {"token", MaskKind::token},   {"block", MaskKind::block},     {"strided", MaskKind::strided},
        {"columns", MaskKind::columns}, {"random", MaskKind::random}, {"causal", MaskKind::causal}};
    const auto kind = kinds.find(name);
    if (kind == kinds.end()) {
      throw std::invalid_argument("\"" + name + "\" is no mask: expected local, dilated, global, ..., none, or one with numbers as local:4");
    }
    return [kind = kind->second](const Mask& mask) {
      return mask.parts.size() == 1 && mask.parts[0].kind == kind;
    };
  }
  const Mask wanted = named_mask(name);
  return [wanted](const Mask& mask) {
    return wanted.is_full() ? mask.is_full() : mask == wanted;
  };
}

// "query is TOKEN", "key is TOKEN": a pin.
Test pin_test(std::optional<int> Selection::*pin, bool of_queries, TokenPlace place) {
  return [=](const Situation& situation) {
    const auto& pinned = situation.state.selection.*pin;
    const Trace& trace = *answer_of(situation).edited;
    const AttentionKind kind = situation.state.selection.head.kind;
    const int wanted = place.among(of_queries ? trace.query_tokens(kind) : trace.key_tokens(kind));
    return pinned == wanted;
  };
}

Test number_test(Phrase& phrase, std::function<double(const State&)> value) {
  const Sign how = sign(phrase);
  return [how, with = phrase.number(), value = std::move(value)](const Situation& situation) {
    return compare(value(situation.state), how, with);
  };
}

Test flag_test(Phrase& phrase, std::function<bool(const State&)> value) {
  return [wanted = phrase.flag(), value = std::move(value)](const Situation& situation) {
    return value(situation.state) == wanted;
  };
}

// "WHAT is NAME", for every choice that a state holds.
template <typename Enum>
Test choice_test(Phrase& phrase, Enum (*named)(const std::string&),
                 std::function<Enum(const State&)> value) {
  return [wanted = named(phrase.word()), value = std::move(value)](const Situation& situation) {
    return value(situation.state) == wanted;
  };
}

Test measure_test(Phrase& phrase) {
  const Measure left = Measure::read(phrase);
  const Sign how = sign(phrase);
  if (how == Sign::is && phrase.left().starts_with('"')) {
    return [left, text = phrase.quoted()](const Situation& situation) {
      return left.of(situation).text == text;
    };
  }
  const bool plain = !phrase.ended() && std::string_view("+-.0123456789").find(phrase.left()[0]) !=
                                            std::string_view::npos;
  if (plain) {
    return [left, how, with = phrase.number()](const Situation& situation) {
      const Measured found = left.of(situation);
      if (!found.number) throw std::invalid_argument("\"" + found.text + "\" is no number");
      return compare(*found.number, how, with);
    };
  }
  const Measure right = Measure::read(phrase);
  return [left, how, right](const Situation& situation) {
    const Measured a = left.of(situation), b = right.of(situation);
    if (how == Sign::is && !(a.number && b.number)) return a.text == b.text;
    if (!a.number || !b.number) throw std::invalid_argument("only numbers are above or below one another");
    return compare(*a.number, how, *b.number);
  };
}

Test head_test(Phrase& phrase) {
  if (phrase.take("has role")) {
    return [role = phrase.quoted()](const Situation& situation) {
      const Snapshot& snapshot = answer_of(situation);
      if (!snapshot.roles) throw NotYet();
      const HeadRoles* head = find_head(*snapshot.roles, situation.state.selection.head);
      return head != nullptr &&
             std::any_of(head->scores.begin(), head->scores.end(), [&](const RoleScore& score) {
               return score.holds && role_name(score) == role;
             });
    };
  }
  phrase.expect("is");
  return [heads = phrase.heads()](const Situation& situation) {
    const std::vector<HeadId> ids = heads_of(situation, heads);
    return std::find(ids.begin(), ids.end(), situation.state.selection.head) != ids.end();
  };
}

Test text_test(Phrase& phrase) {
  if (phrase.take("changed")) {
    return [](const Situation& s) { return s.state.request.text != s.text_before; };
  }
  if (phrase.take("contains")) {
    return [part = phrase.quoted()](const Situation& s) { return contains(s.state.request.text, part); };
  }
  phrase.expect("is");
  return [text = phrase.quoted()](const Situation& s) { return s.state.request.text == text; };
}

Test column_test(Phrase& phrase) {
  phrase.expect("mask");
  phrase.expect("is");
  const auto fits = mask_test(phrase.word());
  return [fits](const Situation& situation) {
    const auto& columns = situation.state.columns;
    return std::any_of(columns.begin(), columns.end(),
                       [&](const Column& column) { return fits(column.mask); });
  };
}

Test edit_test(Phrase& phrase, const char* what) {
  const std::string name = what;
  phrase.expect("of");
  std::string heads = phrase.heads();
  if (name == "mask") {
    phrase.expect("is");
    const auto fits = mask_test(phrase.word());
    return of_heads(std::move(heads), [fits](const HeadEdit& edit) { return fits(edit.mask); });
  }
  const Sign how = sign(phrase);
  const double with = phrase.number();
  const bool gain = name == "gain";
  return of_heads(std::move(heads), [=](const HeadEdit& edit) {
    return compare(gain ? edit.gain : edit.temperature, how, with);
  });
}

std::string yes_or_no(bool value) { return value ? "yes" : "no"; }

std::string without_emphasis(std::string_view text) {
  std::string plain;
  for (char c : text) {
    if (c != '*' && c != '"') plain += c;
  }
  return std::string(trimmed(plain));
}

}  // namespace

Test Condition::test_of(std::string_view text) {
  Phrase phrase(text);
  if (phrase.take("not")) {
    return [test = test_of(phrase.rest())](const Situation& s) { return !test(s); };
  }
  Test test;
  if (phrase.take("view is")) {
    test = choice_test<View>(phrase, named_view, [](const State& s) { return s.display.view; });
  } else if (phrase.take("page is")) {
    const LearnPage page = named_page(phrase.word());
    test = [page](const Situation& s) {
      return s.state.display.view == View::learn && s.state.learn.page == page;
    };
  } else if (phrase.take("step is")) {
    const WalkStep step = named_step(phrase.word());
    test = [step](const Situation& s) {
      return s.state.display.view == View::learn && s.state.learn.page == LearnPage::walk &&
             s.state.learn.step == step;
    };
  } else if (phrase.take("shown is")) {
    test = choice_test<Shown>(phrase, named_shown, [](const State& s) { return s.display.shown; });
  } else if (phrase.take("quantity is")) {
    test = choice_test<Quantity>(phrase, named_quantity,
                                 [](const State& s) { return s.display.quantity; });
  } else if (phrase.take("scale is")) {
    test = choice_test<Scale>(phrase, named_scale, [](const State& s) { return s.display.scale; });
  } else if (phrase.take("hide first is")) {
    test = flag_test(phrase, [](const State& s) { return s.display.hide_first; });
  } else if (phrase.take("outline is")) {
    test = flag_test(phrase, [](const State& s) { return s.display.outline; });
  } else if (phrase.take("fused is")) {
    test = flag_test(phrase, [](const State& s) { return s.learn.fused; });
  } else if (phrase.take("dropout")) {
    test = number_test(phrase, [](const State& s) { return double(s.learn.dropout.p); });
  } else if (phrase.take("role is")) {
    test = [role = phrase.ended() ? "" : phrase.quoted()](const Situation& s) {
      return s.state.display.role == role;
    };
  } else if (phrase.take("model is")) {
    test = [model = phrase.quoted()](const Situation& s) {
      const std::string& name = s.state.request.model;
      return name == model || (name.empty() && model == default_model);
    };
  } else if (phrase.take("text")) {
    test = text_test(phrase);
  } else if (phrase.take("head")) {
    test = head_test(phrase);
  } else if (phrase.take("query pinned")) {
    test = [](const Situation& s) { return s.state.selection.query.has_value(); };
  } else if (phrase.take("cell pinned")) {
    test = [](const Situation& s) { return s.state.selection.query && s.state.selection.key; };
  } else if (phrase.take("walk cell pinned")) {
    test = [](const Situation& s) { return s.state.learn.cell.has_value(); };
  } else if (phrase.take("query is")) {
    test = pin_test(&Selection::query, true, phrase.token());
  } else if (phrase.take("key is")) {
    test = pin_test(&Selection::key, false, phrase.token());
  } else if (phrase.take("cell is")) {
    const Test query = pin_test(&Selection::query, true, phrase.token());
    phrase.expect("to");
    const Test key = pin_test(&Selection::key, false, phrase.token());
    test = [query, key](const Situation& s) { return query(s) && key(s); };
  } else if (phrase.take("pruned")) {
    test = of_heads(phrase.heads(), [](const HeadEdit& edit) { return edit.gain == 0.0f; });
  } else if (phrase.take("edited")) {
    test = of_heads(phrase.heads(), [](const HeadEdit& edit) { return !edit.is_identity(); });
  } else if (phrase.take("nothing edited")) {
    test = [](const Situation& s) { return normalized(s.state.request.edits).empty(); };
  } else if (phrase.take("temperature")) {
    test = edit_test(phrase, "temperature");
  } else if (phrase.take("gain")) {
    test = edit_test(phrase, "gain");
  } else if (phrase.take("mask")) {
    test = edit_test(phrase, "mask");
  } else if (phrase.take("a column")) {
    test = column_test(phrase);
  } else {
    test = measure_test(phrase);
  }
  phrase.end();
  return test;
}

Condition::Condition(std::string_view line) : line_(trimmed(line)) {
  for (std::string_view text : split_unquoted(line_, " or ")) {
    if (text.empty()) throw std::invalid_argument("a condition is missing");
    any_of_.push_back(test_of(text));
  }
}

bool Condition::holds(const Situation& situation) const {
  bool waits = false;
  for (const Test& test : any_of_) {
    try {
      if (test(situation)) return true;
    } catch (const NotYet&) {
      waits = true;
    }
  }
  if (waits) throw NotYet();
  return false;
}

LessonTruth::LessonTruth(std::string_view line) {
  Phrase phrase(line);
  if (phrase.take("whether")) {
    find_ = [condition = Condition(phrase.rest())](const Situation& situation) {
      return yes_or_no(condition.holds(situation));
    };
    return;
  }
  find_ = [measure = Measure::read(phrase)](const Situation& situation) {
    return measure.of(situation).text;
  };
  phrase.end();
}

std::string LessonTruth::of(const Situation& situation) const { return find_(situation); }

bool says(std::string_view choice, std::string_view truth) {
  std::string text = without_emphasis(choice);
  const bool decides = truth == "yes" || truth == "no";
  if (decides && (text.starts_with('Y') || text.starts_with('N'))) text[0] += 'a' - 'A';
  if (truth.empty() || !text.starts_with(truth)) return false;
  if (text.size() == truth.size()) return true;
  const std::string_view after = std::string_view(text).substr(truth.size());
  return std::string_view(",:.;").find(after[0]) != std::string_view::npos || after.starts_with(" (");
}

}  // namespace headlight
