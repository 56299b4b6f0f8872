# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/text: small tokenizers of each family, texts, and the ids that Hugging Face's libraries give.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 transformers==5.24.0 sentencepiece==0.2.3 protobuf
    venv/bin/python tools/golden/text.py                      # writes the fixture
    venv/bin/python tools/golden/text.py FOLDER PROGRAM       # compares a tokenizer with `PROGRAM tokenize`

texts.json: a list of texts; [text, n] = the text n times over. Each folder is a tokenizer as files; its ids.json has a hash
for each text (FNV-1a, 32 of 64 bits, over the ids as little-endian int32) and the ids of every twelfth text. code_points.json has such hashes over
all code points but surrogates: of the UTF-8 of what a step makes of each.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import sentencepiece
import tokenizers
import transformers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizer, CLIPTokenizer, T5Tokenizer

assert tokenizers.__version__ == "0.23.3" and transformers.__version__ == "5.24.0"
OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/text"
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

SENTENCES = """a photograph of an astronaut riding a horse on the moon
An oil painting of two red foxes in the snow, by Rembrandt; highly detailed, 8k, trending on artstation!!!
a cat's paw, the dogs' bowls -- they're here, we've won, I'm sure he'll say it'd rain, don't they'LL isn't
the quick brown fox jumps over the lazy dog 0123456789 times, costs $3.50 (about 2,75 €) at 12:30pm on 2024-02-29
Diffusion models learn to reverse a gradual noising process: x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) eps.
https://example.org/path/to?q=1&r=a%20b#frag user@mail.example C:\\temp\\file.txt #hashtag @someone
Ein süßer Bär läuft über die Straße; ÄÖÜ ẞ, groß und schön, Maß und Fuß
Le garçon naïf a mangé des crêpes à l'île d'Oléron où il était né; œuvre, æther, Noël
El niño pequeño comió jalapeños en el piñón, ¿verdad? ¡Sí! ÁÉÍÓÚ
Příliš žluťoučký kůň úpěl ďábelské ódy, zażółć gęślą jaźń, árvíztűrő tükörfúrógép
Việt Nam: tiếng Việt có nhiều dấu, phở bò ngon lắm, Đặng Thị Ngọc Thịnh
İstanbul'da ılık bir gün, IĞDIR, Şişli, çocuklar
Съешь же ещё этих мягких французских булок, да выпей чаю. ЁЖИК, йод
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, ΟΔΥΣΣΕΥΣ, ᾳ ῶ ἀρχή
一只猫坐在窗台上看雪，旁边有一本打开的书。价格：￥１２３
美しい桜の木の下で本を読む少女、東京タワー、ガギグゲゴ ﾊﾝｶｸｶﾅ ㍿ ㌔ ㋿
한국어 문장은 띄어쓰기로 단어를 나눕니다. 각각 값 뷁 ㈜ 가격
قطة جميلة تجلس على النافذة، مُحَمَّد ﷺ ١٢٣٤ ﻻ
एक सुंदर बिल्ली खिड़की पर बैठी है। क्षत्रिय ज्ञान १२३ ड़ क़
แมวน่ารักนั่งอยู่ที่หน้าต่าง น้ำ ๑๒๓
חתול יפה יושב על החלון שָׁלוֹם
🎨👩‍🚀👩🏽‍🚀 on 🌕, 👨‍👩‍👧‍👦 family 🇩🇪🇯🇵🇺🇳 flags 1️⃣2️⃣#️⃣ keys ❤️ ☺ ™ © ®
ﬁne ﬂow ﬀ ﬃ ① ② ½ ¾ ² ³ ℃ Å Ω ℌ 𝔄𝕓𝒸 Ⅷ ⅷ ㎏ ｆｕｌｌｗｉｄｔｈ
""".split("\n")[:-1]

