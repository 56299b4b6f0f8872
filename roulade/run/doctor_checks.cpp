// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/doctor.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

// Limits; docs/doctor.md says where each comes from.
constexpr double kSure = 4;                          ///< standard errors
constexpr double kLeftGood = 0.03, kLeftBad = 0.15;  ///< of what can be learnt beyond the best linear denoiser
constexpr double kRecord = 1.15, kRecordBad = 3;     ///< measured over recorded loss
constexpr double kOverfitGood = 0.75, kOverfitBad = 0.9;
constexpr double kRace = 1.02;                   ///< loss with the rate over loss with a tenth of it
constexpr double kSpike = 10, kGrowth = 20;      ///< largest over median gradient; weights over fresh ones
constexpr double kAveraging = 0.25;              ///< of the excess that averaging takes or adds
constexpr double kAveragingLoss = 0.02;          ///< the same of the loss, where the excess is not known
constexpr double kMore = 0.1, kMoreLoss = 0.02;  ///< fall by more steps, of the excess or the loss
constexpr double kNearer = 0.55, kNearerBad = 0.65;
constexpr double kSampler = 0.25;  ///< of the distance between two sets of real points

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

/// The figures with what follows from several of them.
struct Case {
  const RunFigures& f;
  bool exact = f.excess.has_value();
  /// Excess as a share of what can be learnt; where there is next to nothing to learn, of the irreducible loss.
  double left = exact ? f.excess->value / std::max({f.learnable, 0.1 * *f.irreducible, 1e-12}) : 0;
  /// Gain of a trial as a share of the excess (or of the loss), sure and large enough to count.
  bool counts(const Mean& gain, double before, double share, double loss_share) const {
    return gain.value > kSure * gain.error && gain.value > (exact ? share : loss_share) * before;
  }
};

Check check_target(const Case& c) {
  const RunFigures& f = c.f;
  const auto recorded = f.history.last_loss();
  Check out{"target", Verdict::good, "", ""};
  // A rate too high makes the loss jump from step to step: what the record itself spreads over proves nothing.
  const double unsure = kSure * std::hypot(f.raw_training.error, f.history.last_spread());
  const double measured = f.raw_training.value, record = recorded.value_or(0);
  const auto beyond = [&](double factor) { return measured > std::max(factor * record, record + unsure); };
  if (!std::isfinite(measured) || (recorded && beyond(kRecordBad)) ||
      (beyond(kRecord) && measured > f.gaussian_training)) {
    out.verdict = recorded || !std::isfinite(measured) ? Verdict::bad : Verdict::look;
    out.advice =
        "check that recipe and weights belong together: the network's answers are not what the recipe takes "
        "them for (denoiser.prediction, schedule, its sign)";
  }
  out.finding = recorded ? fmt::format(
                               "loss of the last weights on training points {:.3g}, {:.3g} when they were trained; "
                               "the best linear denoiser has {:.3g}",
                               measured, *recorded, f.gaussian_training)
                         : fmt::format(
                               "loss of the last weights on training points {:.3g}, no record of the training; the "
                               "best linear denoiser has {:.3g}",
                               measured, f.gaussian_training);
  return out;
}

Check check_overfit(const Case& c) {
  const Overfit& o = c.f.overfit;
  Check out{"overfit", Verdict::good, "", ""};
  if (!(o.share() < kOverfitGood)) out.verdict = o.share() < kOverfitBad ? Verdict::look : Verdict::bad;
  if (out.verdict != Verdict::good)
    out.advice = "look for a fault in objective, gradient or optimiser: a fresh network cannot learn even one batch";
  out.finding = fmt::format("a fresh network takes the loss of one batch from {:.3g} to {:.3g} in {} steps", o.before,
                            o.after, o.steps);
  return out;
}

Check check_rate(const Case& c) {
  const RunFigures& f = c.f;
  Check out{"learning_rate", Verdict::good, "", ""};
  if (!(f.race_lr < kRace * f.race_low)) {
    out.verdict = Verdict::bad;
    out.advice = fmt::format("lower train.lr from {:.3g} to {:.3g}", f.lr, f.lr / 10);
  }
  out.finding =
      fmt::format("{} steps of a fresh network end at loss {:.3g} with lr {:.3g}, at {:.3g} with a tenth of it",
                  f.race_steps, f.race_lr, f.lr, f.race_low);
  return out;
}

Check check_norms(const Case& c, bool blocked) {
  const RunFigures& f = c.f;
  Check out{"norms", Verdict::good, "", ""};
  const double median = f.history.median_norm(), largest = f.history.largest_norm();
  const double growth = f.fresh_norm > 0 ? f.weight_norm / f.fresh_norm : 1;
  if (!f.bad_weight.empty()) {
    out.verdict = Verdict::bad;
    out.advice = "start again with a lower train.lr: '" + f.bad_weight + "' is not finite";
  } else if (largest > kSpike * median) {
    out.verdict = Verdict::look;
    out.advice = fmt::format("set train.clip to {:.2g}: the gradient has spikes", 2 * median);
  } else if (growth > kGrowth) {
    out.verdict = Verdict::look;
    out.advice = "lower train.lr, or set train.weight_decay: the weights have grown far";
  }
  out.finding = fmt::format("weights {:.3g} ({:.3g} when fresh)", f.weight_norm, f.fresh_norm);
  if (!f.history.rows.empty())
    out.finding += fmt::format(", gradient {:.3g} in the last third, {:.3g} at most", median, largest);
  if (blocked && f.bad_weight.empty()) {  // a rate too high throws weights and gradients about
    out.verdict = Verdict::unknown;
    out.advice.clear();
  }
  return out;
}

