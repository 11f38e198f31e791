"""`alpha serve` under load, and with clients that mean harm."""

import json
import select
import socket
import statistics
import threading
import time
import unittest

from serving import (IS_LONG, Server, ServerTest, all_at_once, completion, ms, percentile,
                     raise_file_limit, say, shared)

MiB = 1 << 20


class Load(ServerTest):
    kinds = ("small",)
    flags = ("--queue", "64", "--max-sessions", "16", "--access-log", "off")

    @classmethod
    def setUpClass(cls):
        cls.n_files = raise_file_limit(20_000)
        super().setUpClass()
        cls.server.complete("small")
        cls.pid = cls.server.pid

    def test_above_the_queue_requests_are_told_to_come_again(self):
        before = self.server.resident_bytes()
        bodies = [completion("small", seed=i, max_tokens=100, ignore_eos=True) for i in range(400)]
        answers = all_at_once(self.server.port, "/v1/completions", bodies)
        accepted = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status == 429]
        self.assertEqual(len(accepted) + len(refused), 400, [a.status for a in answers])
        self.assertGreaterEqual(len(accepted), 64)
        for answer in accepted:
            self.assertEqual(answer.json()["usage"]["completion_tokens"], 100)
        for answer in refused:
            self.assertGreater(int(answer.headers["retry-after"]), 0)
            self.assertEqual(answer.error["type"], "rate_limit_error")
        seconds = [answer.seconds for answer in accepted]
        say(f"400 at once, queue 64: {len(accepted)} accepted, p50 "
            f"{ms(percentile(seconds, 50))}, p99 {ms(percentile(seconds, 99))}; {len(refused)} "
            f"refused, p99 {ms(percentile([a.seconds for a in refused] or [0], 99))}")
        self.server.seconds_until_idle()
        grown = self.server.resident_bytes() - before
        say(f"memory: {self.server.resident_bytes() / MiB:.0f} MiB, {grown / MiB:.1f} MiB of them "
            "since")
        self.assertLess(grown, 200 * MiB)

    def seconds_of_health(self, n=50):
        seconds = []
        for _ in range(n):
            answer = self.server.get("/health")
            self.assertEqual(answer.status, 200)
            seconds.append(answer.seconds)
            time.sleep(0.002)
        return seconds

    def hold(self, n, what, send):
        """Opens connections and sees how the server is with them."""
        before = self.server.resident_bytes()
        connections = []
        try:
            for _ in range(n):
                connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
                connections.append(connection)
                send(connection)
            seconds = self.seconds_of_health()
            self.assertGreaterEqual(self.server.gauge("alpha_http_connections"), n)
            grown = self.server.resident_bytes() - before
            say(f"/health beside {n} {what}: median {ms(statistics.median(seconds))}, largest "
                f"{ms(max(seconds))}, target 50 ms; {grown / n / 1024:.1f} KiB each")
            self.assertLess(statistics.median(seconds), 0.5)
            self.assertLess(grown, 20_000 * n + 20 * MiB)
            self.assertEqual(self.server.complete("small").status, 200)
        finally:
            for connection in connections:
                connection.close()
        self.server.seconds_until(lambda: self.server.gauge("alpha_http_connections") < 10)

    def test_half_sent_requests_do_not_keep_others_from_answers(self):
        n = 5000 if self.n_files >= 6000 else 1000
        whole = (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                 b"\r\n{\"model\": ")
        self.hold(n, "half-sent requests", lambda connection: connection.sendall(
            whole[:len(whole) - connection.fileno() % 90]))

    @unittest.skipUnless(IS_LONG, "takes half a minute: --long")
    def test_a_head_that_does_not_come_to_its_end_is_given_up_on(self):
        begun_at = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            while not select.select([connection], [], [], 1)[0]:
                connection.sendall(b"GET /health HTTP/1.1\r\nX-Slow: "[:1])
            answer = connection.recv(4096)
        say(f"a head a byte at a time: {answer[:12]!r} after {ms(time.monotonic() - begun_at)}")
        self.assertIn(b" 408 ", answer)

    def test_idle_connections_cost_little(self):
        def ask(connection):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200 OK", connection.recv(4096))
        self.hold(10_000 if IS_LONG and self.n_files >= 11_000 else 1000, "idle connections", ask)

    def test_many_requests_come_over_one_connection(self):
        connection = self.server.connect()
        for i in range(200):
            connection.request("POST", "/v1/completions", body=json.dumps(
                completion("small", max_tokens=1, seed=i)))
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            response.read()
        connection.close()

    def test_streams_of_many_clients_all_come_to_their_end(self):
        bodies = [completion("small", seed=i, max_tokens=40, stream=True, ignore_eos=True,
                             stream_options={"include_usage": True}) for i in range(64)]
        for answer in all_at_once(self.server.port, "/v1/completions", bodies):
            self.assertEqual(answer.status, 200)
            self.assert_ended_well(answer.events(), "length")


