#!/usr/bin/env python3
"""Compares the store and the scraper with Debian's prometheus and victoria-metrics, in one run and under one load.

usage: storage.py FLYBALL STORAGE-BENCHMARK LOAD-GENERATOR PAYLOAD.prom.xz...

The first payload is scraped and pushed, all of them are recorded and stored for the bytes a sample. Everything listens on
127.0.0.1 only, and every process is ended by its number. Environment: BENCH_SECONDS, how long a steady scrape is
measured (default 24); BENCH_ONLY, sections with commas (scrape, memory, limit, push, bytes; default all);
BENCH_SERVERS (flyball, prometheus, victoria-metrics; default all that are installed).

CPU is that of the server's process alone. Load and server share the machine, so highest rates are lower bounds.
"""
import json, lzma, os, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

FLYBALL, STORAGE, LOAD = map(os.path.abspath, sys.argv[1:4])
PAYLOADS = [os.path.abspath(path) for path in sys.argv[4:]]
SECONDS = float(os.environ.get("BENCH_SECONDS", 24))
ONLY = os.environ.get("BENCH_ONLY", "scrape,memory,limit,push,bytes").split(",")
TARGETS, SERIES = 200, 1021
# Seconds between a push and the look at the memory.
REST = 40
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url, data=None, timeout=30):
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=timeout) as answer:
        return answer.read()


def folder_size(path):
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                pass
    return total


class Server:
    """One of the three, on a fresh folder. It scrapes `ports`, or takes in remote write."""

    def __init__(self, kind, work, ports=(), interval=2000):
        self.kind, self.port = kind, free_port()
        self.folder = tempfile.mkdtemp(prefix=kind + "-", dir=work)
        self.data = os.path.join(self.folder, "data")
        config = os.path.join(self.folder, "config.yml")
        targets = ", ".join(f"'127.0.0.1:{port}'" for port in ports)
        timeout = max(interval, 1)
        with open(config, "w") as file:
            file.write(f"global:\n  scrape_interval: {interval}ms\n  scrape_timeout: {timeout}ms\n")
            file.write("scrape_configs:\n- job_name: load\n  static_configs:\n")
            file.write(f"  - targets: [{targets}]\n")
        self.log = open(os.path.join(self.folder, "log"), "w")
        address = f"127.0.0.1:{self.port}"
        command = {
            "flyball": [FLYBALL, "serve", "--config.file", config, "--storage.path", self.data,
                        "--web.listen-address", address, "--web.enable-remote-write-receiver",
                        "--log.level", "warning"],
            "prometheus": ["prometheus", "--config.file", config, "--storage.tsdb.path", self.data,
                           "--web.listen-address", address, "--web.enable-remote-write-receiver",
                           "--log.level", "warn"],
            "victoria-metrics": ["victoria-metrics", "-storageDataPath", self.data, "-httpListenAddr", address,
                                 "-promscrape.config", config, "-loggerLevel", "WARN", "-retentionPeriod", "1"],
        }[kind]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.folder)
        health = {"flyball": "/-/healthy", "prometheus": "/-/ready", "victoria-metrics": "/health"}[kind]
        deadline = time.time() + 30
        while True:
            try:
                get(f"http://{address}{health}", timeout=2)
                break
            except OSError:
                if time.time() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"{kind} does not start: {self.tail()}")
                time.sleep(0.1)

    def tail(self):
        return open(os.path.join(self.folder, "log")).read()[-500:]

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss(self):
        return int(open(f"/proc/{self.process.pid}/statm").read().split()[1]) * PAGE

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Load:
    """Targets to scrape."""

    def __init__(self, payload, targets=TARGETS, interval=2000, distinct=0):
        self.process = subprocess.Popen(
            [LOAD, "serve", payload, f"targets={targets}", f"series={SERIES}", f"interval={interval}",
             "seconds=900", f"distinct={distinct}"], stdout=subprocess.PIPE, text=True)
        head = json.loads(self.process.stdout.readline())
        self.ports, self.control = head["ports"], head["report"]

    def report(self):
        return json.loads(get(f"http://127.0.0.1:{self.control}/"))

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(kind, work, payload, interval, seconds, warm, distinct=0):
    """Scrapes for a while; what happened between the end of the warm-up and the end."""
    load = Load(payload, interval=interval, distinct=distinct)
    server = None
    try:
        server = Server(kind, work, load.ports, interval)
        # New series are a cost of their own: every target has been scraped three times before the clock starts.
        deadline = time.time() + 60
        time.sleep(warm)
        while load.report()["scrapes"] < 3 * TARGETS and time.time() < deadline:
            time.sleep(0.5)
        first, cpu = load.report(), server.cpu()
        time.sleep(seconds)
        last, spent = load.report(), server.cpu() - cpu
        taken = last["samples"] - first["samples"]
        elapsed = last["seconds"] - first["seconds"]
        return {
            "cpu": spent / max(1, taken) * 1e6, "rate": taken / elapsed,
            "wanted": TARGETS * SERIES * 1000 / interval,
            "late": last["late"] - first["late"], "missed": last["missed"] - first["missed"],
            "rss": server.rss() / (TARGETS * SERIES), "rows": last["scrapes"] / TARGETS,
            "cores": spent / elapsed,
            "load": (last["processor_seconds"] - first["processor_seconds"]) / elapsed}
    finally:
        if server:
            server.stop()
        load.stop()


