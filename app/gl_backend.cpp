#include "gl_backend.h"

#include <epoxy/gl.h>
#include <imgui.h>

#include <backends/imgui_impl_opengl3.h>

namespace headlight {

GlBackend::GlBackend() {
  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  ImGui_ImplOpenGL3_Init("#version 330");
}

GlBackend::~GlBackend() {
  ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext();
}

bool GlBackend::frame(Program& program, float scale, int width, int height, void (*begin)()) {
  const bool more = program.prepare(scale);
  if (program.ensure_fonts()) {
#if IMGUI_VERSION_NUM < 19200  // later ones fill their atlas by themselves
    ImGui_ImplOpenGL3_DestroyFontsTexture();
    ImGui_ImplOpenGL3_CreateFontsTexture();
#endif
  }
  ImGui_ImplOpenGL3_NewFrame();
  begin();
  ImGui::NewFrame();
  program.draw();
  ImGui::Render();
  const ImVec4 paper =
      ImGui::ColorConvertU32ToFloat4(palette_of(program.state().display.theme).paper);
  glViewport(0, 0, width, height);
  glClearColor(paper.x, paper.y, paper.z, 1.0f);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  return more;
}

}  // namespace headlight
