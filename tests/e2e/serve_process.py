"""`alpha serve` as a process: start, end, and what happens to clients meanwhile."""

import json
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import (ALPHA, ENVIRONMENT, Server, ServerTest, completion, ms, say, shared)


class Start(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(dir=shared()))
        cls.runs = cls.root / "runs"
        cls.runs.mkdir()
        cls.addClassCleanup(shutil.rmtree, cls.root)

    def refused(self, code, *flags, says):
        begun_at = time.monotonic()
        done = subprocess.run([ALPHA, "serve", *map(str, flags)], cwd=self.root, env=ENVIRONMENT,
                              capture_output=True, timeout=20, check=False)
        self.assertLess(time.monotonic() - begun_at, 5)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, code, error)
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assertRegex(error, "^error: ")
        self.assertIn(says, error)

    def test_it_is_healthy_at_once_and_an_idle_one_ends_at_once(self):
        starts, ends = [], []
        for _ in range(5):
            with Server(self.runs) as server:
                self.assertEqual(server.get("/health").status, 200)
                starts.append(time.monotonic() - server.begun_at)
                begun_at = time.monotonic()
                server.signal()
                self.assertEqual(server.wait(), 0)
                ends.append(time.monotonic() - begun_at)
        say(f"cold to healthy: median {ms(statistics.median(starts))}, target 200 ms")
        say(f"SIGTERM to exit, idle: median {ms(statistics.median(ends))}, target 100 ms")
        self.assertLess(statistics.median(starts), 2)
        self.assertLess(statistics.median(ends), 1)

    def test_idle_connections_do_not_keep_it(self):
        with Server(self.runs) as server, socket.create_connection(("127.0.0.1", server.port)):
            connection = server.connect()
            connection.request("GET", "/health")
            connection.getresponse().read()
            server.signal(signal.SIGINT)
            self.assertIn(server.wait(5), (0, 130))
            connection.close()

    def test_it_is_ready_once_it_knows_the_runs(self):
        with Server(self.runs) as server:
            server.seconds_until(lambda: server.get("/ready").status == 200)
            self.assertEqual(server.get("/v1/models").json(), {"object": "list", "data": []})
            answer = server.complete("none")
            self.assertEqual((answer.status, answer.error["code"]), (404, "model_not_found"))

    def test_what_cannot_be_listened_on_is_refused(self):
        with Server(self.runs) as server:
            self.refused(1, "--runs", self.runs, "--port", server.port, says=str(server.port))
        for host in ["999.1.1.1", "192.0.2.1"]:
            self.refused(1, "--runs", self.runs, "--port", "0", "--host", host, "--insecure",
                         says=host)
        for host in ["0.0.0.0", "::"]:
            self.refused(2, "--runs", self.runs, "--port", "0", "--host", host,
                         says="--api-key-file")
        self.refused(2, "--runs", self.runs, "--port", "65536", says="--port is 65536")
        self.refused(1, "--runs", self.root / "none", says="none")

    def test_keys_and_certificates_that_are_none_are_refused(self):
        bad = self.root / "bad.pem"
        bad.write_text("no certificate\n")
        for name in ["none", "bad.pem"]:
            self.refused(1, "--runs", self.runs, "--port", "0", "--tls-cert", self.root / name,
                         "--tls-key", self.root / name, says=name)
        self.refused(2, "--runs", self.runs, "--tls-cert", bad, says="--tls-key is missing")
        self.refused(1, "--runs", self.runs, "--api-key-file", self.root / "none", says="none")
        (self.root / "empty").touch()
        self.refused(1, "--runs", self.runs, "--api-key-file", self.root / "empty",
                     says="has no key")
        (self.root / "short").write_text("abc\n")
        self.refused(1, "--runs", self.runs, "--api-key-file", self.root / "short",
                     says="3 characters")
        self.refused(1, "--runs", self.runs, "--upload-secret-file", self.root / "empty",
                     says="no secret")


