"""Who may use `alpha serve`, and what nobody reaches through it."""

import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from serving import Server, ServerTest, add_run, completion, shared

KEYS = {"alice": "sk-alice-0123456789abcdef", "bob": "sk-bob-fedcba9876543210",
        "key3": "sk-nameless-00112233"}
SECRET = "the-upload-secret-4711"


class Origins(ServerTest):
    kinds = ("small",)
    flags = ("--cors-origin", "https://example.org,http://localhost:5173", "--allow-host",
             "alpha.example")

    def post(self, **headers):
        return self.server.post("/v1/completions", completion("small", max_tokens=1),
                                headers={key.replace("_", "-"): value
                                         for key, value in headers.items()})

    def test_hosts_of_other_names_are_refused(self):
        for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip",
                     "[::2]", "10.0.0.1", "alpha.example.evil", "localhost@evil"]:
            for path in ["/v1/models", "/api/runs", "/metrics", "/health"]:
                answer = self.server.get(path, headers={"Host": host})
                self.assertEqual(answer.status, 403, (host, path, answer))
        for host in ["localhost", "LOCALHOST:1234", f"127.0.0.1:{self.server.port}", "[::1]:80",
                     "alpha.example"]:
            self.assertEqual(self.server.get("/v1/models", headers={"Host": host}).status, 200)

    def test_a_request_without_or_with_two_hosts_is_refused(self):
        for head in [b"GET /v1/models HTTP/1.1\r\n\r\n",
                     b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
                     b"GET /v1/models HTTP/1.1\r\nHost:\r\n\r\n"]:
            self.assertRegex(self.server.raw(head)[:13], rb"^HTTP/1\.1 4\d\d ", head)

    def test_pages_of_other_origins_change_nothing(self):
        for origin in ["https://evil.example", "null", "https://example.org.evil",
                       "http://example.org", "https://example.org:444", "file://"]:
            answer = self.post(Origin=origin)
            self.assertEqual(answer.status, 403, (origin, answer))
            self.assertNotIn("access-control-allow-origin", answer.headers)
            for method, path in [("POST", "/api/generate"), ("DELETE", "/api/runs/small"),
                                 ("POST", "/api/ingest"), ("POST", "/tokenize")]:
                answer = self.server.ask(method, path, b"{}", headers={"Origin": origin})
                self.assertEqual(answer.status, 403, (path, answer))
        read = self.server.get("/v1/models", headers={"Origin": "https://evil.example"})
        self.assertNotIn("access-control-allow-origin", read.headers)

    def test_pages_of_allowed_origins_may(self):
        for origin in ["https://example.org", "http://localhost:5173"]:
            answer = self.post(Origin=origin)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.headers["access-control-allow-origin"], origin)
            self.assertIn("Origin", answer.headers["vary"])
            refused = self.server.post("/v1/completions", b"{", headers={"Origin": origin})
            self.assertEqual(refused.headers["access-control-allow-origin"], origin)
        same = self.post(Origin=f"http://127.0.0.1:{self.server.port}")
        self.assertEqual(same.status, 200)
        stream = self.server.stream("/v1/completions", completion("small", stream=True),
                                    headers={"Origin": "https://example.org"})
        self.assertEqual(stream.headers["access-control-allow-origin"], "https://example.org")
        stream.close()

    def test_preflights_are_answered_for_allowed_origins_alone(self):
        asked = {"Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"}
        answer = self.server.ask("OPTIONS", "/v1/chat/completions",
                                 headers={**asked, "Origin": "https://example.org"})
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://example.org")
        self.assertIn("POST", answer.headers["access-control-allow-methods"])
        self.assertIn("authorization", answer.headers["access-control-allow-headers"].lower())
        refused = self.server.ask("OPTIONS", "/v1/chat/completions",
                                  headers={**asked, "Origin": "https://evil.example"})
        self.assertNotIn("access-control-allow-origin", refused.headers)

    def test_answers_cannot_be_taken_for_a_page(self):
        for path in ["/none/<script>alert(1)</script>", "/v1/models/<script>", "/api/runs/<b>",
                     "/%0d%0aX-Evil:%201"]:
            answer = self.server.get(urllib.parse.quote(path, safe="/%"))
            self.assertIn("application/json", answer.headers["content-type"])
            self.assertNotIn("x-evil", answer.headers)


