// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/judging.hpp"

#include "roulade/core/error.hpp"
#include "roulade/eval/judge.hpp"

#include <fmt/format.h>

namespace roulade {

std::filesystem::path features_file(const std::filesystem::path& run, const std::string& name) {
  return run / "features" / (name + ".safetensors");
}

PictureJudging::PictureJudging(const TrainedRun& run, const Protocol& protocol) {
  const bool own = protocol.features() == Protocol::kJudge;
  if (protocol.features() == Protocol::kNone && protocol.judge().empty()) return;
  const DataFacts& facts = run.facts;
  if (!facts.pictures())
    fail(Code::usage, "eval", "features and judge", "a run on pictures", fmt::format("{} columns", facts.width()));
  const PictureFormat format{facts.shape, facts.low, facts.high, facts.scaling};
  std::shared_ptr<const Features> features = protocol.make_features();
  if (!protocol.judge().empty()) {
    const Judge judge = Judge::read(protocol.judge());
    judge.check(facts.shape, facts.classes(), facts.class_names);
    answers_ = std::make_unique<FeatureStore>(judge.answers(), format);
    if (own) features = judge.features();
  } else if (own) {
    fail(Code::usage, "eval.features", "the judge's", "eval.judge, its folder", "none");
  }
  if (!features) return;
  features_ = std::make_unique<FeatureStore>(features, format);
  cache_ = protocol.features_cache().empty() ? features_file(run.folder, features->name())
                                             : std::filesystem::path(protocol.features_cache());
  features_->read(cache_);
}

void PictureJudging::keep() const {
  if (features_) features_->write(cache_);
}

}  // namespace roulade