def section(title):
    print(f"\n== {title}", flush=True)


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(*cells):
    row(*cells)
    row(*("---" for _ in cells))


def scrape(servers, work, payload):
    section(f"scraping {TARGETS} targets x {SERIES} series every 2 s ({TARGETS * SERIES / 2:.0f} samples/s), "
            f"{SECONDS:.0f} s; flyball: fdatasync each second, the others: as they come")
    head("", "CPU-s per M samples", "of a core", "late", "missed", "load generator, of a core")
    for kind in servers:
        it = measure(kind, work, payload, 2000, SECONDS, 7)
        row(kind, f"{it['cpu']:.3f}", f"{it['cores']:.3f}", it["late"], it["missed"], f"{it['load']:.3f}")


def memory(servers, work, payload):
    section(f"memory of the whole process at 120 samples a series ({TARGETS * SERIES} series, every 500 ms)")
    head("", "bytes RSS per active series", "samples a series", "CPU-s per M samples", "late", "missed")
    for kind, distinct in [(kind, 0) for kind in servers] + [("flyball", 1)]:
        it = measure(kind, work, payload, 500, 57, 4, distinct)
        row(kind + (", no line in common" if distinct else ""), f"{it['rss']:.0f}", f"{it['rows']:.0f}",
            f"{it['cpu']:.3f}", it["late"], it["missed"])


def limit(servers, work, payload):
    section("highest sustained scraping, load on the same cores (at most 1 % of scrapes missing)")
    head("", "M samples/s", "interval ms", "CPU-s per M samples", "cores", "late", "next step fails with M samples/s")
    steps = [1000, 500, 400, 333, 250, 200, 160, 133, 100, 80, 68, 60, 50, 40, 34]
    for kind in servers:
        low, high, best, failed = 0, len(steps), None, None
        probe = {"flyball": 8}.get(kind, 3)
        while low < high:
            it = measure(kind, work, payload, steps[probe], 8, 4)
            if it["rate"] >= 0.99 * it["wanted"]:
                best, low = (steps[probe], it), probe + 1
            else:
                failed, high = it, probe
            probe = (low + high) // 2
        if best:
            it = best[1]
            row(kind, f"{it['rate'] / 1e6:.2f}", best[0], f"{it['cpu']:.3f}", f"{it['cores']:.2f}", it["late"],
                f"{failed['rate'] / 1e6:.2f}" if failed else "-")


def push(servers, work, payload):
    rounds, targets, size, connections = 240, TARGETS, 5000, 4
    section(f"remote write 1.0: {targets * SERIES} series x {rounds} samples, {size} samples a request, {connections} "
            "connections, as fast as answers come; flyball: on disk before each answer")
    head("", "M samples/s", "CPU-s per M samples", "slowest answer s", "refused", f"bytes RSS per series after {REST} s",
         "sender's CPU-s per M")
    for kind in servers:
        server = Server(kind, work)
        try:
            cpu = server.cpu()
            result = json.loads(subprocess.run(
                [LOAD, "push", payload, f"port={server.port}", f"targets={targets}", f"series={SERIES}",
                 f"rounds={rounds}", "step=1000", f"request={size}", f"connections={connections}"],
                capture_output=True, text=True, check=True).stdout)
            samples, spent = max(1, result["samples"]), server.cpu() - cpu
            # What requests took has been given back then, by each in its way.
            time.sleep(REST)
            row(kind, f"{result['samples_per_second'] / 1e6:.2f}", f"{spent / samples * 1e6:.3f}",
                f"{result['slowest_answer_seconds']:.3f}", result["refused"] + result["broken_connections"],
                f"{server.rss() / targets / SERIES:.0f}",
                f"{result['processor_seconds'] / samples * 1e6:.3f}")
        finally:
            server.stop()


