"""The text corpora as token ids, and the windows that are cut from them.

Two streams: `sentences` (Tatoeba and Common Voice, shuffled, one sentence a line) and `stories`
(children's fiction in running order, one paragraph a line). The last 1 % of the lines of each
stream are held out: neither the tokenizer, nor the model, nor the bigram baseline sees them.
"""

import dataclasses
import pathlib
import random
import re

import numpy as np

SENTENCE_SHARE = 0.4  # of the windows; the others are stories
HELD_OUT_SHARE = 0.01

# Lines with these are left out, so that no prediction shown to a class repeats them.
UNSUITABLE = re.compile(
    r"\b(?:nigg\w*|negro\w*|darky|darkies|injuns?|coons?|rap(?:e|ed|es|ist\w*|ing)|suicid\w*|"
    r"porn\w*|sex\w*|slut\w*|whor\w*|fuck\w*|shit\w*|bitch\w*|cunt\w*|naked|penis\w*|vagina\w*|"
    r"masturbat\w*|hitler\w*|nazis?|terroris\w*|tortur\w*|genocid\w*|prostitut\w*|"
    r"virgin|breasts?|orgasm\w*|condoms?|fag\w{0,4}|bastards?)\b", re.IGNORECASE)


@dataclasses.dataclass
class Stream:
    """Token ids of one stream; `starts` are the places where a line begins."""
    tokens: np.ndarray  # [tokens] uint16
    starts: np.ndarray  # [lines] int64


def read_lines(folder):
    """(sentences, stories): two lists of lines, sentences shuffled, without unsuitable lines."""
    folder = pathlib.Path(folder)

    def suitable(name):
        lines = (folder / name).read_text("utf-8").splitlines()
        return [line.strip() for line in lines
                if line.strip() and not line.startswith("# ") and not UNSUITABLE.search(line)]

    sentences = suitable("tatoeba_en.txt") + suitable("commonvoice_en.txt")
    random.Random(1).shuffle(sentences)
    return sentences, suitable("children_fiction.txt")


def split(lines):
    """(training lines, held-out lines)"""
    cut = len(lines) - int(len(lines) * HELD_OUT_SHARE)
    return lines[:cut], lines[cut:]


def make_stream(lines, tokenizer):
    tokens, starts = [], []
    for line in lines:
        starts.append(len(tokens))
        tokens.extend(tokenizer.encode(line + "\n"))
    return Stream(np.array(tokens, np.uint16), np.array(starts, np.int64))


def cut_window(stream, length, rng, beginning):
    """One window [length] int64: the beginning token, then text from the start of a line."""
    last = np.searchsorted(stream.starts, len(stream.tokens) - length)
    at = stream.starts[rng.integers(max(last, 1))]
    window = np.empty(length, np.int64)
    window[0] = beginning
    window[1:] = stream.tokens[at:at + length - 1]
    return window


def repeat_text(window, rng):
    """`window` with one span of 6 to 40 tokens said again one to three times further on."""
    length = len(window)
    span = int(rng.integers(6, 41))
    at = int(rng.integers(1, max(2, length // 2 - span)))
    said = window[at:at + span]
    pieces, used = [window[:at + span]], at + span
    for _ in range(int(rng.integers(1, 4))):
        gap = int(rng.integers(0, 40))
        pieces += [window[used:used + gap], said]
        used += gap
    return np.concatenate([*pieces, window[used:]])[:length]


def random_repeats(length, draw, rng, beginning):
    """One to four spans of 4 to 40 random tokens, said in random order until the window is full.

    Two of three windows have one span. Short spans said often teach to copy at all, long ones what
    to copy; with several spans the distance does not help, only what was said after the same token.

    draw: count -> that many tokens. Returns the window [length] and which of its tokens can be
    foreseen [length] bool: those of a span said before, and the first only of a lone span.
    """
    alone = rng.integers(3) > 0
    spans = [draw(rng.integers(4, 41)) for _ in range(1 if alone else rng.integers(2, 5))]
    said = [False] * len(spans)
    window, foreseen = [beginning], [False]
    while len(window) < length:
        chosen = rng.integers(len(spans))
        window += spans[chosen]
        foreseen += [said[chosen] and alone] + [said[chosen]] * (len(spans[chosen]) - 1)
        said[chosen] = True
    return np.array(window[:length]), np.array(foreseen[:length])


def training_batch(streams, count, length, repeats, vocabulary, rng):
    """(inputs, targets), each [count, length] int64; a target of -100 is not counted.

    repeats: the share of windows of repeated random tokens (half of them drawn from the text, as
    often as they stand there), and the share of windows of text that repeat a span.
    """
    sentences, stories = streams
    beginning = vocabulary - 1

    def from_all(number):
        return rng.integers(0, beginning, number).tolist()

    def from_text(number):
        return rng.choice(stories.tokens, number).tolist()

    windows = np.empty((count, length + 1), np.int64)
    counted = np.ones((count, length + 1), bool)
    for row in range(count):
        kind = rng.random()
        if kind < repeats[0]:
            draw = from_all if rng.random() < 0.5 else from_text
            windows[row], counted[row] = random_repeats(length + 1, draw, rng, beginning)
            continue
        stream = sentences if rng.random() < SENTENCE_SHARE else stories
        windows[row] = cut_window(stream, length + 1, rng, beginning)
        if kind < sum(repeats):
            windows[row] = repeat_text(windows[row], rng)
    targets = np.where(counted, windows, -100)[:, 1:]
    return windows[:, :-1], targets


def held_out_windows(streams, count, length, beginning, seed=5):
    """Plain windows of held-out text [count, length] int64, in the mix of the training."""
    rng = np.random.default_rng(seed)
    sentences, stories = streams
    first = round(count * SENTENCE_SHARE)
    return np.stack([cut_window(sentences if i < first else stories, length, rng, beginning)
                     for i in range(count)])


def repeated_random_windows(count, span, vocabulary, seed=6):
    """Windows [count, 1 + 2 * span] int64: beginning token, random tokens, the same again."""
    rng = np.random.default_rng(seed)
    half = rng.integers(0, vocabulary - 1, (count, span))
    return np.concatenate([np.full((count, 1), vocabulary - 1), half, half], axis=1)
