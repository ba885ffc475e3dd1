#include "window.h"

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <dlfcn.h>
#include <imgui.h>

#include <backends/imgui_impl_glfw.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "gl_backend.h"
#include "landmarks_file.h"
#include "recent_models.h"
#include "session_store.h"

namespace headlight {
namespace {

// GLFW is closed when the last of its users is gone.
struct Glfw {
  Glfw() {
    glfwSetErrorCallback([](int, const char*) {});
    if (!glfwInit()) {
      throw std::runtime_error(
          "no display: start it in a desktop session, or use 'headlight export' or "
          "'headlight --offscreen first.png'");
    }
  }
  ~Glfw() {
    // Leak checkers could not name the driver's frames once it is unloaded.
    dlopen("libGLX_mesa.so.0", RTLD_LAZY | RTLD_NODELETE | RTLD_NOLOAD);
    glfwTerminate();
  }
};

// A key's change, or a typed character.
struct Event {
  int key = 0;  // 0: a character
  int scancode = 0;
  int action = 0;
  int mods = 0;
  unsigned character = 0;
};

// Dear ImGui before 1.87 polls once a frame: a key pressed and released within one slow frame would be lost,
// and characters come before keys. So events wait here, and each frame takes as many, in order, as it can
// tell apart.
std::deque<Event> events;
int frames_wanted = 3;

void want_frames() { frames_wanted = 3; }

void on_key(GLFWwindow*, int key, int scancode, int action, int mods) {
  events.push_back({key, scancode, action, mods, 0});
  want_frames();
}

void on_character(GLFWwindow*, unsigned character) {
  events.push_back({0, 0, 0, 0, character});
  want_frames();
}

bool is_modifier(int key) { return key >= GLFW_KEY_LEFT_SHIFT && key <= GLFW_KEY_RIGHT_SUPER; }

// Keys that change a text without typing a character, or start a shortcut.
bool edits(const Event& event) {
  return event.action != GLFW_RELEASE && !is_modifier(event.key) &&
         (event.key >= GLFW_KEY_ESCAPE || (event.mods & (GLFW_MOD_CONTROL | GLFW_MOD_ALT)) != 0);
}

// Whether a frame that has taken `taken` can take `next`, too.
bool fits(const std::vector<Event>& taken, const Event& next) {
  for (const Event& event : taken) {
    if (event.key == 0) continue;
    if (next.key == 0 ? edits(event) : event.key == next.key) return false;
    if (next.key != 0 && is_modifier(next.key) && !is_modifier(event.key)) return false;
    if (next.key != 0 && edits(event) && edits(next)) return false;
  }
  return true;
}

void hand_on_events(GLFWwindow* window, Ui& ui) {
  std::vector<Event> taken;
  while (!events.empty() && fits(taken, events.front())) {
    const Event event = events.front();
    events.pop_front();
    taken.push_back(event);
    if (event.key == 0) {
      ImGui_ImplGlfw_CharCallback(window, event.character);
      continue;
    }
    ImGui_ImplGlfw_KeyCallback(window, event.key, event.scancode, event.action, event.mods);
    // Held down, only the arrows go on: a theme that flickers or a head pruned and restored helps nobody.
    const bool arrow = event.key >= GLFW_KEY_RIGHT && event.key <= GLFW_KEY_UP;
    if (event.action == GLFW_PRESS || (event.action == GLFW_REPEAT && arrow)) {
      ui.keys.push_back({event.key, (event.mods & GLFW_MOD_CONTROL) != 0,
                         (event.mods & GLFW_MOD_SHIFT) != 0});
    }
  }
  if (!events.empty()) want_frames();
}

GLFWwindow* open_window(int width, int height) {
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  GLFWwindow* window = glfwCreateWindow(width, height, "Headlight", nullptr, nullptr);
  if (window == nullptr) {
    throw std::runtime_error(
        "the graphics driver offers no OpenGL 3.3: update it, or use 'headlight export'");
  }
  glfwSetWindowSizeLimits(window, 800, 600, GLFW_DONT_CARE, GLFW_DONT_CARE);
  glfwMakeContextCurrent(window);
  glfwSwapInterval(1);
  return window;
}

void install_callbacks(GLFWwindow* window) {
  glfwSetKeyCallback(window, on_key);
  glfwSetCharCallback(window, on_character);
  glfwSetMouseButtonCallback(window, [](GLFWwindow* w, int button, int action, int mods) {
    ImGui_ImplGlfw_MouseButtonCallback(w, button, action, mods);
    want_frames();
  });
  glfwSetScrollCallback(window, [](GLFWwindow* w, double x, double y) {
    ImGui_ImplGlfw_ScrollCallback(w, x, y);
    want_frames();
  });
  glfwSetCursorPosCallback(window, [](GLFWwindow* w, double x, double y) {
#if IMGUI_VERSION_NUM >= 18700
    ImGui_ImplGlfw_CursorPosCallback(w, x, y);
#else
    (void)w, (void)x, (void)y;  // polled by the backend
#endif
    want_frames();
  });
  glfwSetWindowFocusCallback(window, [](GLFWwindow* w, int focused) {
    ImGui_ImplGlfw_WindowFocusCallback(w, focused);
    want_frames();
  });
  glfwSetCursorEnterCallback(window, [](GLFWwindow* w, int entered) {
    ImGui_ImplGlfw_CursorEnterCallback(w, entered);
    want_frames();
  });
  glfwSetFramebufferSizeCallback(window, [](GLFWwindow*, int, int) { want_frames(); });
  glfwSetWindowRefreshCallback(window, [](GLFWwindow*) { want_frames(); });
  // A dropped folder or file is opened: a session file by its ending, else a model.
  glfwSetDropCallback(window, [](GLFWwindow* w, int count, const char** paths) {
    if (count < 1) return;
    auto* program = static_cast<Program*>(glfwGetWindowUserPointer(w));
    program->open(paths[0]);
    want_frames();
  });
}

float display_scale(GLFWwindow* window) {
  float x = 1.0f, y = 1.0f;
  glfwGetWindowContentScale(window, &x, &y);
  return std::max(x, 0.5f);
}

}  // namespace

State run_window(State state, int width, int height, const std::filesystem::path& open) {
  const Glfw glfw;
  GLFWwindow* window = open_window(width, height);
  State last;
  {
    GlBackend backend;
    ImGui_ImplGlfw_InitForOpenGL(window, false);
    Program program(std::move(state), [] { glfwPostEmptyEvent(); }, true);
    glfwSetWindowUserPointer(window, &program);
    install_callbacks(window);
    if (!open.empty()) program.open(open);
    LandmarksFile landmarks(std::getenv("HEADLIGHT_LANDMARKS"));
    SessionStore store;
    Dialog dialog = Dialog::none;
    ImGui::GetIO().ConfigInputTextCursorBlink = false;  // else a text field would never be idle
    while (!glfwWindowShouldClose(window) && !program.wants_to_quit()) {
      // Nothing happens, nothing is drawn: input and the worker wake the loop.
      if (frames_wanted > 0) {
        glfwPollEvents();
      } else if (!program.answered() || program.measures() || program.exports()) {
        glfwWaitEventsTimeout(0.1);  // for the progress bar
        want_frames();
      } else if (const double wait = program.ui().walk.next_frame; wait > 0.0) {
        glfwWaitEventsTimeout(wait);
        want_frames();
      } else if (program.ui().flickers && program.state().display.view == View::compare) {
        glfwWaitEventsTimeout(0.25);
        want_frames();
      } else if (store.unsaved(program.state())) {
        glfwWaitEventsTimeout(1.0);
        store.keep(program.state());
      } else {
        glfwWaitEvents();
      }
      if (program.has_news()) want_frames();
      if (const std::filesystem::path opened = program.newly_opened(); !opened.empty()) {
        remember_model(opened);
      }
      if (frames_wanted == 0) continue;
      --frames_wanted;
      hand_on_events(window, program.ui());
      int pixels_wide = 0, pixels_high = 0;
      glfwGetFramebufferSize(window, &pixels_wide, &pixels_high);
      const bool more = backend.frame(program, display_scale(window), pixels_wide, pixels_high,
                                      [] { ImGui_ImplGlfw_NewFrame(); });
      glfwSwapBuffers(window);
      if (more) frames_wanted = std::max(frames_wanted, 2);
      if (program.ui().dialog != dialog) {
        dialog = program.ui().dialog;
        frames_wanted = 20;  // the window behind fades
      }
      landmarks.write(program.ui().landmarks, program.state(), program.answered());
    }
    last = program.state();
    store.keep(last);
    glfwSetWindowUserPointer(window, nullptr);
    ImGui_ImplGlfw_Shutdown();
  }
  glfwDestroyWindow(window);
  return last;
}

}  // namespace headlight
