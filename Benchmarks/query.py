#!/usr/bin/env python3
"""Asks thirteen queries of Flyball, Prometheus and VictoriaMetrics over the same samples, and prints what they took.

usage: query.py FLYBALL-BINARY QUERY-BENCHMARK-BINARY [--quick] [--pushed] [--only N,N] [--seconds S]

All three hold the same samples: 100 machines x 1,022 series x 240 scrapes, the last one a moment ago (--quick: 10
machines x 120 scrapes). The peers get them by remote write; Flyball finds them in its folder as its own scraper would
have written them, or with --pushed by remote write as well. Every query goes over one kept-alive connection with
caches off, first a few times to warm up, then the servers in short turns; wall is the median of all runs, CPU the time that
all threads of the server ran meanwhile, divided by the number of runs. Answers are compared with Prometheus', to nine
digits. Exits with 1 where a server fails or answers differ.
"""
import json, os, shutil, socket, statistics, struct, subprocess, sys, tempfile, threading, time, urllib.parse

PROMETHEUS, VICTORIA = "prometheus", "victoria-metrics"
OPTIONS = [a for a in sys.argv[1:] if a.startswith("--")]
NAMES = [a for a in sys.argv[1:] if not a.startswith("--")]
MACHINES, ROWS = (10, 120) if "--quick" in OPTIONS else (100, 240)


def option(name, default):
    return next((a.split("=", 1)[1] for a in OPTIONS if a.startswith(name + "=")), default)


SECONDS = float(option("--seconds", "0.4" if "--quick" in OPTIONS else "3"))
TURNS = 8
ONLY = [int(n) for n in option("--only", "").split(",") if n]