def record(folder, name, fetch, count, pause):
    for _ in range(count):
        moment = int(time.time() * 1000)
        body = fetch()
        with open(os.path.join(folder, f"{name}.{moment}.txt"), "wb") as file:
            file.write(body)
        time.sleep(max(pause, 0.001))


def recordings(work, payloads):
    """Recordings of 240 scrapes: this machine by node_exporter, a Prometheus, and the payloads as they are made to move."""
    folder = os.path.join(work, "recordings")
    os.mkdir(folder)
    names = []
    if shutil.which("prometheus-node-exporter"):
        port = free_port()
        exporter = subprocess.Popen(
            ["prometheus-node-exporter", "--web.listen-address", f"127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watcher = Server("prometheus", work, [port], 1000) if shutil.which("prometheus") else None
        try:
            time.sleep(1)
            sources = [("node-exporter", port)] + ([("prometheus", watcher.port)] if watcher else [])
            for name, port in sources:
                record(folder, name, lambda: get(f"http://127.0.0.1:{port}/metrics"), 240, 0.05)
                names.append(name)
        finally:
            exporter.kill()
            exporter.wait()
            if watcher:
                watcher.stop()
    for path, text in payloads:
        name = os.path.basename(text).removesuffix(".prom")
        load = Load(text, targets=1)
        try:
            record(folder, name, lambda: get(f"http://127.0.0.1:{load.ports[0]}/metrics"), 240, 0)
            names.append(name)
        finally:
            load.stop()
    return folder, names


def stored_by_victoria(work, folder, name):
    """Bytes of its samples and of its index after a flush and a merge, without caches."""
    server = Server("victoria-metrics", work)
    try:
        url = f"http://127.0.0.1:{server.port}"
        for file in sorted(os.listdir(folder)):
            if file.startswith(name + "."):
                body = open(os.path.join(folder, file), "rb").read()
                get(f"{url}/api/v1/import/prometheus?timestamp={file.split('.')[-2]}&extra_label=job={name}", body)
        get(f"{url}/internal/force_flush")
        get(f"{url}/internal/force_merge", timeout=60)
        time.sleep(2)
        return [folder_size(os.path.join(server.data, part)) for part in ("data", "indexdb")]
    finally:
        server.stop()


def bytes_per_sample(work, payloads):
    section("bytes a sample on other recordings (240 scrapes each), everything in the folder: index, headers, checksums")
    head("recording", "series", "samples", "flyball", "flyball, values", "victoria-metrics",
         "victoria-metrics, data folder")
    folder, names = recordings(work, payloads)
    for name in names:
        result = json.loads(subprocess.run(
            [STORAGE, "store", folder, name], capture_output=True, text=True, check=True).stdout)
        samples = result["samples"]
        peer = peer_values = "-"
        if shutil.which("victoria-metrics"):
            data, index = stored_by_victoria(work, folder, name)
            peer, peer_values = f"{(data + index) / samples:.3f}", f"{data / samples:.3f}"
        row(name, result["series"], samples, f"{result['bytes'] / samples:.3f}",
            f"{result['value_bytes'] / samples:.3f}", peer, peer_values)


def main():
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    servers = [kind for kind in ["flyball", "prometheus", "victoria-metrics"]
               if kind == "flyball" or shutil.which(kind)]
    chosen = os.environ.get("BENCH_SERVERS")
    if chosen:
        servers = [kind for kind in servers if kind in chosen.split(",")]
    work = tempfile.mkdtemp(prefix="storage-benchmark-")
    try:
        payloads = []
        for path in PAYLOADS:
            text = os.path.join(work, os.path.basename(path).removesuffix(".xz"))
            with open(text, "wb") as file:
                file.write(lzma.open(path).read() if path.endswith(".xz") else open(path, "rb").read())
            payloads.append((path, text))
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, data in {work}, "
              f"payload {os.path.basename(payloads[0][1])}")
        for name, run in [("scrape", scrape), ("memory", memory), ("limit", limit), ("push", push)]:
            if name in ONLY:
                run(servers, work, payloads[0][1])
        if "bytes" in ONLY:
            bytes_per_sample(work, payloads)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == '__main__':
    main()
