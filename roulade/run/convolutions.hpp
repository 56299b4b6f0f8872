// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv_choices.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// By which methods a training makes its convolutions. One that goes on, behind `makers`: as it began, and warn, where
/// there is one, says so if set_measured_convolutions() asks for more. A new one that is asked so: as a step of few
/// samples measures, which changes nothing. Else none: the rule decides. Throws Error(usage) where several processes
/// are to measure, for each would choose for itself.
ConvChoices choose_convolutions(const TrainParts& parts, const std::vector<Maker>& makers, int64_t processes,
                                const std::function<void(const std::string&)>& warn);

}  // namespace roulade
