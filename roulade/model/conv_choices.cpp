// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv_choices.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr std::string_view kWinograd = "winograd ", kDirect = "direct ";

struct State {
  std::mutex mutex;
  std::atomic<bool> given{false};  ///< the choices, so that no others are made
  std::atomic<bool> some{false};   ///< are given
  ConvChoices choices;
};

State& state() {
  static State own;
  return own;
}

}  // namespace

std::string ConvKey::text() const {
  return fmt::format("{} to {}, {} x {}{}", in, out, height, width, training ? ", training" : "");
}

ConvChoices convolution_choices() {
  const std::lock_guard lock(state().mutex);
  return state().choices;
}

GivenConvolutions::GivenConvolutions(ConvChoices choices) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  before_ = std::exchange(s.choices, std::move(choices));
  given_before_ = s.given.exchange(true);
  s.some = !s.choices.empty();
}

GivenConvolutions::~GivenConvolutions() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.choices = std::move(before_);
  s.given = given_before_;
  s.some = !s.choices.empty();
}

ConvChoices measured_in(const std::function<void()>& work) {
  State& s = state();
  const GivenConvolutions apart({});
  s.given = false;
  work();
  return convolution_choices();
}

std::vector<std::string> to_lines(const ConvChoices& choices) {
  std::vector<std::string> out;
  for (const auto& [key, choice] : choices)
    out.push_back(fmt::format("{}{}", choice.winograd ? kWinograd : kDirect, key.text()));
  return out;
}

ConvChoices parse_convolutions(const std::vector<std::string>& lines, const std::string& where) {
  ConvChoices out;
  for (const std::string& line : lines) {
    const std::string_view text = line;
    const bool winograd = text.starts_with(kWinograd);
    if (!winograd && !text.starts_with(kDirect))
      fail(Code::input, where, "method of a convolution", "winograd or direct, then its sizes", line);
    const std::string sizes(text.substr((winograd ? kWinograd : kDirect).size()));
    ConvKey key;
    const int read = std::sscanf(sizes.c_str(), "%ld to %ld, %ld x %ld", &key.in, &key.out, &key.height, &key.width);
    key.training = sizes.ends_with(", training");
    if (read != 4 || key.text() != sizes)
      fail(Code::input, where, "sizes of a convolution", ConvKey{16, 24, 12, 12, true}.text(), line);
    out[key] = {winograd, 0, 0};
  }
  return out;
}

bool chooses_convolutions() { return state().given ? state().some.load() : measured_convolutions(); }

bool chosen_winograd(const ConvKey& key, bool by_rule, const std::function<ConvChoice()>& measure) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const auto found = s.choices.find(key);
  if (found != s.choices.end()) return found->second.winograd;
  if (s.given) return by_rule;
  return s.choices.emplace(key, measure()).first->second.winograd;
}

}  // namespace roulade
