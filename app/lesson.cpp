#include "lesson.h"

#include <algorithm>
#include <stdexcept>

#include "file_io.h"
#include "tokenizer.h"

namespace headlight {
namespace {

constexpr std::size_t largest_file = 256 << 10;
constexpr std::size_t most_parts = 100;
constexpr std::size_t longest_said = 700, longest_choice = 160;

// "KEY: VALUE" with the lines that go on with it.
struct Entry {
  int line = 0;
  std::string key, value;
};

struct Section {
  int line = 0;
  std::string name;  // empty: what stands before the first
  std::vector<Entry> entries;
};

LessonPoint point_of(const std::string& value) {
  LessonPoint point;
  point.line = value;
  Phrase phrase(value);
  const auto is = [&](const char* what, LessonPoint::At at) {
    const bool named = phrase.take(what) && !phrase.ended();
    if (named) point.at = at;
    return named;
  };
  if (is("token", LessonPoint::At::token) || is("row", LessonPoint::At::row)) {
    point.query = phrase.token();
  } else if (is("column", LessonPoint::At::column)) {
    point.key = phrase.token();
  } else if (is("cell", LessonPoint::At::cell)) {
    point.query = phrase.token();
    phrase.expect("to");
    point.key = phrase.token();
  } else {
    return point;
  }
  phrase.end();
  return point;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file.string()) {}

  [[noreturn]] void refuse(int line, const std::string& what) const {
    throw LoadError(visible_utf8(file_) + ":" + std::to_string(line) + ": " + what);
  }

  std::vector<Section> sections(std::string_view bytes) const;
  Lesson lesson(const std::vector<Section>& sections) const;

 private:
  // What `read` makes of an entry's value; its complaint gets the line.
  template <typename Read>
  auto value_of(const Entry& entry, Read read) const {
    try {
      return read(entry.value);
    } catch (const std::invalid_argument& error) {
      refuse(entry.line, entry.key + ": " + error.what());
    }
  }
  void read_head(const Section& section, Lesson& lesson) const;
  LessonPart part(const Section& section) const;
  void read_entry(const Entry& entry, LessonPart& part, bool& decided) const;
  void check(const LessonPart& part, bool decided) const;
  LessonText text_of(const Entry& entry, std::size_t longest) const;
  int minutes_of(const Entry& entry) const;

  std::string file_;
};

std::string in_quotes(std::string_view text) { return "\"" + visible_utf8(text.substr(0, 40)) + "\""; }

std::vector<Section> Reader::sections(std::string_view bytes) const {
  std::vector<Section> sections(1);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  int number = 0;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    ++number;
    const std::string_view text = trimmed(line);
    if (text.empty() || text[0] == '#') continue;
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 && c != '\t'; }) ||
        valid_utf8(text) != text) {
      refuse(number, "this is no text in UTF-8: save the file as UTF-8");
    }
    const bool goes_on = line[0] == ' ' || line[0] == '\t';
    if (goes_on) {
      if (sections.back().entries.empty()) {
        refuse(number, "a line that begins with a space goes on with the one before, and there is none: begin it at the left");
      }
      (sections.back().entries.back().value += ' ') += text;
      continue;
    }
    if (text[0] == '[') {
      if (text.back() != ']') refuse(number, "expected [set], [read], [do], [predict] or [quiz]");
      sections.push_back({number, std::string(trimmed(text.substr(1, text.size() - 2))), {}});
      continue;
    }
    const std::size_t colon = text.find(':');
    if (colon == text.npos) {
      refuse(number, in_quotes(text) + " has no colon: write KEY: VALUE, or begin the line with a space to go on with the one before");
    }
    sections.back().entries.push_back({number, std::string(trimmed(text.substr(0, colon))),
                                       std::string(trimmed(text.substr(colon + 1)))});
  }
  return sections;
}

