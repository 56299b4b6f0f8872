#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/cli.md is what the program says today.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

ends 0 docs cli
diff -u "$tree/docs/cli.md" out >difference ||
  { fail "docs/cli.md is stale: roulade docs cli > docs/cli.md"; head -n 30 difference; }
finish
