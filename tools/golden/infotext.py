# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/run/infotext.json: what AUTOMATIC1111's web UI writes and reads as a picture's parameters.

    python tools/golden/infotext.py infotext_utils.py

infotext_utils.py is modules/infotext_utils.py of stable-diffusion-webui at commit 036500223de0a3caaa86360a8ad3ed301e4367b0
(1.10). Its quote, unquote, expressions and the reading of lines are run from that file; of its answer the defaults that it
adds for what a text does not say are left out, and sizes stay whole. The writer is the end of create_infotext in
modules/processing.py, which joins lines with that quote.
"""
import ast
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "run" / "infotext.json"


def parts(path):
    tree = ast.parse(Path(path).read_text())
    names = {"re_param_code", "re_param", "quote", "unquote", "parse_generation_parameters"}
    kept = [n for n in tree.body if getattr(n, "name", None) in names
            or (isinstance(n, ast.Assign) and n.targets[0].id in names)]
    space = {
        "json": json,
        "re": re,
        "re_imagesize": re.compile(r"(?!)"),  # sizes stay whole
        "shared": SimpleNamespace(opts=SimpleNamespace(infotext_styles="Ignore", infotext_skip_pasting=[])),
        "restore_old_hires_fix_params": lambda res: None,
        "infotext_versions": SimpleNamespace(backcompat=lambda res: None),
    }
    exec(compile(ast.Module(kept, []), path, "exec"), space)
    return SimpleNamespace(**space)


def written(ui, prompt, negative, parameters):
    last = ", ".join(f"{k}: {ui.quote(v)}" for k, v in parameters)
    between = f"\nNegative prompt: {negative}" if negative else ""
    text = f"{prompt}{between}\n{last}".strip()
    return {"prompt": prompt, "negative_prompt": negative, "parameters": parameters, "text": text}


def read(ui, text):
    answer = ui.parse_generation_parameters(text)
    added = ui.parse_generation_parameters("x")  # what it says of a text that says nothing
    prompt, negative = answer.pop("Prompt"), answer.pop("Negative prompt")
    found = [[k, v] for k, v in answer.items() if k not in added]
    return {"text": text, "prompt": prompt, "negative_prompt": negative, "parameters": found}


ui = parts(sys.argv[1])
plain = [["Steps", "20"], ["Sampler", "DPM++ 2M"], ["CFG scale", "7"], ["Seed", "1"], ["Size", "512x512"]]
awkward = plain + [["Model", "a, b"], ["Hires", "x: y"], ["Note", 'two\nlines of "text"'], ["Path", "a\\b, c"], ["Name", "猫, 狗"]]
prompts = ["a cat", "", "a\n\nb", 'say "hi", Steps: 20', "一只猫，(红色:1.2)", "  outer  \n spaces  "]
cases = [written(ui, p, n, a) for p in prompts for n, a in [("", plain), ("bad, worse\nworst", awkward)]]
texts = [c["text"] for c in cases] + [
    "a prompt alone",
    "two, lines\nSteps: 20, Seed: 1",
    "a\r\nNegative prompt: b\r\nSteps: 1, Seed: 2, Size: 3x4\r\n",
    "a\nNegative prompt: b\nNegative prompt: c\nSteps: 1, Seed: 2, Sampler: x",
    "Steps: 1, Seed: 2, Sampler: x",
    "p\nSteps: 1,Seed:2 ,  Sampler:   Euler a , Empty: , Other: \"\", Last: \"no end",
    'p\nSteps: 1, A b/c-d: "x, y", B2: "x" y, C3: "x\\"y, z", D4: "\\q, r", E: no, 5F: yes',
    "p\nSteps: 1, note without, Seed: 2, (x:1.2), Sampler: Euler",
    "p\nSteps: 1, Seed: 2, Lora hashes: \"a: 123, b: 456\", Version: v1.10.1",
]
OUT.parent.mkdir(exist_ok=True)
OUT.write_text(json.dumps({"written": cases, "read": [read(ui, t) for t in texts]}, ensure_ascii=False, indent=1) + "\n")
