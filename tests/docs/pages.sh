#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The pages agree with the tree.
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
exec python3 "$tree/tests/docs/pages.py" "$tree"
