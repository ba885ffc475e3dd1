#include "variant_study.h"

#include "assets_path.h"

namespace headlight {

VariantStudy::VariantStudy(const Snapshot& snapshot)
    : maker_(variants_folder(), snapshot.request.text, snapshot.variants.get()) {}

void VariantStudy::publish(Snapshot& snapshot) {
  snapshot.variants = std::make_shared<const VariantSheet>(maker_.sheet());
}

}  // namespace headlight
