#!/usr/bin/python3
"""Trains the case of alpha_case.py in Alpha and in PyTorch: same weights, same batches, f32.

Prints step, both losses and their difference; exit status 1 when one of the first 20 differs by
more than the tolerance. Differences grow with the steps, since f32 sums are rounded in another
order.

    compare_losses.py ALPHA TEXT [--steps 20] [--tolerance 1e-4]
"""

import argparse
import sys

import alpha_case as case
from alpha_rng import initial_weights
from torch_gpt import TorchGpt, TorchTrainer

N_JUDGED = 20


def alpha_losses(binary, text, n):
    """The first n losses, and the model that Alpha resolved."""
    with case.AlphaRun(binary, text) as run:
        return [m["loss"] for m in run.wait_for_steps(n)[:n]], case.model_config(run.folder)


def torch_losses(text, n):
    """The same from PyTorch."""
    tokens, vocab_size = case.load_tokens(text)
    model = case.model_for(vocab_size)
    gpt = TorchGpt(model, initial_weights(model, case.SEED))
    trainer = TorchTrainer(gpt, case.BETAS, case.EPS, case.WEIGHT_DECAY, case.GRAD_CLIP)
    stream = case.batches(tokens)
    return [trainer.step(*next(stream), case.learning_rate(step)) for step in range(n)], model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("alpha", help="the binary")
    parser.add_argument("text", help="a UTF-8 text")
    parser.add_argument("--steps", type=int, default=N_JUDGED)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    n = max(arguments.steps, N_JUDGED)
    ours, resolved = alpha_losses(arguments.alpha, arguments.text, n)
    theirs, model = torch_losses(arguments.text, n)
    differing = {key: resolved[key] for key in model if resolved[key] != model[key]}
    if differing:
        sys.exit(f"Alpha trained another model: {differing}, expected {model}")
    print(f"{'step':>5} {'alpha':>12} {'torch':>12} {'difference':>11}")
    for step, (a, b) in enumerate(zip(ours, theirs), 1):
        print(f"{step:5} {a:12.7f} {b:12.7f} {a - b:11.1e}")
    worst = max(abs(a - b) for a, b in zip(ours[:N_JUDGED], theirs))
    allowed = arguments.tolerance
    print(f"largest difference of the first {N_JUDGED} steps: {worst:.1e}, allowed {allowed:.0e}")
    return 0 if worst <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
