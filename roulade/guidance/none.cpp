// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/guidance.hpp"

namespace roulade::guidance {

Entry none() {
  Entry entry;
  entry.name = "none";
  entry.summary = "The denoiser as it is";
  entry.source = "none needed";
  entry.make = [](Binder&, GuidanceParts parts) { return parts.denoiser; };
  return entry;
}

}  // namespace roulade::guidance
