"""End-to-end tests of the binary `alpha`: cli_test.py PATH_OF_ALPHA [unittest arguments]."""

import json
import os
import pty
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from commands import ALPHA, TINY, CommandTest, run

SIXTY = [*TINY, "--steps", "60", "--evalInterval", "30", "--checkpointInterval", "30"]


class CliTest(CommandTest):
    """A temporary folder with a corpus and, once per class, a finished run of 60 steps."""

    @classmethod
    def setUpClass(cls):
        cls.dir = cls.shared = Path(tempfile.mkdtemp(prefix="alpha_e2e_"))
        cls.stories = cls.shared / "stories.txt"
        cls.ok(cls, "data", "make", "stories", "--size", "60KB", "--seed", "1",
               "--out", cls.stories)
        cls.run60 = cls.shared / "run60"
        cls.ok(cls, "train", "--data", cls.stories, *SIXTY, "--runDir", cls.run60)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(dir=self.shared))

    @staticmethod
    def weights(run_dir, step=60):
        return (Path(run_dir) / f"checkpoint-{step}" / "model.safetensors").read_bytes()

    def copy_of_run(self, until):
        """The run as it was after the checkpoint of step `until`."""
        copy = self.dir / "copy"
        shutil.copytree(self.run60, copy)
        for checkpoint in copy.glob("checkpoint-*"):
            if int(checkpoint.name.split("-")[1]) > until:
                shutil.rmtree(checkpoint)
        return copy


