// SPDX-License-Identifier: Apache-2.0
ADD(fashion_mnist)
ADD(wesnoth)
ADD(glyphs)
ADD(emoji)
ADD(papirus)
ADD(openclipart)
