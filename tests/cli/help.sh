#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Help, version and completion: complete, narrow, and there before anybody notices.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

commands=(demo train sample replay eval judge obey average likelihood doctor report compare list inspect export new data tokenize)

ends 0 --version
grep -qE '^roulade [0-9]+\.[0-9]+\.[0-9]+ \(.+\)$' out || fail "--version: $(cat out)"
ends 0 --help
for command in "${commands[@]}"; do says out "  $command "; done
cp out root_help
for words in help "help train" "train --help" -h "help help" "help completion" "completion --help" "version --help"; do
  ends 0 $words
  [[ -s out && ! -s err ]] || fail "$words: expected text on standard output alone"
done
for command in "${commands[@]}"; do
  ends 0 "$command" --help
  says out "Usage: roulade $command"
  awk -v c="$command" 'length($0) > 80 { print "FAILED: help " c ": line of " length($0) " columns: " $0; bad = 1 } END { exit bad }' out ||
    failures=$((failures + 1))
done
awk 'length($0) > 80 { exit 1 }' root_help || fail "help: lines over 80 columns"

for shell in bash zsh; do
  ends 0 completion $shell
  says out "--init-from"
done
if command -v bash >/dev/null; then
  "$ROULADE" completion bash >completion
  answer="$(bash -c 'source ./completion; COMP_WORDS=(roulade tr); COMP_CWORD=1; _roulade; echo "${COMPREPLY[*]}"')"
  [[ "$answer" == train ]] || fail "completion of 'tr': expected train, got $answer"
  answer="$(bash -c 'source ./completion; COMP_WORDS=(roulade train --res); COMP_CWORD=2; _roulade; echo "${COMPREPLY[*]}"')"
  [[ "$answer" == --resume ]] || fail "completion of 'train --res': expected --resume, got $answer"
fi

# Median of five under 50 ms, of the better of up to three rounds: other tests may be running beside this one.
median() {
  local i before times=()
  for i in 1 2 3 4 5; do
    before="${EPOCHREALTIME/[.,]/}"
    "$ROULADE" "$@" >/dev/null
    times+=($((${EPOCHREALTIME/[.,]/} - before)))
  done
  printf '%s\n' "${times[@]}" | sort -n | sed -n 3p
}
limit=50000
[[ $sanitized == yes ]] && limit=500000
for words in --help --version "train --help"; do
  for round in 1 2 3; do
    microseconds="$(median $words)"
    [[ $microseconds -lt $limit ]] && break
  done
  [[ $microseconds -lt $limit ]] || fail "$words: expected under 50 ms, took $microseconds us"
done

finish