POOLS = {
    "latin": "abcdefghij klmnopqrs tuvwxyz ABC XYZ 0123456789 .,;:!?'\"-_()[]{}<>|/\\@#$%^&*+=~`",
    "accents": "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀăĄćĈċČďĐēĔėĘěĞğĠıİĲĳŁłŃŊőŒŠšŽžſƀƁƠơƯưǅǆȺȾɐʼʹˈ ẞḀỹ K Å",
    "marks": "aeiouAEqz" + "".join(map(chr, range(0x300, 0x330))) + "\u0345\u0360\u0338\u0327\u0328\u1dc4\u20d0\u0323 ",
    "han": "".join(map(chr, range(0x4E00, 0x4E40))) + "㐀㐁龥鿿豈更車賈滑\U00020000\U0002A6D6\U0002A700\U0002B740\U0002B820\U0002CEB0\U0002F800。，、：「」",
    "japanese": "あいうえおがぎぐげごぱぴアイウエオガギヴパピーっゃ゛゜ｱｲｳﾞﾟ\u3099\u309a々〆ヶ・ 日本語",
    "korean": "가각간갇값힣한글ㄱㄴㅏㅑ\u1100\u1161\u11a8\u1112\u1175\u11c2\u11a7ᄀ ",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئًٌٍَُِّْـ٠١٢٣،؛؟ﷲﷺﻻﻼ\u0600\u06dd\u200c\u200d ",
    "indic": "अआइईकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह\u093c\u093e\u093f\u0940\u094d\u0902\u0903क़ড়ਖ਼\u0bcaதமிழ்০১২ ०१ \u200d\u200c।॥",
    "emoji": ["😀", "👍", "👍🏿", "👩‍🚀", "👨‍👩‍👧", "🇩🇪", "🇯", "1️⃣", "#⃣", "❤️", "☺", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑🏽‍🤝‍🧑🏿", "\ufe0f", "\u200d", "©", "®", "™", " ", "ok"],
    "controls": [chr(c) for c in range(0, 0x20)] + ["\x7f", "\x80", "\x85", "\x9f", "a", "b", " ", "\u00ad", "\u200b", "\u200e", "\u202a", "\u2060", "\u2066", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\u0000"],
    "spaces": list(" \t\n\r\x0b\x0c\x85\xa0\u1680\u180e\u2000\u2003\u2007\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff") + ["a", "word", "1", "\u2581", "."],
    "punctuation": "!!!???...,,,;;;:::'''\"\"\"---___((([[[{{{}}}]]])))<<<>>>|||///\\\\\\@@@###$$$%%%^^^&&&***+++===~~~```¡¿«»“”‘’„…–—―†‡•‰′″‹›⁄§¶·、。〈〉《》「」￥＄＋＜＝＞｀｜～؟،।",
    "numbers": "0123456789 ٠١٢٣ ०१२३ ０１２３ ½¾⅓ ²³¹ ⅠⅡⅷ ①②⑳ ㊀㋀ 一二三 .,-+eE%",
    "clusters": ["a", "é", "e\u0301", "\u0301", "\u0308", "\u0323", "\u0600", "\u06dd", "\u0903", "\u093f", "\u0e33", "\u1100", "\u1161", "\u11a8", "가", "각", "©", "®", "\u200d", "\r", "\n", "\r\n", "🇩", "क", "\u094d", "ष", "\u200c", "☺", "\ufe0f", "ﬁ", "Å", "\u00a0", "ｶ", "ﾞ", "ﾟ", "\u0345", "ﬀ", "½", "\u0e01", "\U000110BD", "\x01", "\u2581", " "],
    "special": ["[MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[mask]", "<|startoftext|>", "<|endoftext|>", "<|ENDOFTEXT|>", "<|endoftext|", "</s>", "<pad>", "<unk>", "<extra_id_0>", "<extra_id_5>", "<extra_id_1", "##ing", "\u2581", "\u2581\u2581", "</w>", "<0x41>", " ", "  ", "a", "dog", "!", "\u00c9", "<Day>", "yesterday", "Yesterday"],
}


def texts():
    r = random.Random(20)
    out = ["", " ", "  ", "\n", "\x00", "a", " a", "a ", "\u2581", "\ufeff", "é", "e\u0301"] + SENTENCES
    for name, pool in POOLS.items():
        pool = list(pool)
        for k in range(110):
            out.append("".join(r.choice(pool) for _ in range(r.choice((1, 2, 3, 5, 8, 12, 20, 40)))))
    words = " ".join(SENTENCES).split()
    for k in range(300):
        out.append(r.choice((" ", " ", "  ", "\t", ", ", "\n", "")).join(r.choice(words) for _ in range(r.randrange(1, 14))))
    point = lambda: next(c for c in iter(lambda: r.randrange(0x110000), None) if not 0xD800 <= c < 0xE000)
    for k in range(150):
        out.append("".join(chr(point()) for _ in range(r.randrange(1, 9))))
    low = lambda: r.choice((r.randrange(0x250), r.randrange(0x3000), r.randrange(0xA000, 0xD800), r.randrange(0xF900, 0x10000), r.randrange(0x10000, 0x1FB00)))
    for k in range(330):
        out.append("".join(chr(low()) for _ in range(r.randrange(1, 13))))
    every = [c for pool in POOLS.values() for c in pool]
    for k in range(160):
        out.append("".join(r.choice(every) for _ in range(r.randrange(2, 30))))
    for n in (50, 99, 100, 101, 102, 150, 300):
        out += ["x" * n, "\u00fc" * n, "u\u0308" * n, "".join(r.choice("etaoinshr") for _ in range(n))]
    out += [["a", 10000], ["ab", 5000], ["the ", 2500], ["\u00e9", 5000], [" ", 10000], ["!", 10000], ["!?", 5000], ["猫", 3000], ["👩‍🚀", 1500],
            ["ingtionthean", 900], ["a\u0301\u0323", 2000], ["1", 10000], [SENTENCES[1], 40], ["<|endoftext|>", 300], ["\u0301", 4000]]
    return out


def whole(text):
    return text if isinstance(text, str) else text[0] * text[1]


def fnv(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h & 0xFFFFFFFF:08x}"


def hash_ids(ids):
    return fnv(b"".join(int(i).to_bytes(4, "little") for i in ids))


def write(folder, files, encode, strings):
    path = OUT / folder
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if isinstance(content, bytes):
            (path / name).write_bytes(content)
        else:
            (path / name).write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) + "\n")
    ids = [encode(path, whole(s)) for s in strings]
    full = {str(i): ids[i] for i in range(0, len(ids), 12) if len(ids[i]) < 100}
    (path / "ids.json").write_text(json.dumps({"hash": "".join(map(hash_ids, ids)), "ids": full}, separators=(",", ":")) + "\n")


