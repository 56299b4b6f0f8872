// SPDX-License-Identifier: Apache-2.0
ADD(ddpm)
ADD(ddim)
ADD(euler)
ADD(heun)
ADD(dpmpp_2m)