# number, path, PromQL or match[], step in seconds (0: instant)
QUERIES = [
    (1, "query", "up", 0),
    (2, "query_range", 'node_load1{instance="host-4:9100"}', 15),
    (3, "query_range", "sum by (mode) (rate(node_cpu_seconds_total[1m]))", 15),
    (4, "query_range", "topk(5, rate(node_network_receive_bytes_total[5m]))", 60),
    (5, "query_range", "quantile_over_time(0.9, node_load1[10m])", 60),
    (6, "query", '{__name__=~"node_memory_.+_bytes", instance=~"host-[0-9]*[02468]:9100"}', 0),
    (7, "query_range",
     "histogram_quantile(0.9, sum by (le, instance) (rate(http_request_duration_seconds_bucket[5m])))", 60),
    (8, "query", 'count by (__name__) ({__name__=~".+"})', 0),
    (9, "label/instance/values", "", 0),
    (10, "series", '{__name__=~"node_cpu_seconds_total|node_load1"}', 0),
    (11, "query_range",
     "node_filesystem_avail_bytes * on (instance) group_left (nodename) node_uname_info", 60),
    (12, "query", "max_over_time(rate(node_network_receive_bytes_total[1m])[30m:1m])", 0),
    (13, "query_range", "predict_linear(node_memory_MemFree_bytes[30m], 3600)", 60),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Connection:
    """HTTP/1.1 with as little work as possible, so that it is the server that is measured."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, body = data.split(b"\r\n\r\n", 1)
        lowered = head.lower()
        parts = [body]
        if b"transfer-encoding: chunked" in lowered:
            tail = body[-5:]
            while not tail.endswith(b"0\r\n\r\n"):
                part = self.receive()
                parts.append(part)
                tail = (tail + part)[-5:]
            body = self.unchunked(b"".join(parts))
        else:
            length = 0
            for line in lowered.split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            left = length - len(body)
            while left > 0:
                parts.append(self.receive())
                left -= len(parts[-1])
            body = b"".join(parts)
        return int(head.split(b" ", 2)[1]), body

    def receive(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise OSError("the server closed the connection")
        return part

    @staticmethod
    def unchunked(data):
        parts, at = [], 0
        while True:
            end = data.index(b"\r\n", at)
            size = int(data[at:end], 16)
            if size == 0:
                return b"".join(parts)
            parts.append(data[end + 2:end + 2 + size])
            at = end + 4 + size


class Server:
    def __init__(self, name, folder, command, port):
        self.name, self.port, self.folder = name, port, folder
        self.log = open(folder + ".log", "w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.wall, self.cpu, self.loaded, self.peak = {}, {}, 0, 0

    def wait(self, path):
        deadline = time.time() + 120
        while time.time() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended, see {self.folder}.log")
            try:
                self.connection = Connection(self.port)
                if self.connection.ask(self.get(path))[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit(f"{self.name} did not begin to answer within 120 s, see {self.folder}.log")

    def get(self, path):
        return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n").encode()

    def push(self, body):
        head = (f"POST /api/v1/write HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/x-protobuf"
                f"\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        status, answer = self.connection.ask(head.encode() + body)
        if status not in (200, 204):
            sys.exit(f"{self.name} refused samples with {status}: {answer[:300]}")

    def ran(self):
        """Seconds for which all threads of the process ran."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
            except OSError:
                pass
        return total / 1e9

    def memory(self):
        """The most memory that was resident since the last call, in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")
        return peak / 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def path(query, end):
    number, name, text, step = query
    quoted = urllib.parse.quote(text)
    if name == "query":
        # Between two minutes: the windows of Prometheus 2 include their left end, those of 3 and ours do not.
        return f"/api/v1/query?query={quoted}&time={end - 7}&nocache=1"
    if name == "query_range":
        return f"/api/v1/query_range?query={quoted}&start={end - 3600}&end={end}&step={step}&nocache=1"
    return f"/api/v1/{name}?" + (f"match[]={quoted}&" if text else "") + f"start={end - 3600}&end={end}"


def measure(query, servers, end):
    number = query[0]
    requests = {s: s.get(path(query, end)) for s in servers}
    answers, walls, spent, runs = {}, {s: [] for s in servers}, {s: 0 for s in servers}, {s: 0 for s in servers}
    for server in servers:
        server.connection = Connection(server.port)  # a new one: idle ones are closed after a while
        for _ in range(3):
            status, body = server.connection.ask(requests[server])
            if status != 200:
                sys.exit(f"{server.name} answers query {number} with {status}: {body[:300]}")
        answers[server] = json.loads(body)["data"]
    # Many short turns, since the machine may be faster or slower for a minute.
    for _ in range(TURNS):
        for server in servers:
            began, ran, count = time.perf_counter(), server.ran(), 0
            while count < 2 or time.perf_counter() - began < SECONDS / TURNS:
                start = time.perf_counter()
                server.connection.ask(requests[server])
                walls[server].append(time.perf_counter() - start)
                count += 1
            spent[server] += server.ran() - ran
            runs[server] += count
    for server in servers:
        server.wall[number] = statistics.median(walls[server]) * 1000
        server.cpu[number] = spent[server] / runs[server] * 1000
    return answers


def rows(data):
    """What an answer says, in a form that two servers can be compared by."""
    if isinstance(data, list):
        return {json.dumps(item, sort_keys=True): [] for item in data}
    return {json.dumps(item["metric"], sort_keys=True): item.get("values") or [item["value"]]
            for item in data["result"]}


def difference(expected, actual):
    expected, actual = rows(expected), rows(actual)
    if expected.keys() != actual.keys():
        return f"{len(expected)} and {len(actual)} results, or other labels"
    for name, values in expected.items():
        if [v[0] for v in values] != [v[0] for v in actual[name]]:
            return f"other times of {name}"
        for (moment, a), (_, b) in zip(values, actual[name]):
            a, b = float(a), float(b)
            if a != b and not (a != a and b != b) and abs(a - b) > 1e-9 * max(abs(a), abs(b)):
                return f"{a} and {b} for {name} at {moment}"
    return None


def load(servers, benchmark, end):
    """Pushes the same requests to all, each server on a thread of its own."""
    source = subprocess.Popen([benchmark, "push", str(MACHINES), str(ROWS), str(end * 1000)], stdout=subprocess.PIPE)
    while True:
        bodies = []
        for _ in range(MACHINES):
            head = source.stdout.read(4)
            if len(head) < 4:
                break
            bodies.append(source.stdout.read(struct.unpack("<I", head)[0]))
        if not bodies:
            break
        threads = [threading.Thread(target=lambda s=s: [s.push(b) for b in bodies]) for s in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if source.wait() != 0:
        sys.exit("the samples could not be made")


def start(folder, flyball, benchmark, end):
    def paths(name):
        return os.path.join(folder, name), free_port()
    place, port = paths("prometheus")
    with open(place + ".yml", "w") as file:
        file.write("global: { scrape_interval: 15s }\n")
    yield Server("prometheus", place, [
        PROMETHEUS, "--config.file", place + ".yml", "--storage.tsdb.path", place, "--web.enable-remote-write-receiver",
        "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "error"], port)
    place, port = paths("victoria")
    yield Server("victoria", place, [
        VICTORIA, "-storageDataPath", place, "-httpListenAddr", f"127.0.0.1:{port}", "-search.latencyOffset=1ms",
        "-search.maxUniqueTimeseries=1000000", "-search.maxSeries=1000000", "-loggerLevel=ERROR"], port)
    place, port = paths("flyball")
    os.makedirs(place)
    if "--pushed" not in OPTIONS:
        began = time.time()
        subprocess.run(
            [benchmark, "load", place + "/samples", str(MACHINES), str(ROWS), str(end * 1000)], check=True)
        print(f"made Flyball's folder in {time.time() - began:.0f} s", flush=True)
    with open(place + ".yml", "w") as file:
        file.write("global: { scrape_interval: 15s }\n")
    yield Server("flyball", place, [
        flyball, "serve", "--config.file", place + ".yml", "--storage.path", place, "--web.listen-address",
        f"127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--log.level", "error"], port)


def mean(numbers):
    return statistics.geometric_mean(max(n, 1e-6) for n in numbers)


def report(servers, numbers):
    flyball, peers = servers[-1], servers[:-1]
    for title, figures in (("wall ms, median", "wall"), ("CPU ms", "cpu")):
        print(f"\n{title:>16} " + "".join(f"{s.name:>12}" for s in servers) + "   of the best peer")
        for number in numbers:
            of = {s: getattr(s, figures)[number] for s in servers}
            ratio = of[flyball] / min(of[s] for s in peers)
            print(f"{number:>16} " + "".join(f"{of[s]:>12.3f}" for s in servers) + f"{ratio:>19.2f}")
        means = {s: mean(getattr(s, figures)[n] for n in numbers) for s in servers}
        best = mean(min(getattr(s, figures)[n] for s in peers) for n in numbers)
        print(f"{'geometric mean':>16} " + "".join(f"{means[s]:>12.3f}" for s in servers)
              + f"{means[flyball] / best:>19.2f} (best peer of each query)")
        print(f"{'':>16} " + " " * 12 * len(servers)
              + f"{means[flyball] / min(means[s] for s in peers):>19.2f} (best peer of all)")
    print(f"\n{'peak RSS, MB':>16} " + "".join(f"{s.name:>12}" for s in servers))
    print(f"{'loading':>16} " + "".join(f"{s.loaded:>12.0f}" for s in servers))
    print(f"{'queries':>16} " + "".join(f"{s.peak:>12.0f}" for s in servers)
          + f"   {flyball.peak / servers[0].peak:.2f} of Prometheus'")


def main():
    flyball, benchmark = map(os.path.abspath, NAMES[:2])
    end = int(time.time()) // 60 * 60
    folder = tempfile.mkdtemp(prefix="flyball-query-")
    servers = []
    failed = False
    try:
        for server in start(folder, flyball, benchmark, end):
            servers.append(server)
        for server, ready in zip(servers, ("/-/ready", "/health", "/-/ready")):
            server.wait(ready)
        began = time.time()
        load(servers if "--pushed" in OPTIONS else servers[:2], benchmark, end)
        print(f"pushed {MACHINES * ROWS * 1022 / 1e6:.1f} M samples to the peers in {time.time() - began:.0f} s", flush=True)
        time.sleep(3)  # VictoriaMetrics shows what it got after a second.
        for server in servers:
            server.loaded = server.memory()
        queries = [q for q in QUERIES if not ONLY or q[0] in ONLY]
        for query in queries:
            answers = measure(query, servers, end)
            found = difference(answers[servers[0]], answers[servers[2]])
            size = len(answers[servers[2]] if isinstance(answers[servers[2]], list) else answers[servers[2]]["result"])
            print(f"query {query[0]:>2}: {size:>5} results, "
                  + ", ".join(f"{s.name} {s.wall[query[0]]:.2f}/{s.cpu[query[0]]:.2f}" for s in servers)
                  + (f", NOT EQUAL: {found}" if found else ""), flush=True)
            failed = failed or found is not None
        for server in servers:
            server.peak = server.memory()
        report(servers, [q[0] for q in queries])
    finally:
        for server in servers:
            server.stop()
        if failed:
            print(f"see {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
