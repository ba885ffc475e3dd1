#include "script_template.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

ScriptWords words(bool guided = false) {
  return {.words = {{"n", "7"}, {"text", "{{n}}"}},
          .conditions = {{"a", true}, {"b", false}, {"guided", guided}}};
}

std::string fill(const std::string& text, bool guided = false) {
  return fill_template("x.in", text, words(guided));
}

std::string refusal(const std::string& text) {
  return message_of<std::runtime_error>([&] { fill(text); });
}

}  // namespace

TEST_CASE("words are filled in once") {
  CHECK(fill("x = {{n}}  # [{{n}}, {n}]\n") == "x = 7  # [7, {n}]\n");
  CHECK(fill("{{text}}") == "{{n}}\n");
  CHECK(fill("") == "");
  CHECK(fill("a\n\nb\n") == "a\n\nb\n");
}

TEST_CASE("lines are kept by their conditions") {
  CHECK(fill("#if a\n1\n#else\n2\n#endif\n3") == "1\n3\n");
  CHECK(fill("#if b\n1\n#elif a\n2\n#elif a\n3\n#else\n4\n#endif") == "2\n");
  CHECK(fill("#if b\n1\n#else\n  #if not b\n2\n  #endif\n#endif") == "2\n");
  CHECK(fill("#if b\n#if a\n1\n#else\n2\n#endif\n#endif\n3") == "3\n");
  CHECK(fill("#if a and b\n1\n#endif\n#if a or b\n2\n#endif\n#if a and not b\n3\n#endif") ==
        "2\n3\n");
  CHECK(fill("#if a and b or a\n1\n#endif") == "1\n");
  CHECK(fill("# if a\n#iffy\n") == "# if a\n#iffy\n");
  CHECK(fill("#if b\n{{absent}}\n#endif\n") == "");
}

TEST_CASE("gaps are left for the learner, with their hint") {
  const std::string text =
      "#gap Fill in {{n}}.\ne = f(x,\n      y)  # [{{n}}]\nw = e / 2\n#endgap\nshow(w)\n";
  CHECK(fill(text) == "e = f(x,\n      y)  # [7]\nw = e / 2\nshow(w)\n");
  CHECK(fill(text, true) == "# Fill in 7.\ne = ...\nw = ...\nshow(w)\n");
  CHECK(fill("#if b\n#gap one\n#else\n#gap two\n#endif\nx = 1\n#endgap\n", true) ==
        "# two\nx = ...\n");
  const std::string filled =
      fill("#gap " + std::string(30, 'a') + " " + std::string(70, 'b') + "\nx = 1\n#endgap", true);
  CHECK(filled == "# " + std::string(30, 'a') + "\n# " + std::string(70, 'b') + "\nx = ...\n");
}

TEST_CASE("a broken template says where") {
  CHECK(refusal("a\n{{absent}}") == "x.in, line 2: \"absent\" is not a word");
  CHECK(refusal("{{n") == "x.in, line 1: a {{ is never closed");
  CHECK(refusal("#if absent\n#endif") == "x.in, line 1: \"absent\" is not a condition");
  CHECK(refusal("#if b and absent\n#endif") == "x.in, line 1: \"absent\" is not a condition");
  CHECK(refusal("#if a\n1") == "x.in, line 2: an #if is never closed");
  CHECK(refusal("#endif") == "x.in, line 1: #endif without #if");
  CHECK(refusal("#else") == "x.in, line 1: #else without #if");
  CHECK(refusal("#elif a") == "x.in, line 1: #elif without #if");
  CHECK(refusal("#gap x") == "x.in, line 1: a #gap is never closed");
  CHECK(refusal("#gap x\n#gap y") == "x.in, line 2: a #gap within a #gap");
  CHECK(refusal("#endgap") == "x.in, line 1: #endgap without #gap");
}

TEST_CASE("any text is a Python string, and one line") {
  CHECK(python_literal("a \"b\" \\n 'c'") == R"("a \"b\" \\n 'c'")");
  CHECK(python_literal("a\nb\t\x01é") == "\"a\\nb\\x09\\x01é\"");
  CHECK(python_literal("\xff") == "\"\xEF\xBF\xBD\"");
  CHECK(python_literal(std::string_view("\0", 1)) == "\"\\x00\"");
  CHECK(one_line("a\nb\r\x7f\xff") == "a b  \xEF\xBF\xBD");
}
