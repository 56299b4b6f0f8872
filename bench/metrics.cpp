// SPDX-License-Identifier: Apache-2.0
// Each metric on one pair of sets of 10,000 points with its floor, and the whole protocol: 20 such pairs, the making of
// the sets not counted. A metric must equal its plain expression in double for the judged set.
#include "case.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/curve_projection.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/kernel/nearest.hpp"
#include "roulade/kernel/pair_sum.hpp"
#include "roulade/kernel/sliced.hpp"
#include "roulade/kernel/squared_distance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace roulade::bench {
namespace {

constexpr int64_t kRows = 10000;
constexpr uint64_t kSeed = 5;  // of directions

/// Scaled Swiss rolls: a judged one that is a little too wide, a fresh one and the reference.
struct Sets {
  std::unique_ptr<const PointSource> source = data::registry().make("swiss_roll");
  Scaling scaling = Scaling::fit(source->draw(Split::train, 0, 100000), "global");
  Curve curve = scaling.apply(*source->curve());
  PointSet judged = made("0.6", 1), fresh = made("0.5", 2), reference = made("0.5", 3);
  PointSet training = to_set(scaling.apply(source->draw(Split::train, 0, 100000)));

  PointSet made(const std::string& noise, uint64_t seed) const {
    const auto roll = data::registry().make("swiss_roll", {{"noise", std::stod(noise)}});
    return to_set(scaling.apply(roll->draw(Split::test, seed, kRows)));
  }
};

/// Judges `judged` and `fresh` against the reference; the judged set's first figure must be `expected` to `tolerance`.
Run metric_case(const std::string& name, double tolerance, double (*expected_of)(const Sets&)) {
  const auto sets = std::make_shared<const Sets>();
  const std::shared_ptr<const Metric> metric = eval::registry().make(name);
  const double expected = expected_of(*sets);
  return [sets, metric, expected, tolerance]() -> Outcome {
    const std::vector<PointView> judged = {sets->judged.view(), sets->fresh.view()};
    const double got =
        metric->compare(judged, sets->reference.view(), {kSeed, &sets->curve, sets->training.view()})[0][0];
    return {got, expected - tolerance, expected + tolerance, {}, {}};
  };
}

double sliced_of(const Sets& sets) {
  std::vector<double> normal(2 * 500);
  fill_normal({kSeed, Stream::evaluate}, 0, 2, std::span<double>(normal));
  std::vector<float> unit;
  for (size_t i = 0; i < normal.size(); i += 2)
    for (size_t c : {0, 1}) unit.push_back(static_cast<float>(normal[i + c] / std::hypot(normal[i], normal[i + 1])));
  return sliced_wasserstein_plain(sets.judged.values.data(), sets.reference.values.data(), kRows, 2, unit);
}

double energy_of(const Sets& sets) {
  const float *x = sets.judged.values.data(), *r = sets.reference.values.data();
  const double pairs = 0.5 * kRows * (kRows - 1);
  return 2 * pair_distance_sum_plain(x, kRows, r, kRows, 2) / (double{kRows} * kRows) -
         pair_distance_sum_plain(x, kRows, 2) / pairs - pair_distance_sum_plain(r, kRows, 2) / pairs;
}

double precision_of(const Sets& sets) {
  constexpr int64_t kSome = 5000;
  const float *x = sets.judged.values.data(), *r = sets.reference.values.data();
  const auto radii = neighbour_radii_plain(r, kSome, 2, 5);
  return static_cast<double>(count_covered_plain(x, kSome, r, kSome, 2, radii)) / kSome;
}

std::vector<eval::Foot> feet_of(const Sets& sets, const PointSet& set) {
  std::vector<eval::Foot> feet;
  for (size_t i = 0; i < set.values.size(); i += 2)
    feet.push_back(eval::nearest_plain(sets.curve, set.values[i], set.values[i + 1]));
  return feet;
}

double distance_of(const Sets& sets) {
  double judged = 0, real = 0;
  for (const eval::Foot& foot : feet_of(sets, sets.judged)) judged += foot.distance;
  for (const eval::Foot& foot : feet_of(sets, sets.reference)) real += foot.distance;
  return judged / real;
}

double all_arcs(const Sets&) { return 1; }

double mmd_of(const Sets& sets) {
  constexpr int64_t kSome = 2000;
  const float *x = sets.judged.values.data(), *r = sets.reference.values.data();
  std::vector<double> distances;
  for (int64_t i = 0; i < kSome; ++i)
    for (int64_t j = 0; j < i; ++j)
      distances.push_back(std::hypot(double{r[2 * i]} - r[2 * j], double{r[2 * i + 1]} - r[2 * j + 1]));
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  const double pairs = 0.5 * kRows * (kRows - 1), h = *middle;
  return pair_gaussian_sum_plain(x, kRows, 2, h) / pairs + pair_gaussian_sum_plain(r, kRows, 2, h) / pairs -
         2 * pair_gaussian_sum_plain(x, kRows, r, kRows, 2, h) / (double{kRows} * kRows);
}

/// The Hungarian method in its shortest form: rows one by one, each by Dijkstra over columns.
double wasserstein2_of(const Sets& sets) {
  constexpr size_t n = 1000;
  const float *x = sets.judged.values.data(), *r = sets.reference.values.data();
  std::vector<double> u(n + 1), v(n + 1);
  std::vector<size_t> row_of(n + 1), from(n + 1);  // 1-based; column 0 holds the row in hand
  for (size_t i = 1; i <= n; ++i) {
    std::vector<double> least(n + 1, std::numeric_limits<double>::infinity());
    std::vector<char> done(n + 1);
    size_t j0 = 0;
    row_of[0] = i;
    do {
      done[j0] = 1;
      const size_t i0 = row_of[j0];
      size_t next = 0;
      double delta = std::numeric_limits<double>::infinity();
      for (size_t j = 1; j <= n; ++j) {
        if (done[j]) continue;
        const double dx = double{x[2 * i0 - 2]} - r[2 * j - 2], dy = double{x[2 * i0 - 1]} - r[2 * j - 1];
        const double reduced = dx * dx + dy * dy - u[i0] - v[j];
        if (reduced < least[j]) least[j] = reduced, from[j] = j0;
        if (least[j] < delta) delta = least[j], next = j;
      }
      for (size_t j = 0; j <= n; ++j)
        if (done[j])
          u[row_of[j]] += delta, v[j] -= delta;
        else
          least[j] -= delta;
      j0 = next;
    } while (row_of[j0] != 0);
    for (; j0 != 0; j0 = from[j0]) row_of[j0] = row_of[from[j0]];
  }
  // Column 0 is none, and its price is minus the cost.
  return std::sqrt((std::accumulate(u.begin(), u.end(), 0.0) + std::accumulate(v.begin() + 1, v.end(), 0.0)) / n);
}

double classifier_of(const Sets& sets) {
  constexpr int64_t kHalf = kRows / 2;
  std::vector<float> both(sets.judged.values.begin(), sets.judged.values.begin() + 2 * kHalf);
  both.insert(both.end(), sets.reference.values.begin(), sets.reference.values.begin() + 2 * kHalf);
  double right = 0;
  for (const PointSet* own : {&sets.judged, &sets.reference}) {
    const float *mine = own->values.data(), *judged = mine + 2 * kHalf;
    const float* theirs = (own == &sets.judged ? sets.reference : sets.judged).values.data();
    const auto radii = neighbour_radii_plain(judged, kHalf, both.data(), 2 * kHalf, 2, 101);
    const auto votes = count_within_plain(judged, kHalf, radii, mine, kHalf, 2);
    const auto against = count_within_plain(judged, kHalf, radii, theirs, kHalf, 2);
    for (size_t i = 0; i < votes.size(); ++i) right += votes[i] > against[i];
  }
  return right / kRows;
}

double density_of(const Sets& sets) {
  constexpr int64_t kSome = 5000;
  const float *x = sets.judged.values.data(), *r = sets.reference.values.data();
  const auto counts = count_within_plain(r, kSome, neighbour_radii_plain(r, kSome, 2, 5), x, kSome, 2);
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0})) / (5.0 * kSome);
}