Check check_loss(const Case& c) {
  const RunFigures& f = c.f;
  Check out{"loss", Verdict::good, "", ""};
  if (c.exact) {
    if (!(c.left <= kLeftGood)) out.verdict = c.left <= kLeftBad ? Verdict::look : Verdict::bad;
    out.finding = fmt::format(
        "held-out loss {:.4g}, irreducible {:.4g}: {} of what can be learnt beyond the best "
        "linear denoiser ({:.4g}) is left",
        f.held_out.value, *f.irreducible, percent(c.left), f.gaussian);
  } else {
    if (!(f.held_out.value < f.gaussian)) out.verdict = Verdict::look;
    out.finding = fmt::format(
        "held-out loss {:.4g}, the best linear denoiser {:.4g}; the irreducible loss of these "
        "data is not known",
        f.held_out.value, f.gaussian);
  }
  if (out.verdict != Verdict::good) out.advice = "look at the levels below: where is the loss far from irreducible?";
  return out;
}

/// blocked: a network that is not there yet may not read its texts yet.
Check check_text(const Case& c, bool blocked) {
  const RunFigures& f = c.f;
  Check out{"text", Verdict::good, "", ""};
  if (!f.text_gain) {
    out.verdict = Verdict::unknown;
    out.finding = "all held-out pictures have the same text";
    return out;
  }
  out.finding = fmt::format("held-out loss {:.4g} with each picture's own text, {:.4g} with another one's",
                            f.held_out.value, f.other_text->value);
  if (f.text_gain->value > kSure * f.text_gain->error) return out;
  out.verdict = blocked ? Verdict::unknown : Verdict::look;
  if (!blocked)
    out.advice =
        "see that the captions are those of the pictures, or take an encoder that exists (text.kind = folder): the "
        "network does not read its texts";
  return out;
}

Check check_memory(const Case& c) {
  const RunFigures& f = c.f;
  Check out{"memorisation", Verdict::good, "", ""};
  const bool sure = f.nearer - 0.5 > kSure * f.nearer_error;
  const double way = f.held_out.value - f.memoriser.value;
  const double gone = way > 0 ? std::max(0.0, f.held_out.value - f.training.value) / way : 0;
  if (sure && f.nearer > kNearer) out.verdict = f.nearer > kNearerBad ? Verdict::bad : Verdict::look;
  if (out.verdict != Verdict::good)
    out.advice = fmt::format("train on more than {} points, or stop earlier: the samples repeat them", f.training_rows);
  out.finding = fmt::format(
      "a sample is nearer to a training point than a held-out point is in {} of pairs (50 % for "
      "new data); the loss on training points has gone {} of the way to the memoriser's {:.3g}",
      percent(f.nearer), percent(gone), f.memoriser.value);
  return out;
}

Check check_averaging(const Case& c, bool still_learning) {
  const RunFigures& f = c.f;
  Check out{"averaging", Verdict::good, "", ""};
  const std::string what = c.exact ? "excess loss" : "held-out loss";
  const Mean gain = f.averaging_gain, loss{-gain.value, gain.error};
  // Of a small excess, a part is nothing to talk about.
  const bool matters = !c.exact || c.left > kLeftGood / 2;
  const bool helps = matters && c.counts(gain, f.raw_loss, kAveraging, kAveragingLoss);
  const bool harms = matters && c.counts(loss, f.raw_loss, kAveraging, kAveragingLoss);
  if (helps && f.averaging_is_trial) {
    out.verdict = Verdict::look;
    out.advice = "average the weights: train.ema = [0.999]";
  } else if (helps && !f.uses_average) {
    out.verdict = Verdict::look;
    out.advice = "sample the averaged weights: sample.weights = ema";
  } else if (harms && f.uses_average && !still_learning) {
    out.verdict = Verdict::look;
    out.advice = "lower train.ema: the average still holds early weights";
  }
  out.finding = fmt::format("{} of the last weights {:.3g}, of the average {}{:.3g}", what, f.raw_loss,
                            f.averaging_is_trial ? "over some more steps " : "", f.averaged_loss);
  if (harms && still_learning) out.finding += " (it lags, as the loss is still falling)";
  return out;
}