class Drain(ServerTest):
    kinds = ("long",)

    def setUp(self):
        self.servers = []
        self.addCleanup(lambda: [server.stop() for server in self.servers])

    def serve(self, *flags):
        server = Server(self.runs, *flags)
        self.servers.append(server)
        server.seconds_until(lambda: server.get("/ready").status == 200)
        return server

    def test_running_streams_finish_and_new_work_is_sent_elsewhere(self):
        server = self.serve()
        streams = [server.stream_long(n=2, seed=seed) for seed in range(2)]
        server.signal()
        server.seconds_until(lambda: server.get("/ready").status == 503)
        self.assertEqual(server.get("/ready").json()["status"], "draining")
        for path, body in [("/v1/completions", completion("long")),
                           ("/v1/chat/completions",
                            {"model": "long", "messages": [{"role": "user", "content": "Hi"}]}),
                           ("/api/generate", {"prompt": "Once"})]:
            refused = server.post(path, body)
            self.assertEqual(refused.status, 503, refused)
            self.assertGreater(int(refused.headers["retry-after"]), 0)
        self.assertEqual(server.get("/health").status, 200)
        for stream in streams:
            self.assert_ended_well(stream.rest(), "length")
        self.assertEqual(server.wait(10), 0)

    def test_whole_answers_that_are_being_written_are_given(self):
        server = self.serve()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            server.complete("long", max_tokens=1500, ignore_eos=True)))
        thread.start()
        server.seconds_until(lambda: server.n_busy() > 0 or answers)
        server.signal()
        thread.join(30)
        self.assertEqual(answers[0].status, 200)
        self.assertEqual(answers[0].json()["usage"]["completion_tokens"], 1500)
        self.assertEqual(server.wait(10), 0)

    def test_what_takes_longer_than_the_timeout_is_cut_short_in_good_order(self):
        server = self.serve("--drain-timeout", "0.5")
        streams = [server.stream_long(), server.stream("/v1/completions", completion(
            "long", stream=True, max_tokens=2000, ignore_eos=True, n=32,
            stream_options={"include_usage": True}))]
        begun_at = time.monotonic()
        server.signal()
        for stream in streams:
            reasons = self.assert_ended_well(stream.rest(), "length")
            self.assertEqual(len(reasons), 32)
        seconds = time.monotonic() - begun_at
        say(f"cut short after a drain timeout of 500 ms: {ms(seconds)}")
        self.assertEqual(server.wait(10), 0)
        self.assertLess(seconds, 0.5 + 2)

    def test_a_second_signal_ends_it_at_once(self):
        server = self.serve()
        stream = server.stream_long()
        self.addCleanup(stream.close)
        server.signal()
        server.seconds_until(lambda: server.get("/ready").status == 503)
        begun_at = time.monotonic()
        server.signal()
        self.assertEqual(server.wait(10), 128 + signal.SIGTERM)
        say(f"second signal to exit: {ms(time.monotonic() - begun_at)}")
        self.assertLess(time.monotonic() - begun_at, 1)


class Cancellation(ServerTest):
    kinds = ("long",)
    flags = ("--max-sessions", "32")

    def leave(self, what, *connections):
        for connection in connections:
            connection.close()
        seconds = self.server.seconds_until_idle()
        say(f"idle after a client left {what}: {ms(seconds)}, target 50 ms")
        self.assertLess(seconds, 1)
        self.assertEqual(self.server.gauge("alpha_kv_blocks", state="used"), 0)

    def send(self, body):
        connection = self.server.connect()
        connection.request("POST", "/v1/completions", body=json.dumps(body))
        return connection

    def test_while_it_streams(self):
        self.leave("a stream", self.server.stream_long())

    def test_while_it_waits_for_a_whole_answer(self):
        connection = self.send(completion("long", max_tokens=2000, ignore_eos=True, n=32))
        self.server.seconds_until(lambda: self.server.gauge("alpha_requests_running") > 0)
        self.leave("while it waited for a whole answer", connection)

    def test_while_it_is_queued(self):
        stream = self.server.stream_long()
        connections = [self.send(completion("long", max_tokens=2000, ignore_eos=True, n=32))
                       for _ in range(4)]
        self.server.seconds_until(lambda: self.server.gauge("alpha_requests_waiting") == 4)
        for connection in connections:
            connection.close()
        seconds = self.server.seconds_until(
            lambda: self.server.gauge("alpha_requests_waiting") == 0)
        say(f"queue empty after its clients left: {ms(seconds)}, target 50 ms")
        self.assertLess(seconds, 1)
        self.assertGreater(self.server.gauge("alpha_requests_running"), 0)
        self.leave("a stream, others having left the queue", stream)

    def test_while_its_prompts_are_read(self):
        prompts = [(f"{i} " + "Once upon a time there was a cat. " * 60)[:2000] for i in range(32)]
        connection = self.send(completion("long", prompts, max_tokens=1))
        self.server.seconds_until(lambda: self.server.gauge("alpha_requests_running") > 0)
        self.leave("while its prompts were read", connection)

    def test_clients_that_do_not_read_are_given_up_on_or_served_in_bounded_memory(self):
        before = self.server.resident_bytes()
        stream = self.server.stream_long()
        time.sleep(1)
        self.assertLess(self.server.resident_bytes() - before, 200e6)
        self.leave("a stream that it did not read", stream)

    def test_the_access_log_and_the_counters_say_so(self):
        self.server.stream_long().close()
        self.server.seconds_until_idle()
        self.server.seconds_until(lambda: any(
            line.get("finish_reason") == "cancelled" for line in self.server.access_log()))
        self.assertGreater(
            self.server.gauge("alpha_requests_finished_total", finish_reason="cancelled"), 0)
