// SPDX-License-Identifier: Apache-2.0
ADD(swiss_roll)
ADD(gaussian_mixture)
ADD(moons)
ADD(circles)
ADD(checkerboard)
ADD(table)