Check check_steps(const Case& c, bool blocked) {
  const RunFigures& f = c.f;
  Check out{"steps", Verdict::good, "", ""};
  const auto fall = f.history.fall();
  const bool more = c.counts(f.more_gain, f.more_before, kMore, kMoreLoss);
  const double base = c.exact ? f.excess->value : f.held_out.value;
  // A rate that falls to nothing takes the loss with it, so that a slope says something of constant rates only.
  const bool slope = fall && f.history.rate_left() > 0.5 && fall->value > kSure * fall->error &&
                     fall->value > (c.exact ? kMore : kMoreLoss) * base;
  const bool open = !c.exact || c.left > kLeftGood;
  out.finding = fmt::format("{} more steps with a falling rate take the {} from {:.3g} to {:.3g}", f.more_steps,
                            c.exact ? "excess loss" : "held-out loss", f.more_before, f.more_after);
  if (fall)
    out.finding += fmt::format("; over the last third the loss fell by {:.2g} +- {:.1g}", fall->value, fall->error);
  if (f.history.rate_left() < 1) out.finding += fmt::format("; the rate is down to {}", percent(f.history.rate_left()));
  if (f.step < f.steps) out.finding += fmt::format("; {} of {} steps are done", f.step, f.steps);
  if (blocked) {
    out.verdict = Verdict::unknown;
  } else if (open && (more || slope)) {
    out.verdict = Verdict::look;
    out.advice = fmt::format("train longer: {} steps or more (train.steps)", 3 * std::max(f.step, f.steps));
  } else if (open && f.step < f.steps) {
    out.verdict = Verdict::look;
    out.advice = "let the training finish: roulade train RUN --resume";
  }
  return out;
}

Check check_network(const Case& c, bool blocked) {
  const RunFigures& f = c.f;
  Check out{"network", Verdict::good, "", ""};
  if (!c.exact) {
    out.verdict = Verdict::unknown;
    out.finding =
        fmt::format("{} weights; without the irreducible loss nobody can tell if more would help", f.parameters);
    return out;
  }
  out.finding = fmt::format("{} weights leave {} of what can be learnt", f.parameters, percent(c.left));
  if (blocked) {
    out.verdict = Verdict::unknown;
    out.finding += "; judged when the training has converged";
  } else if (c.left > kLeftGood) {
    out.verdict = Verdict::look;
    out.finding += ", and more steps do not help";
    out.advice = "take a larger network: model.width or model.depth";
  }
  return out;
}

Check check_sampler(const Case& c, bool blocked) {
  const RunFigures& f = c.f;
  Check out{"sampler", Verdict::good, "", ""};
  out.finding = fmt::format("{} with {} steps: sliced Wasserstein {:.3g}", f.sampler, f.sample_steps, f.distance);
  if (f.fine_steps > 0) {
    out.finding += fmt::format(", with {} steps {:.3g}", f.fine_steps, f.fine_distance);
    const Mean& gain = f.sampler_gain;
    if (gain.value > 3 * gain.error && gain.value > kSampler * f.floor) {
      out.verdict = gain.value > f.floor ? Verdict::bad : Verdict::look;
      out.advice =
          "sample with more steps or a better sampler: heun or dpmpp_2m on a karras or log_snr grid "
          "(sample.steps, sample.sampler, sample.grid)";
    }
  } else {
    out.verdict = Verdict::unknown;
    out.finding += ", no finer grid to hold it against";
  }
  out.finding += fmt::format("; real points {:.3g}", f.floor);
  if (blocked) {  // samples of a network that answers another question say nothing of the sampler
    out.verdict = Verdict::unknown;
    out.advice.clear();
  }
  return out;
}

bool complains(const Check& check) { return check.verdict == Verdict::look || check.verdict == Verdict::bad; }

}  // namespace

Diagnosis diagnose(const RunFigures& figures) {
  const Case c{figures};
  const Check target = check_target(c), overfit = check_overfit(c), rate = check_rate(c);
  const Check norms = check_norms(c, complains(rate));
  const Check memory = check_memory(c), loss = check_loss(c);
  const bool broken = complains(target) || complains(overfit) || complains(rate) || !figures.bad_weight.empty();
  // Each cause explains the excess: the next one is asked for only when those before it are out of the way.
  const Check averaging_now = check_averaging(c, false);
  const Check steps = check_steps(
      c, broken || complains(memory) || (averaging_now.advice.rfind("lower", 0) != 0 && complains(averaging_now)));
  const Check averaging = check_averaging(c, complains(steps) || broken);
  const Check network = check_network(c, broken || complains(memory) || complains(averaging) || complains(steps));
  const Check sampler = check_sampler(c, broken);
  const Check text = check_text(c, broken || complains(steps));
  Diagnosis out;
  out.checks = {target, overfit, rate, norms, loss, memory, averaging, steps, network, sampler};
  if (figures.texts) out.checks.insert(out.checks.begin() + 5, text);
  // The order in which causes are removed; "loss" only shows them.
  for (const Check* check :
       {&target, &overfit, &rate, &norms, &memory, &averaging, &steps, &text, &network, &sampler, &loss})
    if ((check != &text || figures.texts) && complains(*check) && out.first.empty()) out.first = check->advice;
  if (out.first.empty())
    out.first = c.exact ? fmt::format("nothing: {} of what can be learnt is left", percent(c.left))
                        : "nothing: no check complains";
  return out;
}

}  // namespace roulade