class Queue(ServerTest):
    """Two texts at a time, so that the others wait."""

    kinds = ("long",)

    @classmethod
    def setUpClass(cls):
        keys = shared() / "queue.keys"
        keys.write_text("alice sk-alice-1\nbob sk-bob-12\n")
        cls.flags = ("--max-sessions", "2", "--queue", "30", "--queue-timeout", "20",
                     "--api-key-file", keys, "--access-log", "off")
        cls.headers = {"Authorization": "Bearer sk-alice-1"}
        super().setUpClass()
        cls.server.complete("long", max_tokens=1)

    def test_one_with_many_requests_does_not_keep_others_waiting(self):
        bodies = [completion("long", seed=i, max_tokens=300, ignore_eos=True) for i in range(20)]
        answers = []
        alice = threading.Thread(target=lambda: answers.extend(
            all_at_once(self.server.port, "/v1/completions", bodies, self.headers)))
        begun_at = time.monotonic()
        alice.start()
        self.server.seconds_until(lambda: self.server.gauge("alpha_requests_waiting") > 10)
        asked_at = time.monotonic()
        bob = self.server.post("/v1/completions", bodies[0],
                               headers={"Authorization": "Bearer sk-bob-12"})
        alice.join()
        self.assertEqual({answer.status for answer in [bob, *answers]}, {200})
        later = sum(answer.seconds > asked_at - begun_at + bob.seconds for answer in answers)
        say(f"a second client's one request beside 20 of another: {ms(bob.seconds)}, {later} of "
            "the others ended later")
        self.assertGreater(later, 5)

    def test_a_request_waits_no_longer_than_it_may(self):
        with Server(self.runs, "--max-sessions", "1", "--queue-timeout", "0.3",
                    "--access-log", "off") as server:
            server.seconds_until(lambda: server.get("/ready").status == 200)
            server.complete("long", max_tokens=1)
            answers = all_at_once(server.port, "/v1/completions", [completion(
                "long", seed=i, max_tokens=2000, ignore_eos=True) for i in range(12)])
        refused = [answer for answer in answers if answer.status != 200]
        self.assertLess(len(refused), 12)
        self.assertTrue(refused)
        for answer in refused:
            self.assertEqual(answer.status, 429, answer)
            self.assertGreater(int(answer.headers["retry-after"]), 0)
        say(f"refused after waiting 300 ms: the first {ms(min(a.seconds for a in refused))}, the "
            f"last {ms(max(a.seconds for a in refused))}")
        self.assertLess(max(answer.seconds for answer in refused), 3)


class Strict(ServerTest):
    kinds = ("small",)
    flags = ("--strict",)

    def test_unknown_fields_are_refused(self):
        self.assert_refused(self.server.complete("small", max_tokens=1, top_n=3), 400, "top_n")
        self.assertEqual(self.server.complete("small", max_tokens=1, top_k=3).status, 200)


