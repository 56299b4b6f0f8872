#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A U-Net learns handwritten digits as the shipped recipe says, and its samples are judged; what is broken on purpose must
# fail the same thresholds.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# judged RUN WORDS...: whether its samples reach what the recipe's do.
judged() {
  ends 0 eval "$@" --json --quiet --set eval.pairs=1
  python3 - <<'P'
import json, sys
figures = {row["figure"]: row["samples"] for row in json.load(open("out"))["figures"]}
print(figures)
sys.exit(not (figures["recognised"] > 0.95 and figures["precision"] > 0.9 and figures["recall"] > 0.75
              and figures["sliced_wasserstein"] < 0.12 and figures["copied_share"] < 0.05))
P
}

full=(--set train.steps=1200)
[[ $sanitized == yes ]] && full=(--set train.steps=20)
ends 0 train digits --out run --quiet "${full[@]}"
if [[ $sanitized == no ]]; then
  judged run >said || fail "digits: $(cat said)"
  # One step from noise; a class that nobody asked for; a network that has not learned.
  judged run --set sample.steps=1 >said && fail "a sampler of one step passes: $(cat said)"
  judged run --set 'sample.label="3"' --set guidance.scale=1 >said && fail "all samples of one class pass: $(cat said)"
  # A network that no longer hears how noisy its input is; one that learned another target than it is taken to answer.
  cp -r run deaf
  python3 - deaf/checkpoints/latest/unet/diffusion_pytorch_model.safetensors <<'P'
import json, struct, sys
with open(sys.argv[1], "r+b") as f:
    size = struct.unpack("<Q", f.read(8))[0]
    spans = [entry["data_offsets"] for name, entry in json.loads(f.read(size)).items() if name.startswith("time_embedding.")]
    assert len(spans) == 4, spans
    for first, last in spans:
        f.seek(8 + size + first)
        f.write(bytes(last - first))
P
  judged deaf >said && fail "a network that is deaf to the noise level passes: $(cat said)"
  cp -r run other
  sed -i 's/^sigma_data = 1\b.*/sigma_data = 0.4/' other/recipe.toml
  grep -q '^sigma_data = 0.4$' other/recipe.toml || fail "the recipe has no target to exchange"
  judged other >said && fail "a loss of another target passes: $(cat said)"
  ends 0 train digits --out raw --quiet --set train.steps=100
  judged raw >said && fail "a network of 100 steps passes: $(cat said)"
fi

# Pictures by class, as a sheet, and the report's pages.
ends 0 sample run -n 20 --label 7 --out sevens.png --quiet --steps 4
python3 - <<'P' || fail "sevens.png: no sheet of 5 x 4 pictures"
import struct
head = open("sevens.png", "rb").read(24)
assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24]) == (5 * 34 + 2, 4 * 34 + 2)
P
ends 0 sample run --label 7 -n 16 --sampler unipc --steps 10 --out sixteen.png --quiet

