#!/usr/bin/python3
"""Alpha's random numbers and initial weights in NumPy.

Written from alpha/core/rng.h and alpha/model/parameters.h. As a program it checks itself: Alpha
trains one step with learning rate 0, which leaves the weights as they were drawn, and every
tensor of that checkpoint must have the bits that are drawn here.

    alpha_rng.py ALPHA TEXT
"""

import math
import sys

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
INIT_STD = 0.02


class SeededRng:
    """The original's sequential generator: two 32-bit words, period 8,190."""

    def __init__(self, seed):
        self.a, self.b = seed & 0xFFFFFFFF, (seed ^ 0xDEADBEEF) & 0xFFFFFFFF
        self.spare = None
        for _ in range(20):
            self.bits()

    def bits(self):
        x, y = self.a, self.b
        x ^= (x << 23) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= y
        x ^= y >> 26
        self.a, self.b = y, x
        return (x + y) & 0xFFFFFFFF

    def next(self):
        """Uniform in [0, 1)."""
        return self.bits() * 2.0**-32

    def gauss(self):
        """Standard normal, by Marsaglia's polar method."""
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            u, v = 2 * self.next() - 1, 2 * self.next() - 1
            s = u * u + v * v
            if 0 < s < 1:
                break
        m = math.sqrt(-2 * math.log(s) / s)
        self.spare = v * m
        return u * m


def mix(x):
    """SplitMix64's finaliser over an array of 64-bit words."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def counter_uniform(seed, stream, first, n):
    """CounterRng(seed, stream).uniform at positions first ... first + n - 1, f64."""
    word = lambda value: np.array([value & 0xFFFFFFFFFFFFFFFF], np.uint64)
    key = mix(mix(word(seed + GOLDEN)) + word((stream + 1) * GOLDEN))
    positions = np.arange(first + 1, first + n + 1, dtype=np.uint64)
    return (mix(mix(key + positions * np.uint64(GOLDEN)) ^ key) >> np.uint64(11)) * 2.0**-53


def counter_gauss(seed, stream, n):
    """The first n normal numbers of CounterRng(seed, stream), f64."""
    uniform = counter_uniform(seed, stream, 0, 2 * n)
    return np.sqrt(-2 * np.log(1 - uniform[0::2])) * np.cos(2 * math.pi * uniform[1::2])


def parameter_shapes(model):
    """Names and shapes in the order of Alpha's checkpoints, for layer norm, GELU and linear layers
    without bias. `model` is the modelConfig of a run's config.json."""
    C, F = model["nEmbd"], model.get("ffnDim") or 4 * model["nEmbd"]
    shapes = {"wte": (model["vocabSize"], C), "wpe": (model["blockSize"], C)}
    if not model["tied"]:
        shapes["lmHead"] = (model["vocabSize"], C)

    def norm(name):
        shapes[name + ".weight"] = (C,)
        if model["normBias"]:
            shapes[name + ".bias"] = (C,)

    norm("lnF")
    for layer in (f"layer.{i}." for i in range(model["nLayer"])):
        norm(layer + "ln1")
        shapes[layer + "attn.wqkv"] = (3 * C, C)
        shapes[layer + "attn.wo"] = (C, C)
        norm(layer + "ln2")
        shapes[layer + "mlp.fc1"] = (F, C)
        shapes[layer + "mlp.fc2"] = (C, F)
    return shapes


def initial_weights(model, seed, source="counter"):
    """name -> f32 array, as `initialize` draws them; source "counter" or "original"."""
    shapes = parameter_shapes(model)
    streams = {name: i for i, name in enumerate(shapes)}
    original = SeededRng(seed)
    weights = {}
    for name in sorted(shapes, key=lambda name: name == "lmHead"):  # the head is drawn last
        shape = shapes[name]
        if len(shape) == 1:
            weights[name] = np.full(shape, name.endswith(".weight"), np.float32)
            continue
        ends_in_residual = name.endswith((".wo", ".fc2"))
        std = INIT_STD / math.sqrt(2 * model["nLayer"]) if ends_in_residual else INIT_STD
        n = math.prod(shape)
        if source == "original":
            numbers = np.array([original.gauss() for _ in range(n)])
        else:
            numbers = counter_gauss(seed & 0xFFFFFFFF, streams[name], n)
        weights[name] = (numbers * std).astype(np.float32).reshape(shape)
    return weights


def main():
    from alpha_case import SEED, AlphaRun, model_config, read_safetensors

    _, alpha, text_path = sys.argv
    with AlphaRun(alpha, text_path, {"steps": 1, "lr": 0, "lrMin": 0, "weightDecay": 0}) as run:
        run.wait_for_end()
        saved = read_safetensors(run.folder / "checkpoint-1" / "model.safetensors")
        drawn = initial_weights(model_config(run.folder), SEED)
    assert saved.keys() == drawn.keys(), saved.keys() ^ drawn.keys()
    n = n_unequal = 0
    for name, value in saved.items():
        assert value.shape == drawn[name].shape, name
        n += value.size
        n_unequal += np.count_nonzero(value.view(np.int32) != drawn[name].view(np.int32))
        np.testing.assert_allclose(value, drawn[name], rtol=2e-7, atol=1e-12, err_msg=name)
    print(f"{len(saved)} tensors, {n} weights, {n_unequal} with another last bit")
    return 0 if n_unequal <= n * 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main())
