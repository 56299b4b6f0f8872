#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SIGINT and SIGTERM: save, say how to go on, exit code 130 and 143; the second signal ends at once. SIGHUP and SIGPIPE save, too, however often
# they come. The resumed run equals the whole one.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

recipe=(swiss_roll_article "${small[@]:1}" --set train.checkpoint_every=0)  # without --quiet

# waits_for FILE: until it has content.
waits_for() {
  local i
  for i in $(seq 1000); do
    [[ -s "$1" ]] && return
    sleep 0.02
  done
  fail "$1 did not come"
}

# stopped SIGNAL RUN: sends the signal once the training has written metrics.
stopped() {
  "$ROULADE" train "${recipe[@]}" --out "$2" >out 2>err &
  local pid=$!
  waits_for "$2/metrics.jsonl"
  kill "-$1" $pid
  wait $pid
  code=$?
}

recipe+=(--set train.steps=1000000)
stopped INT run
[[ $code == 130 ]] || fail "SIGINT: expected exit code 130, got $code"
says err "go on: roulade train run --resume"
says err "stopping after this step"
grep -q '^$' err && fail "SIGINT: a blank line where no terminal is: $(cat err)"
[[ ! -s out ]] || fail "SIGINT: standard output is not empty"
ends 0 inspect run --json
step="$(value step)"
[[ "$step" -gt 0 ]] || fail "SIGINT: no step was saved"

stopped TERM other
[[ $code == 143 ]] || fail "SIGTERM: expected exit code 143, got $code"
ends 0 inspect other/checkpoints/latest

# saved RUN CODE: that was the exit code, and a step is saved.
saved() {
  [[ $code == "$2" ]] || fail "$1: expected exit code $2, got $code"
  ends 0 inspect "$1" --json
  [[ "$(value step)" -gt 0 ]] || fail "$1: no step was saved"
}

# The terminal is gone: each shell above may say so again. nohup's way of ignoring it is kept.
"$ROULADE" train "${recipe[@]}" --out hung >out 2>err &
pid=$!
waits_for hung/metrics.jsonl
for i in $(seq 1000); do kill -HUP $pid 2>/dev/null || break; sleep 0.01; done
wait $pid
code=$?
saved hung 129
(trap '' HUP && exec "$ROULADE" train "${recipe[@]}" --out kept) >out 2>err &
pid=$!
waits_for kept/metrics.jsonl
kill -HUP $pid
lines="$(wc -l <kept/metrics.jsonl)"
for i in $(seq 1000); do [[ "$(wc -l <kept/metrics.jsonl)" -gt "$lines" ]] && break; sleep 0.02; done
kill -INT $pid
wait $pid
code=$?
saved kept 130

# Who read the output is gone, as tee is after Ctrl-C: the training writes to nobody, and saves all the same.
mkfifo pipe
for signal in INT PIPE; do
  "$ROULADE" train "${recipe[@]}" --out "piped-$signal" 2>pipe >/dev/null &
  pid=$!
  exec 3<pipe
  waits_for "piped-$signal/metrics.jsonl"
  exec 3<&-
  kill -$signal $pid
  wait $pid
  code=$?
  saved "piped-$signal" $((128 + $(kill -l $signal)))
done

# Stopped wherever the signal comes, then resumed: as if never stopped.
recipe+=(--set train.steps=6000 --set train.batch=512 --set train.log_every=1)
ends 0 train "${recipe[@]}" --out whole
"$ROULADE" train "${recipe[@]}" --out part >out 2>err &
pid=$!
waits_for part/metrics.jsonl
kill -INT $pid
wait $pid
code=$?
[[ $code == 130 ]] || fail "SIGINT: expected exit code 130, got $code (a machine so fast that 6,000 steps were done?)"
ends 0 train "${recipe[@]}" --out part --resume
state whole >expected
state part >got
same expected got

