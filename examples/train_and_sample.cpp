// SPDX-License-Identifier: Apache-2.0
// The README's example, between the two marks: train on the Swiss roll, draw samples, write them as a table.
// [readme
#include "roulade/run/sample_files.hpp"
#include "roulade/run/training.hpp"

int main() {
  roulade::TrainRequest training;
  training.recipe = roulade::find_recipe("swiss_roll_article");
  roulade::set_key(training.recipe, "train.steps=100");
  training.out = "runs/first";
  roulade::run_training(training);

  const roulade::TrainedRun run = roulade::open_run({training.out, {}, {}});
  roulade::write_samples("samples.csv", run, roulade::sample_points(run, {}));
}
// readme]
