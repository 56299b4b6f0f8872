// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"
#include "roulade/text/text_table.hpp"

#include <memory>

namespace roulade {

/// A network that is told texts by their numbers in a table, Condition::text [B]: `network` with the states of the
/// texts as tokens, token_mask and pooled; without Condition::text, with those of the empty text. Its weights have
/// their names in `network`.
/// encoder: makes the states, its weights listed as text_encoder.NAME and trained where they ask for gradients; null =
/// the table's own does.
std::unique_ptr<Model> make_text_network(std::shared_ptr<const Model> network, std::shared_ptr<const TextTable> texts,
                                         std::shared_ptr<const TextEncoder> encoder = nullptr);

}  // namespace roulade
