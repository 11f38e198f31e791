#!/usr/bin/python3
"""Tokens per second of Alpha and of llama.cpp on the same models, on the CPU.

Both take turns for some rounds, so that a load from outside falls on both. Cases: one text that
grows (decode), a prompt of 128 tokens (prefill), and 4, 8, 64 texts that grow together, with 1 and
with 2 threads; then decode with 2 threads beside one other process that spins (busy).
A run during which other processes used more than --foreign cores is repeated, --patience times.
Printed: the medians over the rounds, then all of it as one line of JSON; after Ctrl-C, of what was
done until then.

    time_inference.py MODELS LLAMA_BENCH LIBRARIES [--alpha ALPHA] [--rounds 5]
                      [--repeats 3] [--shapes 124m,15m] [--weights bf16,int8,int4]
                      [--threads 1,2] [--foreign 0.1] [--patience 3]

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
# Ends by itself should this script be killed.
SPIN = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1000000):
        pass
"""


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
    parser.add_argument("--repeats", type=int, default=3, help="of each case in a run")
    parser.add_argument("--foreign", type=float, default=0.1, help="cores that others may use")
    parser.add_argument("--patience", type=int, default=3, help="repeats of a disturbed run")
    arguments = parser.parse_args()
    runs = []
    with contextlib.suppress(KeyboardInterrupt):
        measure_all(arguments, runs)
    report(arguments, runs)
    return 0


def split_list(text):
    return text.split(",")


def split_numbers(text):
    return [int(word) for word in text.split(",")]


def measure_all(arguments, runs):
    """Adds one record per round, shape, weights, load and program."""
    timers = {"llama.cpp": time_llama}
    if arguments.alpha:
        timers["alpha"] = time_alpha
    loads = [(n_threads, False) for n_threads in arguments.threads]
    loads.append((max(arguments.threads), True))
    for i, shape, weights in itertools.product(
        range(arguments.rounds), arguments.shapes, arguments.weights
    ):
        for n_threads, busy in loads:
            # Neither is always the first.
            for name in sorted(timers, reverse=i % 2 == 1):
                case = {"shape": shape, "weights": weights, "threads": n_threads, "busy": busy}
                run = measure_undisturbed(arguments, timers[name], case)
                runs.append({"round": i, "name": name, **case, **run})
                print_progress(runs[-1])


def print_progress(run):
    busy = " busy" if run["busy"] else ""
    case = f"{run['round']} {run['shape']} {run['weights']} {run['threads']} thread(s){busy}"
    rate = run["figures"]["decode"]["rate"]
    foreign = run["foreign_cores"]
    print(f"{case} {run['name']}: decode {rate:.0f}, foreign {foreign:.2f}", file=sys.stderr)


def measure_undisturbed(arguments, timer, case):
    """The run least disturbed by other processes, and the cores that these used meanwhile."""
    best = None
    for _ in range(1 + arguments.patience):
        wait_until_quiet(arguments.foreign)
        with neighbour() if case["busy"] else contextlib.nullcontext() as spinner:
            meter = ForeignMeter(spinner)
            run = timer(arguments, case)
            run["foreign_cores"] = meter.cores()
        if best is None or run["foreign_cores"] < best["foreign_cores"]:
            best = run
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
    spinner = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        yield spinner
    finally:
        spinner.kill()
        spinner.wait()


def time_llama(arguments, case):
    """{case: {"rate": tokens per second, "cpu_s": of one repeat}}; about: what was timed."""
    model = arguments.models / f"{case['shape']}-{PEER_WEIGHTS[case['weights']]}.gguf"
    command = [arguments.llama_bench, "measure", arguments.libraries, str(model)]
    command += ["--threads", str(case["threads"]), "--repeats", str(arguments.repeats)]
    command += ["--streams", "" if case["busy"] else ",".join(STREAMS)]
    result = run_json(command)
    cases = {"prefill": result["prefill"], "decode": result["decode"], **result["streams"]}
    figures = {}
    for name, values in cases.items():
        figures[name] = {
            "rate": statistics.median(values["tokensPerSecond"]),
            "cpu_s": statistics.median(values["cpuSeconds"]),
        }
    about = {"weight_bytes": result["modelBytes"], "kernels": result["cpu"]}
    return {"figures": figures, "about": about}


