#pragma once

#include <imgui.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fonts.h"
#include "history.h"
#include "landmarks.h"
#include "lesson_run.h"
#include "model_list.h"
#include "palette.h"
#include "state.h"
#include "take_home.h"
#include "walk_ui.h"
#include "worker.h"

namespace headlight {

/// A key that went down, by GLFW's number.
struct KeyPress {
  int key = 0;
  bool ctrl = false;
  bool shift = false;
};

/// Where the map's view stands: zoom and pan belong to the window, not to the session.
struct MapCamera {
  float cell = 0.0f;     ///< Side of a cell in pixels; 0: all tokens fit.
  ImVec2 origin{0, 0};   ///< Cell at the view's upper left corner, in cells.
};

/// A stroke over the map's cells.
struct Painting {
  bool mask = true;  ///< Else it frees.
  Cell at;           ///< Where it is.
};

enum class Dialog { none, open_model, open_session, save_session, export_, shortcuts, about };

enum class ExportScope { head, layer, all, curve, columns };

/// What the export dialog holds.
struct ExportForm {
  std::string file;
  ExportScope scope = ExportScope::head;
  Theme theme = Theme::light;
  int scale = 2;  ///< Pixels per point, for PNG.
};

/// Which heads a change in the inspector goes to.
enum class EditScope { head, layer, role, all };  // role: those that stand out in the grid

/// What the user asked for in this frame that panels do not do themselves: files and the program's end.
struct Wishes {
  std::optional<std::string> open_model;  ///< Its folder; empty: the built-in one.
  std::optional<std::filesystem::path> open_session;
  std::optional<std::filesystem::path> save_session;
  std::optional<std::filesystem::path> open_lesson;
  std::optional<std::filesystem::path> print_lesson;  ///< Its file.
  std::optional<ExportForm> export_;
  std::optional<TakeHome> take_home;
  bool list_models = false;  ///< For the model menu: Ui::models.
  bool stop = false;  ///< The running computation.
  std::optional<StudyKind> measure;
  std::string corpus;  ///< Of importance: a file to measure it on, too; of naive: the layer.
  bool pause_studies = false;
  bool quit = false;
};

/// A texture as panels may draw it.
struct TextureRef {
  ImTextureID id{};
  int width = 0;
  int height = 0;
};

/// What a column of the compare view is drawn with.
struct ColumnTextures {
  TextureRef mask, map, difference;
};

/// What belongs to the window and not to the state: fonts, what the mouse is over, open dialogs.
struct Ui {
  Fonts fonts;
  float scale = 1.0f;  ///< Pixels for one design pixel: display scale times text scale.
  const Palette* palette = &palette_of(Theme::dark);

  std::vector<KeyPress> keys;  ///< Of this frame.
  Landmarks landmarks;
  Wishes wishes;

  std::optional<Cell> hovered_cell;    ///< Of the map, arcs or text, in the last frame.
  std::optional<HeadId> hovered_head;  ///< Of the grid.
  std::optional<Cell> next_hovered_cell;

  MapCamera camera;
  std::optional<Painting> painting;
  int map_factor = 1;  ///< Cells a texture pixel of the map stands for, as the last frame wants it.
  TextureRef map_texture;
  TextureRef thumbnails_texture;
  std::array<ColumnTextures, 4> columns;
  int column_side = 200;  ///< Of a column's map, in pixels, as the last frame had it.
  int column = 1;         ///< Whose receptive field the chips show, and which flickers.
  MaskPlace first_place = MaskPlace::all;  ///< Where the first column's mask is put.
  bool flickers = false;  ///< The column shows the first one's map every other quarter of a second.
  std::string column_text, column_model;  ///< Fields of a column's own text and model, while open.

  WalkUi walk;

  Dialog dialog = Dialog::none;
  bool dialog_just_opened = false;
  std::string path_field;
  ExportForm export_form;
  EditScope edit_scope = EditScope::head;
  Edits effect_asked;       ///< What the effect was last asked for of.
  HeadId variant_head;  ///< Whose maps the variants page shows; of none of them in particular.
  std::optional<std::string> variants_asked;  ///< The text that the variants were last run on.
  bool without_cache = false;  ///< The page on the key-value cache shows what is done without one.
  int cache_length = 0;        ///< Which of LearnPages::cache_lengths the parameters page shows.
  std::string corpus_field;  ///< A file to measure importance on, as typed.
  std::size_t importance_set = 0;  ///< Of the report: whose importance decides.
  int least_important = 4;  ///< How many heads a click would prune.
  std::optional<ImVec2> box_start;  ///< Where a box over the grid was begun, while it is drawn.
  bool show_times = true;  ///< Not in a picture that has to be the same each time.
  bool focus_prompt = false;
  bool prompt_active = false;  ///< The text field has the keyboard, as of the last frame.
  bool wants_mask = false;     ///< The key for a mask token was pressed.
  int chip_rows = 1;  ///< Of the last frame.

  History history;
  LessonRun lessons;
  float lesson_dock = 0.0f;  ///< Height that the lesson's panel wants, in pixels, as of the last frame.
  std::vector<std::string> examples;
  std::optional<ModelList> models;  ///< None: not looked for yet.
  Progress progress;
  StudyProgress study;
  bool stale = false;     ///< The picture is older than the request, and has been for a while.
  std::string message;    ///< Of the last file action: a line in the status bar.
  bool message_is_error = false;

  float px(float design_pixels) const { return design_pixels * scale; }
  void open(Dialog which) {
    dialog = which;
    dialog_just_opened = true;
  }
};

}  // namespace headlight
