// SPDX-License-Identifier: Apache-2.0
ADD(swiss_roll)
ADD(gaussian_mixture)
