// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/chunks.hpp"

#include <mutex>
#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Pieces = std::set<std::pair<int64_t, int64_t>>;

Pieces pieces(int64_t rows, int64_t chunk) {
  Pieces out;
  std::mutex mutex;
  in_chunks("work", rows, chunk, {}, {}, [&](int64_t first, int64_t count) {
    const std::lock_guard lock(mutex);
    out.emplace(first, count);
  });
  return out;
}

TEST(Chunks, AreAsFewAsCanBeAndAlike) {
  EXPECT_EQ(pieces(250, 250), (Pieces{{0, 250}}));
  EXPECT_EQ(pieces(251, 250), (Pieces{{0, 126}, {126, 125}}));
  EXPECT_EQ(pieces(10, 4), (Pieces{{0, 4}, {4, 3}, {7, 3}}));
  EXPECT_EQ(pieces(3, 1), (Pieces{{0, 1}, {1, 1}, {2, 1}}));
  EXPECT_EQ(pieces(0, 5), Pieces{});
}

TEST(Chunks, AreFoundByARow) {
  for (const int64_t rows : {1, 5, 10, 250, 251, 999})
    for (const int64_t chunk : {1, 4, 250})
      for (const auto& [first, count] : pieces(rows, chunk))
        for (int64_t row = first; row < first + count; ++row)
          EXPECT_EQ(chunk_of(rows, chunk, row), std::pair(first, count)) << rows << " " << chunk << " " << row;
}

TEST(Chunks, OfPicturesHaveAboutAsManyPlaces) {
  EXPECT_EQ(rows_together({2}), 256);
  EXPECT_EQ(rows_together({1, 28, 28}), 256);
  EXPECT_EQ(rows_together({3, 64, 64}), 64);
  EXPECT_EQ(rows_together({3, 2048, 1024}), 1);
}

}  // namespace
}  // namespace roulade