def time_alpha(arguments, case):
    """The same of Alpha, which gives no CPU time of several texts together."""
    command = [arguments.alpha, "bench", "inference"]
    command += ["--checkpoint", str(arguments.models / case["shape"])]
    command += ["--weights", case["weights"], "--threads", str(case["threads"])]
    command += ["--repeats", str(arguments.repeats), "--json"]
    command += ["--streams", ",".join(["1"] if case["busy"] else ["1", *STREAMS])]
    result = run_json(command)
    figures = {name: {"rate": rate} for name, rate in result["streams"].items() if name != "1"}
    for name in ("prefill", "decode"):
        figures[name] = {
            "rate": result[f"{name}TokensPerSecond"],
            "cpu_s": result[f"{name}CpuSeconds"],
        }
    return {"figures": figures, "about": {"weight_bytes": result["weightBytes"]}}


def run_json(command):
    """What the last line of the output says."""
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def report(arguments, runs):
    """The table, then the JSON."""
    names = ["llama.cpp", "alpha"] if arguments.alpha else ["llama.cpp"]
    heads = "".join(f"{name + ' tok/s (min-max)':>28}{'CPU s':>7}" for name in names)
    print(f"{'':34}{heads}{'ratio' if arguments.alpha else '':>8}")
    for shape, weights in itertools.product(arguments.shapes, arguments.weights):
        of_model = [r for r in runs if r["shape"] == shape and r["weights"] == weights]
        if {r["name"] for r in of_model} != set(names):
            continue
        print(f"{shape} {weights}: {describe(of_model, names)}")
        for n_threads in arguments.threads:
            for case in ("decode", "prefill", *STREAMS):
                label = f"{case} streams" if case in STREAMS else case
                quiet = select(of_model, n_threads, False)
                print_row(f"{n_threads} thread(s) {label}", quiet, names, case)
        print_neighbour(of_model, arguments.threads, names)
    worst = max((r["foreign_cores"] for r in runs), default=0)
    print(f"Other processes used up to {worst:.2f} cores during a run that counts.")
    print(json.dumps({"runs": runs}))


def describe(runs, names):
    texts = []
    for name in names:
        about = next(r["about"] for r in runs if r["name"] == name)
        kernels = f" with the kernels of {about['kernels']}" if "kernels" in about else ""
        texts.append(f"{name} {about['weight_bytes'] / 1e6:.1f} MB of weights{kernels}")
    return ", ".join(texts)


def select(runs, n_threads, busy):
    return [r for r in runs if r["threads"] == n_threads and r["busy"] == busy]


def values_of(runs, name, case, key):
    """One per round; none where the program does not tell."""
    figures = [r["figures"].get(case, {}) for r in runs if r["name"] == name]
    return [f[key] for f in figures if key in f]


def print_row(label, runs, names, case):
    text = f"  {label:32}"
    medians = []
    for name in names:
        rates = values_of(runs, name, case, "rate")
        cpu_s = values_of(runs, name, case, "cpu_s")
        if not rates:
            return
        spread = f"({min(rates):.0f}-{max(rates):.0f})"
        medians.append(statistics.median(rates))
        cpu = f"{statistics.median(cpu_s):.3f}" if cpu_s else "-"
        text += f"{medians[-1]:14.1f} {spread:>13}{cpu:>7}"
    if len(medians) == 2:
        text += f"{medians[1] / medians[0]:8.2f}"
    print(text)


def print_neighbour(runs, threads, names):
    """Decode beside a spinning process, then that as a share of the quiet rates."""
    busy = select(runs, max(threads), True)
    print_row(f"{max(threads)} thread(s) decode, busy", busy, names, "decode")
    for n_threads in threads:
        text = f"  {f'  of {n_threads} thread(s), quiet':32}"
        for name in names:
            quiet = values_of(select(runs, n_threads, False), name, "decode", "rate")
            beside = values_of(busy, name, "decode", "rate")
            if not quiet or not beside:
                return
            share = statistics.median(beside) / statistics.median(quiet)
            text += f"{share:14.2f} {'':20}"
        print(text.rstrip())


if __name__ == "__main__":
    sys.exit(main())
