// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace roulade {

/// Seconds of a product of two 1,024 x 1,024 matrices of float32 on this process's threads, the least of five: what
/// times of training are told in, since the same machine may be half as fast an hour later. Takes 0.05 to 0.2 s.
double machine_probe();

}  // namespace roulade
