"""The original's routes, live runs, and trainers that report from elsewhere."""

import json
import queue
import shutil
import subprocess
import threading
import time
import unittest

from serving import (ALPHA, ENVIRONMENT, IS_LONG, SMALL, ServerTest, corpus, ms, say, shared,
                     text_of)

SECRET = "a secret of trainers"
RUN_FIELDS = {"id", "run_id", "config_hash", "domain", "vocab_size", "block_size", "n_layer",
              "n_embd", "n_head", "dropout", "total_iters", "batch_size", "lr", "seed", "backend",
              "tokenizer", "optimizer", "model_config", "train_config", "status", "latest_step",
              "last_loss", "best_val_loss", "estimated_params", "created_at", "updated_at",
              "disk_mtime", "gpu_name", "gpu_vendor", "gpu_vram_mb", "hostname", "cpu_count",
              "ram_total_mb", "os_platform", "checkpoint_count", "metric_count"}


def slow(steps):
    """Flags of a run whose steps take some 50 ms."""
    return ["--tokenizer", "char", "--layers", "2", "--dim", "128", "--heads", "4", "--block",
            "512", "--batch", "2", "--steps", steps, "--evalInterval", steps, "--evalIters", "1",
            "--sampleInterval", "10"]


class Original(ServerTest):
    """Shapes that programs written for the original rely on."""

    kinds = ("small",)

    def test_generate(self):
        for answer in [self.server.get("/api/generate?prompt=Once&max_tokens=10&temperature=0"),
                       self.server.post("/api/generate", {"prompt": "Once", "max_tokens": 10,
                                                          "temperature": 0, "model": "small"})]:
            self.assertEqual(answer.status, 200, answer)
            body = answer.json()
            self.assertEqual(set(body), {"text", "model", "usage"})
            self.assertEqual((body["model"], body["usage"]),
                             ("small", {"prompt_tokens": 4, "completion_tokens": 10}))
        greedy = self.server.complete("small", prompt="Once", max_tokens=10, temperature=0)
        self.assertEqual(body["text"], text_of(greedy))

    def test_inference_streams_the_prompt_and_then_tokens(self):
        answer = self.server.get("/api/inference?query=Once&steps=12&temp=0.8&topk=5&model=small")
        self.assertEqual(answer.status, 200)
        self.assertIn("text/event-stream", answer.headers["content-type"])
        self.assertEqual(answer.headers["x-accel-buffering"], "no")
        events = answer.events()
        self.assertEqual((events[0], events[-1]), ({"token": "Once"}, "[DONE]"))
        self.assertTrue(all(set(event) == {"token"} for event in events[:-1]))

    def test_chat_is_plain_text(self):
        answer = self.server.post("/api/chat", {"model": "small", "maxTokens": 12, "messages": [
            {"role": "user", "content": "Hello"}]})
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("text/plain", answer.headers["content-type"])
        old = self.server.post("/chat/completions", {"model": "small", "max_tokens": 3,
                                                     "messages": [{"role": "user",
                                                                   "content": "Hello"}]})
        self.assertEqual(old.json()["object"], "chat.completion")

    def test_models_domains_and_version(self):
        model, = self.server.get("/api/models").json()
        self.assertEqual(set(model), {"id", "runId", "name", "step", "mtime", "lastLoss",
                                      "modelConfig", "trainConfig", "domain"})
        self.assertEqual((model["id"], model["step"]), ("small", 60))
        domains = self.server.get("/api/domains").json()
        self.assertIn("novels", [domain["id"] for domain in domains])
        self.assertEqual(set(domains[0]), {"id", "display_name", "tokenizer", "sample_prompts",
                                           "model_defaults", "train_defaults"})
        version = self.server.get("/api/version").json()
        self.assertEqual(set(version), {"version", "sha", "message", "startedAt"})
        self.assertLess(abs(version["startedAt"] / 1000 - time.time()), 600)

    def test_runs(self):
        row, = self.server.get("/api/runs").json()
        self.assertLessEqual(RUN_FIELDS, set(row))
        self.assertEqual((row["id"], row["status"], row["latest_step"], row["total_iters"]),
                         ("small", "completed", 60, 60))
        self.assertEqual(self.server.get("/api/runs/small").json(), row)
        self.assertEqual(self.server.get("/api/runs?status=active").json(), [])
        self.assertEqual(len(self.server.get("/api/runs?status=completed").json()), 1)
        self.assertEqual(self.server.get("/api/runs/none").status, 404)

    def test_rows_of_a_run(self):
        rows = self.server.get("/api/runs/small/metrics").json()
        self.assertEqual([row["step"] for row in rows], list(range(1, 61)))
        self.assertLessEqual({"run_id", "step", "loss", "val_loss", "lr", "grad_norm", "elapsed_ms",
                              "tokens_per_sec", "ms_per_iter"}, set(rows[0]))
        self.assertEqual([row["step"] for row in rows if row["val_loss"] is not None],
                         [20, 40, 60])
        last = self.server.get("/api/runs/small/metrics?last=5").json()
        self.assertEqual(last, rows[-5:])
        checkpoints = self.server.get("/api/runs/small/checkpoints").json()
        self.assertEqual([row["step"] for row in checkpoints], [60, 40, 20])
        self.assertEqual(set(checkpoints[0]), {"run_id", "step", "filename", "file_path",
                                               "file_size", "created_at"})
        samples = self.server.get("/api/runs/small/samples").json()
        self.assertTrue(samples)
        self.assertEqual(set(samples[0]), {"run_id", "step", "idx", "prompt", "output",
                                           "created_at"})
        events = self.server.get("/api/runs/small/events").json()
        self.assertTrue(events)
        self.assertLessEqual({"id", "run_id", "step", "level", "kind", "message", "payload",
                              "created_at"}, set(events[0]))