# Judged by features and a judge: what judges, and how, stands in eval.json; features of real pictures are found again.
ends 0 judge digits --out judge/ --quiet --epochs 2
[[ "$(ls judge)" == "$(printf 'config.json\njudge.safetensors')" ]] || fail "judge: $(ls judge)"
refuses 2 "[run] folder of the judge: expected a new one, or one that holds a judge" judge digits --out run --quiet
by=(--set eval.judge=judge --set eval.features=judge --set 'eval.metrics=["frechet", "class_accuracy"]' --set eval.pairs=1)
ends 0 eval run "${by[@]}" --quiet
cp run/eval.json first.json
stat -c %Y.%s run/features/*.safetensors >kept
ends 0 eval run "${by[@]}" --quiet
stat -c %Y.%s run/features/*.safetensors >again
same kept again
[[ $sanitized == yes ]] || ends 0 eval raw "${by[@]}" --quiet
python3 - "$sanitized" <<'P' || fail "eval by a judge: $(cat run/eval.json)"
import json, sys
first, second = json.load(open("first.json")), json.load(open("run/eval.json"))
assert first["figures"] == second["figures"]
assert first["eval"]["judge"] == '"judge"' and first["eval"]["features"] == '"judge"', first["eval"]
assert first["split"] == "test" and first["count"] > 300
rows = {row["figure"]: row for row in first["figures"]}
assert list(rows) == ["frechet_judge", "class_accuracy"], list(rows)
full = {row["figure"]: row["name"] for row in first["figures"]}
assert full == {"frechet_judge": f"frechet_judge_test_{first['count']}", "class_accuracy": "class_accuracy"}, full
made, real = ({name: row[of]["mean"] for name, row in rows.items()} for of in ("generated", "floor"))
print(made, real)
assert 0 < real["frechet_judge"] < made["frechet_judge"] and real["class_accuracy"] > 0.9
if sys.argv[1] == "no":
    assert made["class_accuracy"] > 0.9
    raw = {row["figure"]: row["generated"]["mean"] for row in json.load(open("raw/eval.json"))["figures"]}
    print("100 steps:", raw)
    assert raw["frechet_judge"] > 3 * made["frechet_judge"] and raw["class_accuracy"] < made["class_accuracy"] - 0.05, raw
P
ends 0 sample run -n 3 --out same.csv --quiet --steps 4
ends 0 sample run -n 5 --out more.csv --quiet --steps 4
cmp -s same.csv <(head -n 4 more.csv) || fail "sample i depends on the count"
ends 0 report run --quiet
for name in levels samples data neighbours reverse noising; do
  [[ -s run/report/$name.png ]] || fail "report: no $name.png"
done
says run/report/index.html 'data:image/png;base64'
says run/report/index.html 'Fréchet distance (judge, test, '
ends 0 inspect run
says out "1 x 8 x 8"

# As on points: a killed training goes on to the same bytes, what is dropped included; rows are sampled on and completed,
# likelihoods.
tiny=(digits --quiet --set train.batch=8 --set train.ema=[0.9] --set 'model.block_out_channels=[16, 16]' --set model.dropout=0.1
  --set train.steps=60 --set train.checkpoint_every=3)
ends 0 train "${tiny[@]}" --out whole
"$ROULADE" train "${tiny[@]}" --threads 1 --out killed >/dev/null 2>&1 &
pid=$!
for _ in $(seq 600); do [[ -e killed/checkpoints/latest ]] && break; sleep 0.05; done
{ kill -9 $pid; wait $pid; } 2>/dev/null
[[ -e killed/checkpoints/step-00000060 ]] && fail "the training ended before it was killed"
ends 0 train "${tiny[@]}" --out killed --resume
same {whole,killed}/checkpoints/step-00000060/unet/diffusion_pytorch_model.safetensors
same {whole,killed}/checkpoints/step-00000060/training.safetensors
ends 0 sample run --from same.csv --strength 0.3 --out on.csv --quiet --steps 4
[[ $(wc -l <on.csv) == 4 ]] || fail "sample --from: $(wc -l <on.csv) lines"
python3 - <<'P'
import csv
rows = list(csv.reader(open("same.csv")))
for row in rows[1:]:
    row[:32] = [""] * 32
csv.writer(open("gaps.csv", "w")).writerows(rows)
P
ends 0 sample run --complete gaps.csv --walks 1 --out full.csv --quiet --steps 4
python3 - <<'P' || fail "sample --complete: given pixels were changed"
import csv
given, made = (list(csv.reader(open(name)))[1:] for name in ("gaps.csv", "full.csv"))
assert len(made) == 3 and all(float(x) == float(y) for a, b in zip(given, made) for x, y in zip(a[32:64], b[32:64]))
assert all(row[:32] != [""] * 32 for row in made)
P
ends 0 likelihood run -n 2 --quiet
# The other network.
ends 0 train "$tree/tests/cli/dit.toml" --out dit --quiet
[[ -s dit/checkpoints/step-00000010/transformer/config.json ]] || fail "dit: no transformer/"
ends 0 sample dit -n 4 --out dit.png --quiet --steps 3

# What cannot be.
ends 2 train digits --out bad --set 'data.shape=[1, 8, 9]'
says err "data table.shape"
ends 2 train digits --out bad --set 'data.shape=[1, 4, 16]' --set 'model.block_out_channels=[8, 8, 8, 8]' \
  --set 'model.down_block_types=["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]' \
  --set 'model.up_block_types=["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]'
says err "multiples of 8"
printf '[model]\nkind = "unet"\n' >points.toml
ends 2 train points.toml --out bad
says err "[channels, height, width]"
ends 0 train moons --out moons --quiet --set train.steps=2 --set data.count=200
ends 2 sample moons --out moons.png
says err "no pictures"
finish
