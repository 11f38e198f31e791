#!/usr/bin/python3
"""Time of one training step of the case of alpha_case.py in Alpha and in PyTorch, f32.

Both take turns for some rounds, with 1 and with 2 threads, so that a load from outside falls on
both.
A round's wall time is the median over its steps after the warm-up; its CPU time is the mean, all
threads together. Printed: the medians over the rounds, then all of it as one line of JSON.

    time_step.py ALPHA TEXT [--rounds 5] [--steps 100]
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

import alpha_case as case

WARMUP_STEPS = 20


def time_alpha(arguments, n_threads):
    """{"wall_ms", "cpu_ms"} of a step."""
    with case.AlphaRun(arguments.alpha, arguments.text, {"threads": n_threads}) as run:
        n_before = len(run.wait_for_steps(WARMUP_STEPS))
        cpu_before = run.cpu_seconds()
        metrics = run.wait_for_steps(n_before + arguments.steps)
        cpu_s = run.cpu_seconds() - cpu_before
    return {
        "wall_ms": statistics.median(m["ms_per_iter"] for m in metrics[n_before:]),
        "cpu_ms": 1e3 * cpu_s / (len(metrics) - n_before),
    }


def time_torch(arguments, n_threads):
    """The same from PyTorch, in a process of its own."""
    environment = {**blas_environment(), **os.environ, "OMP_NUM_THREADS": str(n_threads)}
    command = [sys.executable, __file__, arguments.alpha, arguments.text, "--worker"]
    command.append(f"--steps={arguments.steps}")
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def blas_environment():
    """OpenBLAS takes SSE kernels on a CPU younger than itself; this names the right ones."""
    flags = open("/proc/cpuinfo").read()
    for flag, core in (("avx512dq", "SkylakeX"), ("avx2", "Haswell")):
        if flag in flags:
            return {"OPENBLAS_CORETYPE": core}
    return {}


def blas_name():
    """The BLAS that PyTorch has loaded into this process."""
    paths = {line.split()[-1] for line in open("/proc/self/maps") if "blas" in line}
    openblas = [path for path in paths if "libopenblas" in path]
    if not openblas:
        return "reference BLAS" if any("libblas.so" in path for path in paths) else "unknown BLAS"
    core = ctypes.CDLL(openblas[0]).openblas_get_corename
    core.restype = ctypes.c_char_p
    return f"OpenBLAS {core().decode()}"


def torch_worker(arguments):
    """Prints the times of this process's steps."""
    from alpha_rng import initial_weights
    from torch_gpt import TorchGpt, TorchTrainer

    tokens, vocab_size = case.load_tokens(arguments.text)
    model = case.model_for(vocab_size)
    gpt = TorchGpt(model, initial_weights(model, case.SEED))
    trainer = TorchTrainer(gpt, case.BETAS, case.EPS, case.WEIGHT_DECAY, case.GRAD_CLIP)
    stream = case.batches(tokens)
    wall_ms = []
    for step in range(WARMUP_STEPS + arguments.steps):
        if step == WARMUP_STEPS:
            cpu_before = time.process_time()
        start = time.perf_counter()
        trainer.step(*next(stream), case.learning_rate(step))
        wall_ms.append(1e3 * (time.perf_counter() - start))
    cpu_ms = 1e3 * (time.process_time() - cpu_before) / arguments.steps
    wall = statistics.median(wall_ms[WARMUP_STEPS:])
    print(json.dumps({"wall_ms": wall, "cpu_ms": cpu_ms, "blas": blas_name()}))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("alpha", help="the binary")
    parser.add_argument("text", help="a UTF-8 text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return torch_worker(arguments)
    timers = {"alpha": time_alpha, "torch": time_torch}
    rounds = []
    for _ in range(arguments.rounds):
        for n_threads in (1, 2):
            for name, timer in timers.items():
                rounds.append({"name": name, "threads": n_threads, **timer(arguments, n_threads)})
    report(rounds)
    return 0


def report(rounds):
    """The table, then the JSON."""
    heads = f"{'wall ms/step':>13} {'fastest':>8} {'slowest':>8} {'CPU ms/step':>12}"
    print(f"{'':6} {'threads':>7} {heads}")
    for n_threads in (1, 2):
        for name in ("alpha", "torch"):
            own = [r for r in rounds if r["name"] == name and r["threads"] == n_threads]
            wall = [r["wall_ms"] for r in own]
            cpu = statistics.median(r["cpu_ms"] for r in own)
            print(
                f"{name:6} {n_threads:7} {statistics.median(wall):13.2f} {min(wall):8.2f} "
                f"{max(wall):8.2f} {cpu:12.2f}"
            )
    blas = sorted({r["blas"] for r in rounds if "blas" in r})
    print(f"torch multiplies with {', '.join(blas)}; load of the machine {os.getloadavg()[0]:.1f}")
    if "reference BLAS" in blas:
        print("That is no peer: the reference BLAS is over ten times slower. See README.md.")
    print(json.dumps({"rounds": rounds}))


if __name__ == "__main__":
    sys.exit(main())
