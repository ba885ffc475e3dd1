#pragma once

// The probe API in one include: load a model, run it with edits, look into the trace.
//
//     const headlight::Model model = headlight::load_model("assets/models/mini-gpt");
//     headlight::Edits edits;
//     edits[{.layer = 1, .head = 3}] = {.gain = 0.0f};
//     const headlight::Trace trace = headlight::run(model, "The cat sat on the mat", edits);
//     auto weights = trace.weights({1, 3});  // [query, key]

#include <xtensor/xtensor.hpp>

#include "edits.h"
#include "head_summary.h"
#include "mask.h"
#include "model.h"
#include "pass.h"
#include "prediction.h"
#include "trace.h"
