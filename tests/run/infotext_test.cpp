// SPDX-License-Identifier: Apache-2.0
// The web UI's form of a picture's text, beside the web UI's own answers (tools/golden/infotext.py).
#include "roulade/run/infotext.hpp"

#include "roulade/sampler/names.hpp"
#include "tests/tree.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

Json golden_cases() {
  std::ifstream file(test::tree() / "tests/golden/run/infotext.json");
  return Json::parse(file);
}

// What the web UI's code writes from a prompt, and what it reads out of a text.
TEST(Infotext, ReadsAsTheWebUi) {
  const Json cases = golden_cases().at("read");
  ASSERT_GT(cases.size(), size_t{10});
  for (const Json& one : cases) {
    const auto text = one.at("text").get<std::string>();
    const Infotext got = parse_infotext(text);
    EXPECT_EQ(got.prompt, one.at("prompt").get<std::string>()) << text;
    EXPECT_EQ(got.negative_prompt, one.at("negative_prompt").get<std::string>()) << text;
    EXPECT_EQ(Json(got.parameters), one.at("parameters")) << text;
  }
}

TEST(Infotext, WritesAsTheWebUi) {
  const Json cases = golden_cases().at("written");
  ASSERT_GT(cases.size(), size_t{4});
  for (const Json& one : cases) {
    Infotext from{one.at("prompt").get<std::string>(), one.at("negative_prompt").get<std::string>(), {}};
    for (const Json& pair : one.at("parameters"))
      from.add(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
    EXPECT_EQ(to_text(from), one.at("text").get<std::string>());
  }
}

TEST(Infotext, WhatIsWrittenIsRead) {
  const std::vector<std::string> prompts{"",
                                         "a cat",
                                         "Steps: 20, Sampler: Euler a, Seed: 1",
                                         "first\nSteps: 3, a: b\nlast",
                                         "\"quoted\", with \\ and a colon: yes",
                                         "一只猫，红色",
                                         "a\n\nb",
                                         "(a:1.2), [b]"};
  const std::vector<std::string> values{"20",    "DPM++ 2M", "a, b",   "a: b", "two\nlines",   "\"",
                                        "\"a\"", "\\",       "猫, 狗", " a ",  "\"a\", \"b\"", "x\\\"y, z"};
  for (const std::string& prompt : prompts)
    for (const std::string& negative : prompts) {
      Infotext from{prompt, negative, {}};
      for (size_t i = 0; i < values.size(); ++i) from.add("Key " + std::to_string(i), values[i]);
      const std::string text = to_text(from);
      EXPECT_EQ(parse_infotext(text), from) << text;
    }
  const Infotext spaces = parse_infotext(to_text({"  a  \n b ", "", {{"Steps", "1"}, {"Seed", "2"}, {"Size", "1x1"}}}));
  EXPECT_EQ(spaces.prompt, "a\nb");  // the form's own loss
  EXPECT_EQ(*spaces.find("Seed"), "2");
  EXPECT_EQ(spaces.find("Sead"), nullptr);
}

TEST(Infotext, SamplersHaveTheWebUisNames) {
  EXPECT_EQ(a1111_sampler("euler", {}), "Euler");
  EXPECT_EQ(a1111_sampler("euler_ancestral", {}), "Euler a");
  EXPECT_EQ(a1111_sampler("dpmpp_2m", {{"space", "auto"}}), "DPM++ 2M");
  EXPECT_EQ(a1111_sampler("dpmpp_2m_sde", {{"solver", "midpoint"}}), "DPM++ 2M SDE");
  EXPECT_EQ(a1111_sampler("dpmpp_2m_sde", {{"solver", "heun"}}), "DPM++ 2M SDE Heun");
  EXPECT_EQ(a1111_sampler("unipc", {{"order", 3}, {"variant", "bh1"}}), "UniPC");
  EXPECT_EQ(a1111_sampler("unipc", {{"order", 2}, {"variant", "bh1"}}), "");
  EXPECT_EQ(a1111_sampler("ddpm", {}), "");
  EXPECT_EQ(a1111_schedule("karras", {{"rho", 7.0}}), "Karras");
  EXPECT_EQ(a1111_schedule("uniform", {{"rounded", true}}), "");
  for (const std::string name : {"Euler a", "DPM++ 2M", "UniPC", "DPM++ 2M SDE Heun", "Restart"}) {
    const auto ours = find_spelling(name);
    ASSERT_TRUE(ours) << name;
    EXPECT_EQ(a1111_sampler(ours->sampler, ours->options), name);
  }
}

}  // namespace
}  // namespace roulade