class Hostile(ServerTest):
    kinds = ("small",)
    flags = ("--access-log", "off")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.complete("small")
        cls.before = cls.server.resident_bytes()

    def tearDown(self):
        """Whatever came: the same process, in bounded memory, and in good health."""
        self.assertIsNone(self.server.process.poll())
        self.assertEqual(self.server.get("/health").status, 200)
        self.server.seconds_until(
            lambda: self.server.resident_bytes() - self.before < 100 * MiB, timeout=10)

    @classmethod
    def tearDownClass(cls):
        grown = cls.server.resident_bytes() - cls.before
        say(f"memory that hostile input has left behind: {grown / MiB:.1f} MiB")

    def pour(self, head, piece, total):
        """Sends a head and then pieces until all is sent or an answer comes: its status."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(head)
            sent, most = 0, 0
            while sent < total and not select.select([connection], [], [], 0)[0]:
                try:
                    connection.sendall(piece)
                except OSError:
                    break
                sent += len(piece)
                most = max(most, self.server.resident_bytes())
            try:
                answer = connection.recv(65536)
            except ConnectionResetError:
                self.fail("the connection was reset before the answer could be read")
        self.assertLess(most - self.before, 100 * MiB)
        return int(answer.split(b" ")[1])

    def test_large_bodies_are_refused_before_they_are_read(self):
        head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
        length = b"Content-Length: 104857600\r\n\r\n"
        self.assertEqual(self.pour(head + length, b"x" * MiB, 100 * MiB), 413)
        chunk = b"100000\r\n" + b"x" * MiB + b"\r\n"
        chunked = b"Transfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(self.pour(head + chunked, chunk, 100 * MiB), 413)
        small = b"1\r\nx\r\n" * 10_000  # many chunks, each with a cost
        self.assertEqual(self.pour(head + chunked, small, 100 * MiB), 413)

    def test_large_heads_are_refused(self):
        head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
        self.assertEqual(self.pour(head + b"X: ", b"x" * 65536, MiB), 431)
        self.assertEqual(self.pour(head, b"X-Y: z\r\n" * 1000, 80_000), 431)
        self.assertIn(self.pour(b"GET /", b"x" * 65536, MiB), (414, 431))

    def test_what_is_no_http_is_refused(self):
        for request in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, b"\0" * 100,
                        b"GET /health\r\n\r\n", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"GET /health HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n",
                        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET /health HTTP/1.1\r\n\r\n",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: -1\r\n\r\n",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: 99999999999999999999\r\n\r\n",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]:
            answer = self.server.raw(request)
            self.assertRegex(answer[:13], rb"^HTTP/1\.[01] (4\d\d|50[15]) ", request[:80])

    def test_deep_and_wide_json_is_refused_at_once(self):
        def fields(n, key="{:x}"):
            return "{" + ",".join(f'"{key.format(i)}":0' for i in range(n)) + "}"
        objects = "[" + ",".join("{" + ",".join(f'"{i}":0' for i in range(60)) + "}"
                                 for _ in range(2000)) + "]"
        for name, text, status in [
                ("100k-deep lists", "[" * 100_000, 400),
                ("100k-deep closed lists", "[" * 100_000 + "]" * 100_000, 400),
                ("100k-deep objects", '{"a":' * 100_000, 400),
                ("deep within", '{"model":"small","prompt":' + "[" * 100_000, 400),
                ("150,000 equal keys", fields(150_000, ""), 400),
                ("100,000 keys", fields(100_000), 400),
                ("100,000 keys within", f'{{"model":"small","metadata":{fields(100_000)}}}', 400),
                ("500,000 keys", fields(500_000, ""), 413),
                ("2,000 objects", f'{{"model":"small","prompt":{objects}}}', 400),
                ("one long number", '{"model":"small","seed":' + "9" * 1_000_000 + "}", 400),
                ("an open string", '{"model":"' + "\\" * 1_000_000, 400),
                ("300,000 lists", '{"model":"small","prompt":[' + "[]," * 300_000 + "[]]}", 400)]:
            self.assertLess(len(text), MiB if status == 400 else 4 * MiB, name)
            answer = self.server.post("/v1/completions", text.encode())
            self.assertEqual(answer.status, status, (name, answer))
            say(f"{name}: refused in {ms(answer.seconds)}")
            self.assertLess(answer.seconds, 3, name)

    def test_bodies_that_do_not_come_to_their_end_are_bounded_together(self):
        head = (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 4000000\r\n\r\n")
        before, connections, n_refused = self.server.resident_bytes(), [], 0
        try:
            for _ in range(100):
                connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
                connections.append(connection)
                try:
                    connection.sendall(head + b"x" * 3_900_000)
                except OSError:
                    pass  # it is refused already
            # The server may still be reading: those above the limit are told when it comes to them.
            open_ones, end = list(connections), time.monotonic() + 10
            while n_refused <= 10 and time.monotonic() < end:
                for connection in select.select(open_ones, [], [], 0.5)[0]:
                    self.assertIn(b" 503 ", connection.recv(4096)[:13])
                    open_ones.remove(connection)
                    n_refused += 1
            grown = self.server.resident_bytes() - before
            say(f"100 bodies of which 3.9 of 4 MB came: {grown / MiB:.0f} MiB, {n_refused} refused")
            self.assertLess(grown, 330 * MiB)
            self.assertGreater(n_refused, 10)
            self.assertEqual(self.server.get("/health").status, 200)
        finally:
            for connection in connections:
                connection.close()
        self.server.seconds_until(
            lambda: self.server.complete("small", max_tokens=1).status == 200)

    def test_long_texts_do_not_keep_others_waiting(self):
        bodies = [("/tokenize", {"model": "small", "prompt": "Once " * 200_000}),
                  ("/tokenize", {"model": "small", "prompt": "Once " * 200_000,
                                 "with_pieces": True}),
                  ("/detokenize", {"model": "small", "tokens": [1] * 300_000}),
                  ("/v1/completions", completion("small", "Once " * 200_000)),
                  ("/v1/completions", completion("small", [1] * 300_000)),
                  ("/v1/chat/completions", {"model": "small", "messages": [
                      {"role": "user", "content": "Once " * 200_000}]})]
        slowest = 0
        for path, body in bodies:
            answers = []
            thread = threading.Thread(
                target=lambda: answers.append(self.server.post(path, body)))  # noqa: B023
            thread.start()
            while thread.is_alive():
                slowest = max(slowest, self.server.get("/health").seconds)
            thread.join()
            self.assertIn(answers[0].status, (200, 400), answers[0])
        say(f"/health beside texts of 1 MB: at most {ms(slowest)}")
        self.assertLess(slowest, 2)

    def test_bodies_that_are_no_json_object_are_refused(self):
        for path in ["/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/tokenize",
                     "/detokenize"]:
            for body in [b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b"{}x", b"{'a':1}",
                         b"\xff\xfe", b'{"model":"\xff"}', b'{"model":"\xed\xa0\x80"}',
                         b'{"model":"small","prompt":"\xc3"}', b'{"a":NaN}', b'{"a":1e999}',
                         b'{"model":"\\ud800"}', b"\xef\xbb\xbf", b'{"model":"small",}']:
                self.assert_refused(self.server.post(path, body), 400)

    def test_numbers_at_their_limits_and_beyond(self):
        fields = {"n": (1, 64), "temperature": (0, 2), "top_p": (1e-9, 1), "top_k": (-1, 10**9),
                  "min_p": (0, 1), "repetition_penalty": (0.01, 100), "presence_penalty": (-2, 2),
                  "frequency_penalty": (-2, 2), "seed": (-2**63, 2**63 - 1), "logprobs": (0, 20),
                  "max_tokens": (0, 124), "max_completion_tokens": (0, 124)}  # 128 - 4
        whole = {"n", "top_k", "seed", "logprobs", "max_tokens", "max_completion_tokens"}
        for name, (least, most) in fields.items():
            values = [least - 1, least, -1, 0, 1, most, most + 1, 0.5, 2**31, 2**63 - 1, 2**63,
                      2**64, -2**63, -2**63 - 1, 1e308, -1e308, "NaN", "1", "", [], [1], {}, True]
            for value in values:
                body = {**completion("small", "Once"), "max_tokens": 1, name: value}
                if name == "max_completion_tokens":
                    body.pop("max_tokens")
                answer = self.server.post("/v1/completions", body)
                is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                is_valid = is_number and least <= value <= most and (
                    name not in whole or value == int(value))
                if is_valid:
                    self.assertEqual(answer.status, 200, (name, value, answer))
                else:
                    self.assert_refused(answer, 400, param=name)

    def test_numbers_of_chats_at_their_limits_and_beyond(self):
        chat = {"model": "small", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1,
                "logprobs": True}
        for name, values in {"top_logprobs": [-1, 21, 1.5, "1", 2**63], "max_tokens":
                             [0, -1, 10**6, "1"], "n": [0, 65, "1"], "logprobs": [1, "true"],
                             "stream": ["true", 1], "messages": [[], {}, "x", [1], [{}],
                                                                 [{"role": "king",
                                                                   "content": "x"}]],
                             "temperature": [-0.1, 2.1, "1"]}.items():
            for value in values:
                answer = self.server.post("/v1/chat/completions", {**chat, name: value})
                self.assertEqual(answer.status, 400, (name, value, answer))
                self.assertTrue(answer.error["param"].startswith(name), (name, value, answer))

    def test_stops_biases_and_schemas_have_limits(self):
        def refused(param, **fields):
            self.assert_refused(self.server.complete("small", max_tokens=1, **fields), 400, param)

        def taken(**fields):
            answer = self.server.complete("small", max_tokens=1, **fields)
            self.assertEqual(answer.status, 200, answer)

        taken(stop=[f"stop{i}" for i in range(16)])
        refused("stop", stop=[f"stop{i}" for i in range(17)])
        taken(stop="x" * 1024)
        refused("stop", stop="x" * 1025)
        refused("stop", stop=[1])
        taken(stop="")
        taken(logit_bias={"1": -100, "2": 100})
        for bias in [{"1": 101}, {"1": "x"}, {"-1": 1}, {"x": 1}, {"99999": 1}, {"1 ": 1}, [1],
                     {str(i): 1 for i in range(2000)}, {"01": 1, "1": 1}]:
            refused("logit_bias", logit_bias=bias)

        def schema(value, name="response_format.json_schema.schema"):
            answer = self.server.complete("small", max_tokens=1, response_format={
                "type": "json_schema", "json_schema": {"name": "x", "schema": value}})
            self.assert_refused(answer, 400, name)
            self.assertLess(answer.seconds, 5)

        deep = {"type": "string"}
        for _ in range(40):
            deep = {"type": "array", "items": deep}
        schema({"type": "object", "properties": {f"p{i}": {"type": "string"}
                                                 for i in range(3000)}})
        schema({"enum": ["x" * 100 + str(i) for i in range(7000)]})
        schema({"type": "string", "minLength": 10**9, "maxLength": 2 * 10**9})
        schema({"type": "array", "items": {"type": "integer"}, "minItems": 10**9})
        schema({"type": "no such"})
        schema({"$ref": "http://example.org/"})
        schema({"type": "string", "pattern": "(" * 5000})
        answer = self.server.complete("small", max_tokens=1, response_format={
            "type": "json_schema", "json_schema": {"name": "x", "schema": deep}})
        self.assertIn(answer.status, (200, 400))
        for value in [1, "json", [], {}, {"type": "xml"}, {"type": "json_schema"}]:
            self.assertEqual(self.server.complete("small", response_format=value).status, 400)

    def test_prompts_are_never_cut_silently(self):
        answer = self.server.complete("small", prompt="a" * 129)
        self.assert_refused(answer, 400, "prompt", says="129")
        self.assertEqual(answer.error["code"], "context_length_exceeded")
        self.assertIn("128", answer.error["message"])
        for prompt in ["", [], [""], ["Once", ""], [[]], [10**9], [-1], [1.5], [None], 7, {},
                       ["Once", 7], "\u2603\u2603"]:
            for path, name in [("/v1/completions", "prompt"), ("/v1/embeddings", "input")]:
                for is_stream in [False, True]:
                    body = {"model": "small", name: prompt}
                    if is_stream and name == "prompt":
                        body["stream"] = True
                    answer = self.server.post(path, body)
                    self.assert_refused(answer, 400, name)
                    self.assertIn("json", answer.headers["content-type"])
        self.assert_refused(self.server.complete("small", prompt=["x"] * 129), 400, "prompt")

    def test_the_originals_routes_refuse_as_well(self):
        for path in ["/api/generate?prompt=", "/api/generate?prompt=Once&max_tokens=0",
                     "/api/generate?prompt=Once&temperature=3", "/api/inference?query=",
                     "/api/inference?query=Once&steps=501", "/api/generate?prompt=Once&seed=-1",
                     "/api/inference?query=Once&temp=x", "/api/runs/small/metrics?last=-1",
                     "/api/runs/small/metrics?last=99999999999999999999"]:
            answer = self.server.get(path)
            self.assertEqual(answer.status, 400, (path, answer))
            self.assertEqual(set(answer.json()), {"error"})
            self.assertIsInstance(answer.error, str)

    def test_fields_that_do_nothing_are_told_of(self):
        answer = self.server.complete("small", max_tokens=1, no_such_field=1)
        self.assertEqual(answer.status, 200)
        self.assertIn("no_such_field", answer.headers["warning"])
        evil = self.server.complete("small", max_tokens=1, **{"a\r\nX-Evil: 1": 1})
        self.assertEqual(evil.status, 200)
        self.assertNotIn("x-evil", evil.headers)
        for name, value in [("suffix", "x"), ("best_of", 5), ("tools", [{}]), ("store", True)]:
            self.assert_refused(self.server.complete("small", **{name: value}), 400, name)

    def test_paths_and_methods_that_are_not_there(self):
        for method, path, status in [("GET", "/none", 404), ("GET", "/v1/completions", 405),
                                     ("DELETE", "/health", 405), ("PUT", "/v1/models", 405),
                                     ("GET", "/v1/models/none", 404), ("BREW", "/health", 405),
                                     ("GET", "/v1/models/small@7", 404),
                                     ("GET", "/v1/models/small@99999999999999999999", 404)]:
            answer = self.server.ask(method, path)
            self.assertIn(answer.status, (status, 501), (path, answer))
            if answer.status == 405:
                self.assertTrue(answer.headers["allow"])
