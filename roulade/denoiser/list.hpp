// SPDX-License-Identifier: Apache-2.0
ADD(eps)
ADD(x0)
ADD(v)
ADD(velocity)
ADD(edm)
