// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

namespace roulade {

/// Four labelled modes in the plane, trained in well under a second.
inline Recipe short_recipe() {
  return parse_recipe(R"(
[data]
kind = "gaussian_mixture"
modes = 4
count = 2000
validation_count = 200
[schedule]
kind = "cosine"
steps = 20
[model]
width = 16
depth = 1
[objective]
label_dropout = 0.2
[train]
steps = 40
batch = 64
log_every = 10
checkpoint_every = 10
validate_every = 20
keep = 2
[sample]
steps = 20
count = 600
chunk = 100
[eval]
pairs = 2
count = 400
)",
                      "test");
}

}  // namespace roulade
