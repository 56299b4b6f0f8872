// SPDX-License-Identifier: Apache-2.0
ADD(sliced_wasserstein)
ADD(energy)
ADD(precision_recall)
ADD(curve_distance)
ADD(arc_coverage)
