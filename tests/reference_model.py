"""Every family's forward pass in plain PyTorch, written from the papers and from Hugging Face's and
llama2.c's descriptions of the files.

It reads the files itself, and computes in the dtype that it is given.
"""

import json
import pathlib

from reference_bart import Bart
from reference_bert import Bert
from reference_designed import Designed
from reference_gpt2 import Gpt2
from reference_llama import Llama

FAMILIES = {
    "gpt2": Gpt2,
    "llama": Llama, "mistral": Llama, "qwen2": Llama, "qwen3": Llama, "phi3": Llama, "gemma": Llama,
    "headlight": Designed,
    "bert": Bert, "roberta": Bert, "distilbert": Bert,
    "bart": Bart, "mbart": Bart, "marian": Bart,
}


def load_reference(path, dtype):
    """The model of a folder or of a llama2.c file. One with an encoder and a decoder is a Bart."""
    path = pathlib.Path(path)
    if path.suffix == ".bin":
        return Llama(path, dtype)
    return FAMILIES[json.loads((path / "config.json").read_text())["model_type"]](path, dtype)
