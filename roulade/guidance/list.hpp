// SPDX-License-Identifier: Apache-2.0
ADD(none)
ADD(cfg)
ADD(cfg_pp)
ADD(autoguidance)