double copied_of(const Sets& sets) {
  constexpr int64_t kSome = 5000;
  // The least of 100,000 by comparison alone: to collect and order them would take a minute.
  const auto nearest = [&](const PointSet& set) {
    std::vector<double> out(kSome, std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < kSome; ++i)
      for (int64_t j = 0; j < sets.training.rows; ++j)
        out[static_cast<size_t>(i)] = std::min(out[static_cast<size_t>(i)],
                                               squared_distance(&set.values[static_cast<size_t>(2 * i)],
                                                                &sets.training.values[static_cast<size_t>(2 * j)], 2));
    return out;
  };
  const auto judged = nearest(sets.judged);
  auto real = nearest(sets.reference);
  std::sort(real.begin(), real.end());
  return static_cast<double>(std::count_if(judged.begin(), judged.end(), [&](double d) { return d < real[50]; })) /
         kSome;
}

}  // namespace

Run sliced_wasserstein() { return metric_case("sliced_wasserstein", 1e-6, sliced_of); }  // float projections
Run energy() { return metric_case("energy", 8e-7, energy_of); }  // four mean distances of 1.8, right to 1e-7
Run precision_recall() { return metric_case("precision_recall", 1.5 / 5000, precision_of); }  // a point on an edge
Run curve_distance() { return metric_case("curve_distance", 1e-9, distance_of); }             // doubles on both sides
Run arc_coverage() { return metric_case("arc_coverage", 0, all_arcs); }
Run mmd() { return metric_case("mmd", 8e-7, mmd_of); }                              // four means, right to 2e-7
Run wasserstein2() { return metric_case("wasserstein2", 1e-9, wasserstein2_of); }   // doubles on both sides
Run classifier() { return metric_case("classifier", 5.0 / kRows, classifier_of); }  // near draws
Run density_coverage() { return metric_case("density_coverage", 5.0 / 25000, density_of); }  // points on edges
Run memorisation() { return metric_case("memorisation", 1.5 / 5000, copied_of); }            // a point on the edge

/// got = mean sliced distance of fresh points from fresh ones.
Run protocol() {
  constexpr int64_t kPairs = 20;
  const auto sets = std::make_shared<const Sets>();
  const auto drawn = std::make_shared<std::vector<PointSet>>();
  for (uint64_t seed = 100; seed < 100 + 3 * kPairs; ++seed) drawn->push_back(sets->made("0.5", seed));
  const auto ready = [drawn](int64_t pair, size_t role) { return (*drawn)[3 * static_cast<size_t>(pair) + role]; };
  ProtocolInput input;
  input.generated = [ready](int64_t pair, uint64_t) { return ready(pair, 0); };
  input.reference = [ready](int64_t pair, uint64_t) { return ready(pair, 1); };
  input.floor = [ready](int64_t pair, uint64_t) { return FloorSets{ready(pair, 2), std::nullopt}; };
  input.curve = &sets->curve;
  const auto protocol = std::make_shared<const Protocol>(Protocol::from_table({}));
  return [sets, input, protocol]() -> Outcome {
    const ProtocolResult result = protocol->run(input, 0);
    // Single pairs: mean 0.016, deviation 0.005; twenty pairs within four standard errors.
    return {result.figures.front().generated.mean, 0.0115, 0.0205, result.metric_seconds, {}};
  };
}

}  // namespace roulade::bench
