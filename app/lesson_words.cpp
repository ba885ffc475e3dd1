#include "lesson_words.h"

#include <stdexcept>
#include <utility>

namespace headlight {
namespace {

template <typename Enum, std::size_t count>
Enum one_of(const std::string& name, const std::pair<const char*, Enum> (&choices)[count]) {
  std::string names;
  for (const auto& [known, value] : choices) {
    if (name == known) return value;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw std::invalid_argument("\"" + name + "\" is none of " + names);
}

}  // namespace

View named_view(const std::string& name) {
  return one_of<View>(name, {{"map", View::map}, {"arcs", View::arcs}, {"text", View::text},
                             {"pruning", View::pruning}, {"compare", View::compare},
                             {"variants", View::variants}, {"learn", View::learn}});
}

LearnPage named_page(const std::string& name) {
  return one_of<LearnPage>(
      name, {{"lessons", LearnPage::lessons}, {"walk", LearnPage::walk}, {"tiny", LearnPage::tiny},
             {"naive", LearnPage::naive}, {"parameters", LearnPage::parameters},
             {"cache", LearnPage::cache}, {"rotary", LearnPage::rotary}});
}

WalkStep named_step(const std::string& name) {
  std::string names;
  for (int i = 0; i < walk_steps; ++i) {
    const auto step = static_cast<WalkStep>(i);
    if (name == to_string(step)) return step;
    names += (names.empty() ? "" : ", ") + std::string(to_string(step));
  }
  throw std::invalid_argument("\"" + name + "\" is none of " + names);
}

Shown named_shown(const std::string& name) {
  return one_of<Shown>(name, {{"baseline", Shown::baseline}, {"edited", Shown::edited},
                              {"difference", Shown::difference}});
}

Quantity named_quantity(const std::string& name) {
  return one_of<Quantity>(name, {{"weights", Quantity::weights},
                                 {"value-weighted", Quantity::value_weighted},
                                 {"rollout", Quantity::rollout}});
}

Scale named_scale(const std::string& name) {
  return one_of<Scale>(name, {{"linear", Scale::linear}, {"log", Scale::log}});
}

Range named_range(const std::string& name) {
  return one_of<Range>(name, {{"unit", Range::unit}, {"map", Range::map}, {"row", Range::row}});
}

Mask named_mask(const std::string& name) {
  try {
    return parse_mask(name);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[parse_mask] why"
    const std::size_t end = what.find("] ");
    throw std::invalid_argument(end == what.npos ? what : what.substr(end + 2));
  }
}

}  // namespace headlight
