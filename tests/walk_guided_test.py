#!/usr/bin/env python3
"""The scripts with gaps that `headlight walk --guided` writes: walk_guided_test.py PROGRAM

Left as they are they stop with a sentence; filled in they end in agreement; what learners get wrong
is answered with the sentence that helps. Prints `N passed, N failed`.
"""

import contextlib
import io
import os
import re

from walk_scripts import SENTENCE, agrees, cells, check, main, run, walk

FILLED = "All right: every number is the window's."


def filled(guided, plain):
    """The learner's lines, from the cells of the version without gaps."""
    for name in set(re.findall(r"^(\w+) = \.\.\.$", guided, re.M)):
        line = re.search(rf"^{name} = .*$", plain, re.M)
        guided = re.sub(rf"^{name} = \.\.\.$", lambda _: line.group(0), guided, flags=re.M)
    return guided


def guided(folder):
    for arguments in (["mini-gpt", "--head", "2.3"], ["mini-bert", "--head", "3.1"],
                      ["grouped-query", "--head", "3.1"],
                      ["multi-scale", "--head", "0.5"], ["routed-heads", "--head", "3.5"],
                      ["--tiny", "8,8,2,4", "--head", "0.1"],
                      ["mini-gpt", "--head", "1.2", "--mask-cell", "1.2=0:0", "--temperature",
                       "1.2=2", "--prune", "1.0"]):
        what = " ".join(arguments)
        book = cells(walk(folder / "walk.ipynb", "--text", SENTENCE, *arguments, "--guided"))
        plain = cells(walk(folder / "plain.ipynb", "--text", SENTENCE, *arguments))
        out, error = run("\n".join(book.values()), folder)
        check(f"{what}: unfilled it stops with a sentence",
              error == "NotYet: Step 2, Q: replace the dots in `Q = ...`, then run this again.",
              error)
        gaps = sum(len(re.findall(r"^\w+ = \.\.\.$", code, re.M)) for code in book.values())
        check(f"{what}: there are gaps", gaps in (13, 14), gaps)
        code = {id: filled(text, plain.get(id, "")) for id, text in book.items()}
        agrees(f"{what}: filled in it", "\n".join(code.values()), folder, FILLED)
        for id in ("project", "split", "scores", "scale", "mask", "softmax", "blend",
                   "concatenate", "mix"):
            if not re.search(r"^\w+ = \.\.\.$", book[id], re.M):
                continue  # No mask, no gap.
            half = {**code, id: book[id]}
            out, error = run("\n".join(half.values()), folder)
            check(f"{what}: a gap left in {id} is found", error.startswith("NotYet: Step ") and
                  "replace the dots" in error, error or out)


