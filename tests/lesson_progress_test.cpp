#include "lesson_progress.h"

#include <doctest/doctest.h>

#include <thread>

#include "environment.h"
#include "lesson_run.h"
#include "temporary_folder.h"
#include "worker.h"

using namespace headlight;
using namespace headlight::test;

TEST_CASE("progress is kept across starts, and can be forgotten") {
  const TemporaryFolder folder;
  const auto file = folder / "progress";
  {
    LessonProgress progress(file);
    CHECK(progress.empty());
    CHECK(progress.of("one") == nullptr);
    progress.reach("one", 3, 9);
    progress.reach("one", 2, 9);
    progress.reach("two", 0, 4);
    progress.finish("two");
    progress.finish("three");  // never begun
  }
  LessonProgress again(file);
  REQUIRE(again.of("one"));
  CHECK(*again.of("one") == LessonRecord{2, 3, 9, false});
  CHECK(*again.of("two") == LessonRecord{0, 0, 4, true});
  CHECK(again.of("three") == nullptr);
  again.reset("one");
  CHECK(LessonProgress(file).of("one") == nullptr);
  CHECK(LessonProgress(file).of("two") != nullptr);
  again.reset();
  CHECK(LessonProgress(file).empty());
}

TEST_CASE("what another window wrote meanwhile is kept") {
  const TemporaryFolder folder;
  LessonProgress first(folder / "progress"), second(folder / "progress");
  first.reach("one", 1, 5);
  second.reach("two", 2, 5);
  const LessonProgress read(folder / "progress");
  CHECK(read.of("one") != nullptr);
  CHECK(read.of("two") != nullptr);
}

TEST_CASE("a lesson that was written anew begins again, but stays done") {
  const TemporaryFolder folder;
  LessonProgress progress(folder / "progress");
  progress.reach("one", 8, 9);
  progress.finish("one");
  progress.reach("one", 1, 4);
  CHECK(*progress.of("one") == LessonRecord{1, 1, 4, true});
}

TEST_CASE("a damaged line costs no other line") {
  const TemporaryFolder folder;
  const auto file = folder.write("progress", std::string("one\t1\t2\t9\t0\nrubbish\n\ntwo\t5\t2\t9\t0\n"
                                                         "three\t-1\t2\t9\t0\nfour\t1\t2\t9\t7\n"
                                                         "five\t99999999999999999999\t2\t9\t0\n\t1\t2\t9\t0\n") +
                                             std::string("\0\xff\n", 3) + "six\t0\t0\t3\t1\n");
  const LessonProgress progress(file);
  CHECK(progress.of("one") != nullptr);
  CHECK(progress.of("six") != nullptr);
  for (const char* name : {"rubbish", "two", "three", "four", "five", ""}) CHECK(progress.of(name) == nullptr);
}

TEST_CASE("names and parts that cannot be kept, and a folder that cannot be written, are passed over") {
  const TemporaryFolder folder;
  LessonProgress progress(folder / "progress");
  progress.reach("a\tb", 1, 5);
  progress.reach("a\nb", 1, 5);
  progress.reach("", 1, 5);
  progress.reach("one", 5, 5);
  progress.reach("one", -1, 5);
  CHECK(progress.empty());
  folder.write("file", "x");
  LessonProgress nowhere(folder / "file" / "progress");
  nowhere.reach("one", 1, 5);
  CHECK(nowhere.of("one") != nullptr);
}

TEST_CASE("a lesson is taken: set up, waited for, answered wrongly and rightly, and what was before comes back") {
  const TemporaryFolder folder;
  const Environment state_home("XDG_STATE_HOME", folder.path().string());
  std::filesystem::create_directories(folder / "headlight" / "lessons");
  folder.write("headlight/lessons/mine.lesson",
               "title: T\nminutes: 3\nsummary: S\n[set]\ntext: The cat sat on the mat\nhead: 1.5\nprune: 0.1\n"
               "[predict]\nask: x\nchoice: The\nchoice: cat\ntruth: strongest key of \"sat\" in 1.5\n"
               "because: {weight of \"sat\" to \"cat\" in 1.5}\n"
               "[do]\nsay: x\nuntil: head is 2.2\nthen: y\nhint: z\n"
               "[quiz]\nask: x\nwrong: a\nwhy: no\nright: b\nwhy: yes\n");
  LessonRun run;
  State state;
  state.request.text = "My own";
  state.request.edits[{0, 3}].gain = 0.0f;
  const State before = state;
  History history;
  history.reset({state.request.edits, state.columns});
  Worker worker([] {});
  const auto frames = [&] {
    for (int i = 0; i < 4; ++i) {
      worker.submit(state.request, {});
      run.update(state, history, worker.wait());
    }
  };
  REQUIRE_FALSE(run.begin(state, history, "no such", 0));
  CHECK(state == before);
  REQUIRE(run.begin(state, history, "mine", 0));
  frames();
  CHECK(state.request.text == "The cat sat on the mat");
  CHECK(state.selection.head == HeadId{1, 5});
  CHECK(state.request.edits.contains({0, 1}));
  CHECK_FALSE(history.can_undo());
  CHECK(run.waits_for_choice());
  CHECK_FALSE(run.may_go_on());
  CHECK_FALSE(run.right());
  run.choose(0);
  CHECK(run.right() == 1u);
  CHECK(run.chosen() == 0u);
  CHECK(run.after() != "...");
  run.choose(1);
  CHECK(run.chosen() == 0u);  // a guess is given once
  run.next(state, history);
  frames();
  CHECK(state.learn.lesson_part == 1);
  CHECK_FALSE(run.done());
  state.selection.head = {2, 2};
  frames();
  CHECK(run.done());
  CHECK(run.after() == "y");
  run.next(state, history);
  frames();
  run.choose(0);
  CHECK_FALSE(run.done());
  CHECK(run.tried(0));
  CHECK(run.why() == "no");
  run.back(state);
  frames();
  CHECK(state.learn.lesson_part == 1);
  CHECK(state.selection.head == HeadId{1, 5});
  CHECK(run.may_go_on());  // it was done once
  run.next(state, history);
  frames();
  run.choose(1);
  CHECK(run.done());

  // The program ends here, and another one goes on: what was before is in a file.
  LessonRun later;
  History fresh;
  worker.submit(state.request, {});
  later.update(state, fresh, worker.wait());
  REQUIRE(later.lesson() != nullptr);
  CHECK(later.part()->kind == LessonPart::Kind::quiz);
  later.next(state, fresh);
  CHECK(state == before);
  CHECK_FALSE(std::filesystem::exists(before_lesson_file()));
  CHECK(later.progress().of("mine")->done);
}

TEST_CASE("a session that names a lesson which is gone can be left") {
  const TemporaryFolder folder;
  const Environment state_home("XDG_STATE_HOME", folder.path().string());
  LessonRun run;
  State state;
  state.learn.lesson = "gone";
  state.learn.lesson_part = 7;
  History history;
  Worker worker([] {});
  worker.submit(state.request, {});
  run.update(state, history, worker.wait());
  CHECK(run.lesson() == nullptr);
  CHECK(contains(run.problem(), "gone.lesson: there is no such lesson"));
  CHECK_FALSE(run.leave(state, history));
  CHECK(state.learn.lesson.empty());
}
