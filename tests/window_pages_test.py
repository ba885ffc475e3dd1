#!/usr/bin/python3
"""The Learn view's pages on naive attention, parameters, the key-value cache and rotary positions,
in the real window.

    window_pages_test.py PROGRAM [SECTION...]
"""

import math
import subprocess
import sys

import numpy
import torch

import window_test
from window_test import check

TEXT = "The cat that I saw yesterday ran away because the cat was hungry"


def model(window, name):
    if window.state().get("model") in ((name,) if name != "mini-gpt" else ("", name)):
        return
    window.click("model")
    window.click("model/" + name)
    window.until(name, lambda s: s.get("model") == name)


def page(window, name, title):
    model(window, "mini-gpt")
    window.resize(1440, 900)
    if window.state()["text"] != TEXT:
        window.replace_text(TEXT)
    window.leave_field()
    window.key("7")
    window.click("page/" + title)
    window.until(name, lambda s: s["learn"]["page"] == name)
    window.settle()


def places(window):
    return window.info()["places"]


def clipboard(window):
    """What the program put onto the clipboard."""
    shown = subprocess.run(["xclip", "-selection", "clipboard", "-o"], capture_output=True, text=True,
                           env=window.display.environment(), timeout=20)
    return shown.stdout


def changes(window, place, before):
    """Whether the pixels of a part of the window differ from those of an earlier picture."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in window.place(place))
    return not numpy.array_equal(window.picture()[y0:y1, x0:x1], before[y0:y1, x0:x1])


def run_code(code, n):
    """z of a page's lines for random weights of mini-gpt's sizes."""
    torch.manual_seed(1)
    width, heads, d_head = 192, 6, 32
    weight, bias = torch.randn(width, 3 * width) / 14, torch.randn(3 * width)
    one = {}
    for i, letter in enumerate("qkv"):
        part = slice(i * width, (i + 1) * width)
        one["W_" + letter] = weight[:, part].reshape(width, heads, d_head).transpose(0, 1)
        one["b_" + letter] = bias[part].reshape(heads, d_head)
    angle = torch.arange(n)[:, None] * 10000.0 ** (-torch.arange(d_head // 2) / (d_head // 2))

    def rotate(t):
        a, b = t[..., :d_head // 2], t[..., d_head // 2:]
        return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)

    names = {"torch": torch, "n": n, "x": torch.randn(n, width), "W_qkv": weight, "b_qkv": bias,
             "rotate": rotate, "mask": torch.full((n, n), -math.inf).triu(1), **one}
    exec(code, names)  # pylint: disable=exec-used
    return names["z"]


def naive(window):
    page(window, "naive", "Naive and vectorised")
    codes = []
    for name in ("naive", "vectorised"):
        window.click("copy/" + name)
        codes.append(clipboard(window))
    check("the code of each head alone is copied", "for h in range(6)" in codes[0], codes[0])
    check("the code of all heads is copied", "qkv.split([192, 192, 192], -1)" in codes[1], codes[1])
    one_by_one, together = run_code(codes[0], 13), run_code(codes[1], 13)
    check("both run in PyTorch and give the same", one_by_one.shape == (13, 192) and
          torch.allclose(one_by_one, together, atol=1e-5))
    check("nothing is measured before it is asked for", "naive/times" not in places(window))
    window.park()
    before = window.picture()
    window.click("naive/measure")
    window.wait("the measurement", lambda: places(window).get("naive/times"))
    window.park()
    check("the numbers are shown", changes(window, "naive/numbers", before))
    window.key("Down")
    window.wait("an older result", lambda: "naive/times" not in places(window))
    check("a result of another layer is no longer the current one", True)
    window.click("naive/measure")
    window.wait("the measurement of this layer", lambda: places(window).get("naive/times"))
    check("it is measured again on a click", True)


def parameters(window):
    page(window, "parameters", "Parameters")
    for name in ("mini-gpt", "BERT-base", "BERT-large", "GPT-2 small", "GPT-2 large", "GPT-3 (175B)"):
        check(f"{name} has its row", places(window).get("parameters/" + name))
    x0, _, x1, _ = window.place("parameters/GPT-3 (175B)/mlp")
    y0, _, y1, _ = window.place("parameters/GPT-3 (175B)/q")
    ratio = (x1 - x0) / (y1 - y0)
    check("a part is as wide as its share", abs(ratio - 8) < 0.2, ratio)
    window.park()
    before = window.picture()
    window.move(*window.middle("parameters/mini-gpt/mlp"))
    check("pointing at a part explains it", not numpy.array_equal(window.picture(), before))
    window.click("tokens/8 192")
    window.park()
    check("another length changes the memory", changes(window, "parameters/cache", before))


def cache(window):
    page(window, "cache", "Key-value cache")
    check("at first the last token is appended", window.state()["learn"]["cached"] == 0)
    window.park()
    before = window.picture()
    head = window_test.selected(window.state())
    window.key("Left", "Left")
    tokens = window_test.tokens_shown(window)
    state = window.until("an earlier token", lambda s: s["learn"]["cached"] == tokens - 3)
    check("left goes back, and leaves the head alone", window_test.selected(state) == head)
    check("the rows follow", changes(window, "cache/rows", before))
    check("the counts follow", changes(window, "cache/counts", before))
    window.key("Right", "Right")
    window.until("the last token", lambda s: s["learn"]["cached"] == 0)
    x0, y0, x1, y1 = window.place("cache/appended")
    window.drag((x1 - 12, (y0 + y1) / 2), ((x0 + x1) / 2, (y0 + y1) / 2))
    state = window.until("a token in the middle", lambda s: 2 < s["learn"]["cached"] < tokens - 3)
    check("the slider chooses it, too", True)
    window.park()
    before = window.picture()
    window.click("cache/Without")
    window.park()
    check("without a cache all rows are new", changes(window, "cache/rows", before))
    window.click("cache/With a cache")
    model(window, "mini-bert")
    check("a bidirectional model has none", window.place("open/mini-gpt") and
          "cache/rows" not in places(window))
    window.click("open/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") == "mini-gpt")
    check("the button opens one that has", window.place("cache/rows"))


def rotary(window):
    page(window, "rotary", "Rotary positions")
    window.park()
    before = window.picture()
    window.click("pair/3")
    window.until("another pair", lambda s: s["learn"]["pair"] == 3)
    window.park()
    check("a click on a pair shows its clocks", changes(window, "rotary/clocks", before))
    before = window.picture()
    x0, y0, x1, y1 = window.place("rotary/shift")
    window.drag((x0 + 12, (y0 + y1) / 2), (x0 + (x1 - x0) / 3, (y0 + y1) / 2))
    window.until("a shift", lambda s: s["learn"]["shift"] > 10)
    window.park()
    check("moving both turns the hands", changes(window, "rotary/clocks", before))
    check("and leaves the curve", not changes(window, "rotary/curve", before))
    window.click("rotary/key")
    window.click("rotary/key/2")
    state = window.until("another key", lambda s: s["selection"].get("key") == 2)
    check("a key is chosen from the list", "query" not in state["selection"])
    check("its curve is another one", changes(window, "rotary/curve", before))
    model(window, "mini-bert")
    check("a model without them says so", window.place("open/mini-gpt"))
    window.click("open/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") == "mini-gpt")
    check("and opens one that has", window.place("rotary/clocks"))


if __name__ == "__main__":
    sys.exit(window_test.drive((("naive", naive), ("parameters", parameters), ("cache", cache),
                                ("rotary", rotary))))