class LiveRuns(ServerTest):
    @classmethod
    def setUpClass(cls):
        secret = shared() / "secret"
        secret.write_text(SECRET + "\n")
        cls.flags = ("--upload-secret-file", secret)
        super().setUpClass()

    def setUp(self):
        for run in self.runs.iterdir():
            shutil.rmtree(run)
        self.server.seconds_until(lambda: self.server.get("/api/runs").json() == [])

    def train(self, *flags, env=None):
        return subprocess.Popen(
            [ALPHA, "train", "--data", corpus(), *map(str, flags)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.root, env={**ENVIRONMENT, **(env or {})})

    def watch(self):
        """Events as they come, each with its time."""
        stream = self.server.stream("/api/training/live")
        self.assertEqual(stream.status, 200)
        self.assertIn("text/event-stream", stream.headers["content-type"])
        events = queue.Queue()

        def read():
            try:
                while (event := stream.next_named()) is not None:
                    events.put((time.monotonic(), *event))
            except (OSError, ValueError, AttributeError):
                pass  # closed
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.addCleanup(stream.close)
        return events

    def until(self, events, name, timeout=30):
        """All events up to the first of this name."""
        seen = []
        while not seen or seen[-1][1] != name:
            seen.append(events.get(timeout=timeout))
        return seen

    def test_what_a_run_does_is_told_while_it_does_it(self):
        events = self.watch()
        self.assertEqual(events.get(timeout=10)[1:], ("snapshot", []))
        process = self.train(*slow(steps=30), "--runDir", self.runs / "live", "--json")
        written_at = {}
        for line in process.stdout:
            written_at.setdefault(json.loads(line)["step"], time.monotonic())
        errors = process.stderr.read().decode()
        self.assertEqual(process.wait(), 0, errors)
        process.stdout.close()
        process.stderr.close()
        seen = self.until(events, "run_complete")
        names = [name for _, name, _ in seen]
        self.assertEqual(names[0], "run_start")
        self.assertIn("metrics", names)
        self.assertIn("samples", names)
        self.assertEqual(seen[-1][2], {"runId": "live", "finalStep": 30})
        told_at = {row["step"]: 0.0 for row in seen[0][2]["metrics"]}  # before the start was told
        for at, name, data in seen:
            if name == "metrics":
                self.assertEqual(data["runId"], "live")
                for row in data["metrics"]:
                    self.assertNotIn(row["step"], told_at, "told twice")
                    told_at[row["step"]] = at
        self.assertEqual(sorted(told_at), list(range(1, 31)))
        late = max(at - written_at[step] for step, at in told_at.items() if at > 0)
        say(f"a step is told at most {ms(late)} after it was made, target 2 s")
        self.assertLess(late, 6)
        if IS_LONG:
            self.until(events, "heartbeat")

    def test_a_run_that_is_over_at_once_is_told_and_a_step_within_two_seconds(self):
        events = self.watch()
        self.assertEqual(events.get(timeout=10)[1:], ("snapshot", []))
        made = self.root / "made"
        made.mkdir()
        rows = [{"step": step, "loss": 1.5} for step in (1, 2)]
        (made / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (made / "config.json").write_text(json.dumps({"runId": "short",
                                                      "trainConfig": {"iters": 2}}))
        begun_at = time.monotonic()
        made.rename(self.runs / "short")
        seen = self.until(events, "run_complete")
        self.assertEqual([name for _, name, _ in seen], ["run_start", "run_complete"])
        self.assertEqual([row["step"] for row in seen[0][2]["metrics"]], [1, 2])
        late = [seen[-1][0] - begun_at]
        made.mkdir()
        (made / "metrics.jsonl").write_text(json.dumps(rows[0]) + "\n")
        (made / "config.json").write_text(json.dumps({"runId": "long",
                                                      "trainConfig": {"iters": 100}}))
        made.rename(self.runs / "long")
        self.until(events, "run_start")
        for step in range(2, 8):
            with open(self.runs / "long" / "metrics.jsonl", "a") as file:
                file.write(json.dumps({"step": step, "loss": 1}) + "\n")
            begun_at = time.monotonic()
            at, _, data = self.until(events, "metrics")[-1]
            self.assertEqual([row["step"] for row in data["metrics"]], [step])
            late.append(at - begun_at)
        say(f"a line is told at most {ms(max(late))} after it was written, target 2 s")
        self.assertLess(max(late), 2)

    def test_one_who_comes_later_gets_what_has_been(self):
        process = self.train(*slow(steps=1000), "--runDir", self.runs / "live")
        self.server.seconds_until(lambda: [
            run["status"] for run in self.server.get("/api/runs").json()] == ["active"])
        self.server.seconds_until(lambda: self.server.get("/api/runs/live/metrics").json())
        _, name, snapshot = self.watch().get(timeout=10)
        self.assertEqual((name, [run["id"] for run in snapshot]), ("snapshot", ["live"]))
        self.assertTrue(snapshot[0]["metrics"])
        process.kill()
        process.communicate()

    def test_watchers_that_leave_are_forgotten(self):
        for _ in range(3):
            stream = self.server.stream("/api/training/live")
            self.assertEqual(stream.next_named(), ("snapshot", []))
            stream.close()
        self.server.seconds_until(lambda: self.server.gauge("alpha_http_connections") < 4)

    def report(self, name, secret=SECRET):
        process = self.train(*SMALL, "--runDir", self.root / name, "--report",
                             f"http://127.0.0.1:{self.server.port}",
                             env={"ALPHA_REMOTE_SECRET": secret})
        output, errors = process.communicate(timeout=90)
        self.assertEqual(process.returncode, 0, errors.decode())
        self.assertNotIn(secret, (output + errors).decode())
        return errors.decode()

    def test_a_trainer_elsewhere_reports_and_its_model_is_served(self):
        begun_at = time.monotonic()
        self.report("elsewhere")
        say(f"60 steps with reports: {ms(time.monotonic() - begun_at)}")
        self.server.seconds_until(lambda: [
            run["status"] for run in self.server.get("/api/runs").json()] == ["completed"])
        row = self.server.get("/api/runs/elsewhere").json()
        self.assertEqual((row["status"], row["latest_step"], row["source"]),
                         ("completed", 60, "ingest"))
        rows = self.server.get("/api/runs/elsewhere/metrics").json()
        lines = [json.loads(line) for line in
                 (self.root / "elsewhere" / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([(row["step"], row["loss"]) for row in rows],
                         [(line["step"], line["loss"]) for line in lines])
        self.assertTrue(self.server.get("/api/runs/elsewhere/samples").json())
        self.server.seconds_until(
            lambda: self.server.complete("elsewhere", max_tokens=1).status == 200)
        answer = self.server.complete("elsewhere", max_tokens=40, seed=1)
        self.assertEqual(answer.json()["system_fingerprint"], "alpha-step60-f32")
        self.assertFalse((self.runs / "elsewhere/checkpoint-60/optimizer.safetensors").exists())
        for name in ["model.safetensors", "tokenizer.json"]:
            self.assertEqual((self.runs / "elsewhere/checkpoint-60" / name).read_bytes(),
                             (self.root / "elsewhere/checkpoint-60" / name).read_bytes(), name)

    @unittest.skipUnless(IS_LONG, "takes half a minute: --long")
    def test_without_the_secret_it_trains_and_is_not_heard(self):
        begun_at = time.monotonic()
        errors = self.report("unheard", secret="another secret")
        say(f"60 steps with reports that are refused: {ms(time.monotonic() - begun_at)}")
        self.assertIn("warning: ", errors)
        self.assertEqual(self.server.get("/api/runs").json(), [])
        self.assertTrue((self.root / "unheard" / "checkpoint-60").is_dir())
