#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Samples drawn while a training runs: on which terminals, in place, through signals and another size, without an effect on
# what is trained.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
unset LC_ALL LC_CTYPE
export LANG=C.UTF-8 TERM=xterm PYTHONCOERCECLOCALE=0  # Python would make LANG=C a UTF-8 locale

# shows CODE SIZE... -- WORDS...: runs `roulade WORDS` on a terminal; its last screen in ./screen, all that it got in
# ./raw.
shows() {
  local expected="$1" terminal=()
  shift
  while [[ "$1" != -- ]]; do
    terminal+=("$1")
    shift
  done
  rm -rf run
  python3 "$tree/tests/cli/terminal.py" "${terminal[@]}" --raw raw -- "$ROULADE" "${@:2}" >screen 2>err
  code=$?
  [[ $code == "$expected" ]] && return
  fail "on a terminal: roulade ${*:2}: expected exit code $expected, got $code: $(cat err)"
}
headings() { grep -c 'samples at step' "$1"; }
train=(train swiss_roll_article "${small[@]:1}" --set train.steps=400 --out run)

# In place: drawn several times, and one is left, of the last step, with the progress line below it.
shows 0 80 24 -- "${train[@]}" --set train.steps=30000
[[ $(grep -o 'samples at step' raw | wc -l) -ge 2 ]] || fail "fewer than two pictures"
[[ $(headings screen) == 1 ]] || fail "pictures were not drawn in place: $(headings screen) are left"
says screen "samples at step 30000                  data"
grep -A 19 'samples at step 30000' screen | tail -n 1 | grep -q '^train  *30000/30000' ||
  fail "the progress line is not below the picture"
grep -q $'\xE2\xA0' screen || fail "no braille"
state run >drawn

# The same bits without.
ends 0 train swiss_roll_article "${small[@]}" --set train.steps=30000 --out plain
state plain >expected
same expected drawn

# Where it is off, and asked for.
none() {
  [[ $(headings raw) == 0 ]] || fail "a picture where none should be: $1"
}
shows 0 59 24 -- "${train[@]}" && none "59 columns"
shows 0 80 11 -- "${train[@]}" && none "11 rows"
shows 0 80 24 -- "${train[@]}" --no-preview && none "--no-preview"
shows 0 80 24 -- "${train[@]}" --quiet --preview && none "--quiet"
TERM=dumb shows 0 80 24 -- "${train[@]}" --preview && none "TERM=dumb"
LANG=C shows 0 80 24 -- "${train[@]}" && none "LANG=C"
LC_ALL=C.utf8 LANG=C shows 0 60 24 -- "${train[@]}" --set train.steps=3000 && says screen "samples at step 3000"
LANG=C shows 0 80 24 -- "${train[@]}" --preview --set train.steps=3000 && says screen "samples at step 3000"
rm -rf run
"$ROULADE" "${train[@]}" --preview >out 2>err || fail "--preview without a terminal"
[[ $(headings err) == 0 ]] || fail "a picture in a file"
says err " 400/400  100 %"

# A smaller terminal: the picture is begun anew, nothing wraps.
shows 0 80 30 --resize 1.6 66 20 -- "${train[@]}" --set train.steps=30000
[[ $(headings screen) -le 2 ]] || fail "another size: $(headings screen) pictures are left"
says screen "samples at step 30000"

# Ctrl-C: the message below the picture, saved, exit code.
shows 130 80 24 --interrupt "samples at step" -- "${train[@]}" --set train.steps=1000000
says screen "stopping after this step"
says screen "go on: roulade train run --resume"
[[ $(headings screen) == 1 ]] || fail "after a signal: $(headings screen) pictures"

finish