MISTAKES = (  # cell, name, what a learner may write, what the check has to say
    ("project", "Q", "normed @ W_q", "Step 2, Q lacks the bias: add b_q."),
    ("project", "Q", "X @ W_q + b_q", "normalised rows, `normed`"),
    ("project", "Q", "normed @ W_q.T + b_q", "wrong numbers"),
    ("project", "Q", "normed @ W_q.T", "W_q transposed"),
    ("project", "K", "normed @ W_q + b_q", "Step 2, K is made with W_q; it wants W_k."),
    ("project", "V", "normed", "wrong numbers"),
    ("project", "Q", "(normed @ W_q + b_q).T", "in another order, [heads * d_head, tokens]"),
    ("project", "Q", "'hello'", "no array of numbers"),
    ("split", "q", "Q.reshape(heads, tokens, d_head)", "only reshaped"),
    ("split", "q", "Q.reshape(tokens, heads, d_head)", "bring the heads to the front"),
    ("split", "q", "Q.reshape(tokens, d_head, heads).transpose(2, 0, 1)", "interleaved"),
    ("split", "q", "Q.reshape(tokens, heads, d_head).transpose(1, 2, 0)",
     "axes in another order, [heads, d_head, tokens]"),
    ("split", "k", "Q.reshape(tokens, heads, d_head).transpose(1, 0, 2)",
     "Step 3, k has the right shape but wrong numbers"),
    ("split", "q", "Q", "has 2 axes, [12, 192]; it should be [heads, tokens, d_head]"),
    ("split", "q", "Q.reshape(tokens, heads, d_head)[:5].transpose(1, 0, 2)",
     "axis 1 (tokens) is 5 instead of 12"),
    ("scores", "products", "k @ q.transpose(0, 2, 1)", "transposed: rows have to be queries"),
    ("scores", "products", "q @ k.transpose(0, 2, 1) / math.sqrt(d_head)", "already scaled"),
    ("scores", "products", "q @ q.transpose(0, 2, 1)", "q times q"),
    ("scores", "products", "q.transpose(1, 0, 2) @ k.transpose(1, 2, 0)",
     "Step 4, products has the wrong shape"),
    ("scale", "scores", "products", "sqrt(d_head) = 5.657 times too large"),
    ("scale", "scores", "products / d_head", "wants its square root"),
    ("scale", "scores", "products * math.sqrt(d_head)", "divide"),
    ("scale", "scores", "products / math.sqrt(d_model)", "so it is sqrt(d_head)"),
    ("scale", "scores", "products / 3", "every number is 1.886 times"),
    ("mask", "masked", "scores", "not masked"),
    ("mask", "masked", "scores * allowed", "e^0 is 1"),
    ("mask", "masked", "np.where(allowed, -np.inf, scores)", "wrong way round"),
    ("mask", "masked", "np.where(allowed.T, scores, -np.inf)", "hides what came before"),
    ("softmax", "e", "masked - largest", "np.exp of that"),
    ("softmax", "e", "np.exp(masked)", "take each row's `largest` off first"),
    ("softmax", "e", "np.exp(scores - largest)", "without the mask: take `masked`"),
    ("softmax", "weights", "e / e.sum(-2, keepdims=True)", "its columns sum to 1"),
    ("softmax", "weights", "np.exp(masked) / np.exp(masked).sum(1, keepdims=True)",
     "its columns sum to 1"),
    ("softmax", "weights", "np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)",
     "without the mask"),
    ("softmax", "weights", "np.exp(scores) / np.exp(scores).sum(-1, keepdims=True) * allowed",
     "after the softmax"),
    ("softmax", "weights", "e", "not divided by the sum"),
    ("softmax", "weights", "e / e.sum()", "each row by its own"),
    ("softmax", "weights", "e / e.sum(0)", "Step 7, weights"),
    ("blend", "z", "kept.transpose(0, 2, 1) @ v", "weights transposed"),
    ("blend", "z", "v", "v as it is"),
    ("blend", "z", "kept @ k", "blends the keys"),
    ("concatenate", "concatenated", "z.reshape(tokens, heads * d_head)", "without the transpose"),
    ("concatenate", "concatenated", "z.transpose(1, 2, 0).reshape(tokens, heads * d_head)",
     "interleaved"),
    ("concatenate", "concatenated", "z.transpose(1, 0, 2)", "three axes"),
    ("concatenate", "concatenated", "np.concatenate(list(z), axis=0)", "below one another"),
    ("concatenate", "concatenated", "z.sum(0)", "sum of the heads"),
    ("mix", "mixed", "concatenated @ W_o.T", "W_o transposed"),
    ("mix", "mixed", "X + concatenated @ W_o + b_o", "already has X added"),
    ("mix", "mixed", "concatenated", "has to be applied to"),
)
BERT_MISTAKES = (
    ("project", "Q", "X @ W_q", "Step 2, Q lacks the bias: add b_q."),
    ("project", "K", "X @ W_k + b_q", "Step 2, K has the right shape but wrong numbers"),
    ("mix", "mixed", "concatenated @ W_o", "Step 10, mixed lacks the bias: add b_o."),
)
WARM_MISTAKES = (
    ("scale", "scores", "products / math.sqrt(d_head)", "lacks the temperature"),
    ("scale", "scores", "products / temperature[:, None, None]", "but not by sqrt(d_head)"),
    ("scale", "scores", "products", "is not scaled yet"),
)
GROUPED_MISTAKES = (
    ("project", "K", "normed @ W_q", "axis 1 (key_value_heads * d_head) is 128 instead of 32"),
    ("split", "k", "K.reshape(key_value_heads, tokens, d_head)", "only reshaped"),
)
SQUARE_MISTAKES = (  # 4 tokens, 4 heads, d_head 4: every transposition has the right shape.
    ("split", "q", "Q.reshape(tokens, heads, d_head)", "only reshaped"),
    ("split", "q", "Q.reshape(tokens, heads, d_head).transpose(1, 2, 0)",
     "has the right numbers with the axes"),
    ("split", "q", "Q.reshape(tokens, d_head, heads).transpose(2, 0, 1)", "interleaved"),
    ("project", "Q", "X @ W_q.T", "W_q transposed"),
    ("scores", "products", "(q @ k.transpose(0, 2, 1)).transpose(0, 2, 1)",
     "rows have to be queries"),
    ("concatenate", "concatenated", "z.transpose(1, 2, 0).reshape(tokens, heads * d_head)",
     "interleaved"),
    ("mix", "mixed", "concatenated @ W_o.T", "W_o transposed"),
)


def mistakes(folder):
    for arguments, wrongs in ((["--head", "2.3"], MISTAKES), (["mini-bert", "--head", "2.3"],
                                                              BERT_MISTAKES),
                              (["--head", "2.3", "--temperature", "2.3=2"], WARM_MISTAKES),
                              (["grouped-query", "--head", "2.3"], GROUPED_MISTAKES),
                              (["--tiny", "16,16,4,4", "--head", "0.1"], SQUARE_MISTAKES)):
        wrong_lines(folder, arguments, wrongs)


def wrong_lines(folder, arguments, wrongs):
    """Each wrong line gets its sentence, and nothing goes on."""
    book = cells(walk(folder / "walk.ipynb", "--text", SENTENCE, *arguments, "--guided"))
    plain = cells(walk(folder / "plain.ipynb", "--text", SENTENCE, *arguments))
    names, here, answers = {"__name__": "__main__"}, os.getcwd(), []
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        for id, code in book.items():
            for _, name, wrong, sentence in (mistake for mistake in wrongs if mistake[0] == id):
                line, before = f"{name} = {wrong}", dict(names)
                try:
                    exec(filled(re.sub(rf"^{name} = \.\.\.$", lambda _: line, code, flags=re.M),
                                plain[id]), names)
                    error = "nothing"
                except Exception as raised:
                    error = f"{type(raised).__name__}: {raised}"
                answers.append((line, sentence, error))
                names.clear()
                names.update(before)
            exec(filled(code, plain.get(id, "")), names)
    os.chdir(here)
    check("every mistake was made", len(answers) == len(wrongs), len(answers))
    for line, sentence, error in answers:
        check(f"{line} is answered with: {sentence}",
              error.startswith("NotYet: Step ") and sentence in error and "\n" not in error, error)


if __name__ == "__main__":
    main(guided, mistakes)
