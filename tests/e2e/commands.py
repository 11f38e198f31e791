"""What the end-to-end tests of single commands share: the binary, given as the first argument."""

import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

ALPHA = str(Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else "alpha"

TINY = ["--tokenizer", "char", "--layers", "2", "--dim", "32", "--heads", "2", "--block", "32",
        "--batch", "4", "--accumSteps", "2", "--dropout", "0.1", "--lr", "1e-3",
        "--sampleInterval", "0", "--evalIters", "2"]


def run(*args, cwd, stdin=None, timeout=120, env=None):
    return subprocess.run([ALPHA, *map(str, args)], cwd=cwd, input=stdin, capture_output=True,
                          timeout=timeout, env=env, check=False)


class CommandTest(unittest.TestCase):
    """Commands run in the folder `dir`."""

    def ok(self, *args, **kwargs):
        done = run(*args, cwd=self.dir, **kwargs)
        if done.returncode != 0:
            raise AssertionError(f"{args}: exit {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def refused(self, code, *args, says, **kwargs):
        """One line of error, the last that is told."""
        done = run(*args, cwd=self.dir, **kwargs)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{args}: {error}")
        lines = [line for line in error.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(lines), 1, error)
        self.assertIn(says, lines[0])
        self.assertEqual(error.splitlines()[-1], lines[0])

    def stopped(self, *args):
        """What a command tells that is asked to stop, by Ctrl-C, as soon as it listens."""
        process = subprocess.Popen([ALPHA, *map(str, args)], cwd=self.dir, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        status = Path(f"/proc/{process.pid}/status")
        bit = 1 << (signal.SIGINT - 1)
        while process.poll() is None:
            caught = re.search(r"(?m)^SigCgt:\s+(\w+)$", status.read_text())
            if int(caught[1], 16) & bit:
                break
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGINT, error.decode())
        return out.decode()

    def killed_and_resumed(self, args, steps):
        """Two runs of `args`: one killed after its first checkpoint and resumed, one undisturbed."""
        whole, cut = self.dir / "whole", self.dir / "cut"
        command = [ALPHA, "train", *args, "--steps", steps, "--runDir", cut, "--logEvery", "1"]
        process = subprocess.Popen(list(map(str, command)), cwd=self.dir, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        for line in process.stdout:
            if b"checkpoint saved" in line:
                break
        process.kill()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -9)
        self.assertFalse((cut / f"checkpoint-{steps}").exists())
        self.ok("train", "--resume", cut)
        self.ok("train", *args, "--steps", steps, "--runDir", whole)
        return cut, whole
