// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/obedience.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "obedience";

/// Mean of shares of 0 to 1 and its standard error.   wanted: what each picture was asked for.
template <class Wanted>
ObedienceFigure share(std::string name, const std::vector<double>& right, double chance,
                      const std::vector<Wanted>& wanted) {
  ObedienceFigure out{std::move(name), 0, 0, chance, std::ssize(right)};
  const auto n = static_cast<double>(right.size());
  for (const double r : right) out.value += r;
  out.value /= n;  // all right is 1, and its error 0, exactly
  std::map<Wanted, double> deviations;
  for (size_t i = 0; i < right.size(); ++i) deviations[wanted[i]] += right[i] - out.value;
  for (const auto& [what, sum] : deviations) out.error += sum * sum;
  out.error = std::sqrt(out.error) / n;
  return out;
}

/// Of ordered pairs of pictures that were asked for one object on two grounds, whose first is right: how many seconds
/// are. Its error is that of a ratio of sums over objects.
ObedienceFigure kept(std::string name, const std::vector<double>& right, double chance,
                     const std::vector<AskedEmoji>& asked) {
  std::map<int64_t, std::map<std::string, std::pair<double, double>>> objects;  // ground: how many, how many right
  for (size_t i = 0; i < right.size(); ++i) {
    auto& [count, sum] = objects[asked[i].object][asked[i].ground];
    count += 1;
    sum += right[i];
  }
  ObedienceFigure out{std::move(name), 0, 0, chance, std::ssize(right)};
  std::vector<std::pair<double, double>> pairs;  // of each object: both right, the first right
  double both = 0, first = 0;
  for (const auto& [object, grounds] : objects) {
    auto& [b, f] = pairs.emplace_back(0, 0);
    for (const auto& [one, of_one] : grounds)
      for (const auto& [other, of_other] : grounds)
        if (one != other) {
          b += of_one.second * of_other.second;
          f += of_one.second * of_other.first;
        }
    both += b;
    first += f;
  }
  out.value = both / first;  // NaN: no first picture is right
  for (const auto& [b, f] : pairs) out.error += (b - out.value * f) * (b - out.value * f);
  out.error = std::sqrt(out.error) / first;
  return out;
}

void check_count(int64_t pictures, int64_t asked) {
  if (pictures < 1 || pictures != asked)
    fail(Code::usage, kWhere, "pictures", fmt::format("{}, one at least, as many as texts", asked),
         std::to_string(pictures));
}

}  // namespace

std::vector<ObedienceFigure> judge_emoji(const Tensor& pictures, const Tensor& mapped, const Tensor& candidates,
                                         const std::vector<AskedEmoji>& asked, const GroundJudge& grounds, int64_t top,
                                         int64_t grounds_of_data) {
  check_count(pictures.dim() > 0 ? pictures.size(0) : 0, std::ssize(asked));
  std::vector<int64_t> own;
  for (const AskedEmoji& one : asked) own.push_back(one.object);
  const Retrieval found = retrieve(mapped, candidates, own, top);
  const std::vector<Ground> seen = grounds.of(pictures);
  std::vector<double> ground, both;
  for (size_t i = 0; i < asked.size(); ++i) {
    ground.push_back(seen[i].index == grounds.find(asked[i].ground) ? 1 : 0);
    both.push_back(ground.back() * found.in_top[i]);
  }
  const int64_t named = grounds_of_data > 0 ? grounds_of_data : std::ssize(grounds.grounds());
  const double chance = 1 / static_cast<double>(named);
  const ObedienceFigure in_top = share(fmt::format("retrieval_top_{}", top), found.in_top, found.chance_share, own);
  // The median's interval is as much wider as the share's.
  const double wider = found.share_error > 0 ? in_top.error / found.share_error : 1;
  return {in_top,
          {"retrieval_median", found.median, found.median_error * wider, found.chance_median, std::ssize(asked)},
          share("ground", ground, chance, own),
          share("ground_and_object", both, chance * found.chance_share, own),
          kept("kept_on_other_grounds", both, chance * found.chance_share, asked)};
}

const std::vector<std::string>& emoji_figures() {
  static const std::vector<std::string> kNames{"retrieval_top_10", "retrieval_median", "ground", "ground_and_object",
                                               "kept_on_other_grounds"};
  return kNames;
}

std::vector<ObedienceFigure> judge_attributes(const Tensor& pictures, const std::vector<AskedAttribute>& attributes) {
  if (attributes.empty()) fail(Code::usage, kWhere, "attributes", "one at least", "none");
  std::vector<ObedienceFigure> out;
  std::vector<double> all(attributes[0].wanted.size(), 1);
  std::vector<std::vector<std::string>> wanted(all.size());
  for (const AskedAttribute& attribute : attributes) {
    check_count(std::ssize(attribute.wanted), std::ssize(wanted));
    for (size_t i = 0; i < wanted.size(); ++i) wanted[i].push_back(attribute.wanted[i]);
  }
  double chance = 1;
  for (const AskedAttribute& attribute : attributes) {
    check_count(pictures.dim() > 0 ? pictures.size(0) : 0, std::ssize(attribute.wanted));
    const std::vector<std::string>& known = attribute.judge->class_names();
    const Tensor told = attribute.judge->answers()->of(pictures).argmax(1).contiguous();
    std::vector<double> right;
    for (size_t i = 0; i < all.size(); ++i) {
      const auto at = std::find(known.begin(), known.end(), attribute.wanted[i]);
      if (at == known.end()) fail_unknown(kWhere, attribute.name, attribute.wanted[i], known);
      right.push_back(told.const_data_ptr<int64_t>()[i] == at - known.begin() ? 1 : 0);
      all[i] *= right.back();
    }
    const double by_lot = 1 / static_cast<double>(known.size());
    chance *= by_lot;
    out.push_back(share(attribute.name, right, by_lot, wanted));
  }
  if (attributes.size() > 1) out.push_back(share("all", all, chance, wanted));
  return out;
}

}  // namespace roulade
