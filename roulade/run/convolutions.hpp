// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv_choices.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/train/distributed.hpp"

#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// By which methods a training makes its convolutions. One that goes on, behind `makers`: as it began, and warn, where
/// there is one, says so if set_measured_convolutions() asks for more. A new one that is asked so: as a step measures
/// that changes nothing; of data in buckets, one of the first shape, and the rule has the others. Else none: the rule
/// decides. Of several processes rank 0 chooses for all; the makers of the others do not matter.
ConvChoices agree_on_convolutions(Ranks& ranks, const TrainParts& parts, const std::vector<Maker>& makers,
                                  const std::function<void(const std::string&)>& warn);

}  // namespace roulade
