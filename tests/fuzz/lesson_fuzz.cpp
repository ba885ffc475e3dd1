#include <string_view>

#include "fuzz_file.h"
#include "lesson.h"

using namespace headlight;

// A lesson; one that is read has to be whole: parts that say something, questions with one right choice
// at most, set-ups that a state can take.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::may_refuse([&] {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Lesson lesson = parse_lesson(bytes, "a.lesson");
    if (lesson.title.empty() || lesson.parts.empty()) __builtin_trap();
    State state;
    clear_for_lesson(state);
    lesson.setup_of(static_cast<int>(lesson.parts.size()) - 1).begin(state);
    const Situation situation{state, nullptr, ""};
    for (const LessonPart& part : lesson.parts) {
      if (part.say.empty() || (part.asks() && part.choices.size() < 2)) __builtin_trap();
      for (const Condition& condition : part.until) {
        try {
          condition.holds(situation);
        } catch (const NotYet&) {
        } catch (const std::invalid_argument&) {
        }
      }
      for (const LessonChoice& choice : part.choices) says(choice.text.plain(), "yes");
    }
  });
  return 0;
}
