"""Two replicas behind nginx: replicas_test.py PATH_OF_ALPHA [--long] [unittest arguments].

nginx runs docs/deploying/nginx.conf with ports and paths put in: what is shown is what is tested.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import (IS_LONG, Client, Server, add_run, completion, ms, parse_events, say, shared,
                     text_of, without_ids)

CONFIG = Path(__file__).resolve().parents[2] / "docs" / "deploying" / "nginx.conf"
NAME = "alpha.example.com"
KEY = "sk-replicas-0123456789"
SECRET = "the secret of trainers"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
N_CLIENTS = 16


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Nginx:
    """nginx with the shown configuration, in a folder of its own."""

    def __init__(self, folder, replica_ports):
        self.port, plain_port = free_ports(2)
        text = CONFIG.read_text()
        for shown, put_in in [("127.0.0.1:8081", f"127.0.0.1:{replica_ports[0]}"),
                              ("127.0.0.1:8082", f"127.0.0.1:{replica_ports[1]}"),
                              ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                              ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
                              ("/etc/alpha/", f"{folder}/")]:
            if shown not in text:
                raise AssertionError(f"{CONFIG.name} has no '{shown}'")
            text = text.replace(shown, put_in)
        (folder / "alpha.conf").write_text(text)
        temporary = "".join(f"  {name}_temp_path {folder}/{name};\n" for name in
                            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off;\nworker_processes 2;\n{user}pid {folder}/pid;\n"
            f"error_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\n"
            f"http {{\n  access_log off;\n{temporary}  include {folder}/alpha.conf;\n}}\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        f"/CN={NAME}", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{NAME}",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        self.plain_port, self.log = plain_port, folder / "error.log"
        self.process = subprocess.Popen(
            [NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"],
            stderr=subprocess.DEVNULL)
        self.context = ssl.create_default_context(cafile=folder / "cert.pem")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@unittest.skipIf(NGINX is None, "nginx is not installed (nginx-light): no replicas behind it")
@unittest.skipIf(shutil.which("openssl") is None, "openssl is not installed: no certificate")
class Replicas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="replicas", dir=shared()))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.runs = cls.folder / "runs"
        cls.runs.mkdir()
        for kind in ["small", "long"]:
            add_run(cls.runs, kind)
        (cls.folder / "keys").write_text(f"tester {KEY}\n")
        (cls.folder / "secret").write_text(f"{SECRET}\n")
        cls.replicas = [cls.start_replica(0), cls.start_replica(0)]
        cls.addClassCleanup(lambda: [replica.stop() for replica in cls.replicas])
        cls.nginx = Nginx(cls.folder, [replica.port for replica in cls.replicas])
        cls.addClassCleanup(cls.nginx.stop)
        cls.proxy = Client(cls.nginx.port, cls.nginx.context, cls.headers())
        for replica in cls.replicas:
            replica.seconds_until(lambda r=replica: r.get("/ready").status == 200)
            for model in ["small", "long"]:
                replica.complete(model, max_tokens=1)
        cls.wait_for(cls.is_answering)

    @staticmethod
    def headers(host=NAME):
        return {"Host": host, "Authorization": f"Bearer {KEY}"}

    @classmethod
    def start_replica(cls, port):
        return Server(cls.runs, "--allow-host", NAME, "--api-key-file", cls.folder / "keys",
                      "--upload-secret-file", cls.folder / "secret", port=port,
                      headers=cls.headers("127.0.0.1"))

    @classmethod
    def is_answering(cls):
        try:
            return cls.proxy.get("/ready").status == 200
        except OSError:
            return False

    @staticmethod
    def wait_for(predicate, timeout=30):
        end = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > end:
                raise AssertionError("it did not come about")
            time.sleep(0.01)

    def n_finished(self, replica):
        return replica.gauge("alpha_requests_finished_total")

    def start_again(self, index):
        """Another process in a replica's place, and nginx knows it."""
        port = self.replicas[index].port
        self.replicas[index].stop()
        self.replicas[index] = self.start_replica(port)
        before = self.n_finished(self.replicas[index])
        # nginx tries it again once its fail_timeout is over.
        self.wait_for(lambda: [self.proxy.complete("small", max_tokens=1).status
                               for _ in range(4)] == [200] * 4
                      and self.n_finished(self.replicas[index]) > before)

    def test_both_replicas_answer_and_answer_the_same(self):
        for seed in range(4):
            body = completion("small", seed=seed, max_tokens=60, ignore_eos=True)
            direct = [text_of(replica.post("/v1/completions", body)) for replica in self.replicas]
            self.assertEqual(direct[0], direct[1])
            for _ in range(3):
                answer = self.proxy.post("/v1/completions", body)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(text_of(answer), direct[0])
            stream = {**body, "stream": True}
            streams = [parse_events(client.post("/v1/completions", stream).body)
                       for client in [self.proxy, *self.replicas]]
            self.assertEqual(without_ids(streams[0]), without_ids(streams[1]))
            self.assertEqual(without_ids(streams[0]), without_ids(streams[2]))
        before = [self.n_finished(replica) for replica in self.replicas]
        threads = [threading.Thread(target=lambda: self.proxy.complete(
            "long", max_tokens=100, ignore_eos=True)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for replica, n in zip(self.replicas, before):
            self.assertGreater(self.n_finished(replica), n, "one replica had nothing to do")

    def test_events_come_as_they_are_written_and_leaving_is_passed_on(self):
        for _ in range(5):  # a machine with other work may look when all is written already
            begun_at = time.monotonic()
            stream = self.proxy.stream_long(n=32)
            first = time.monotonic() - begun_at
            self.assertEqual(stream.headers["content-type"], "text/event-stream")
            busy = [replica for replica in self.replicas if replica.n_busy() > 0]
            stream.close()
            if busy:
                break
        self.assertEqual(len(busy), 1)
        seconds = busy[0].seconds_until_idle()
        say(f"through nginx: first event after {ms(first)}, idle {ms(seconds)} after the client "
            "left")
        self.assertLess(seconds, 2)

    def test_the_guards_stand_behind_the_proxy_too(self):
        self.assertEqual(self.proxy.get("/v1/models").status, 200)
        self.assertEqual(self.proxy.get("/v1/models", headers={"Host": "evil.example"}).status,
                         403)
        self.assertEqual(self.proxy.get("/v1/models", headers={"Authorization": ""}).status, 401)
        self.assertEqual(self.proxy.get("/metrics").status, 404)
        self.assertEqual(self.proxy.post("/v1/completions", b"x" * (5 << 20)).status, 413)
        same = self.proxy.post("/v1/completions", completion("small", max_tokens=1),
                               headers={"Origin": f"https://{NAME}"})
        self.assertEqual(same.status, 200, same)
        other = self.proxy.post("/v1/completions", completion("small"),
                                headers={"Origin": "https://evil.example"})
        self.assertEqual(other.status, 403)
        plain = Client(self.nginx.plain_port, headers={"Host": NAME})
        moved = plain.post("/v1/completions", {})
        self.assertEqual((moved.status, moved.headers["location"]),
                         (308, f"https://{NAME}/v1/completions"))

    def test_reports_go_to_one_replica(self):
        headers = {"Authorization": f"Bearer {SECRET}"}
        count = [lambda r=replica: r.gauge("alpha_http_requests_total", route="/api/ingest")
                 for replica in self.replicas]
        before = [one() for one in count]
        body = {"type": "run_start", "runId": "far", "modelConfig": {}, "trainConfig": {},
                "configHash": "x"}
        for _ in range(6):
            answer = self.proxy.post("/api/ingest", body, headers=headers)
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual([one() - n for one, n in zip(count, before)], [6, 0])
        shutil.rmtree(self.runs / "far")

    def drive(self, during, seconds_before=1.0, seconds_after=2.5):
        """What became of the requests of some clients, while `during` was done to a replica."""
        is_over, results = threading.Event(), []

        def ask(client):
            i = 0
            while not is_over.is_set():
                i += 1
                is_stream = (client + i) % 3 > 0
                body = completion("long" if i % 2 else "small", seed=1000 * client + i,
                                  max_tokens=100, ignore_eos=True, stream=is_stream)
                begun_at = time.monotonic()
                stream, request, status, is_whole = None, None, None, False
                try:
                    stream = self.proxy.stream("/v1/completions", body)
                    status, request = stream.status, stream.headers.get("x-request-id")
                    content = stream.response.read()
                    is_whole = status == 200 and (b"data: [DONE]" if is_stream
                                                  else b'"usage"') in content
                except (OSError, http.client.HTTPException):
                    pass  # the connection was lost
                finally:
                    if stream is not None:
                        stream.close()
                results.append((begun_at, time.monotonic(), status, request, is_whole))
        clients = [threading.Thread(target=ask, args=(i,)) for i in range(N_CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds_before)
        happened = during()
        time.sleep(seconds_after)
        is_over.set()
        for client in clients:
            client.join(60)
        return results, happened

    def test_a_killed_replica_takes_only_its_own_requests_with_it(self):
        killed, survivor = self.replicas

        def kill():
            while (n_running := killed.n_busy()) == 0:
                time.sleep(0.001)
            killed_at = time.monotonic()
            killed.process.kill()
            killed.process.wait()
            return killed_at, time.monotonic(), n_running
        for _ in range(3 if IS_LONG else 1):
            results, (killed_at, gone_at, n_running) = self.drive(kill)
            lost = [result for result in results if not result[4]]
            later = [result for result in results if result[0] > gone_at]
            say(f"{N_CLIENTS} clients, {len(results)} requests, one replica killed with about "
                f"{n_running:.0f} running: {len(lost)} lost; {len(later)} later, all of them "
                f"answered, the slowest after {ms(max(r[1] - r[0] for r in later))}")
            self.assertGreater(len(later), N_CLIENTS)
            for begun_at, ended_at, status, _, _ in lost:
                self.assertLess(begun_at, gone_at, (status, self.nginx.log.read_text()))
                self.assertGreater(ended_at, killed_at, status)
                self.assertIn(status, (None, 200, 502))  # 200: a stream that broke off
            self.assertLessEqual(len(lost), N_CLIENTS)
            answered = {line["id"]: line["status"] for line in survivor.access_log()}
            self.assertFalse([r for r in lost if r[3] in answered], "lost, yet not in the dead one")
            killed.stop()
            self.start_again(0)
            killed = self.replicas[0]

    def test_replicas_are_restarted_in_turn_and_clients_see_nothing_of_it(self):
        def restart():
            for index, replica in enumerate(self.replicas):
                replica.signal()
                self.assertEqual(replica.wait(30), 0)
                self.start_again(index)
        results, _ = self.drive(restart, seconds_after=0.5)
        bad = [result for result in results if not result[4]]
        say(f"{len(results)} requests while both replicas were restarted: {len(bad)} lost "
            f"{sorted(str(result[2]) for result in bad)}")
        # None, unless the machine is so busy that one was on its way when the process ended.
        self.assertLessEqual(len(bad), 4, self.nginx.log.read_text()[-3000:])
        self.assertNotIn(503, [result[2] for result in bad])

    def test_without_any_replica_clients_are_told(self):
        for replica in self.replicas:
            replica.process.kill()
            replica.process.wait()
        begun_at = time.monotonic()
        self.assertIn(self.proxy.complete("small").status, (502, 503))
        self.assertLess(time.monotonic() - begun_at, 10)
        for index in range(2):
            self.replicas[index].stop()
            self.replicas[index] = self.start_replica(self.replicas[index].port)
        self.wait_for(lambda: self.proxy.complete("small", max_tokens=1).status == 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
