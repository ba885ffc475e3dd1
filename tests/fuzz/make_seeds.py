"""make_seeds.py FOLDER: what each libFuzzer target begins with, in FOLDER/NAME for NAME_fuzz.

The seeds are the small files of tests/data and a few made here. Needs numpy. A new target gets its own
by a line in SEEDS: a pattern under tests/data, or bytes."""

import io
import pathlib
import sys

import numpy as np

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
LESSONS = DATA.parent.parent / "assets" / "lessons"
LARGEST = 20_000  # Bytes: libFuzzer is slow on long inputs.


def npy(array):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array))
    return out.getvalue()


def folders():
    """model_fuzz reads config.json, a NUL, and model.safetensors."""
    for folder in sorted((DATA / "models").iterdir()):
        config, weights = folder / "config.json", folder / "model.safetensors"
        if config.exists() and weights.exists():
            yield config.read_bytes() + b"\0" + weights.read_bytes()


CONLLU = """# text = Tom can't eat du pain.
1	Tom	Tom	PROPN	_	_	4	nsubj	_	_
2-3	can't	_	_	_	_	_	_	_	_
2	ca	can	AUX	_	_	4	aux	_	_
3	n't	not	PART	_	_	4	advmod	_	_
4	eat	eat	VERB	_	_	0	root	_	_
4.1	x	_	_	_	_	_	_	_	_
5-6	du	_	_	_	_	_	_	_	_
5	de	de	ADP	_	_	7	case	_	_
6	le	le	DET	_	_	7	det	_	_
7	pain	pain	NOUN	_	_	4	obj	_	SpaceAfter=No
8	.	.	PUNCT	_	_	4	punct	_	_

"""
GAP = """ID	Text	Pronoun	Pronoun-offset	A	A-offset	A-coref	B	B-offset	B-coref	URL
1	Zo\u00eb met Ann Lee before she left.	she	24	Zo\u00eb	0	TRUE	Ann Lee	8	FALSE	u
"""

SEEDS = {
    "npy": ["attention/*.npy", npy(["a", "é"]), npy([b"a", b"bc"]), npy(np.arange(3)),
            npy(np.eye(2, dtype=bool)), npy(np.zeros((0, 2)))],
    "npz": ["attention/*.npz"],
    "safetensors": ["attention/*.safetensors", "models/*/model.safetensors"],
    "json": ["models/*/*.json", b'{"a": {"factor": 2}, "b": [1, 2.5, null, true, "x"], "c": -1e9}'],
    "llama2c": ["models/*/tiny-llama2c*.bin"],
    "model": list(folders()),
    "tokenizer_json": ["tokenizers/*.json", "tokenizers/*/tokenizer.json"],
    "tokenizer_bin": ["models/*/tokenizer.bin"],
    "sentencepiece": ["tokenizers/*.spm", "tokenizers/*/*.spm", "tokenizers/*/*.model"],
    "wordpiece": ["models/*/vocab.txt"],
    "conllu": [CONLLU.encode()],
    "gap": [GAP.encode()],
    "lesson": [path.read_bytes() for path in sorted(LESSONS.glob("*.lesson"))],
}

for target, seeds in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    contents = [seed for seed in seeds if isinstance(seed, bytes)]
    for pattern in (seed for seed in seeds if isinstance(seed, str)):
        contents += [path.read_bytes() for path in sorted(DATA.glob(pattern))
                     if path.stat().st_size <= (10 if target == "llama2c" else 1) * LARGEST]
    for number, content in enumerate(contents):
        (folder / f"{number:03}").write_bytes(content)