class Keys(ServerTest):
    kinds = ("small",)

    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(dir=shared()))
        cls.addClassCleanup(shutil.rmtree, folder)
        (folder / "keys").write_text(f"# keys\nalice {KEYS['alice']}\n\nbob {KEYS['bob']}  # his\n"
                                     f"{KEYS['key3']}\n")
        (folder / "secret").write_text(SECRET + "\n")
        cls.flags = ("--api-key-file", folder / "keys", "--upload-secret-file", folder / "secret")
        super().setUpClass()

    def ask(self, method, path, key=None, body=None):
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.server.ask(method, path, body, headers=headers)

    def test_nothing_but_health_is_open(self):
        for path in ["/health", "/v1/health", "/ready"]:
            self.assertEqual(self.ask("GET", path).status, 200)
        for method, path in [("GET", "/v1/models"), ("GET", "/v1/models/small"),
                             ("POST", "/v1/completions"), ("POST", "/v1/chat/completions"),
                             ("POST", "/chat/completions"), ("POST", "/v1/embeddings"),
                             ("POST", "/tokenize"), ("POST", "/detokenize"), ("GET", "/metrics"),
                             ("GET", "/api/generate?prompt=x"), ("POST", "/api/generate"),
                             ("GET", "/api/inference?query=x"), ("POST", "/api/chat"),
                             ("GET", "/api/models"), ("GET", "/api/domains"),
                             ("GET", "/api/version"), ("GET", "/api/runs"),
                             ("GET", "/api/runs/small"), ("GET", "/api/runs/small/metrics"),
                             ("GET", "/api/runs/small/samples"), ("GET", "/api/runs/small/events"),
                             ("GET", "/api/runs/small/checkpoints"),
                             ("GET", "/api/runs/small/checkpoints/60/download"),
                             ("POST", "/api/models/small/load"),
                             ("POST", "/api/models/small/unload"), ("GET", "/api/system"),
                             ("GET", "/api/training/live"), ("POST", "/api/ingest"),
                             ("POST", "/api/ingest/complete"), ("POST", "/api/upload")]:
            for key in [None, "", "sk-wrong", KEYS["alice"][:-1], KEYS["alice"] + "x",
                        KEYS["alice"].upper(), "alice"]:
                answer = self.ask(method, path, key, b"{}" if method == "POST" else None)
                self.assertEqual(answer.status, 401, (method, path, key, answer))

    def test_each_key_opens_and_its_name_is_logged(self):
        for name, key in KEYS.items():
            answer = self.ask("POST", "/v1/completions", key, completion("small", max_tokens=1))
            self.assertEqual(answer.status, 200, answer)
            request = answer.headers["x-request-id"]
            self.server.seconds_until(lambda wanted=request: any(
                line["id"] == wanted for line in self.server.access_log()))
            line = next(line for line in self.server.access_log() if line["id"] == request)
            self.assertEqual((line["key"], line["status"], line["completion_tokens"]),
                             (name, 200, 1))
        self.assertEqual(self.server.get("/v1/models", headers={
            "Authorization": f"bearer  {KEYS['bob']}"}).status, 200)
        wrong = self.ask("GET", "/v1/models", "sk-wrong")
        self.assertEqual((wrong.error["type"], wrong.error["code"]),
                         ("authentication_error", "invalid_api_key"))
        self.assertIn("Bearer", wrong.headers["www-authenticate"])

    def test_keys_do_not_open_what_the_secret_does(self):
        for path in ["/api/ingest", "/api/ingest/complete", "/api/upload"]:
            self.assertEqual(self.ask("POST", path, KEYS["alice"], b"{}").status, 401)
            self.assertNotEqual(self.ask("POST", path, SECRET, b"{}").status, 401)
        self.assertEqual(self.ask("GET", "/v1/models", SECRET).status, 401)

    def test_what_is_secret_is_never_written(self):
        prompt = "a prompt that nobody shall read"
        for key in [*KEYS.values(), SECRET, "sk-wrong-key-of-somebody"]:
            self.ask("POST", "/v1/completions", key, completion("small", prompt, max_tokens=1))
            self.ask("GET", f"/v1/models/none?key={key}", key)
            self.ask("POST", "/v1/completions", key, b'{"model": ')
            self.ask("POST", "/api/ingest", key, {"type": "run_start"})
        self.ask("GET", "/metrics", KEYS["bob"])
        written = bytes(self.server.output + self.server.errors).decode()
        metrics = self.ask("GET", "/metrics", KEYS["bob"]).body.decode()
        for word in [*KEYS.values(), SECRET, "sk-wrong-key-of-somebody", prompt]:
            self.assertNotIn(word, written)
            self.assertNotIn(word, metrics)


