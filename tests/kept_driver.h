#pragma once

#include <dlfcn.h>

#include <filesystem>

namespace headlight::test {

/// Mesa unloads its driver with the display, after which no leak checker can name the driver's
/// frames: so it is kept loaded here.
inline void keep_driver() {
  void* egl = dlopen("libEGL_mesa.so.0", RTLD_LAZY);
  void* symbol = egl == nullptr ? nullptr : dlsym(egl, "__egl_Main");
  Dl_info info{};
  if (symbol == nullptr || dladdr(symbol, &info) == 0) return;
  const std::filesystem::path beside = std::filesystem::path(info.dli_fname).parent_path();
  dlopen((beside / "dri" / "swrast_dri.so").c_str(), RTLD_LAZY | RTLD_NODELETE);
}

}  // namespace headlight::test
