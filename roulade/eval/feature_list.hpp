// SPDX-License-Identifier: Apache-2.0
ADD(lite0)
ADD(inception_pytorch_fid)
ADD(inception_clean)
