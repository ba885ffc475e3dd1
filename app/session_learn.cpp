#include "session_learn.h"

#include <stdexcept>

namespace headlight {
namespace {

constexpr Name<LearnPage> page_names[] = {
    {LearnPage::lessons, "lessons"}, {LearnPage::walk, "walk"},
    {LearnPage::tiny, "tiny"},       {LearnPage::naive, "naive"},
    {LearnPage::parameters, "parameters"}, {LearnPage::cache, "cache"},
    {LearnPage::rotary, "rotary"}};

// One of the first `count` values of an enum whose names to_string() knows.
template <typename Enum>
Enum named(const Part& part, int count) {
  const std::string given = part.text();
  for (int i = 0; i < count; ++i) {
    if (given == to_string(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  part.refuse("\"" + given + "\" is not known");
}

Json write_tiny(const TinyLayer& tiny) {
  return {{"d_in", tiny.d_in},     {"d_out", tiny.d_out}, {"heads", tiny.heads},
          {"tokens", tiny.tokens}, {"bias", tiny.bias},   {"seed", tiny.seed}};
}

void read_tiny(const Part& part, TinyLayer& tiny) {
  part.object();
  part.member("d_in", [&](const Part& p) { tiny.d_in = p.index(); });
  part.member("d_out", [&](const Part& p) { tiny.d_out = p.index(); });
  part.member("heads", [&](const Part& p) { tiny.heads = p.index(); });
  part.member("tokens", [&](const Part& p) { tiny.tokens = p.index(); });
  part.member("bias", [&](const Part& p) { tiny.bias = p.flag(); });
  part.member("seed", [&](const Part& p) { tiny.seed = static_cast<unsigned>(p.index()); });
  try {
    check(tiny);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[tiny_layer] why"
    part.refuse(what.substr(what.find("] ") + 2));
  }
}

void read_cell(const Part& part, WalkCell& cell) {
  part.object();
  part.member("tensor", [&](const Part& p) { cell.tensor = named<WalkTensor>(p, walk_tensors); });
  part.member("row", [&](const Part& p) { cell.row = p.index(); });
  part.member("column", [&](const Part& p) { cell.column = p.index(); });
}

}  // namespace

Json write_learn(const Learn& learn) {
  Json json = {{"page", name_of(learn.page, page_names)},
               {"step", to_string(learn.step)},
               {"fused", learn.fused},
               {"dropout", shortest(learn.dropout.p)},
               {"dropout_seed", learn.dropout.seed},
               {"tiny", write_tiny(learn.tiny)},
               {"tiny_head", learn.tiny_head},
               {"cached", learn.cached},
               {"pair", learn.pair},
               {"shift", learn.shift},
               {"lesson", learn.lesson},
               {"lesson_part", learn.lesson_part}};
  if (learn.cell) {
    json["cell"] = {{"tensor", to_string(learn.cell->tensor)},
                    {"row", learn.cell->row},
                    {"column", learn.cell->column}};
  }
  return json;
}

void read_learn(const Part& part, Learn& learn) {
  part.object();
  part.member("page", [&](const Part& p) { learn.page = p.choice(page_names); });
  part.member("step", [&](const Part& p) { learn.step = named<WalkStep>(p, walk_steps); });
  part.member("cell", [&](const Part& p) { read_cell(p, learn.cell.emplace()); });
  part.member("fused", [&](const Part& p) { learn.fused = p.flag(); });
  part.member("dropout", [&](const Part& p) { learn.dropout.p = p.number(0, 0.99f); });
  part.member("dropout_seed", [&](const Part& p) { learn.dropout.seed = static_cast<unsigned>(p.index()); });
  part.member("tiny", [&](const Part& p) { read_tiny(p, learn.tiny); });
  part.member("tiny_head", [&](const Part& p) { learn.tiny_head = p.index(); });
  part.member("cached", [&](const Part& p) { learn.cached = p.index(); });
  part.member("pair", [&](const Part& p) { learn.pair = p.index(); });
  part.member("shift", [&](const Part& p) { learn.shift = p.index(); });
  part.member("lesson", [&](const Part& p) { learn.lesson = p.text(); });
  part.member("lesson_part", [&](const Part& p) { learn.lesson_part = p.index(); });
}

}  // namespace headlight