class Usage(CliTest):
    def test_help_of_every_command_names_its_flags_and_gives_examples(self):
        self.assertIn("alpha quickstart", self.ok())
        self.assertEqual(self.ok(), self.ok("--help"))
        for command in ["train", "sample", "eval", "tokenize", "inspect", "export", "import",
                        "kernels", "devices", "quickstart"]:
            text = self.ok(command, "--help")
            self.assertIn("Examples", text, command)
            self.assertIn("--", text, command)
        self.assertIn("stories", self.ok("data", "--help"))
        self.assertRegex(self.ok("--version"), r"^alpha \d+\.\d+\.\d+\n$")

    def test_unknown_commands_and_flags_are_refused_with_a_suggestion(self):
        self.refused(2, "trian", says="unknown command 'trian'; did you mean 'train'?")
        self.refused(2, "train", "--data", self.stories, "--hedas", "4",
                     says="unknown flag '--hedas'; did you mean '--heads'?")
        self.refused(2, "train", "--data", self.stories, "--hedas=4", says="'--heads'")
        self.refused(2, "sample", "--chekpoint", "x", says="'--checkpoint'")
        self.refused(2, "train", "--data", self.stories, "extra", says="'extra'")
        self.refused(2, "data", "make", "storeis", says="'stories'")

    def test_values_that_cannot_be_are_usage_errors(self):
        data = ["train", "--data", self.stories]
        for flags, says in [(["--lr", "abc"], "--lr: 'abc' is not a number"),
                            (["--lr=nan"], "--lr"), (["--steps", "0"], "--steps is 0"),
                            (["--steps", "1.5"], "whole number"), (["--dim", "-8"], "--dim is -8"),
                            (["--batch=-1"], "--batch is -1"), (["--block", "0"], "--block is 0"),
                            (["--heads", "7"], "7 heads do not divide a width of 256"),
                            (["--dropout", "1.5"], "dropout is 1.5"),
                            (["--domain", "novel"], "did you mean 'novels'?"),
                            (["--tokenizer", "chra"], "did you mean 'char'?"),
                            (["--preset", "gpt3"], "did you mean 'gpt2'?"),
                            (["--backend", "cp"], "did you mean 'cpu'?"),
                            (["--dtype", "f16"], "expected one of f32, bf16"),
                            (["--bias=maybe"], "neither true nor false"),
                            (["--fp16"], "--dtype bf16"),
                            (["--optimizer", "lyon"], "did you mean 'lion'?"),
                            (["--momentum", "0.5"], "--momentum is not one of adamw's settings"),
                            (["--optimizer", "sgd", "--beta1", "0.5"],
                             "--beta1 is not one of sgd's settings"),
                            (["--steps", "3", "--iters", "4"], "more than once"),
                            (["--lrMin", "1", "--lr", "0.1"], "minimum learning rate"),
                            (["--valData", self.stories], "same file"), (["--lr"], "needs a value")]:
            self.refused(2, *data, *flags, says=says)
        self.refused(2, "train", says="--data is missing")
        self.refused(2, "sample", says="--checkpoint is missing")
        self.refused(2, "eval", "--checkpoint", self.run60, says="--data is missing")
        self.refused(2, "sample", "--checkpoint", self.run60, "--topp", "0", says="top-p is 0")
        self.refused(2, "data", "make", "stories", "--size", "2XB", says="not a size")
        self.refused(2, "quickstart", "--minutes", "0", says="--minutes is 0")

    def test_texts_that_cannot_be_learned_from_are_refused(self):
        (self.dir / "empty.txt").touch()
        (self.dir / "binary.txt").write_bytes(b"abc\0\xff" * 100)
        (self.dir / "short.txt").write_text("A short text.\n")
        for name, says in [("empty.txt", "empty"), ("binary.txt", "not a text file"),
                           ("short.txt", "more than the block size of 32"), (".", "directory"),
                           ("none.txt", "No such file")]:
            self.refused(1, "train", "--data", name, *TINY, "--runDir", "run", says=says)
            self.assertFalse((self.dir / "run").exists())

    def test_folders_that_cannot_be_written_are_refused(self):
        (self.dir / "file").write_text("x")
        for run_dir in ["/proc/alpha/run", "file/run"]:
            self.refused(1, "train", "--data", self.stories, *TINY, "--runDir", run_dir,
                         says="cannot create folder")
        self.refused(1, "train", "--data", self.stories, *TINY, "--runDir", self.run60,
                     says="already holds a run")

    def test_config_file_stands_below_flags_and_above_presets(self):
        (self.dir / "run.toml").write_text(
            f'data = "{self.stories}"\nrunDir = "run"\nsteps = 3\nblock = 16\nbias = true\n'
            'tokenizer = "char"\ndim = 16\nlayers = 1\nheads = 2\nbatch-size = 2\n')
        self.assertEqual(run("train", "--config", "run.toml", "--domain", "chords", "--steps=2",
                             "--sampleInterval", "0", cwd=self.dir).returncode, 0)
        config = json.loads((self.dir / "run/config.json").read_text())
        model, train = config["modelConfig"], config["trainConfig"]
        self.assertEqual((train["iters"], train["batchSize"], model["blockSize"], model["bias"]),
                         (2, 2, 16, True))
        self.assertEqual(config["domain"], "chords")
        (self.dir / "bad.toml").write_text("stpes = 3\n")
        self.refused(2, "train", "--config", "bad.toml", says="'stpes'; did you mean 'steps'?")
        self.refused(2, "train", "--config", "none.toml", says="none.toml")