class Paths(ServerTest):
    """Nothing outside the run folders is read or written, whatever a name says."""

    kinds = ("small",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        add_run(cls.root, "small", "outside")  # beside the folder of runs
        cls.server = Server(cls.runs, env={"UPLOAD_SECRET": SECRET})
        cls.addClassCleanup(cls.server.stop)
        cls.server.seconds_until(lambda: cls.server.get("/ready").status == 200)
        cls.before = cls.files()

    @classmethod
    def files(cls):
        return sorted(str(path.relative_to(cls.root)) for path in cls.root.rglob("*")
                      if not path.name.startswith("."))

    NAMES = ["../outside", "..", ".", "../../etc/passwd", "/etc/passwd", "small/../../outside",
             "./small", "small/.", "..\\outside", "small\0", "...", "~", "", "small/checkpoint-60",
             "%2e%2e/outside", "..%2foutside", "%252e%252e%252foutside"]

    def spellings(self, name):
        yield name.replace("\0", "%00")
        yield "".join(f"%{byte:02x}" for byte in name.encode())
        yield "".join(f"%25{byte:02x}" for byte in name.encode())

    def test_names_in_paths(self):
        for name in self.NAMES:
            for spelling in self.spellings(name):
                for pattern in ["/api/runs/{}/metrics", "/api/runs/{}/checkpoints",
                                "/api/runs/{}/samples", "/api/runs/{}/events", "/api/runs/{}",
                                "/v1/models/{}"]:
                    target = pattern.format(spelling)
                    if target in ("/api/runs/", "/v1/models/"):
                        continue
                    answer = self.server.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                                             "Connection: close\r\n\r\n".encode())
                    self.assertRegex(answer[:13], rb"^HTTP/1\.1 40[04] ", (target, answer))
                    self.assertNotIn(b"root:", answer)

    def test_names_in_bodies(self):
        for name in self.NAMES[:-3]:
            if name == "":
                continue
            for path, body in [("/v1/completions", completion(name)),
                               ("/v1/embeddings", {"model": name, "input": "x"}),
                               ("/tokenize", {"model": name, "prompt": "x"}),
                               ("/api/generate", {"model": name, "prompt": "x"})]:
                self.assertEqual(self.server.post(path, body).status, 404, (path, name))
            for step in ["../60", "60/../60", "-60", "+60", "060x", ""]:
                self.assertEqual(self.server.complete(f"small@{step}").status, 404, step)

    def report(self, path, body=b"", **headers):
        return self.server.post(path, body, headers={
            "Authorization": f"Bearer {SECRET}",
            **{f"X-Checkpoint-{key}": value for key, value in headers.items()}})

    def test_names_of_what_is_reported_and_uploaded(self):
        start = {"type": "run_start", "modelConfig": {}, "trainConfig": {}, "configHash": "x"}
        for name in [*self.NAMES, "a/b", "x" * 300, "a\nb", "small"]:
            answer = self.report("/api/ingest", {**start, "runId": name})
            self.assertIn(answer.status, (400, 404, 409), (name, answer))
            self.report("/api/ingest", {"type": "metrics", "runId": name,
                                        "metrics": [{"step": 1, "loss": 1.0}]})
            self.report("/api/ingest/complete", {"runId": name, "finalStep": 1})
        good = self.report("/api/ingest", {**start, "runId": "reported"})
        self.assertEqual(good.status, 200, good)
        for name in ["../outside", "..", "/etc", "small/../..", "a/b", "small"]:
            answer = self.report("/api/upload", b"x", Name=name, Step="1", Offset="0",
                                 File="model.safetensors")
            self.assertIn(answer.status, (400, 404), (name, answer))
        for file in ["../x", "..", "/etc/x", "a/../../x", "sub/x", ".hidden", "%2e%2e%2fx",
                     "other.txt", "model.safetensors/../x", "x" * 300]:
            answer = self.report("/api/upload", b"x", Name="reported", Step="1", Offset="0",
                                 File=file)
            self.assertEqual(answer.status, 400, (file, answer))
        for step in ["-1", "1/../..", "x", "", "99999999999999999999"]:
            answer = self.report("/api/upload", b"x", Name="reported", Step=step, Offset="0",
                                 File="model.safetensors")
            self.assertEqual(answer.status, 400, (step, answer))
        new = [file for file in self.files() if file not in self.before]
        self.assertTrue(all(file.startswith("runs/reported") for file in new), new)
        shutil.rmtree(self.runs / "reported")

    def test_reports_need_the_secret(self):
        for headers in [{}, {"Authorization": "Bearer wrong"}, {"Authorization": SECRET},
                        {"Authorization": f"Basic {SECRET}"}]:
            for path in ["/api/ingest", "/api/ingest/complete", "/api/upload"]:
                self.assertEqual(self.server.post(path, {}, headers=headers).status, 401)

    def test_without_a_secret_there_are_no_reports(self):
        with Server(self.runs) as server:
            for headers in [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}]:
                self.assertEqual(server.post("/api/ingest", {}, headers=headers).status, 403)

    def test_links_that_lead_out_are_not_followed_into_names(self):
        answer = self.server.get("/v1/models")
        self.assertEqual([model["id"] for model in answer.json()["data"]], ["small"])