# Who reads the figures may have seen enough: that is no fault of this program.
ends 0 train "${recipe[@]:0:1}" "${small[@]:1}" --set train.steps=3 --out done
"$ROULADE" eval done --json --quiet --set eval.pairs=1 --set eval.count=300 >pipe 2>err &
pid=$!
exec 3<pipe
exec 3<&-
wait $pid
code=$?
[[ $code == 141 && ! -s err ]] || fail "nobody reads the figures: expected exit code 141, got $code: $(cat err)"

# A demo that is stopped after its training says by which commands it goes on, and these end where the whole one does.
demo=(demo swiss_roll_article "${small[@]:1}" --set train.steps=20 --set sample.count=120000 --set eval.pairs=60
  --set eval.count=300)
ends 0 "${demo[@]}" --out demo
samples=samples/ddpm-39-step-20-seed-0.csv
late=0
for file in checkpoints/latest $samples eval.json; do
  left=(sample eval report)
  run=late-$late
  "$ROULADE" "${demo[@]}" --out $run >out 2>err &
  pid=$!
  waits_for $run/$file
  kill -INT $pid
  wait $pid
  code=$?
  [[ $code == 130 && ! -s out ]] || fail "demo stopped at $file: expected exit code 130, got $code (a machine so fast that it was done?)"
  said=
  for command in "${left[@]:late}"; do said+="${said:+, then }roulade $command $run"; done
  [[ "$(sed -n 's/.*go on: //p' err)" == "$said" ]] || fail "demo stopped at $file: expected the advice: $said, got: $(tail -n 1 err)"
  for command in "${left[@]:late}"; do ends 0 "$command" $run; done
  for part in $samples report/samples.svg report/reverse.gif; do same demo/$part $run/$part; done
  diff <(grep -v seconds demo/eval.json) <(grep -v seconds $run/eval.json) >/dev/null || fail "$run: other figures"
  [[ -s $run/report/index.html ]] || fail "$run has no page"
  ((++late))
done

# While its pictures are read, a training and a demo have nothing to save, and say so; nothing is left.
python3 - <<'P'
import os, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
side = 1500
header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
rows = b"".join(b"\0" + bytes((x + y) & 255 for x in range(side)) for y in range(side))
os.mkdir("large")
with open("large/0.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
for i in range(1, 5000):  # a minute's reading of one file
    os.link("large/0.png", f"large/{i}.png")
P
cat >large.toml <<'T'
data = {kind = "images", path = "large", size = 8, channels = 1, scale = "pixels", test = 0.1}
model = {kind = "unet", block_out_channels = [8], down_block_types = ["DownBlock2D"], up_block_types = ["UpBlock2D"], norm_num_groups = 4}
T
for command in train demo; do
  "$ROULADE" $command large.toml --out unread >out 2>err &
  pid=$!
  for i in $(seq 1000); do grep -q "^read " err && break; sleep 0.02; done
  kill -INT $pid
  wait $pid
  code=$?
  [[ $code == 130 && ! -s out ]] || fail "$command, stopped while reading: expected exit code 130, got $code: $(cat err)"
  says err "stopped; nothing was written"
  [[ ! -e unread ]] || fail "$command, stopped while reading, left a folder"
done

# Two signals: the second ends the process at once, whatever it does.
rm -f err  # what the last command left would be taken for this one's
"$ROULADE" eval run --threads 1 --set eval.pairs=10000 --set eval.count=200 >out 2>err &
pid=$!
waits_for err
kill -STOP $pid # so that both are pending at once; two of one kind would be one
kill -INT $pid
kill -TERM $pid
kill -CONT $pid
wait $pid
code=$?
[[ $code == 130 || $code == 143 ]] || fail "two signals: expected exit code 130 or 143, got $code"
grep -q "nothing was written" err && fail "two signals: the second was waited for"
[[ ! -e run/eval.json ]] || fail "a stopped evaluation was written"

finish
