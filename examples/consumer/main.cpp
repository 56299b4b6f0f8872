// SPDX-License-Identifier: Apache-2.0
// Trains a small network on two moons and prints where some samples fell: consumer FOLDER
#include "roulade/core/error.hpp"
#include "roulade/core/version.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/training.hpp"

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: consumer FOLDER\n");
    return 2;
  }
  roulade::TrainRequest request;
  request.recipe = roulade::parse_recipe("[data]\nkind = \"moons\"\n[train]\nsteps = 1000\n", "consumer");
  request.out = argv[1];
  const roulade::TrainResult trained = roulade::run_training(request);

  const roulade::TrainedRun run = roulade::open_run({.run = trained.folder, .set = {}, .checkpoint = {}});
  roulade::SampleRequest samples;
  samples.count = 3;
  const roulade::Points points = roulade::sample_points(run, samples).points;
  std::printf("roulade %s: %lld parameters, loss %.3f\n", roulade::version().c_str(),
              static_cast<long long>(trained.parameters), trained.loss.value_or(0.0));
  for (size_t i = 0; i < points.values.size(); i += 2) {
    std::printf("%8.3f %8.3f\n", points.values[i], points.values[i + 1]);
  }
  return 0;
} catch (const roulade::Error& error) {
  std::fprintf(stderr, "consumer: %s\n", error.what());
  return static_cast<int>(error.code());
}
