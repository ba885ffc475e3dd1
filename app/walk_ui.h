#pragma once

#include <memory>
#include <optional>
#include <string>

#include "take_home.h"
#include "walk_scene.h"

namespace headlight {

/// What the window keeps of a walk that is not part of the session.
struct WalkUi {
  std::optional<WalkCell> hovered;  ///< Under the mouse in the last frame.
  double split_since = -1.0;        ///< When the split began to move; negative: it has not.
  WalkStep last_step = WalkStep::embed;
  bool playing = false;
  double step_since = 0.0;  ///< When playing came to this step.
  double next_frame = 0.0;  ///< Seconds after which another frame should follow; 0: when something happens.
  double copied_at = -10.0;

  TakeHome take_home;  ///< What the form holds.

  // The scene that was drawn last, and what it was made of.
  WalkScene scene;
  std::shared_ptr<const LayerWalk> of;
  WalkStep scene_step = WalkStep::embed;
  WalkSceneOptions options;

  // The tiny layer's walk, and what it was made of.
  std::shared_ptr<const LayerWalk> tiny;
  std::string tiny_key, tiny_error;
};

}  // namespace headlight