def of_class(cls):
    cache = {}

    def encode(path, text):
        if path not in cache:
            cache[path] = cls.from_pretrained(str(path))
        return cache[path]._tokenizer.encode(text).ids
    return encode


def of_file(path, text, cache={}):
    if path not in cache:
        cache[path] = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
        cache[path].no_truncation()
        cache[path].no_padding()
    return cache[path].encode(text).ids


def train_wordpiece(corpus, normalizer, size):
    t = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=size, special_tokens=BERT_SPECIALS, show_progress=False))
    return t


def wordpiece(corpus, strings):
    t = train_wordpiece(corpus, normalizers.BertNormalizer(), 1100)
    vocab = sorted(t.get_vocab(), key=t.get_vocab().get)
    write("wordpiece", {"vocab.txt": "\n".join(vocab) + "\n",
                        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 32}},
          of_class(BertTokenizer), strings)
    t = train_wordpiece(corpus, normalizers.BertNormalizer(True, False, False, False), 900)
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    t.add_tokens([AddedToken("yesterday", rstrip=True, normalized=True), AddedToken("\u00c9", normalized=True), AddedToken("<Day>", normalized=False)])
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.enable_truncation(20)
    t.enable_padding(pad_id=0, pad_token="[PAD]")
    write("wordpiece_cased", {"tokenizer.json": t.to_str()}, of_file, strings)


def clip(corpus, strings):
    base = CLIPTokenizer()
    t = tokenizers.Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix=""))
    t.normalizer, t.pre_tokenizer = base._tokenizer.normalizer, base._tokenizer.pre_tokenizer
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1500, end_of_word_suffix="</w>", show_progress=False,
                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    merges = json.loads(t.to_str())["model"]["merges"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = letters + [c + "</w>" for c in letters] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    pieces = list(dict.fromkeys(pieces))
    write("clip_bpe", {"vocab.json": {p: i for i, p in enumerate(pieces)},
                       "merges.txt": "#version: 0.2\n" + "\n".join(f"{a} {b}" for a, b in merges) + "\n",
                       "tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer", "pad_token": "!", "bos_token": {"__type": "AddedToken", "content": "<|startoftext|>", "lstrip": False,
                                                                                "rstrip": False, "normalized": True, "single_word": False}}},
          of_class(CLIPTokenizer), strings)
    # Letters are missing, unknown ones are fused, words are cut as GPT-2 does, and the text is brought into NFKC.
    merges = merges[:150]
    pieces = letters[:200] + [c + "</w>" for c in letters[:180]] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    pieces = list(dict.fromkeys(pieces))
    merges = [(a, b) for a, b in merges if a in pieces and b in pieces]
    t = tokenizers.Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges, end_of_word_suffix="</w>", unk_token="<|endoftext|>", fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.NFD()])
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    file = json.loads(t.to_str())
    file["model"]["merges"] = [f"{a} {b}" for a, b in merges]
    write("gpt2_bpe", {"tokenizer.json": json.dumps(file, ensure_ascii=False) + "\n"}, of_file, strings)


