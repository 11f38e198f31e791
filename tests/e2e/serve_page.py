"""What the page asks of `alpha serve` beside OpenAI's API: checkpoints as files, models loaded and
let go of, the state of the process."""

import io
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.parse
from pathlib import Path

from serving import (IS_LONG, Server, ServerTest, add_run, alpha, completion, ms, publish, say,
                     text_of)

DOWNLOAD = "/api/runs/{}/checkpoints/{}/download"


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class Downloads(ServerTest):
    kinds = ("small",)
    flags = ("--access-log", "off")

    def download(self, run, step):
        answer = self.server.get(DOWNLOAD.format(urllib.parse.quote(run), step))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(int(answer.headers["content-length"]), len(answer.body))
        return answer

    def test_an_archive_is_the_folder(self):
        answer = self.download("small", 40)
        self.assertEqual(answer.headers["content-type"], "application/x-tar")
        self.assertEqual(answer.headers["content-disposition"],
                         'attachment; filename="small-step40.tar"')
        expected = files_of(self.runs / "small" / "checkpoint-40")
        with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
            members = {member.name: archive.extractfile(member).read()
                       for member in archive.getmembers()}
        self.assertEqual(members, {f"checkpoint-40/{name}": content
                                   for name, content in expected.items()})
        listed = subprocess.run(["tar", "-tvf", "-"], input=answer.body, capture_output=True,
                                check=True)
        self.assertEqual((len(listed.stdout.splitlines()), listed.stderr), (len(expected), b""))

    def test_what_was_downloaded_is_served_and_sampled_from(self):
        folder = self.root / "downloaded"
        folder.mkdir()
        archive = self.root / "small.tar"
        archive.write_bytes(self.download("small", 40).body)
        subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
        checkpoint = folder / "checkpoint-40"
        self.assertEqual(files_of(checkpoint), files_of(self.runs / "small" / "checkpoint-40"))
        body = completion("small@40", max_tokens=20, seed=3)
        expected = text_of(self.server.post("/v1/completions", body))
        for runs in (folder, checkpoint):
            with Server(runs) as server:
                server.seconds_until(lambda: server.get("/ready").status == 200)
                answer = server.post("/v1/completions", {**body, "model": "checkpoint-40"})
                self.assertEqual(text_of(answer), expected)
        args = ["--prompt", "Once upon a time", "--steps", 20, "--temp", 0]
        self.assertEqual(alpha("sample", "--checkpoint", checkpoint, *args),
                         alpha("sample", "--checkpoint",
                               self.runs / "small" / "checkpoint-40", *args))

    def test_odd_names(self):
        for name in ["a run", "na\u00efve", 'quo"ted']:
            publish(self.runs / "small", self.runs / name)
            path = DOWNLOAD.format(urllib.parse.quote(name), 60)
            self.server.seconds_until(lambda: self.server.get(path).status == 200)
            told = self.server.get(path).headers["content-disposition"]
            plain = "".join(c if c.isascii() and c != '"' else "_" for c in name)
            if plain == name:
                self.assertEqual(told, f'attachment; filename="{name}-step60.tar"')
            else:
                self.assertTrue(told.endswith(
                    f"; filename*=UTF-8''{urllib.parse.quote(name)}-step60.tar"), told)
            shutil.rmtree(self.runs / name)

    def test_large_files_come_through_a_little_memory(self):
        n_bytes = (9 << 30) + 12345 if IS_LONG else 300_000_000
        run = add_run(self.runs, "small", "large", steps=[60])
        with open(run / "checkpoint-60" / "large.bin", "wb") as file:
            file.truncate(n_bytes)  # a hole
        self.addCleanup(shutil.rmtree, run)
        path = DOWNLOAD.format("large", 60)
        self.server.seconds_until(lambda: self.server.get("/v1/models/large").status == 200)
        before = self.server.resident_bytes()
        begun_at = time.monotonic()
        stream = self.server.connect(300)
        stream.request("GET", path)
        response = stream.getresponse()
        length = int(response.headers["content-length"])
        listing = subprocess.Popen(["tar", "-tvf", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        n_read, slowest = 0, 0.0
        while piece := response.read(1 << 20):
            n_read += len(piece)
            listing.stdin.write(piece)
            if n_read % (50 << 20) < len(piece):
                slowest = max(slowest, self.server.get("/v1/models").seconds)
        seconds = time.monotonic() - begun_at
        listed, _ = listing.communicate()
        stream.close()
        self.assertEqual(n_read, length)
        self.assertEqual(listing.returncode, 0)
        self.assertIn(f" {n_bytes} ".encode(), listed)
        grown = self.server.resident_bytes() - before
        say(f"{n_read / 1e6:.0f} MB downloaded at {n_read / seconds / 1e6:.0f} MB/s, "
            f"{grown / 1e6:.1f} MB more in use, others answered within {ms(slowest)}")
        self.assertLess(grown, 30e6)

    def test_clients_that_leave_leave_nothing_behind(self):
        run = add_run(self.runs, "small", "left", steps=[60])
        with open(run / "checkpoint-60" / "large.bin", "wb") as file:
            file.truncate(200_000_000)
        self.addCleanup(shutil.rmtree, run)
        self.server.seconds_until(lambda: self.server.get("/v1/models/left").status == 200)

        def n_files():
            return sum("checkpoint-60" in file for file in self.open_files())
        for _ in range(3):
            sockets = []
            for _ in range(10):
                one = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
                one.sendall(f"GET {DOWNLOAD.format('left', 60)} HTTP/1.1\r\n"
                            f"Host: 127.0.0.1\r\n\r\n".encode())
                self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 200 "))
                sockets.append(one)
            self.assertGreater(n_files(), 0)
            for one in sockets:
                one.close()
            seconds = self.server.seconds_until(lambda: n_files() == 0)
        say(f"10 downloads that were left are let go of after {ms(seconds)}")

    def open_files(self):
        for entry in Path(f"/proc/{self.server.pid}/fd").iterdir():
            try:
                yield str(entry.readlink())
            except OSError:
                pass  # closed meanwhile


class Console(ServerTest):
    """Models that are loaded and let go of by hand, and the state of the process."""

    kinds = ("small", "long")

    def row(self, name):
        return self.server.get(f"/v1/models/{name}").json()

    def system(self):
        answer = self.server.get("/api/system")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_models_are_loaded_and_let_go_of(self):
        for name, step in [("small", 60), ("small@20", 20)]:
            answer = self.server.post(f"/api/models/{name}/load", b"")
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json(), self.row(name))
            self.assertEqual((answer.json()["is_loaded"], answer.json()["step"]), (True, step))
        self.assertEqual(self.row("small")["loaded_steps"], [20, 60])
        loaded = [model["id"] for model in self.system()["models"]]
        self.assertIn("small", loaded)
        self.assertIn("small@20", loaded)
        for name in ["small", "small@20"]:
            answer = self.server.post(f"/api/models/{name}/unload", b"")
            self.assertEqual((answer.status, answer.json()["is_loaded"]), (200, False))
            again = self.server.post(f"/api/models/{name}/unload", b"")
            self.assertEqual((again.status, list(again.json())), (409, ["error"]))
        self.assertEqual(self.row("small")["loaded_steps"], [])
        self.assertEqual(self.server.complete("small", max_tokens=1).status, 200)

    def test_a_stream_ends_with_the_model_that_is_let_go_of(self):
        body = completion("long", seed=5, max_tokens=1500, ignore_eos=True)
        expected = text_of(self.server.post("/v1/completions", body))
        stream = self.server.stream("/v1/completions", {**body, "stream": True})
        text = stream.next()["choices"][0]["text"]
        answer = self.server.post("/api/models/long/unload", b"")
        self.assertEqual((answer.status, answer.json()["is_loaded"]), (200, False), answer)
        requests = self.system()["requests"]  # as of the last step
        self.assertEqual(requests["running"] + requests["waiting"], 1)
        events = stream.rest()
        self.assertEqual(events[-1], "[DONE]")
        text += "".join(c["text"] for e in events[:-1] for c in e["choices"])
        self.assertEqual(text, expected)
        self.server.seconds_until(
            lambda: "long" not in [model["id"] for model in self.system()["models"]])

    def test_the_state_of_the_process(self):
        before = self.system()
        usage = self.server.complete("small", max_tokens=9, ignore_eos=True).json()["usage"]
        after = self.system()
        self.assertEqual(after["requests"]["finished_total"],
                         before["requests"]["finished_total"] + 1)
        for key, name in [("prompt_total", "prompt_tokens"),
                          ("generated_total", "completion_tokens")]:
            self.assertEqual(after["tokens"][key], before["tokens"][key] + usage[name])
        self.assertEqual(after["tokens"]["generated_total"],
                         self.server.gauge("alpha_generated_tokens_total"))
        self.assertEqual((after["backend"], after["n_threads"], after["is_draining"]),
                         ("cpu", 1, False))
        self.assertEqual(after["folders"], [str(self.runs)])
        self.assertLessEqual({"alpha", "compiler", "onednn", "highway", "boost", "openssl"},
                             set(after["versions"]))
        self.assertGreater(after["uptime_seconds"], before["uptime_seconds"])
        self.assertLess(abs(after["memory"]["resident_bytes"] - self.server.resident_bytes()), 50e6)
        say(f"/api/system: {after['host']['cpu']}, {after['versions']}")