LessonText Reader::text_of(const Entry& entry, std::size_t longest) const {
  if (entry.value.empty()) refuse(entry.line, entry.key + ": a text is missing behind the colon");
  if (entry.value.size() > longest) {
    refuse(entry.line, entry.key + ": " + std::to_string(entry.value.size()) + " bytes are too long for a window: at most " +
                           std::to_string(longest) + ", divide it into two parts");
  }
  if (std::count(entry.value.begin(), entry.value.end(), '*') % 2 != 0) {
    refuse(entry.line, entry.key + ": one * of *emphasis* is missing");
  }
  return value_of(entry, [](const std::string& value) { return LessonText(value); });
}

int Reader::minutes_of(const Entry& entry) const {
  const int minutes = value_of(entry, [](const std::string& value) {
    Phrase phrase(value);
    const int number = phrase.whole_number();
    phrase.end();
    return number;
  });
  if (minutes < 1 || minutes > 60) refuse(entry.line, "minutes: expected 1 to 60");
  return minutes;
}

void Reader::read_head(const Section& section, Lesson& lesson) const {
  for (const Entry& entry : section.entries) {
    if (entry.key == "title" || entry.key == "summary") {
      text_of(entry, longest_choice);
      (entry.key == "title" ? lesson.title : lesson.summary) = entry.value;
    } else if (entry.key == "minutes") {
      lesson.minutes = minutes_of(entry);
    } else {
      refuse(entry.line, in_quotes(entry.key) + " is not known here: expected title, minutes and summary, then [set] or a part");
    }
  }
  const int line = section.entries.empty() ? 1 : section.entries.back().line;
  const char* missing = lesson.title.empty() ? "title" : lesson.summary.empty() ? "summary" : lesson.minutes == 0 ? "minutes" : nullptr;
  if (missing != nullptr) {
    refuse(line, std::string(missing) + " is missing: begin the file with title:, minutes: and summary:");
  }
}

void Reader::read_entry(const Entry& entry, LessonPart& part, bool& decided) const {
  const std::string& key = entry.key;
  const bool is_choice = key == "choice" || key == "right" || key == "wrong";
  const auto once = [&](LessonText& text) {
    if (!text.empty()) refuse(entry.line, key + ": stands twice in this part");
    text = text_of(entry, longest_said);
  };
  if (key == (part.asks() ? "ask" : "say")) {
    once(part.say);
  } else if (key == "point") {
    if (entry.value.empty() || entry.value.size() > 80) refuse(entry.line, "point: expected a landmark's name");
    part.points.push_back(value_of(entry, point_of));
  } else if (key == "cover" && part.asks()) {
    if (entry.value.empty() || entry.value.size() > 80) refuse(entry.line, "cover: expected a landmark's name");
    part.covers.push_back(entry.value);
  } else if (key == "hint" && part.kind != LessonPart::Kind::read) {
    once(part.hint);
  } else if (part.kind == LessonPart::Kind::act && key == "until") {
    part.until.push_back(value_of(entry, [](const std::string& value) { return Condition(value); }));
  } else if (part.kind == LessonPart::Kind::act && key == "then") {
    once(part.after);
  } else if (part.asks() && key == "because") {
    once(part.after);
  } else if (part.asks() && is_choice) {
    if (part.choices.size() == most_choices) refuse(entry.line, "a question has at most " + std::to_string(most_choices) + " choices");
    LessonChoice& choice = part.choices.emplace_back();
    choice.text = text_of(entry, longest_choice);
    choice.right = key == "right";
    decided |= key != "choice";
  } else if (part.asks() && key == "why") {
    if (part.choices.empty()) refuse(entry.line, "why: stands behind the choice that it explains");
    once(part.choices.back().why);
  } else if (part.asks() && key == "truth") {
    if (part.truth) refuse(entry.line, "truth: stands twice in this part");
    part.truth = value_of(entry, [](const std::string& value) { return LessonTruth(value); });
  } else {
    constexpr const char* known[] = {"say, point", "say, point, until, then and hint",
                                     "ask, choice, right, wrong, why, truth, because, point, cover and hint",
                                     "ask, choice, right, wrong, why, truth, because, point, cover and hint"};
    refuse(entry.line, in_quotes(key) + " is not known in this part: expected " + known[static_cast<int>(part.kind)]);
  }
}

