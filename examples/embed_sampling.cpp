// SPDX-License-Identifier: Apache-2.0
// Sampling inside another program: a thread of its own draws, this one shows progress and may stop it at any time.
#include "roulade/core/error.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/training.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>

namespace {

/// Draws `count` samples in a second thread, which is asked to stop once `enough` are done. True = all were drawn.
bool draw(const roulade::TrainedRun& run, int64_t count, int64_t enough) {
  std::atomic<int64_t> done = 0;
  std::atomic<bool> over = false;
  roulade::SampleRequest request;
  request.count = count;
  request.progress = [&](const roulade::Progress& p) { done = p.done; };  // runs in the threads that draw
  roulade::PointSamples samples;
  std::exception_ptr error;  // none may leave a thread
  std::thread worker([&] {
    try {
      samples = roulade::sample_points(run, request);
    } catch (...) {
      error = std::current_exception();
    }
    over = true;
  });
  while (!over) {
    // A window would redraw itself here. Copies of a Cancel share one flag.
    if (done >= enough) request.cancel.request();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  worker.join();
  if (error) std::rethrow_exception(error);
  const bool whole = !request.cancel.requested();  // if not, some points are still noise: throw all away
  std::printf("%lld of %lld samples, %s\n", static_cast<long long>(done), static_cast<long long>(count),
              whole ? "finished" : "cancelled");
  return whole && samples.points.rows == count;
}

}  // namespace

int main() try {
  roulade::TrainRequest training;
  training.recipe = roulade::parse_recipe("[data]\nkind = \"moons\"\n[train]\nsteps = 20\n", "example");
  training.out = "runs/embedded";
  roulade::run_training(training);
  const roulade::TrainedRun run = roulade::open_run({training.out, {}, {}});
  const bool right = draw(run, 2000, 10000) && !draw(run, 1000000, 1000);
  return right ? 0 : 1;
} catch (const roulade::Error& error) {
  std::fprintf(stderr, "embed_sampling: %s\n", error.what());
  return static_cast<int>(error.code());
}
