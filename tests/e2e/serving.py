"""What the end-to-end tests of `alpha serve` share: models, a server, clients."""

import asyncio
import atexit
import functools
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ALPHA = str(Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else "alpha"
IS_LONG = "--long" in sys.argv or os.environ.get("ALPHA_LONG") == "1"
sys.argv = [arg for arg in sys.argv if arg != "--long"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "UPLOAD_SECRET"}

SMALL = ["--tokenizer", "char", "--layers", "2", "--dim", "32", "--heads", "2", "--block", "128",
         "--batch", "4", "--lr", "1e-2", "--steps", "60", "--evalInterval", "20", "--evalIters",
         "2", "--checkpointInterval", "20", "--sampleInterval", "30"]
# A text of its 2048 tokens takes a while, and many at once, as `n` asks for, take long.
LONG = ["--tokenizer", "char", "--layers", "2", "--dim", "128", "--heads", "4", "--block", "2048",
        "--batch", "1", "--steps", "2", "--evalInterval", "1", "--evalIters", "1",
        "--checkpointInterval", "1", "--sampleInterval", "0"]


def say(text):
    """A figure that was measured."""
    print(f"    {text}", file=sys.stderr, flush=True)


def ms(seconds):
    return f"{seconds * 1e3:.1f} ms"


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


@functools.cache
def shared():
    """A folder for the whole run of tests."""
    path = Path(tempfile.mkdtemp(prefix="alpha_serve_"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def alpha(*args, timeout=120):
    done = subprocess.run([ALPHA, *map(str, args)], cwd=shared(), capture_output=True,
                          env=ENVIRONMENT, timeout=timeout, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{args}: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


@functools.cache
def corpus():
    path = shared() / "stories.txt"
    alpha("data", "make", "stories", "--size", "60KB", "--seed", "1", "--out", path)
    return path


@functools.cache
def trained(name):
    """The run folder of `small`, `other` or `long`: made once, never changed."""
    path = shared() / "trained" / name
    flags = {"small": SMALL, "other": [*SMALL, "--seed", "7"], "long": LONG}[name]
    alpha("train", "--data", corpus(), *flags, "--runDir", path, "--quiet")
    return path


def add_run(runs, kind, name=None, steps=None):
    """A copy of a trained run in a folder of runs, with the checkpoints of these steps alone."""
    source, place = trained(kind), Path(runs) / (name or kind)
    shutil.copytree(source, place)
    config = json.loads((place / "config.json").read_text())
    config["runId"] = place.name
    (place / "config.json").write_text(json.dumps(config))
    for checkpoint in place.glob("checkpoint-*"):
        if steps is not None and int(checkpoint.name.split("-")[1]) not in steps:
            shutil.rmtree(checkpoint)
    return place


def publish(source, place):
    """Copies a folder to where it shall be so that it is there at once or not at all."""
    hidden = Path(place).parent.parent / f".{Path(place).name}.{time.monotonic_ns()}"
    shutil.copytree(source, hidden)
    os.rename(hidden, place)


class Answer:
    def __init__(self, status, headers, body, seconds=0.0):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]

    def events(self):
        return parse_events(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


def parse_events(body):
    """The data of an event stream, as objects; the closing [DONE] as text."""
    data = [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]
    return ["[DONE]" if item == "[DONE]" else json.loads(item) for item in data]


def without_ids(events):
    """Events without what is new in each answer."""
    kept = []
    for event in events:
        if isinstance(event, dict):
            event = {key: value for key, value in event.items() if key not in ("id", "created")}
        kept.append(event)
    return kept


class Stream:
    """An answer that is read as it comes."""

    def __init__(self, connection):
        self.connection, self.socket = connection, connection.sock
        try:
            self.response = response = connection.getresponse()
        except Exception:
            connection.close()
            raise
        self.status = response.status
        self.headers = {key.lower(): value for key, value in response.getheaders()}

    def next(self):
        """The next event's data; None at the end."""
        while True:
            line = self.response.readline()
            if not line:
                return None
            if line.startswith(b"data: "):
                data = line[6:].strip().decode()
                return data if data == "[DONE]" else json.loads(data)

    def next_named(self):
        """The next event's name and data, or a comment; None at the end."""
        name = ""
        while True:
            line = self.response.readline()
            if not line:
                return None
            if line.startswith(b": "):
                return line[2:].strip().decode(), None
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            if line.startswith(b"data: "):
                return name, json.loads(line[6:])

    def rest(self):
        events = []
        while (event := self.next()) is not None:
            events.append(event)
        self.close()
        return events

    def close(self):
        """The client leaves, even while another thread reads."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already
        self.response.close()
        self.connection.close()


class Client:
    """Asks the server at a port of this machine."""

    def __init__(self, port, context=None, headers=None):
        self.port, self.context, self.headers = port, context, headers or {}

    def connect(self, timeout=60):
        if self.context is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                               context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=60):
        begun_at = time.monotonic()
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body=encoded(body),
                               headers={**self.headers, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                          content, time.monotonic() - begun_at)
        finally:
            connection.close()

    def get(self, path, **kwargs):
        return self.ask("GET", path, **kwargs)

    def post(self, path, body, **kwargs):
        return self.ask("POST", path, body, **kwargs)

    def complete(self, model, **fields):
        return self.post("/v1/completions", completion(model, **fields))

    def stream(self, path, body=None, headers=None, timeout=60):
        connection = self.connect(timeout)
        connection.request("GET" if body is None else "POST", path, body=encoded(body),
                           headers={**self.headers, **(headers or {})})
        return Stream(connection)

    def stream_long(self, n=32, **fields):
        """A stream that takes many seconds, after its first token."""
        stream = self.stream("/v1/completions", completion(
            "long", stream=True, n=n, max_tokens=2000, ignore_eos=True,
            stream_options={"include_usage": True}, **fields))
        if stream.status != 200 or stream.next() is None:
            raise AssertionError(f"no stream: {stream.status}")
        return stream


class Server(Client):
    """A running `alpha serve`."""

    def __init__(self, runs, *flags, threads=1, port=0, env=None, context=None, host="127.0.0.1",
                 headers=None):
        super().__init__(port, context, headers)
        self.begun_at = time.monotonic()
        self.process = subprocess.Popen(
            [ALPHA, "serve", "--runs", str(runs), "--port", str(port), "--host", host,
             "--threads", str(threads), *map(str, flags)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**ENVIRONMENT, **(env or {})})
        self.output, self.errors = bytearray(), bytearray()
        self.is_listening = threading.Event()
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in [(self.process.stdout, self.output),
                                     (self.process.stderr, self.errors)]]
        for reader in self.readers:
            reader.start()
        self.is_listening.wait(30)
        at = re.search(rb" on https?://\S*:(\d+) ", self.errors)
        if at is None:
            self.stop()
            raise AssertionError(f"no server: {self.errors.decode()}")
        self.port = int(at.group(1))

    def _read(self, pipe, into):
        while chunk := os.read(pipe.fileno(), 1 << 16):
            into.extend(chunk)
            if into is self.errors and b"\n" in into:
                self.is_listening.set()
        self.is_listening.set()

    @property
    def pid(self):
        return self.process.pid

    def raw(self, head, timeout=30):
        """What comes back for these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            try:
                connection.sendall(head)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has been closed
            return read_all(connection)

    def gauge(self, name, headers=None, **labels):
        """The sum over all label values, of those that match."""
        total = 0.0
        for line in self.get("/metrics", headers=headers).body.decode().splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match.group(1) == name and all(
                    f'{key}="{value}"' in (match.group(2) or "") for key, value in labels.items()):
                total += float(match.group(3))
        return total

    def n_busy(self):
        return self.gauge("alpha_requests_running") + self.gauge("alpha_requests_waiting")

    def seconds_until(self, predicate, timeout=30):
        begun_at = time.monotonic()
        while not predicate():
            if time.monotonic() - begun_at > timeout:
                raise AssertionError("it did not come about")
            time.sleep(0.002)
        return time.monotonic() - begun_at

    def seconds_until_idle(self, timeout=30):
        return self.seconds_until(lambda: self.n_busy() == 0, timeout)

    def resident_bytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024

    def access_log(self):
        return [json.loads(line) for line in bytes(self.output).decode().splitlines()]

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        code = self.process.wait(timeout)
        for reader in self.readers:
            reader.join(10)
        return code

    def stop(self):
        """Ends it, as far as it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()


class ServerTest(unittest.TestCase):
    """A folder of runs and one server over it for each class."""

    kinds = ()   # trained runs to begin with
    flags = ()
    context = None  # of TLS
    headers = None  # of each request

    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix=cls.__name__, dir=shared()))
        cls.runs = cls.root / "runs"
        cls.runs.mkdir()
        for kind in cls.kinds:
            add_run(cls.runs, kind)
        cls.server = Server(cls.runs, *cls.flags, context=cls.context, headers=cls.headers)
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.addClassCleanup(cls.server.stop)
        cls.server.seconds_until(lambda: cls.server.get("/ready").status == 200)

    def assert_refused(self, answer, status, param=None, says=None):
        self.assertEqual(answer.status, status, answer)
        error = answer.error
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        if param is not None:
            self.assertEqual(error["param"], param, error)
        if says is not None:
            self.assertIn(says, error["message"])

    def assert_ended_well(self, events, finish_reason=None):
        """A stream's events: each text has one finish_reason, then usage, then [DONE]."""
        self.assertEqual(events[-1], "[DONE]")
        self.assertGreater(events[-2]["usage"]["total_tokens"], 0)
        self.assertEqual(events[-2]["choices"], [])
        reasons = {}
        for event in events[:-2]:
            for choice in event["choices"]:
                self.assertNotIn(choice["index"], reasons)
                if choice["finish_reason"] is not None:
                    reasons[choice["index"]] = choice["finish_reason"]
        self.assertTrue(reasons)
        if finish_reason is not None:
            self.assertEqual(set(reasons.values()), {finish_reason})
        return reasons


def encoded(body):
    return json.dumps(body).encode() if isinstance(body, (dict, list)) else body


def completion(model, prompt="Once upon a time", **fields):
    return {"model": model, "prompt": prompt, **fields}


def read_all(connection):
    data = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            data.extend(chunk)
    except ConnectionResetError:
        pass
    return bytes(data)


def text_of(answer):
    return answer.json()["choices"][0]["text"]


def raise_file_limit(wanted):
    """The number of files that this process, and servers it starts, may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
    return max(soft, limit)


async def fetch(port, method, path, body=None, headers=None, n_bytes=None):
    """One request on a connection of its own; after `n_bytes` of an answer the client leaves."""
    begun_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        content = encoded(body) or b""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close",
                 f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        data = await (reader.read(-1) if n_bytes is None else reader.readexactly(n_bytes))
    finally:
        writer.close()
    if n_bytes is not None:
        return None
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    names = {name.lower(): value.strip() for name, value in (f.split(":", 1) for f in fields)}
    if names.get("transfer-encoding") == "chunked":
        rest = unchunked(rest)
    return Answer(int(first.split()[1]), names, rest, time.monotonic() - begun_at)


def unchunked(data):
    parts, at = [], 0
    while True:
        end = data.index(b"\r\n", at)
        size = int(data[at:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[end + 2:end + 2 + size])
        at = end + 2 + size + 2


def all_at_once(port, path, bodies, headers=None):
    """The answers to requests that are sent at the same time."""
    async def run():
        return await asyncio.gather(*(fetch(port, "POST", path, body, headers)
                                      for body in bodies))
    return asyncio.run(run())