void Reader::check(const LessonPart& part, bool decided) const {
  const auto right = std::count_if(part.choices.begin(), part.choices.end(),
                                   [](const LessonChoice& choice) { return choice.right; });
  if (part.say.empty()) refuse(part.line, std::string(part.asks() ? "ask:" : "say:") + " is missing in this part");
  if (part.kind == LessonPart::Kind::act && part.until.empty()) {
    refuse(part.line, "until: is missing: say how the program knows that it was done");
  }
  if (!part.asks()) return;
  if (part.choices.size() < 2) refuse(part.line, "a question needs two choices at least");
  if (part.truth && decided) {
    refuse(part.line, "truth: decides which is right: call all of them choice:, none right: or wrong:");
  }
  if (!part.truth && right != 1) {
    refuse(part.line, std::to_string(right) + " choices are right: exactly one has to be, by right: or by truth:");
  }
  if (part.kind == LessonPart::Kind::predict && part.after.empty()) {
    refuse(part.line, "because: is missing: say why the right answer is right");
  }
  if (part.kind == LessonPart::Kind::quiz) {
    for (const LessonChoice& choice : part.choices) {
      if (choice.why.empty()) refuse(part.line, "why: is missing behind a choice of this [quiz]: every answer gets its explanation");
    }
  }
}

LessonPart Reader::part(const Section& section) const {
  using Kind = LessonPart::Kind;
  LessonPart part;
  part.line = section.line;
  if (section.name == "read") {
    part.kind = Kind::read;
  } else if (section.name == "do") {
    part.kind = Kind::act;
  } else if (section.name == "predict") {
    part.kind = Kind::predict;
  } else if (section.name == "quiz") {
    part.kind = Kind::quiz;
  } else {
    refuse(section.line, "[" + visible_utf8(section.name.substr(0, 40)) + "] is not known: expected [set], [read], [do], [predict] or [quiz]");
  }
  bool decided = false;
  for (const Entry& entry : section.entries) read_entry(entry, part, decided);
  check(part, decided);
  return part;
}

Lesson Reader::lesson(const std::vector<Section>& sections) const {
  Lesson lesson;
  read_head(sections[0], lesson);
  LessonSetup setup;
  int set_line = 0;
  for (std::size_t i = 1; i < sections.size(); ++i) {
    const Section& section = sections[i];
    if (section.name == "set") {
      for (const Entry& entry : section.entries) {
        value_of(entry, [&](const std::string& value) {
          setup.add(entry.key, value);
          return true;
        });
      }
      set_line = section.line;
      continue;
    }
    lesson.parts.push_back(part(section));
    lesson.parts.back().setup = std::exchange(setup, {});
    set_line = 0;
    if (lesson.parts.size() > most_parts) refuse(section.line, "more than " + std::to_string(most_parts) + " parts");
  }
  if (set_line != 0) refuse(set_line, "[set] sets up the part behind it, and there is none");
  if (lesson.parts.empty()) refuse(1, "the lesson has no parts: write [read], [do], [predict] or [quiz]");
  return lesson;
}

}  // namespace

LessonSetup Lesson::setup_of(int part) const {
  LessonSetup all;
  for (int i = 0; i <= part && i < static_cast<int>(parts.size()); ++i) {
    all.then(parts[static_cast<std::size_t>(i)].setup);
  }
  return all;
}

Lesson parse_lesson(std::string_view bytes, const std::filesystem::path& file) {
  const Reader reader(file);
  Lesson lesson = reader.lesson(reader.sections(bytes));
  lesson.file = file;
  lesson.name = file.stem().string();
  return lesson;
}

Lesson read_lesson(const std::filesystem::path& file) {
  return parse_lesson(read_file(file, largest_file), file);
}

}  // namespace headlight
