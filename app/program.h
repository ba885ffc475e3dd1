#pragma once

#include <functional>
#include <future>
#include <string>

#include "picture.h"
#include "state.h"
#include "texture.h"
#include "ui.h"
#include "worker.h"

namespace headlight {

/// One frame of the program, the same for the window and for the picture without a display. Needs a
/// current Dear ImGui and GL context.
class Program {
 public:
  /// `wake` is called from the worker's thread when there is something new to draw. `measures`: as of
  /// Worker.
  Program(State state, std::function<void()> wake, bool measures);

  /// Before ImGui::NewFrame: takes the newest snapshot over. `scale` is the display's. Returns whether
  /// another frame should follow soon.
  bool prepare(float scale);

  /// After prepare: makes the font atlas fit what is shown. Returns whether it was built anew, so that its
  /// texture has to be, too.
  bool ensure_fonts();

  /// Between NewFrame and Render: draws the window, and carries out what the user asked for.
  void draw();

  /// Waits until what the state asks for is computed.
  void wait();

  /// Whether the worker has published something that is not drawn yet.
  bool has_news() const;
  /// Whether the picture answers the state.
  bool answered() const;

  /// Whether a long measurement runs between requests.
  bool measures() const { return worker_.study_progress().busy; }

  /// Whether a file is being exported.
  bool exports() const { return exporting_.valid(); }
  /// Opens a session file (.json), a lesson (.lesson), a text file to measure importance on (.txt) or a model's folder,
  /// as when it is dropped on the window.
  void open(const std::string& path);

  const State& state() const { return state_; }
  Ui& ui() { return ui_; }
  /// The path of a model that was opened since the last call, once; empty for none, and for the
  /// built-in ones.
  std::filesystem::path newly_opened();
  bool wants_to_quit() const { return ui_.wishes.quit; }

 private:
  /// The columns to compute: none while they are not on screen.
  std::vector<Column> wanted_columns() const;
  bool answers(const Snapshot& snapshot) const;
  std::string characters() const;
  void want_extras();
  void carry_out_wishes();
  void start_export(const ExportForm& form);
  void start_take_home(const TakeHome& form);
  void start_lesson_handout(const std::filesystem::path& file);
  using Files = std::vector<std::pair<std::string, std::string>>;  // names and bytes
  void start_writing(const std::string& file, std::function<Files()> make);
  void finish_export();
  void start_listing();
  void finish_listing();
  void say(const std::string& message, bool is_error);

  State state_;
  Ui ui_;
  Picture picture_;
  PictureTextures textures_;
  std::future<std::string> exporting_;  // the file that is being written; ends before the program does
  std::future<ModelList> listing_;
  std::optional<HeadId> arriving_;  // to be selected when the model asked for is there
  std::shared_ptr<const Model> known_model_;  // what newly_opened last told of
  std::function<void()> wake_;
  double stale_since_ = 0.0;
  Theme styled_theme_ = Theme::dark;
  float styled_scale_ = 0.0f;
  Worker worker_;  // last: its thread may call `wake` until it is gone
};

}  // namespace headlight