def train_unigram(corpus, **options):
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus), model_prefix=f"{folder}/spiece", model_type="unigram", pad_id=0, eos_id=1, unk_id=2,
            bos_id=-1, hard_vocab_limit=False, num_threads=1, minloglevel=2, character_coverage=0.98, **options)
        return pathlib.Path(f"{folder}/spiece.model").read_bytes()


def unigram(corpus, strings):
    write("unigram", {"spiece.model": train_unigram(corpus, vocab_size=1000, normalization_rule_name="nmt_nfkc"),
                      "tokenizer_config.json": {"tokenizer_class": "T5Tokenizer", "extra_ids": 10, "model_max_length": 10**30}},
          of_class(T5Tokenizer), strings)
    model = train_unigram(corpus, vocab_size=900, normalization_rule_name="identity", byte_fallback=True)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(f"{folder}/spiece.model").write_bytes(model)
        pathlib.Path(f"{folder}/tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", "extra_ids": 0}))
        t = T5Tokenizer.from_pretrained(folder)._tokenizer
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKD(), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581"), normalizers.Replace("!", "!!")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    file = json.loads(t.to_str())
    file["model"]["byte_fallback"] = True
    write("unigram_bytes", {"tokenizer.json": json.dumps(file, ensure_ascii=False) + "\n"}, of_file, strings)


def code_points():
    bert = lambda **on: normalizers.BertNormalizer(**{**dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False), **on}).normalize_str
    steps = {"nfc": normalizers.NFC().normalize_str, "nfd": normalizers.NFD().normalize_str, "nfkc": normalizers.NFKC().normalize_str,
             "nfkd": normalizers.NFKD().normalize_str, "lower": normalizers.Lowercase().normalize_str, "nmt": normalizers.Nmt().normalize_str, "clean": bert(clean_text=True),
             "ideographs": bert(handle_chinese_chars=True), "accents": bert(strip_accents=True)}
    out = {}
    for name, step in steps.items():
        out[name] = fnv(b"".join(step(chr(c)).encode() for c in range(0x110000) if not 0xD800 <= c < 0xE000))
    (OUT / "code_points.json").write_text(json.dumps(out, indent=1) + "\n")


def main():
    strings = texts()
    assert len(strings) > 2000, len(strings)
    r = random.Random(7)
    corpus = SENTENCES * 6 + [" ".join(r.choice(SENTENCES).split()[:r.randrange(2, 9)]) for _ in range(800)]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "texts.json").write_text(json.dumps(strings, ensure_ascii=False, separators=(",", ":")) + "\n")
    wordpiece(corpus, strings)
    clip(corpus, strings)
    unigram(corpus, strings)
    code_points()


def compare(folder, program):
    """All texts of a tokenizer that is not part of the fixture, by its class or its tokenizer.json, and by the program."""
    path = pathlib.Path(folder)
    if (path / "tokenizer.json").exists():
        encode = of_file
    else:
        encode = of_class(T5Tokenizer if (path / "spiece.model").exists() else CLIPTokenizer if (path / "vocab.json").exists() else BertTokenizer)
    strings = [whole(s) for s in texts()]
    strings = [s for s in strings if "\n" not in s and "\r" not in s]  # a text a line
    with tempfile.NamedTemporaryFile("w", suffix=".txt", newline="") as file:
        file.write("\n".join(strings) + "\n")
        file.flush()
        answer = subprocess.run([program, "tokenize", folder, "--file", file.name, "--limit", "0", "--json"], check=True, capture_output=True)
    rows = json.loads(answer.stdout)["texts"]
    wrong = [i for i, s in enumerate(strings) if rows[i]["ids"] != encode(path, s)]
    print(f"{folder}: {len(strings)} texts, {len(wrong)} differ")
    for i in wrong[:5]:
        print(repr(strings[i][:60]), rows[i]["ids"][:20], encode(path, strings[i])[:20])
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1], sys.argv[2]) if len(sys.argv) == 3 else main())
