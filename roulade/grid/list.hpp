// SPDX-License-Identifier: Apache-2.0
ADD(uniform)
ADD(trailing)
ADD(leading)
ADD(karras)
ADD(log_snr)
ADD(custom)
