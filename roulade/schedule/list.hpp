// SPDX-License-Identifier: Apache-2.0
ADD(linear)
ADD(cosine)
ADD(edm)
ADD(flow)
