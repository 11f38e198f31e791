"""End-to-end tests of `alpha` on a GPU, or a CPU that plays one: helios_test.py PATH_OF_ALPHA
[unittest arguments]. Exit code 77 where there is no device."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from commands import ALPHA, TINY, CommandTest, run


class HeliosTest(CommandTest):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="alpha_helios_"))
        self.addCleanup(shutil.rmtree, self.dir)


class Devices(HeliosTest):
    def test_devices_are_listed_with_what_they_support(self):
        devices = json.loads(self.ok("devices", "--json"))
        usable = [device for device in devices if device["canBeUsed"]]
        self.assertGreater(len(usable), 0)
        for device in usable:
            self.assertIsNone(device["problem"])
            self.assertTrue(device["has16BitStorage"])
            self.assertGreater(device["memoryBytes"], 0)
            self.assertLessEqual(device["minSubgroupSize"], device["subgroupSize"])
            self.assertGreaterEqual(device["maxSubgroupSize"], device["subgroupSize"])
            self.assertGreaterEqual(device["maxRangeBytes"], 1 << 27)
        text = self.ok("devices")
        for number, device in enumerate(devices):
            self.assertRegex(text, rf"(?m)^{number} +{re.escape(device['name'])}$")

    def test_without_a_driver_there_is_one_sentence_or_an_empty_list(self):
        env = {**os.environ, "VK_ICD_FILENAMES": "/nowhere", "VK_DRIVER_FILES": "/nowhere"}
        self.refused(1, "devices", says="no driver here", env=env)
        self.assertEqual(self.ok("devices", "--json", env=env), "[]\n")
        kernels = json.loads(self.ok("kernels", "--json", env=env))
        self.assertEqual(kernels["cpu"]["matmul"]["f32"], "native")
        self.assertEqual(list(kernels["helios"]), ["problem"])
        self.assertIn("no driver here", kernels["helios"]["problem"])
        self.assertIn("no driver here", self.ok("kernels", env=env))


class Training(HeliosTest):
    """Where a command computes, and what is kept between processes."""

    FLAGS = ["--tokenizer", "char", "--layers", "1", "--dim", "32", "--heads", "2", "--block", "16",
             "--batch", "2", "--steps", "3", "--sampleInterval", "0", "--evalIters", "1"]

    def setUp(self):
        super().setUp()
        self.ok("data", "make", "stories", "--size", "20KB", "--seed", "1", "--out", "a.txt")

    def test_a_device_is_chosen_by_its_number_or_part_of_its_name(self):
        devices = json.loads(self.ok("devices", "--json"))
        number = next(i for i, device in enumerate(devices) if device["canBeUsed"])
        for device in (str(number), devices[number]["name"][:5].upper()):
            self.ok("train", "--data", "a.txt", *self.FLAGS, "--backend", "helios", "--device",
                    device, "--runDir", f"run{device}")
        self.ok("train", "--resume", f"run{number}", "--device", str(number))
        self.ok("sample", "--checkpoint", f"run{number}", "--backend", "helios", "--device",
                str(number), "--steps", "2")
        self.refused(1, "sample", "--checkpoint", f"run{number}", "--backend", "helios", "--device",
                     "Voodoo 2", says=devices[number]["name"])

    def test_a_device_for_another_backend_is_a_usage_error(self):
        for backend in (["--backend", "cpu"], []):
            self.refused(2, "train", "--data", "a.txt", *self.FLAGS, *backend, "--device", "0",
                         says="--device is for --backend helios, and this runs on cpu")

    def test_compiled_kernels_are_kept_in_the_users_cache(self):
        train = [ALPHA, "train", "--data", "a.txt", *self.FLAGS, "--backend", "helios"]
        cache = self.dir / "cache"
        for env, folder in (({"XDG_CACHE_HOME": str(cache)}, cache / "alpha"),
                            ({"HOME": str(self.dir)}, self.dir / ".cache" / "alpha")):
            base = {key: value for key, value in os.environ.items()
                    if key not in ("XDG_CACHE_HOME", "HOME")}
            two = [subprocess.Popen([*train, "--runDir", f"{folder.parent.name}{i}"], cwd=self.dir,
                                    env={**base, **env}, stdout=subprocess.DEVNULL)
                   for i in range(2)]
            self.assertEqual([process.wait(timeout=120) for process in two], [0, 0])
            kept = list(folder.iterdir())
            self.assertEqual(len(kept), 1, kept)
            self.assertTrue(kept[0].read_bytes().startswith(b"alpha helios cache 1 "))
            kept[0].write_bytes(b"damaged")
            self.ok("train", "--data", "a.txt", *self.FLAGS, "--backend", "helios", "--runDir",
                    f"{folder.parent.name}2", env={**base, **env})
            self.assertTrue(kept[0].read_bytes().startswith(b"alpha helios cache 1 "))


    def test_a_profile_holds_the_devices_kernels_and_the_hosts_phases(self):
        flags = [*self.FLAGS, "--backend", "helios"]
        flags[flags.index("--steps") + 1] = "12"
        train = ["train", "--data", "a.txt", *flags, "--evalInterval", "5"]
        out = self.ok(*train, "--runDir", "traced", "--profile", "trace.json", "--profile-steps",
                      "4")
        self.assertIn("Profile: trace.json (4 steps)", out)
        events = json.loads((self.dir / "trace.json").read_text())["traceEvents"]
        tracks = {event["args"]["name"]: event["tid"] for event in events
                  if event["name"] == "thread_name"}
        self.assertIn("host", tracks)
        self.assertEqual(len(tracks), 2)
        spans = [event for event in events if event["ph"] == "X"]
        host = [span for span in spans if span["tid"] == tracks["host"]]
        kernels = [span for span in spans if span["tid"] != tracks["host"]]
        names = [span["name"] for span in host]
        for phase in ("data", "forward", "backward", "gradient norm", "optimizer", "wait"):
            self.assertEqual(names.count(phase), 4, phase)
        self.assertEqual(names.count("eval"), 1)
        self.assertEqual([name for name in names if name.startswith("step")],
                         ["step 4", "step 5", "step 6", "step 7"])
        n_updates = sum(kernel["name"].startswith("adamw") for kernel in kernels)
        self.assertGreater(n_updates, 0)
        self.assertEqual(n_updates % 4, 0)
        self.assertTrue(any(kernel["name"].startswith("matmul") for kernel in kernels))
        ends = 0
        for kernel in kernels:
            self.assertGreaterEqual(kernel["ts"], ends, "one after the other")
            ends = kernel["ts"] + kernel["dur"]
        # The clocks agree: what the device does lies within the host's steps, but for a little.
        steps = [span for span in host if span["name"].startswith("step")]
        self.assertGreater(kernels[0]["ts"], steps[0]["ts"] - 2000)
        self.assertLess(ends, steps[-1]["ts"] + steps[-1]["dur"] + 2000)
        self.ok(*train, "--runDir", "plain")
        for run_dir in ("traced", "plain"):
            self.assertTrue((self.dir / run_dir / "checkpoint-12").is_dir())
        weights = [(self.dir / run_dir / "checkpoint-12" / "model.safetensors").read_bytes()
                   for run_dir in ("traced", "plain")]
        self.assertEqual(*weights)

    def test_a_trace_that_cannot_be_written_ends_no_run(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        flags = [*self.FLAGS, "--backend", "helios"]
        flags[flags.index("--steps") + 1] = "103"
        done = subprocess.run([ALPHA, "train", "--data", "a.txt", *flags, "--runDir", "run",
                               "--profile", "trace.json", "--profile-steps", "100"], cwd=self.dir,
                              preexec_fn=small_files, capture_output=True, check=False)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, 0, error)
        self.assertEqual(error.count("warning: there is no profile: "), 1, error)
        self.assertIn("trace.json", error)
        self.assertNotIn("Profile:", done.stdout.decode())
        self.assertTrue((self.dir / "run" / "checkpoint-103").is_dir())

    def test_profiles_that_cannot_be_are_refused(self):
        train = ["train", "--data", "a.txt", *self.FLAGS]
        self.refused(2, *train, "--profile", "x.json",
                     says="--profile is for --backend helios, and this runs on cpu")
        self.refused(2, *train, "--backend", "helios", "--profile-steps", "3",
                     says="--profile-steps without --profile")
        self.refused(1, *train, "--backend", "helios", "--profile", self.dir, says=str(self.dir))
        out = run(*train, "--backend", "helios", "--profile", "short.json", cwd=self.dir)
        self.assertIn("nothing was recorded: the trace begins after 3 steps", out.stderr.decode())


    def test_a_profile_replaces_nothing_that_the_run_reads(self):
        helios = ["--backend", "helios"]
        self.ok("train", "--data", "a.txt", *self.FLAGS, *helios, "--checkpointInterval", "2",
                "--runDir", "run")
        (self.dir / "run.toml").write_text("lr = 1e-3\n")
        (self.dir / "link").symlink_to("a.txt")
        new = ["train", "--data", "a.txt", *self.FLAGS, *helios, "--config", "run.toml"]
        resumed = ["train", "--resume", "run/checkpoint-2"]
        for command, path in ((new, "a.txt"), (new, "./link"), (new, "run.toml"),
                              (resumed, "a.txt"), (resumed, "run/checkpoint-2/config.json"),
                              (resumed, self.dir / "run/checkpoint-2/model.safetensors")):
            before = (self.dir / path).read_bytes()
            self.refused(2, *command, "--profile", path,
                         says=f"--profile: '{path}' is a file that this run reads")
            self.assertEqual((self.dir / path).read_bytes(), before)

    def test_a_killed_run_resumes_bit_for_bit_and_writes_as_on_the_cpu(self):
        cut, whole = self.killed_and_resumed(
            ["--data", "a.txt", *TINY, "--evalInterval", "8", "--backend", "helios"], 24)
        self.assertEqual(json.loads((cut / "config.json").read_text())["trainConfig"]["backend"],
                         "helios")
        for name in ["model.safetensors", "optimizer.safetensors"]:
            self.assertEqual((cut / "checkpoint-24" / name).read_bytes(),
                             (whole / "checkpoint-24" / name).read_bytes(), name)
        text = [self.ok("sample", "--checkpoint", cut, "--prompt", "Once", "--steps", "40",
                        "--temp", "0", "--backend", backend) for backend in ("helios", "cpu")]
        self.assertEqual(text[0], text[1])
        self.assertGreater(len(text[0]), 40)

    def test_how_fast_a_model_reads_and_writes_is_measured(self):
        self.ok("train", "--data", "a.txt", *self.FLAGS, "--runDir", "run")
        out = json.loads(self.ok("bench", "inference", "--checkpoint", "run", "--backend", "helios",
                                 "--prompt", "8", "--tokens", "4", "--streams", "1,2", "--repeats",
                                 "1", "--json"))
        self.assertEqual(sorted(out["streams"]), ["1", "2"])
        for key in ("decodeTokensPerSecond", "prefillTokensPerSecond", "readBytesPerSecond",
                    "peakMacsPerSecond"):
            self.assertGreater(out[key], 0, key)


class Bench(HeliosTest):
    STEP = ["--layers", "1", "--dim", "32", "--heads", "2", "--block", "16", "--batch", "2",
            "--vocabSize", "64"]

    def test_kernels_and_a_step_are_measured(self):
        out = json.loads(self.ok("bench", "helios", "--scale", "small", "--repeats", "1", "--only",
                                 "gelu", *self.STEP, "--json"))
        self.assertGreater(out["copyBytesPerSecond"], 0)
        self.assertEqual({row["name"] for row in out["kernels"]},
                         {"fc with bias and gelu", "gelu", "gelu backward"})
        for row in out["kernels"]:
            self.assertGreater(row["ms"], 0, row)
            self.assertGreater(row["fraction"], 0, row)
        for row in out["tuned"]:  # nothing, on devices without matrix units
            self.assertTrue(row["key"] and row["choice"], row)
        step = out["step"]
        self.assertEqual(step["tokens"], 32)
        self.assertGreater(step["tokensPerSecond"], 0)
        self.assertAlmostEqual(sum(kernel["ms"] for kernel in step["kernels"]), step["deviceMs"])
        self.assertIn("adamw", " ".join(kernel["name"] for kernel in step["kernels"]))

    def test_one_that_is_stopped_tells_what_it_has(self):
        bench = ["bench", "helios", "--scale", "small", "--repeats", "1000", *self.STEP]
        out = json.loads(self.stopped(*bench, "--json"))
        self.assertGreater(out["copyBytesPerSecond"], 0)
        self.assertLess(len(out["kernels"]), 10)
        self.assertIn("GB/s read and written", self.stopped(*bench))

    def test_either_part_can_be_left_out(self):
        kernels = self.ok("bench", "helios", "--scale", "small", "--repeats", "1", "--only", "fill",
                          "--no-step")
        self.assertRegex(kernels, r"(?m)^fill +262144 ")
        self.assertNotIn("tokens/s", kernels)
        step = json.loads(self.ok("bench", "helios", "--scale", "small", "--repeats", "1",
                                  "--no-kernels", "--dtype", "f32", *self.STEP, "--json"))
        self.assertEqual(step["kernels"], [])
        self.assertEqual(step["dtype"], "f32")

    def test_models_that_cannot_be_are_usage_errors(self):
        self.refused(2, "bench", "helios", "--heads", "7", says="7 heads do not divide")
        self.refused(2, "bench", "helios", "--dtype", "f16", says="expected one of f32, bf16")
        self.refused(2, "bench", "helios", "--only", "gemm", says="no kernel has 'gemm' in its name")
        self.refused(2, "bench", "helios", "--no-kernels", "--no-step", says="nothing is left")


# What alpha says where there is nothing to test.
ABSENT = ("Vulkan has no driver here", "Vulkan has no device here", "no device can be used",
          "expected one of cpu, cpu_ref\n")


def has_device():
    """Anything else that stands in its way is a failure, and so is that where CI has a device."""
    done = subprocess.run([ALPHA, "kernels", "--backend", "helios"], capture_output=True,
                          check=False)
    if done.returncode == 0:
        return True
    error = done.stderr.decode()
    if "ALPHA_REQUIRE_VULKAN" in os.environ or not any(text in error for text in ABSENT):
        sys.exit(f"Helios cannot be tested: {error}")
    return False


if __name__ == "__main__":
    if not has_device():
        print("no device for Helios here")
        sys.exit(77)
    unittest.main()
