"""The case that Alpha and its peers train, and the parts of Alpha's training that a peer repeats.

The case is nanoGPT's for a CPU: characters, 4 layers of 4 heads, 128 wide, blocks of 64, batches of
12, no dropout, no biases. What is repeated: the character tokenizer, the split of the text, the
stream of batches and the learning rate, from the headers in alpha/tokenizers, alpha/data and
alpha/train.
"""

import itertools
import json
import math
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import numpy as np

from alpha_rng import counter_uniform

SEED = 42
BLOCK = 64
BATCH = 12
STEPS = 2000
LR = 1e-3
LR_MIN = 1e-4
WARMUP = 100
BETAS = (0.9, 0.99)
EPS = 1e-8
WEIGHT_DECAY = 0.1
GRAD_CLIP = 1.0
WINDOW_STREAM = 1 << 32

FLAGS = {
    "preset": "nanogpt", "tokenizer": "char", "layers": 4, "heads": 4, "dim": 128, "block": BLOCK,
    "batch": BATCH, "steps": STEPS, "lr": LR, "lrMin": LR_MIN, "warmupIters": WARMUP,
    "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "weightDecay": WEIGHT_DECAY,
    "gradClip": GRAD_CLIP, "dropout": 0, "seed": SEED, "evalInterval": STEPS, "sampleInterval": 0,
}  # fmt: skip


def model_for(vocab_size):
    """The modelConfig of the case."""
    return {
        "vocabSize": vocab_size, "blockSize": BLOCK, "nLayer": 4, "nEmbd": 128, "nHead": 4,
        "softCap": 0, "normBias": False, "tied": True,
    }  # fmt: skip


def learning_rate(step):
    """Of 0-based step `step`."""
    if step < WARMUP:
        return LR_MIN + (LR - LR_MIN) * (step + 1) / WARMUP
    progress = (step - WARMUP) / max(STEPS - WARMUP, 1)
    return LR_MIN + (LR - LR_MIN) * 0.5 * (1 + math.cos(math.pi * progress))


def load_tokens(text_path):
    """The ids of the training part, the first 90 % of the characters, and the vocabulary size."""
    text = pathlib.Path(text_path).read_bytes().decode("utf-8").removeprefix("\ufeff")
    vocabulary = sorted(set(text), key=lambda character: character.encode("utf-16-be"))
    ids = {character: i for i, character in enumerate(vocabulary)}
    n_train = math.floor((1 - 0.1) * len(text))
    return np.array([ids[character] for character in text[:n_train]], np.int64), len(vocabulary)


def batches(tokens):
    """Endless pairs of inputs and targets [BATCH, BLOCK], those of alpha/data/batch_stream.h."""
    for n_rows in itertools.count(0, BATCH):
        draws = counter_uniform(SEED, WINDOW_STREAM, n_rows, BATCH)
        starts = (draws * (len(tokens) - BLOCK)).astype(np.int64)[:, None]
        windows = tokens[starts + np.arange(BLOCK + 1)]
        yield windows[:, :-1], windows[:, 1:]


def read_safetensors(path):
    """name -> array, of a file that holds F32 only."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    assert all(entry["dtype"] == "F32" for entry in header.values())
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def model_config(run_folder):
    """The modelConfig that Alpha resolved."""
    return json.loads((pathlib.Path(run_folder) / "config.json").read_text())["modelConfig"]


class AlphaRun:
    """One `alpha train` of the case, in a temporary folder that goes with the object.

    `changes` are flags beside or instead of those of the case."""

    def __init__(self, binary, text_path, changes=None):
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._temporary.name) / "run"
        flags = {**FLAGS, **(changes or {}), "data": text_path, "runDir": self.folder}
        self._log = open(pathlib.Path(self._temporary.name) / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "train", "--json"] + [f"--{key}={value}" for key, value in flags.items()],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        self._temporary.cleanup()

    def wait_for_end(self):
        """Error: the process failed, with its output."""
        if self.process.wait(600) != 0:
            raise RuntimeError(f"alpha train failed:\n{self._output()}")

    def wait_for_steps(self, n, timeout_s=600):
        """The metrics of the steps so far, n at least."""
        deadline = time.monotonic() + timeout_s
        while True:
            has_ended = self.process.poll() is not None
            lines = self._metrics_lines()
            if len(lines) >= n:
                return [json.loads(line) for line in lines]
            if has_ended or time.monotonic() > deadline:
                raise RuntimeError(f"{len(lines)} of {n} steps:\n{self._output()}")
            time.sleep(0.02)

    def cpu_seconds(self):
        """Of all threads of the process so far; it must be running."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        user, system = (int(ticks) for ticks in stat.split()[11:13])
        return (user + system) / os.sysconf("SC_CLK_TCK")

    def _metrics_lines(self):
        try:
            text = (self.folder / "metrics.jsonl").read_text()
        except FileNotFoundError:
            return []
        return text[: text.rfind("\n") + 1].splitlines()

    def _output(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]
