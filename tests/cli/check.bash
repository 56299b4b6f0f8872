# SPDX-License-Identifier: Apache-2.0
# Sourced by every script here. ROULADE: the program; the script runs in an empty folder of its own.
set -uo pipefail
: "${ROULADE:?the path of the program}"
ROULADE="$(realpath -- "$ROULADE")"
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="$(mktemp -d "${TMPDIR:-/tmp}/roulade-cli.XXXXXX")"
finished=no
# A script that ends without `finish`, or with a failure counted, has failed whatever its last command said.
trap 'code=$?; rm -rf "$folder"; [[ $code == 0 && ($finished != yes || $failures != 0) ]] && code=1; exit $code' EXIT
started="$PWD" # where the user is
cd "$folder" || exit 1
failures=0
sanitized=no # AddressSanitizer: slow to start, no preloading, memory errors of its own; LibTorch frees little when it ends
# No pipe: grep -q would end first, and pipefail count the broken pipe.
[[ "$(ldd "$(dirname "$ROULADE")/../lib/libroulade.so")" == *libasan* ]] && sanitized=yes && export ASAN_OPTIONS=detect_leaks=0

fail() {
  printf 'FAILED: %s\n' "$1"
  failures=$((failures + 1))
}

# roulade WORDS...: runs it; standard output in ./out, standard error in ./err, exit code in $code. In one thread, since
# many tests share the machine and threads that wait for each other there wait long.
roulade() {
  local threads=()
  case "${1:-}" in
    demo | train | sample | eval | likelihood | doctor | report | compare) [[ " $* " == *" --threads "* ]] || threads=(--threads 1) ;;
  esac
  "$ROULADE" "$@" "${threads[@]}" >out 2>err
  code=$?
}

# ends CODE WORDS...: runs `roulade WORDS` and checks the exit code.
ends() {
  local expected="$1"
  shift
  roulade "$@"
  if [[ $code != "$expected" ]]; then
    fail "roulade $*: exit code: expected $expected, got $code"
    sed 's/^/  | /' err | tail -n 5
  fi
}

# says FILE TEXT: the file has that text, on one line.
says() {
  grep -qF -- "$2" "$1" && return
  fail "$1: expected the text: $2"
  sed 's/^/  | /' "$1" | head -n 10
}

# refuses CODE SENTENCE WORDS...: the exit code, that sentence as the only line of standard error, nothing on standard output.
refuses() {
  local expected="$1" sentence="$2"
  shift 2
  ends "$expected" "$@"
  [[ "$(cat err)" == "roulade: $sentence" ]] || fail "roulade $*: expected the sentence
  | roulade: $sentence
got
$(sed 's/^/  | /' err)"
  [[ ! -s out ]] || fail "roulade $*: standard output is not empty"
}

# same A B: equal bytes.
same() {
  cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

# value KEY: a member of the JSON object in ./out.
value() {
  python3 -c 'import json, sys; print(json.load(open("out"))[sys.argv[1]])' "$1"
}

# Trains in well under a second: words for `roulade train`.
small=(--quiet --threads 1 --set data.count=2000 --set data.validation_count=200 --set train.batch=64 --set model.width=16
  --set model.depth=2 --set train.log_every=5 --set sample.count=300)

# state RUN: hashes of all that resuming must reproduce, wall-clock fields aside.
state() {
  local latest="$1/checkpoints/latest" name
  for name in model/diffusion_pytorch_model.safetensors training.safetensors training.json; do
    [[ -f "$latest/$name" ]] || fail "$latest/$name is missing"
    sha256sum <"$latest/$name"
  done
  [[ -s "$1/metrics.jsonl" ]] || fail "$1/metrics.jsonl is missing"
  sed -E 's/,"seconds":[^}]*//' "$1/metrics.jsonl" | sha256sum
  "$ROULADE" sample "$1" --quiet --threads 1 --out "$folder/state.csv" -n 200 >/dev/null || fail "$1 cannot be sampled"
  sha256sum <"$folder/state.csv"
  rm -f "$folder/state.csv"
}

finish() {
  finished=yes
  [[ $failures == 0 ]] && exit 0
  printf '%s failed\n' "$failures"
  exit 1
}
