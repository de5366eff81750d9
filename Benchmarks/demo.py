#!/usr/bin/env python3
"""Runs the demo from start to end and prints how long each promise took.

usage: demo.py FLYBALL-BINARY

Scale-out and scale-in by the policy alone, loss of a node, drain without a failed request, and an end that leaves
no process behind. Exits with 1 where one of them did not happen.
"""
import json, os, signal, socket, subprocess, sys, tempfile, time, urllib.parse, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, ".build/release/flyball"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Demo:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="flyball-demo-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(os.path.join(self.folder, "demo.log"), "w")
        self.process = subprocess.Popen(
            [BINARY, "demo", "run", "--config.file", os.path.join(ROOT, "flyball.yml"), "--storage.path",
             os.path.join(self.folder, "data"), "--web.listen-address", f"127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, cwd=self.folder)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, query):
        result = self.get("/api/v1/query?query=" + urllib.parse.quote(query))["result"]
        return float(result[0]["value"][1]) if result else None

    def replicas(self):
        return [r for r in self.get("/api/v1/fleet")["replicas"] if r["workload"] == "web"]

    def ready(self):
        return [r for r in self.replicas() if r["phase"] == "ready"]

    def command(self, *arguments):
        return subprocess.run(
            [BINARY, *arguments, "--url", self.url, "--token-file", os.path.join(self.folder, "data/token")],
            capture_output=True, text=True)

    def left_behind(self):
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = open(f"/proc/{name}/cmdline", "rb").read().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if self.folder in line:
                found.append((int(name), line))
        return found


def wait(what, limit, condition):
    start = time.monotonic()
    while time.monotonic() - start < limit:
        try:
            if condition():
                seconds = time.monotonic() - start
                print(f"{what:55} {seconds:7.1f} s", flush=True)
                return seconds
        except (OSError, KeyError, IndexError, ValueError):
            pass
        time.sleep(0.1)
    print(f"{what:55}   not within {limit} s", flush=True)
    raise SystemExit(1)


def main():
    demo = Demo()
    try:
        wait("service ready", 60, lambda: demo.get("/api/v1/status/buildinfo"))
        wait("first replica ready", 60, lambda: len(demo.ready()) >= 1)
        first = len(demo.ready())
        wait("scaled out on its own", 180, lambda: len(demo.ready()) > max(first, 2))
        peak = [len(demo.ready())]

        def shrank():
            peak.append(len(demo.ready()))
            return peak[-1] < max(peak) - 1

        wait("scaled in on its own", 300, shrank)
        print(f"{'most replicas ready':55} {max(peak):7}")

        wait("at least three replicas again", 240, lambda: len(demo.ready()) >= 3)
        victim = demo.ready()[0]["node"]
        pids = [pid for pid, line in demo.left_behind() if " node " in line and f" {victim} " in line + " "]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait(f"node {victim} killed: its replicas run elsewhere", 60, lambda: (
            all(r["node"] != victim for r in demo.replicas()) and len(demo.ready()) >= 2))

        wait("the node is back", 120, lambda: all(
            n["health"] == "ready" for n in demo.get("/api/v1/fleet")["nodes"]))
        node = demo.ready()[0]["node"]
        time.sleep(15)  # requests that the killed node took with it have failed by now
        query = "sum(load_requests_total{outcome='failed'}) or vector(0)"
        failed = demo.value(query) or 0
        print(demo.command("fleet", "drain", node, "--reason", "benchmark").stdout.strip())
        wait(f"node {node} drained", 180, lambda: all(r["node"] != node for r in demo.replicas()))
        time.sleep(5)
        after = demo.value(query) or 0
        print(f"{'requests failed during the drain':55} {after - failed:7.0f}")
        verified = demo.command("audit", "verify")
        print(f"{'audit log':55} {verified.stdout.strip().splitlines()[-1] if verified.stdout else verified.stderr}")

        demo.process.send_signal(signal.SIGINT)
        wait("everything stopped after SIGINT", 60, lambda: demo.process.poll() is not None)
        left = demo.left_behind()
        print(f"{'processes left behind':55} {len(left):7}")
        return 1 if left or after > failed or verified.returncode else 0
    finally:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGINT)
            try:
                demo.process.wait(30)
            except subprocess.TimeoutExpired:
                demo.process.kill()
        for pid, _ in demo.left_behind():
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
