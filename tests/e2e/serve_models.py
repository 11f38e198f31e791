"""Which models `alpha serve` has, and when they come and go."""

import os
import shutil
import statistics
import threading
import time

from serving import (IS_LONG, Server, ServerTest, add_run, all_at_once, alpha, completion, ms,
                     publish, say, text_of, trained, without_ids)


def flip_bytes(path):
    """Damages a file; what it held."""
    content = path.read_bytes()
    damaged = bytearray(content)
    for i in range(len(damaged) // 2, len(damaged) // 2 + 64):
        damaged[i] ^= 0x55
    path.write_bytes(damaged)
    return content


class ModelTest(ServerTest):
    """A server of its own for each test, over runs that the test chooses."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()

    def setUp(self):
        shutil.rmtree(self.runs)
        self.runs.mkdir()
        self.server = None

    def serve(self, *flags, **kwargs):
        self.server = Server(self.runs, *flags, **kwargs)
        self.addCleanup(self.server.stop)
        self.server.seconds_until(lambda: self.server.get("/ready").status == 200)
        return self.server

    def fingerprint(self, model):
        answer = self.server.complete(model, max_tokens=1)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["system_fingerprint"]

    def n_loads(self):
        return self.server.gauge("alpha_model_loads")


class Loading(ModelTest):
    def test_cold_requests_at_once_are_one_load(self):
        add_run(self.runs, "small")
        server = self.serve()
        answers = all_at_once(server.port, "/v1/completions",
                              [completion("small", seed=7, max_tokens=8) for _ in range(20)])
        self.assertEqual([answer.status for answer in answers], [200] * 20)
        self.assertEqual(len({text_of(answer) for answer in answers}), 1)
        self.assertEqual(self.n_loads(), 1)

    def test_first_token_comes_soon_after_the_first_request(self):
        add_run(self.runs, "long")
        server = self.serve()
        begun_at = time.monotonic()
        server.stream_long(n=1).close()
        say(f"first request to first token, cold model: {ms(time.monotonic() - begun_at)}")

    def test_a_load_that_fails_is_told_to_all_and_does_not_stick(self):
        run = add_run(self.runs, "small", steps=[60])
        file = run / "checkpoint-60" / "model.safetensors"
        content = flip_bytes(file)
        server = self.serve()
        bodies = [completion("small", max_tokens=1) for _ in range(8)]
        for answer in all_at_once(server.port, "/v1/completions", bodies):
            self.assert_refused(answer, 500, says="model.safetensors")
        for answer in all_at_once(server.port, "/v1/chat/completions", [
                {"model": "small", "stream": True,
                 "messages": [{"role": "user", "content": "x"}]}] * 3):
            self.assert_refused(answer, 500)
        self.assertIn(b"warning: ", server.errors)
        file.write_bytes(content)
        self.assertEqual(server.complete("small", max_tokens=1).status, 200)

    def test_a_damaged_checkpoint_gives_way_to_the_one_before(self):
        run = add_run(self.runs, "small")
        flip_bytes(run / "checkpoint-60" / "model.safetensors")
        self.serve()
        self.assertEqual(self.fingerprint("small"), "alpha-step40-f32")
        self.assertEqual(self.server.complete("small@60", max_tokens=1).status, 500)

    def test_two_models_with_room_are_loaded_once_each(self):
        add_run(self.runs, "small")
        add_run(self.runs, "other")
        self.serve()
        for _ in range(4):
            for model in ["small", "other"]:
                self.fingerprint(model)
        self.assertEqual(self.n_loads(), 2)
        listed = self.server.get("/v1/models").json()["data"]
        self.assertEqual({model["id"]: model["is_loaded"] for model in listed},
                         {"small": True, "other": True})

    def test_two_models_without_room_evict_one_another_and_streams_go_on(self):
        add_run(self.runs, "long")
        add_run(self.runs, "small")
        with Server(self.runs) as server:
            server.seconds_until(lambda: server.get("/ready").status == 200)
            alone = server.post("/v1/completions", completion(
                "long", max_tokens=1500, ignore_eos=True, seed=5))
            n_bytes = server.gauge("alpha_model_bytes")
        self.serve("--model-memory", int(n_bytes) + 1000)
        stream = self.server.stream("/v1/completions", completion(
            "long", max_tokens=1500, ignore_eos=True, seed=5, stream=True))
        first = stream.next()["choices"][0]["text"]
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            self.server.complete("small", max_tokens=4, seed=1))) for _ in range(3)]
        for thread in threads:
            thread.start()
        events = stream.rest()
        self.assertEqual(events[-1], "[DONE]")
        text = first + "".join(c["text"] for e in events[:-1] for c in e["choices"])
        self.assertEqual(text, text_of(alone))
        for thread in threads:
            thread.join(30)
        self.assertEqual([answer.status for answer in answers], [200] * 3)
        self.assertEqual(self.n_loads(), 2)
        self.fingerprint("long")
        self.fingerprint("small")
        self.assertEqual(self.n_loads(), 4)

    def test_weights_can_be_rounded_as_they_are_loaded(self):
        add_run(self.runs, "small")
        self.serve("--weights", "int8")
        self.assertEqual(self.fingerprint("small"), "alpha-step60-int8")


class Watching(ModelTest):
    def test_names_mean_the_latest_a_step_and_the_best(self):
        add_run(self.runs, "small")
        self.serve()
        listed = self.server.get("/v1/models/small").json()
        self.assertEqual(listed["steps"], [20, 40, 60])
        self.assertEqual(self.fingerprint("small"), "alpha-step60-f32")
        for step in listed["steps"]:
            self.assertEqual(self.fingerprint(f"small@{step}"), f"alpha-step{step}-f32")
        self.assertEqual(self.fingerprint("small@best"), f"alpha-step{listed['best_step']}-f32")
        answer = self.server.complete("small@30")
        self.assertEqual((answer.status, answer.error["param"]), (404, "model"))
        self.assertIn("'small'", self.server.complete("smal").error["message"])

    def test_runs_that_appear_are_found_and_those_that_go_are_forgotten(self):
        self.serve()
        self.assertEqual(self.server.complete("late").status, 404)
        publish(add_run(self.root, "small", "late"), self.runs / "late")
        found = self.server.seconds_until(
            lambda: self.server.complete("late", max_tokens=1).status == 200)
        shutil.rmtree(self.root / "late")
        stream = self.server.stream("/v1/completions", completion(
            "late", stream=True, max_tokens=100, ignore_eos=True))
        shutil.rmtree(self.runs / "late")
        gone = self.server.seconds_until(
            lambda: self.server.complete("late", max_tokens=1).status == 404)
        say(f"a new run answers after {ms(found)}, a deleted one is gone after {ms(gone)}")
        self.assertEqual(stream.rest()[-1], "[DONE]")
        self.assertEqual(self.server.get("/v1/models").json()["data"], [])
        self.assertLess(max(found, gone), 6)

    def test_a_newer_checkpoint_is_served_while_a_stream_of_the_older_goes_on(self):
        run = add_run(self.runs, "long", steps=[1])
        self.serve()
        fields = {"n": 32, "ignore_eos": True, "seed": 3}
        stream = self.server.stream("/v1/completions", completion(
            "long", stream=True, max_tokens=2000, **fields))
        events = [stream.next()]
        publish(trained("long") / "checkpoint-2", run / "checkpoint-2")
        seconds = self.server.seconds_until(
            lambda: self.fingerprint("long") == "alpha-step2-f32")
        say(f"a newer checkpoint is served after {ms(seconds)}, target 3 s")
        self.assertLess(seconds, 8)
        events += [stream.next() for _ in range(64)]
        stream.close()
        self.assertEqual({event["system_fingerprint"] for event in events}, {"alpha-step1-f32"})
        again = self.server.complete("long@1", max_tokens=50, **fields).json()["choices"]
        for choice in again:
            text = "".join(other["text"] for event in events for other in event["choices"]
                           if other["index"] == choice["index"])
            self.assertTrue(text)
            self.assertEqual(text[:len(choice["text"])], choice["text"][:len(text)])

    def test_requests_go_on_while_a_run_is_trained_on(self):
        run = add_run(self.runs, "small", steps=[20])
        self.serve()
        self.assertEqual(self.fingerprint("small"), "alpha-step20-f32")
        seen, is_done = [], threading.Event()

        def ask():
            while not is_done.is_set():
                seen.append(self.fingerprint("small"))
        clients = [threading.Thread(target=ask) for _ in range(2)]
        for client in clients:
            client.start()
        alpha("train", "--resume", run, "--quiet")
        seconds = self.server.seconds_until(lambda: seen[-1] == "alpha-step60-f32")
        is_done.set()
        for client in clients:
            client.join()
        say(f"the last checkpoint of a run is served {ms(seconds)} after its end, {len(seen)} "
            "requests meanwhile")

    def test_a_newer_checkpoint_that_is_damaged_changes_nothing(self):
        run = add_run(self.runs, "small", steps=[20])
        self.serve()
        self.assertEqual(self.fingerprint("small"), "alpha-step20-f32")
        damaged = self.root / "damaged"
        shutil.copytree(trained("small") / "checkpoint-40", damaged)
        flip_bytes(damaged / "model.safetensors")
        publish(damaged, run / "checkpoint-40")
        shutil.rmtree(damaged)
        self.server.seconds_until(lambda: b"checkpoint-40" in self.server.errors)
        self.assertEqual(self.fingerprint("small"), "alpha-step20-f32")
        publish(trained("small") / "checkpoint-60", run / "checkpoint-60")
        self.server.seconds_until(lambda: self.fingerprint("small") == "alpha-step60-f32")

    def test_long_metrics_do_not_slow_the_start(self):
        run = add_run(self.runs, "small")
        lines = (run / "metrics.jsonl").read_bytes()
        with open(run / "metrics.jsonl", "r+b") as file:
            file.truncate(1 << 30)  # a hole
            file.seek(1 << 30)
            file.write(b"\n" + lines.splitlines()[-1] + b'\n{"step": 61, "lo')
        server = self.serve()
        say(f"cold to ready with 1 GB of metrics: {ms(time.monotonic() - server.begun_at)}")
        self.assertLess(time.monotonic() - server.begun_at, 3)
        row = server.get("/api/runs/small").json()
        self.assertEqual((row["latest_step"], row["latest_checkpoint_step"]), (60, 60))
        rows = server.get("/api/runs/small/metrics?last=1")
        self.assertEqual([line["step"] for line in rows.json()], [60])
        self.assertLess(rows.seconds, 3)
        self.assertLess(server.resident_bytes(), 300e6)
        if IS_LONG:
            whole = server.get("/api/runs/small/metrics")
            say(f"all metrics of 1 GB: {whole.status} after {ms(whole.seconds)}, "
                f"{server.resident_bytes() / 1e6:.0f} MB in use")
            self.assertLess(server.resident_bytes(), 300e6)
        os.truncate(run / "metrics.jsonl", 0)

    def test_broken_runs_do_not_hinder_others(self):
        add_run(self.runs, "small")
        for name, content in [("empty", None), ("broken", "{"), ("list", "[]"), ("null", "null")]:
            (self.runs / name).mkdir()
            if content is not None:
                (self.runs / name / "config.json").write_text(content)
        (self.runs / "file").write_text("x")
        (self.runs / "loop").symlink_to(self.runs)
        (self.runs / "nowhere").symlink_to(self.runs / "none")
        self.serve()
        self.assertEqual(self.fingerprint("small"), "alpha-step60-f32")
        self.assertEqual(self.server.get("/api/runs").status, 200)


class Determinism(ServerTest):
    kinds = ("small",)
    flags = ("--max-sessions", "24", "--queue", "100")

    def bodies(self, stream=True):
        prompts = ["Once upon a time", "The", "A small dog ran to the", "One day, a girl named "]
        return [completion("small", prompts[i % 4], seed=i, max_tokens=30 + i, stream=stream,
                           temperature=0.2 + i % 3 * 0.6, top_k=0 if i % 2 else 20,
                           ignore_eos=i % 5 == 0, stop=["zq"] if i % 7 == 0 else [],
                           **({"stream_options": {"include_usage": False}} if stream else {}))
                for i in range(64)]

    def test_streams_at_once_are_those_alone(self):
        alone = [self.server.post("/v1/completions", body) for body in self.bodies()]
        whole = [self.server.post("/v1/completions", body) for body in self.bodies(stream=False)]
        for one, other in zip(alone, whole):
            text = "".join(c["text"] for e in one.events()[:-1] for c in e["choices"])
            self.assertEqual(text, text_of(other))
        expected = [without_ids(answer.events()) for answer in alone]
        rounds = []
        for _ in range(5 if IS_LONG else 1):
            begun_at = time.monotonic()
            answers = all_at_once(self.server.port, "/v1/completions", self.bodies())
            rounds.append(time.monotonic() - begun_at)
            for i, answer in enumerate(answers):
                self.assertEqual(without_ids(answer.events()), expected[i], f"stream {i}")
        say(f"64 streams at once: {ms(statistics.median(rounds))}")
        self.half_of_them_leave(expected)

    def half_of_them_leave(self, expected):
        streams = [self.server.stream("/v1/completions", body) if i % 2 else None
                   for i, body in enumerate(self.bodies())]
        for i in range(0, 64, 2):
            leaving = self.server.stream("/v1/completions", completion(
                "small", seed=1000 + i, max_tokens=100, ignore_eos=True, stream=True))
            leaving.next()
            leaving.close()
        for i in range(1, 64, 2):
            self.assertEqual(without_ids(streams[i].rest()), expected[i], f"stream {i}")
        seconds = self.server.seconds_until_idle()
        say(f"idle after 32 of 64 streams were left: {ms(seconds)}")
        self.assertEqual(self.server.gauge("alpha_kv_blocks", state="used"), 0)
