#!/usr/bin/python3
"""Tokens per second of Alpha and of llama.cpp on the same models, on the CPU.

Both take turns for some rounds, so that a load from outside falls on both. Cases: one text that
grows (decode), a prompt of 128 tokens (prefill), and 4, 8, 64 texts that grow together, with 1 and
with 2 threads; then decode with 2 threads beside one other process that spins (busy).
A run during which other processes used more than --foreign cores is repeated, --patience times.
Printed: the medians over the rounds, then all of it as one line of JSON.

    time_inference.py MODELS LLAMA_BENCH LIBRARIES [--alpha ALPHA] [--rounds 5]
                      [--shapes 124m,15m] [--weights bf16,int8,int4] [--threads 1,2]

MODELS holds, per shape, Alpha's checkpoint (124m) and the files for llama.cpp (124m-f16.gguf,
124m-q8_0.gguf, 124m-q4_0.gguf); README.md says how to make all of them. Without --alpha
only llama.cpp is timed.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

PEER_WEIGHTS = {"bf16": "f16", "int8": "q8_0", "int4": "q4_0"}
STREAMS = ("4", "8", "64")
QUIET_SAMPLE_S = 0.5
QUIET_WAIT_S = 60
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=pathlib.Path, help="the folder with the models")
    parser.add_argument("llama_bench", help="the compiled llama_cpp/llama_bench.cpp")
    parser.add_argument("libraries", help="the folder with llama.cpp's shared libraries")
    parser.add_argument("--alpha", help="the binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", type=split_list, default="124m,15m")
    parser.add_argument("--weights", type=split_list, default="bf16,int8,int4")
    parser.add_argument("--threads", type=split_numbers, default="1,2")
    parser.add_argument("--foreign", type=float, default=0.1, help="cores that others may use")
    parser.add_argument("--patience", type=int, default=3, help="repeats of a disturbed run")
    arguments = parser.parse_args()
    runs = measure_all(arguments)
    report(arguments, runs)
    return 0


def split_list(text):
    return text.split(",")


def split_numbers(text):
    return [int(word) for word in text.split(",")]


def measure_all(arguments):
    """One record per round, shape, weights, loads and program."""
    timers = {"llama.cpp": time_llama}
    if arguments.alpha:
        timers["alpha"] = time_alpha
    loads = [(n_threads, False) for n_threads in arguments.threads]
    loads.append((max(arguments.threads), True))
    runs = []
    for i, shape, weights in itertools.product(
        range(arguments.rounds), arguments.shapes, arguments.weights
    ):
        for n_threads, busy in loads:
            # Neither is always the first.
            for name in sorted(timers, reverse=i % 2 == 1):
                case = {"shape": shape, "weights": weights, "threads": n_threads, "busy": busy}
                figures = measure_undisturbed(arguments, timers[name], case)
                runs.append({"round": i, "name": name, **case, **figures})
                print_progress(runs[-1])
    return runs


def print_progress(run):
    busy = " busy" if run["busy"] else ""
    print(
        f"{run['round']} {run['shape']} {run['weights']} {run['threads']} thread(s){busy} "
        f"{run['name']}: decode {run['decode']:.0f}, foreign {run['foreign_cores']:.2f} cores",
        file=sys.stderr,
    )


def measure_undisturbed(arguments, timer, case):
    """The run least disturbed by other processes, and the cores that these used meanwhile."""
    best = None
    for _ in range(1 + arguments.patience):
        wait_until_quiet(arguments.foreign)
        with neighbour() if case["busy"] else contextlib.nullcontext() as spinner:
            meter = ForeignMeter(spinner)
            figures = timer(arguments, case)
            figures["foreign_cores"] = meter.cores()
        if best is None or figures["foreign_cores"] < best["foreign_cores"]:
            best = figures
        if best["foreign_cores"] <= arguments.foreign:
            break
    return best


def wait_until_quiet(foreign):
    """Returns when the machine does nothing else, or after a while all the same."""
    deadline = time.monotonic() + QUIET_WAIT_S
    while time.monotonic() < deadline:
        meter = ForeignMeter(None)
        time.sleep(QUIET_SAMPLE_S)
        if meter.cores() <= foreign:
            return


class ForeignMeter:
    """Cores used since its making by processes that this script did not start."""

    def __init__(self, spinner):
        self.spinner = spinner
        self.start = self.read()

    def read(self):
        """Seconds: time passed, all CPU time spent, CPU time of our own."""
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
        busy = (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
        own = process_cpu_s(self.spinner.pid) if self.spinner else 0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return time.monotonic(), busy, own

    def cores(self):
        wall, busy, own = (now - then for now, then in zip(self.read(), self.start))
        return max(0, busy - own) / wall


def process_cpu_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


@contextlib.contextmanager
def neighbour():
    """One process that spins at the usual priority."""
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield spinner
    finally:
        spinner.kill()
        spinner.wait()


def time_llama(arguments, case):
    """{"decode", "prefill", "4", ...}: tokens per second; cores: those in use."""
    model = arguments.models / f"{case['shape']}-{PEER_WEIGHTS[case['weights']]}.gguf"
    command = [arguments.llama_bench, "measure", arguments.libraries, str(model)]
    command += ["--threads", str(case["threads"]), "--repeats", "3"]
    command += ["--streams", "" if case["busy"] else ",".join(STREAMS)]
    result = run_json(command)
    cases = {"prefill": result["prefill"], "decode": result["decode"], **result["streams"]}
    figures = {name: statistics.median(c["tokensPerSecond"]) for name, c in cases.items()}
    cpu_s, wall_s = (
        sum(sum(c[key]) for c in cases.values()) for key in ("cpuSeconds", "wallSeconds")
    )
    about = {key: result[key] for key in ("version", "cpu", "modelBytes")}
    return {**figures, "cores": cpu_s / wall_s, "about": about}


def time_alpha(arguments, case):
    """The same of Alpha."""
    command = [arguments.alpha, "bench", "inference"]
    command += ["--checkpoint", str(arguments.models / case["shape"])]
    command += ["--weights", case["weights"], "--threads", str(case["threads"]), "--json"]
    result = run_json(command)
    figures = {name: result["streams"][name] for name in STREAMS if name in result["streams"]}
    figures["prefill"] = result["prefillTokensPerSecond"]
    figures["decode"] = result["decodeTokensPerSecond"]
    return {**figures, "cores": result["cpuSeconds"] / result["wallSeconds"]}


def run_json(command):
    """What the last line of the output says."""
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def report(arguments, runs):
    """The tables, then the JSON."""
    names = ["llama.cpp", "alpha"] if arguments.alpha else ["llama.cpp"]
    heads = "".join(f" {name + ' (min-max)':>24}" for name in names)
    print(f"{'tokens per second':36}{heads}{'  ratio' if arguments.alpha else ''}")
    for shape, weights in itertools.product(arguments.shapes, arguments.weights):
        of_model = [r for r in runs if r["shape"] == shape and r["weights"] == weights]
        for n_threads in arguments.threads:
            for case in ("decode", "prefill", *STREAMS):
                label = f"{case} streams" if case in STREAMS else case
                own = select(of_model, n_threads, False)
                print_row(f"{shape} {weights} {n_threads} thread(s) {label}", own, names, case)
            print_cores(own, names)
        print_neighbour(shape, weights, of_model, arguments.threads, names)
    about = next(r["about"] for r in runs if r["name"] == "llama.cpp")
    worst = max(r["foreign_cores"] for r in runs)
    print(f"llama.cpp {about['version']}, kernels of {about['cpu']}")
    print(f"other processes used up to {worst:.2f} cores during a run")
    print(json.dumps({"runs": runs}))


def select(runs, n_threads, busy):
    return [r for r in runs if r["threads"] == n_threads and r["busy"] == busy]


def rates(runs, name, case):
    return [r[case] for r in runs if r["name"] == name and case in r]


def print_row(label, runs, names, case):
    columns = [rates(runs, name, case) for name in names]
    if not all(columns):
        return
    text = f"{label:36}"
    for values in columns:
        spread = f"({min(values):.0f}-{max(values):.0f})"
        text += f" {statistics.median(values):10.1f} {spread:>13}"
    if len(columns) == 2:
        peer, alpha = map(statistics.median, columns)
        text += f" {alpha / peer:6.2f}"
    print(text)


def print_cores(runs, names):
    text = f"{'  CPU seconds per second':36}"
    for name in names:
        text += f" {statistics.median(rates(runs, name, 'cores')):10.2f} {'':13}"
    print(text.rstrip())


def print_neighbour(shape, weights, runs, threads, names):
    """Decode beside a spinning process, as a share of the quiet rates."""
    busy = select(runs, max(threads), True)
    print_row(f"{shape} {weights} {max(threads)} thread(s) decode, busy", busy, names, "decode")
    for n_threads in threads:
        text = f"{f'  share of {n_threads} thread(s) when quiet':36}"
        for name in names:
            quiet = rates(select(runs, n_threads, False), name, "decode")
            share = statistics.median(rates(busy, name, "decode")) / statistics.median(quiet)
            text += f" {share:10.2f} {'':13}"
        print(text.rstrip())


if __name__ == "__main__":
    sys.exit(main())