@unittest.skipIf(shutil.which("openssl") is None, "openssl is not installed: no certificate")
class Tls(ServerTest):
    kinds = ("small",)

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(dir=shared()))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name in ["cert", "other"]:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                            "-keyout", cls.folder / f"{name}.key", "-out", cls.folder / name],
                           check=True, capture_output=True)
        cls.flags = ("--tls-cert", cls.folder / "cert", "--tls-key", cls.folder / "cert.key")
        cls.context = ssl.create_default_context(cafile=cls.folder / "cert")
        super().setUpClass()

    def test_answers_and_streams_come_through_it(self):
        answer = self.server.complete("small", max_tokens=20, seed=1)
        self.assertEqual(answer.status, 200)
        stream = self.server.stream("/v1/completions", completion(
            "small", stream=True, max_tokens=20, seed=1, stream_options={"include_usage": True}))
        events = stream.rest()
        self.assert_ended_well(events)
        text = "".join(choice["text"] for event in events[:-1] for choice in event["choices"])
        self.assertEqual(text, answer.json()["choices"][0]["text"])
        large = self.server.post("/tokenize", {"prompt": "Once upon a time. " * 50_000})
        self.assertEqual((large.status, large.json()["count"]), (200, 900_000))

    def test_one_that_is_not_the_servers_is_not_believed(self):
        context = ssl.create_default_context(cafile=self.folder / "other")
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            with self.assertRaises(ssl.SSLCertVerificationError):
                context.wrap_socket(connection, server_hostname="127.0.0.1")
        self.assertEqual(self.server.get("/health").status, 200)

    def test_plain_text_and_old_versions_are_refused(self):
        answer = self.server.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertNotIn(b"200 OK", answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(connection, server_hostname="127.0.0.1")
        self.assertEqual(self.server.get("/health").status, 200)

    def test_a_key_of_another_certificate_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "error: "):
            Server(self.runs, "--tls-cert", self.folder / "cert", "--tls-key",
                   self.folder / "other.key")
