// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A text that the launcher prints by itself, and the words that ask for it. The last one is {nullptr, nullptr}.
struct LauncherText {
  const char* words;
  const char* text;
};
extern const LauncherText kLauncherTexts[];