class Training(CliTest):
    def test_a_run_that_has_no_memory_to_begin_leaves_no_folder_of_its_own(self):
        # Sanitizers are to let an allocation fail, as others do.
        env = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1",
               "TSAN_OPTIONS": "allocator_may_return_null=1"}
        (self.dir / "mine").mkdir()
        for run_dir in ("new", "mine"):
            self.refused(1, "train", "--data", self.stories, "--tokenizer", "char", "--layers", "1",
                         "--dim", "524288", "--heads", "1024", "--runDir", run_dir,
                         says="for a tensor", env=env)
            self.assertEqual((self.dir / run_dir).exists(), run_dir == "mine")

    def test_run_folder_holds_config_and_one_line_of_metrics_per_step(self):
        config = json.loads((self.run60 / "config.json").read_text())
        self.assertEqual(config["runId"], "run60")
        self.assertRegex(config["configHash"], "^[0-9a-f]{8}$")
        self.assertEqual(config["modelConfig"]["nEmbd"], 32)
        self.assertEqual(config["trainConfig"]["gradAccumSteps"], 2)
        self.assertEqual(config["data"], str(self.stories))
        lines = [json.loads(line) for line in
                 (self.run60 / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in lines], list(range(1, 61)))
        for field in ["loss", "lr", "gradNorm", "elapsed_ms", "ms_per_iter", "tokens_per_sec",
                      "mfu", "memory_mb", "clip_coef", "clip_pct", "timing_fwd_ms", "timing_bwd_ms"]:
            self.assertIn(field, lines[0])
        self.assertEqual([line["step"] for line in lines if "valLoss" in line], [30, 60])
        self.assertLess(lines[-1]["loss"], lines[0]["loss"] - 0.5)

    def test_thirty_steps_and_a_resume_are_sixty_steps(self):
        copy = self.copy_of_run(until=30)
        text = self.ok("train", "--resume", copy)
        self.assertIn("continues after step 30", text)
        self.assertEqual(self.weights(copy), self.weights(self.run60))
        lines = (copy / "metrics.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["step"] for line in lines], list(range(1, 61)))

    def test_same_seed_gives_the_same_bytes_with_any_number_of_threads(self):
        for threads in ["1", "2"]:
            run_dir = self.dir / f"threads{threads}"
            self.ok("train", "--data", self.stories, *SIXTY, "--runDir", run_dir,
                    "--threads", threads)
            self.assertEqual(self.weights(run_dir), self.weights(self.run60))
        other = self.dir / "other"
        self.ok("train", "--data", self.stories, *SIXTY, "--runDir", other, "--seed", "7")
        self.assertNotEqual(self.weights(other), self.weights(self.run60))

    def start(self, run_dir, *args):
        """A training process, after its first progress line."""
        process = subprocess.Popen(
            [ALPHA, "train", *args, "--runDir", run_dir, "--logEvery", "1"],
            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stdout:
            if line.startswith(b"step "):
                return process
        raise AssertionError(process.stderr.read().decode())

    def stopped_then_resumed(self, number, code):
        args = ["--data", self.stories, *TINY, "--steps", "400", "--evalInterval", "400"]
        whole, cut = self.dir / "whole", self.dir / "cut"
        process = self.start(cut, *args)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, err.decode())
        self.assertIn(f"alpha train --resume {cut}", out.decode())
        self.ok("train", "--resume", cut)
        self.ok("train", *args, "--runDir", whole)
        self.assertEqual(self.weights(cut, 400), self.weights(whole, 400))

    def test_interrupt_saves_and_a_resume_ends_as_if_nothing_had_happened(self):
        self.stopped_then_resumed(signal.SIGINT, 130)

    def test_terminate_saves_as_well(self):
        self.stopped_then_resumed(signal.SIGTERM, 143)

    def test_killed_run_resumes_from_its_last_checkpoint(self):
        cut, whole = self.killed_and_resumed(
            ["--data", self.stories, *TINY, "--evalInterval", "20"], 400)
        self.assertEqual(self.weights(cut, 400), self.weights(whole, 400))
        steps = [json.loads(line)["step"]
                 for line in (cut / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual(steps, list(range(1, 401)))

    def test_a_run_resumes_with_the_optimizer_that_it_began_with(self):
        for name, flags in [("lion", ["--optimizer", "lion"]),
                            ("plain", ["--optimizer", "sgd", "--momentum", "0"])]:
            whole, cut = self.dir / name, self.dir / f"{name}-cut"
            self.ok("train", "--data", self.stories, *SIXTY, *flags, "--runDir", whole)
            shutil.copytree(whole, cut)
            shutil.rmtree(cut / "checkpoint-60")
            self.refused(2, "train", "--resume", cut, "--optimizer", "adamw",
                         says="cannot change when a run is resumed")
            self.ok("train", "--resume", cut)
            self.assertEqual(self.weights(cut, 60), self.weights(whole, 60))

    def test_resume_refuses_what_would_make_it_another_run(self):
        copy = self.copy_of_run(until=30)
        self.refused(2, "train", "--resume", copy, "--lr", "1", says="--lr cannot change")
        other = self.dir / "other.txt"
        other.write_text(self.stories.read_text()[::-1])
        self.refused(1, "train", "--resume", copy, "--data", other, says="not the one")
        self.assertIn("is complete", self.ok("train", "--resume", self.run60))
        self.refused(1, "train", "--resume", self.dir / "none", says="none")

    def test_resume_passes_over_a_damaged_checkpoint(self):
        copy = self.dir / "copy"
        shutil.copytree(self.run60, copy)
        os.truncate(copy / "checkpoint-60" / "optimizer.safetensors", 1000)
        done = run("train", "--resume", copy, cwd=self.dir)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("warning: ", done.stderr.decode())
        self.assertEqual(self.weights(copy), self.weights(self.run60))

    def test_json_prints_an_object_per_step_and_a_summary(self):
        out = self.ok("train", "--data", self.stories, *TINY, "--steps", "5", "--json",
                      "--runDir", self.dir / "run")
        objects = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([o["step"] for o in objects], [1, 2, 3, 4, 5, 5])
        self.assertTrue(objects[-1]["done"])
        self.assertTrue(Path(objects[-1]["checkpoint"]).is_dir())
        self.assertGreater(objects[-1]["bitsPerByte"], 0)

    def test_bf16_trains_and_samples(self):
        run_dir = self.dir / "run"
        self.ok("train", "--data", self.stories, *TINY, "--steps", "40", "--dtype", "bf16",
                "--runDir", run_dir)
        lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
        self.assertLess(lines[-1]["loss"], lines[0]["loss"] - 0.3)
        self.ok("sample", "--checkpoint", run_dir, "--steps", "5", "--dtype", "bf16")

    def test_terminal_gets_a_live_line(self):
        try:
            master, slave = pty.openpty()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal: {error}")
        process = subprocess.Popen(
            [ALPHA, "train", "--data", self.stories, *TINY, "--steps", "30", "--runDir", "run"],
            cwd=self.dir, stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        out = b""
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:
                break
            if not chunk:
                break
            out += chunk
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        process.stderr.close()
        self.assertIn(b"\rstep 1/30", out)
        self.assertIn(b"tok/s", out)
        self.assertIn(b"training complete", out)

    def test_reader_that_goes_away_ends_the_run_without_a_word(self):
        process = subprocess.Popen(
            [ALPHA, "train", "--data", self.stories, *TINY, "--steps", "100000",
             "--logEvery", "1", "--runDir", "run"],
            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), 141)
        process.stderr.close()


class Models(CliTest):
    def sample(self, *args):
        return self.ok("sample", "--checkpoint", self.run60, "--steps", "40", *args)

    def test_sample_repeats_with_its_seed_alone(self):
        self.assertEqual(self.sample("--seed", "5"), self.sample("--seed", "5"))
        self.assertNotEqual(self.sample("--seed", "5"), self.sample("--seed", "6"))
        self.assertTrue(self.sample().startswith("The "))

    def test_greedy_sample_depends_on_nothing_but_the_prompt(self):
        greedy = self.sample("--temp", "0", "--seed", "1")
        self.assertEqual(greedy, self.sample("--temp", "0", "--seed", "2"))
        self.assertEqual(greedy, self.sample("--topk", "1"))

    def test_sample_goes_on_behind_the_block(self):
        self.assertGreater(len(self.ok("sample", "--checkpoint", self.run60, "--steps", "150")),
                           150)

    def test_sample_as_json(self):
        sampled = json.loads(self.sample("--json", "--prompt", "Once"))
        self.assertEqual(len(sampled["tokens"]), 40)
        self.assertEqual(sampled["stopReason"], "length")
        self.assertEqual(self.sample("--prompt", "Once"), "Once" + sampled["text"] + "\n")

    def test_empty_prompt_needs_a_start_token(self):
        self.refused(1, "sample", "--checkpoint", self.run60, "--prompt", "",
                     says="the prompt is empty")
        self.refused(1, "sample", "--checkpoint", self.run60, "--prompt=", says="prompt is empty")
        bpe = self.dir / "bpe"
        self.ok("train", "--data", self.stories, *TINY[2:], "--tokenizer", "bpe", "--vocabSize",
                "300", "--steps", "5", "--runDir", bpe)
        text = self.ok("sample", "--checkpoint", bpe, "--prompt", "", "--steps", "5")
        self.assertNotIn("end_of_text", text)

    def test_reader_that_goes_away_ends_a_sample_without_a_word(self):
        process = subprocess.Popen(
            [ALPHA, "sample", "--checkpoint", self.run60, "--steps", "1000000"],
            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), 0)
        process.stderr.close()

    def test_interrupt_ends_a_sample_between_two_tokens(self):
        process = subprocess.Popen(
            [ALPHA, "sample", "--checkpoint", self.run60, "--steps", "1000000"],
            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertTrue(out.endswith(b"\n"))
        self.assertIn(b"cancelled", err)

    def test_eval_judges_the_whole_text(self):
        result = json.loads(self.ok("eval", "--checkpoint", self.run60, "--data", self.stories,
                                    "--json"))
        self.assertEqual(result["bytes"], self.stories.stat().st_size)
        self.assertEqual(result["tokens"], result["bytes"])
        self.assertAlmostEqual(result["bitsPerByte"], result["loss"] / 0.6931471805599453, 6)
        other = json.loads(self.ok("eval", "--checkpoint", self.run60, "--data", self.stories,
                                   "--json", "--batch", "7", "--threads", "1"))
        self.assertAlmostEqual(other["loss"], result["loss"], 5)
        text = self.ok("eval", "--checkpoint", self.run60, "--data", self.stories)
        self.assertIn("Perplexity: ", text)

    def test_inspect_shows_run_and_tensors(self):
        inspected = json.loads(self.ok("inspect", self.run60, "--json"))
        self.assertEqual([c["step"] for c in inspected["checkpoints"]], [30, 60])
        self.assertTrue(inspected["manifestOk"])
        self.assertEqual(inspected["numbers"], sum(t["numbers"] for t in inspected["tensors"]))
        text = self.ok("inspect", "--checkpoint", self.run60 / "checkpoint-30")
        self.assertIn("layer.1.attn.wqkv", text)
        self.assertIn("[96, 32]", text)

    def test_damaged_checkpoints_are_refused(self):
        copy = self.copy_of_run(until=30)
        model = copy / "checkpoint-30" / "model.safetensors"
        flipped = bytearray(model.read_bytes())
        flipped[len(flipped) // 2] ^= 1
        model.write_bytes(flipped)
        for command in [["sample"], ["inspect"], ["eval", "--data", self.stories]]:
            self.refused(1, *command, "--checkpoint", copy / "checkpoint-30", says="checksum")
        self.refused(1, "train", "--resume", copy, says="no undamaged checkpoint")
        os.truncate(model, 100)
        self.refused(1, "sample", "--checkpoint", copy / "checkpoint-30", says="100 bytes")
        (copy / "checkpoint-30" / "manifest.json").unlink()
        self.refused(1, "sample", "--checkpoint", copy / "checkpoint-30", says="manifest")

    def test_sample_of_a_run_passes_over_a_damaged_checkpoint(self):
        copy = self.dir / "copy"
        shutil.copytree(self.run60, copy)
        os.truncate(copy / "checkpoint-60" / "model.safetensors", 1000)
        done = run("sample", "--checkpoint", copy, "--steps", "3", cwd=self.dir)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"warning: ", done.stderr)


class Inference(CliTest):
    """Packed weights, and what the flags of sampling do."""

    def quantized(self, weights):
        out = self.dir / weights
        self.ok("quantize", "--checkpoint", self.run60, "--weights", weights, "--out", out)
        return out

    def text(self, *args):
        return self.ok("sample", "--prompt", "Once", "--steps", "80", "--seed", "3", *args)

    def test_stored_and_rounded_on_the_fly_write_the_same_text(self):
        for weights in ("bf16", "int8", "int4"):
            stored = self.text("--checkpoint", self.quantized(weights))
            fly = self.text("--checkpoint", self.run60, "--weights", weights)
            self.assertEqual(stored, fly, weights)

    def test_eval_shows_what_rounding_costs(self):
        loss = {weights: json.loads(self.ok("eval", "--checkpoint", self.run60, "--data",
                                            self.stories, "--weights", weights, "--json"))["loss"]
                for weights in ("f32", "bf16", "int8", "int4")}
        self.assertLess(abs(loss["bf16"] - loss["f32"]), 0.005)
        self.assertLess(abs(loss["int8"] - loss["f32"]), 0.005)
        self.assertLess(abs(loss["int4"] - loss["f32"]), 0.04)
        self.assertEqual(len(set(loss.values())), 4)

    def test_rounded_checkpoints_are_neither_rounded_again_nor_trained_nor_overwritten(self):
        out = self.quantized("int8")
        self.refused(1, "sample", "--checkpoint", out, "--weights", "int4", says="holds int8 weights")
        self.refused(1, "quantize", "--checkpoint", self.run60, "--out", out, says="exists")

    def test_samples_side_by_side_equal_each_other_in_any_company(self):
        def samples(n, *args):
            out = self.ok("sample", "--checkpoint", self.run60, "--prompt", "Once", "--steps", "50",
                          "--json", "--n", str(n), *args)
            return [sample["text"] for sample in json.loads(out)["samples"]]
        five = samples(5, "--threads", "1")
        self.assertEqual(samples(2, "--threads", "2"), five[:2])
        self.assertEqual(len(set(five)), 5)

    def test_stop_text_ends_the_writing_and_is_not_shown(self):
        whole = json.loads(self.text("--checkpoint", self.run60, "--json"))["text"]
        stop = whole[30:33]
        cut = json.loads(self.text("--checkpoint", self.run60, "--json", "--stop", stop))
        self.assertEqual(cut["text"], whole[:whole.find(stop)])
        self.assertEqual(cut["stopReason"], "stop_string")

    def test_sampling_flags_have_their_limits(self):
        for flag, value, says in (("--top-p", "0", "top"), ("--min-p", "2", "min"),
                                  ("--repetition-penalty", "0", "repetition"),
                                  ("--presence-penalty", "3", "presence"),
                                  ("--temp", "nan", "not a number"), ("--n", "0", "--n"),
                                  ("--weights", "int3", "--weights"), ("--stop", "", "stop")):
            self.refused(2, "sample", "--checkpoint", self.run60, flag, value, says=says)

    def test_bench_that_is_stopped_tells_what_it_has(self):
        bench = ["bench", "inference", "--checkpoint", self.run60, "--repeats", "1000"]
        out = json.loads(self.stopped(*bench, "--json"))
        self.assertGreater(out["prefillTokensPerSecond"], 0)
        self.assertNotIn(None, out.values())
        self.assertIn("prefill of 32", self.stopped(*bench))

    def test_bench_measures_prefill_and_streams(self):
        out = json.loads(self.ok("bench", "inference", "--checkpoint", self.run60, "--prompt", "16",
                                 "--tokens", "8", "--streams", "1,3", "--repeats", "1", "--json"))
        self.assertEqual(sorted(out["streams"]), ["1", "3"])
        for key in ("decodeTokensPerSecond", "prefillTokensPerSecond", "readBytesPerSecond"):
            self.assertGreater(out[key], 0)
        self.assertEqual(out["decodeStreams"], 1)
        self.assertEqual(out["decodeTokensPerSecond"], out["streams"]["1"])
        self.refused(2, "bench", says="`alpha bench inference` and `alpha bench helios`")
        self.refused(2, "bench", "inference", "--checkpoint", self.run60, "--streams", "1,x",
                     says="--streams")
        self.refused(2, "bench", "inference", "--checkpoint", self.run60, "--streams", "4,1,4",
                     says="--streams has 4 twice")
        self.refused(1, "bench", "inference", "--checkpoint", self.run60, "--prompt", "100",
                     says="needs 100 positions, the model has 32")


class Exchange(CliTest):
    """Models that leave for other programs and come back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gpt2 = cls.train("gpt2", bpe=True)

    @classmethod
    def train(cls, name, *, bpe, dim=32):
        """A GPT-2 after three steps."""
        flags = [*TINY, "--preset", "gpt2", "--steps", "3"]
        flags[flags.index("--dim") + 1] = str(dim)
        if bpe:
            flags[flags.index("char")] = "bpe"
            flags += ["--vocabSize", "300"]
        cls.ok(cls, "train", "--data", cls.stories, *flags, "--runDir", cls.shared / name)
        return cls.shared / name

    def greedy(self, checkpoint):
        out = json.loads(self.ok("sample", checkpoint, "--temp", "0", "--steps", "20", "--prompt",
                                 "Once", "--json"))
        return out["tokens"]

    def test_export_and_import_give_the_same_checkpoint(self):
        summary = json.loads(self.ok("export", self.gpt2, "--format", "safetensors-hf", "--out",
                                     self.dir / "hf", "--json"))
        self.assertEqual(summary["step"], 3)
        self.assertEqual(summary["tensors"], 28)
        self.assertEqual(summary["sizeBytes"],
                         sum(path.stat().st_size for path in (self.dir / "hf").iterdir()))
        out = self.ok("import", "--from", self.dir / "hf", "--out", self.dir / "back")
        self.assertIn("2 layers, 32 wide, 300 tokens", out)
        for name in ["model.safetensors", "tokenizer.json"]:
            self.assertEqual((self.dir / "back" / name).read_bytes(),
                             (self.gpt2 / "checkpoint-3" / name).read_bytes(), name)
        self.assertEqual(self.greedy(self.dir / "back"), self.greedy(self.gpt2))
        self.assertIn("importedFrom", self.ok("inspect", self.dir / "back"))
        self.ok("eval", "--checkpoint", self.dir / "back", "--data", self.stories)

    def test_rounded_weights_are_not_exported(self):
        self.ok("quantize", "--checkpoint", self.gpt2, "--out", self.dir / "int8")
        self.refused(1, "export", self.dir / "int8", "--format", "gguf", "--out", self.dir / "x",
                     says="holds int8 weights")

    def test_gguf_has_the_type_that_was_asked_for(self):
        sizes = []
        for outtype in ["f32", "f16", "q8_0"]:
            path = self.dir / f"{outtype}.gguf"
            summary = json.loads(self.ok("export", self.gpt2, "--format", "gguf", "--outtype",
                                         outtype, "--out", path, "--json"))
            self.assertEqual(summary["type"], outtype)
            self.assertEqual(summary["sizeBytes"], path.stat().st_size)
            self.assertEqual(path.read_bytes()[:8], b"GGUF\x03\0\0\0")
            sizes.append(path.stat().st_size)
        self.assertEqual(sorted(sizes, reverse=True), sizes)
        self.ok("export", self.gpt2, "--format", "gguf", "--type", "f16", "--out", self.dir / "x")
        self.assertEqual((self.dir / "x").read_bytes(), (self.dir / "f16.gguf").read_bytes())

    def test_models_that_are_no_gpt2_are_not_exported(self):
        for name in ["gguf", "safetensors-hf"]:
            self.refused(1, "export", self.run60, "--format", name, "--out", "x",
                         says="its softCap is 30, expected 0")
        self.refused(1, "export", self.train("char", bpe=False), "--format", "gguf", "--out", "x",
                     says="of type 'char', expected bpe")
        self.refused(1, "export", self.train("narrow", bpe=True, dim=24), "--format", "gguf",
                     "--type", "q8_0", "--out", "x", says="rows of 24 elements")
        self.assertFalse((self.dir / "x").exists())

    def test_what_is_there_already_is_not_overwritten(self):
        for args in [["export", self.gpt2, "--format", "gguf"],
                     ["export", self.gpt2, "--format", "safetensors-hf"], ["import", self.gpt2]]:
            self.refused(1, *args, "--out", self.stories, says="exists already")
            self.refused(1, *args, "--out", self.gpt2, says="exists already")

    def test_exports_and_imports_that_cannot_be_are_usage_errors(self):
        self.refused(2, "export", says="--checkpoint is missing")
        self.refused(2, "export", self.gpt2, says="--format is missing")
        self.refused(2, "export", self.gpt2, "--format", "gguf", says="--out is missing")
        self.refused(2, "export", self.gpt2, "--format", "guff", says="did you mean 'gguf'?")
        self.refused(2, "export", self.gpt2, "--format", "gguf", "--out", "x", "--outtype", "q4_0",
                     says="q8_0")
        self.refused(2, "export", self.gpt2, "--format", "safetensors-hf", "--out", "x",
                     "--outtype", "f16", says="always f32")
        self.refused(2, "import", says="--from is missing")
        self.refused(2, "import", self.gpt2, says="--out is missing")

    def test_folders_that_are_no_model_are_not_imported(self):
        self.refused(1, "import", self.dir, "--out", "x", says="config.json")
        self.refused(1, "import", self.gpt2 / "checkpoint-3", "--out", "x",
                     says="'model_type' is missing")
        hf = self.dir / "hf"
        self.ok("export", self.gpt2, "--format", "safetensors-hf", "--out", hf)
        weights = (hf / "model.safetensors").read_bytes()
        (hf / "model.safetensors").write_bytes(weights[:-4])
        self.refused(1, "import", hf, "--out", "x", says="model.safetensors")
        (hf / "tokenizer.json").write_text('{"model": {}}')
        self.refused(1, "import", hf, "--out", "x", says="tokenizer.json")
        self.assertFalse((self.dir / "x").exists())


class Tools(CliTest):
    def test_tokenize_builds_cuts_and_joins(self):
        path = self.dir / "tokenizer.json"
        built = json.loads(self.ok("tokenize", "--type", "bpe", "--input", self.stories,
                                   "--vocabSize", "300", "--out", path, "--json"))
        self.assertEqual(built["vocabSize"], 300)
        self.assertIn("vocab_size=", self.ok("tokenizer", "build", "--type=char",
                                             f"--input={self.stories}",
                                             f"--out={self.dir / 'char.json'}"))
        text = "Once upon a time, ü!"
        cut = json.loads(self.ok("tokenize", "--tokenizer", path, "--text", text, "--json"))
        self.assertEqual("".join(cut["pieces"][:5]), text[:len("".join(cut["pieces"][:5]))])
        ids = self.ok("tokenize", "--tokenizer", path, "--ids", stdin=text.encode()).strip()
        self.assertEqual(ids, " ".join(map(str, cut["ids"])))
        self.assertEqual(self.ok("tokenize", "--tokenizer", path, "--decode", ids), text + "\n")
        self.assertIn('"T"', self.ok("tokenize", "--checkpoint", self.run60, "--text", "The"))
        self.refused(1, "tokenize", "--tokenizer", path, "--decode", "999999", says="999999")
        self.refused(2, "tokenize", "--tokenizer", path, "--decode", "x", says="'x'")
        self.refused(2, "tokenize", says="--tokenizer or --checkpoint")

    def test_kernels_lists_every_op_of_every_backend(self):
        kernels = json.loads(self.ok("kernels", "--json"))
        self.assertEqual(list(kernels)[:2], ["cpu", "cpu_ref"])
        self.assertEqual(kernels["cpu"].keys(), kernels["cpu_ref"].keys())
        self.assertEqual(kernels["cpu"]["matmul"]["f32"], "native")
        self.assertIn("attention_backward", self.ok("kernels", "--backend", "cpu"))

    def test_stories_are_a_function_of_size_and_seed(self):
        for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
            self.ok("data", "make", "stories", "--size", "20KB", "--seed", seed,
                    "--out", self.dir / name)
        a, b, c = ((self.dir / name).read_bytes() for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)
        self.assertGreaterEqual(len(a), 20000)

    def test_quickstart_trains_tells_and_says_what_to_try(self):
        out = self.ok("quickstart", "--steps", "4", "--size", "200KB", "--runDir",
                      self.dir / "quick")
        self.assertTrue((self.dir / "quick" / "stories.txt").is_file())
        self.assertIn("Once there was", out)
        self.assertIn("what to try next", out)
        command = next(line for line in out.splitlines() if "another story" in line)
        self.assertIn(f"--checkpoint {self.dir / 'quick'}", command)


if __name__ == "__main__":
    unittest.main(verbosity=2)
