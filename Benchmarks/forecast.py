#!/usr/bin/env python3
"""Forecasts the last 48 points of the M4 competition's hourly training series, and prints what they are worth beside
other methods: sMAPE, MASE, OWA, coverage of the 80 and 95 % intervals, series worse than 1.5 x seasonal naive.

usage: forecast.py FORECAST-BENCHMARK [--series N] [--skip POINTS] [--folder M4] [--without-peers]

AutoARIMA, MSTL and Theta are statsforecast's (PyPI), in a virtual environment below .build/bench. AutoARIMA takes a
minute of CPU time a series, so it sees some of them, evenly spread; all only with --series 0, which takes hours. What
each said is kept there.
"""
import argparse, csv, gzip, hashlib, json, lzma, math, os, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.path.join(ROOT, ".build", "bench")
HORIZON, SEASON = 48, 24
UPPER = ("0.5", "0.8", "0.9", "0.95", "0.99")


def read_series(folder):
    series = []
    with gzip.open(os.path.join(folder, "train.csv.gz"), "rt") as lines:
        for row in csv.reader(lines):
            values = [field for field in row[1:] if field not in ("", "NA")]
            try:
                series.append((row[0], [float(value) for value in values]))
            except ValueError:
                continue  # the heading
    return series


def environment():
    """The Python of a virtual environment with statsforecast, made once; None where that fails."""
    python = os.path.join(CACHE, "venv", "bin", "python")
    if not os.path.exists(python):
        print("making a virtual environment with statsforecast below .build/bench", file=sys.stderr)
        os.makedirs(CACHE, exist_ok=True)
        made = subprocess.run([sys.executable, "-m", "venv", os.path.join(CACHE, "venv")])
        if made.returncode or subprocess.run([python, "-m", "pip", "install", "-q", "statsforecast"]).returncode:
            print("statsforecast cannot be installed: its rows are left out", file=sys.stderr)
            return None
    return python


# Runs in the virtual environment: reads a task a line, {"model":, "key":, "values": [...]}, and writes what the model
# forecasts of it a line, {"key":, "row": {"mean":, "lo-80":, ...} or null, "seconds": CPU time}.
PEER = """
import json, sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
from statsforecast.models import AutoARIMA, MSTL, Theta
make = {"AutoARIMA": lambda: AutoARIMA(season_length=24), "MSTL": lambda: MSTL(season_length=[24, 168]),
        "Theta": lambda: Theta(season_length=24)}
tasks = [json.loads(line) for line in open(sys.argv[1])]
with open(sys.argv[2], "a") as kept:
    kept.write("\\n")  # after what an interrupted run may have cut off
    for index, task in enumerate(tasks):
        start = time.process_time()
        try:
            f = make[task["model"]]().forecast(y=np.array(task["values"]), h=48, level=[80, 95])
            row = {key: np.asarray(f[key]).tolist() for key in f}
        except Exception as error:
            row = None
        answer = {"key": task["key"], "row": row, "seconds": time.process_time() - start}
        kept.write(json.dumps(answer) + "\\n")
        kept.flush()
        print(index + 1, "of", len(tasks), task["model"], end="\\r", file=sys.stderr, flush=True)
"""


def peer(python, model, known):
    """What a statsforecast model says of each series, and the CPU seconds it took: what was asked before is kept, series
    by series, so that an interrupted run goes on where it was."""
    keys = [hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16] for values in known]
    file = os.path.join(CACHE, f"{model}.jsonl")

    def kept():
        found = {}
        if os.path.exists(file):
            with open(file) as lines:
                for line in lines:
                    try:
                        answer = json.loads(line)
                        found[answer["key"]] = answer
                    except ValueError:
                        continue  # cut off when a run was interrupted; asked again
        return found

    answers = kept()
    missing = [(key, values) for key, values in zip(keys, known) if key not in answers]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            tasks, script = os.path.join(folder, "tasks.jsonl"), os.path.join(folder, "peer.py")
            with open(tasks, "w") as out:
                for key, values in missing:
                    out.write(json.dumps({"model": model, "key": key, "values": values}) + "\n")
            with open(script, "w") as out:
                out.write(PEER)
            env = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
            if subprocess.run([python, script, tasks, file], env=env).returncode:
                return None
        answers = kept()
    chosen = [answers[key] for key in keys]
    return [answer["row"] for answer in chosen], sum(answer["seconds"] for answer in chosen)


def smape(truth, forecast):
    return sum(200 * abs(y - f) / max(abs(y) + abs(f), 1e-12) for y, f in zip(truth, forecast)) / len(truth)


def scale(known):
    return sum(abs(a - b) for a, b in zip(known[SEASON:], known)) / (len(known) - SEASON)


def covered(truth, low, high):
    return sum(l <= y <= h for y, l, h in zip(truth, low, high)) / len(truth)


def mean(values):
    values = [value for value in values if value is not None and math.isfinite(value)]
    return sum(values) / len(values) if values else float("nan")


def seasonal_naive(known):
    """With intervals from the errors of the same rule within the history."""
    point = [known[len(known) - SEASON + step % SEASON] for step in range(HORIZON)]
    errors = [a - b for a, b in zip(known[SEASON:], known)]
    deviation = math.sqrt(sum(e * e for e in errors) / len(errors))
    band = lambda z: [z * deviation * math.sqrt(1 + step // SEASON) for step in range(HORIZON)]
    return point, band(1.2816), band(1.96)


def row(name, holdouts, forecasts, seconds=None):
    """forecasts: per series (point, low80, high80, low95, high95) or None."""
    pairs = [(h, f) for h, f in zip(holdouts, forecasts) if f is not None]
    if not pairs:
        return
    s = mean([smape(h[1], f[0]) for h, f in pairs])
    m = mean([sum(abs(y - v) for y, v in zip(h[1], f[0])) / HORIZON / h[2] for h, f in pairs])
    c80 = mean([covered(h[1], f[1], f[2]) for h, f in pairs])
    c95 = mean([covered(h[1], f[3], f[4]) for h, f in pairs])
    worse = sum(smape(h[1], f[0]) > 1.5 * smape(h[1], seasonal_naive(h[0])[0]) for h, f in pairs)
    spent = f"{1000 * seconds / len(pairs):9.1f}" if seconds is not None else " " * 9
    print(f"{name:34}{len(pairs):7}{s:9.3f}{m:8.3f}{(s / 18.383 + m / 2.395) / 2:8.3f}"
          f"{100 * c80:8.1f}{100 * c95:8.1f}{worse:8}{spent}")


def coverage_line(name, shares):
    return f"{name:34}" + "  ".join(f"{100 * float(q):g} %: {100 * s:.1f}" for q, s in zip(UPPER, shares))


def peaks(benchmark, folder):
    """How often the largest value 3 to 8 minutes ahead stayed below its quantiles, production series of a minute."""
    with tempfile.TemporaryDirectory() as plain:
        files = []
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(".csv.xz"):
                files.append(os.path.join(plain, name[:-3]))
                with lzma.open(os.path.join(folder, name)) as packed, open(files[-1], "wb") as out:
                    out.write(packed.read())
        if not files:
            return
        said = subprocess.run([benchmark, "peaks", *files], capture_output=True, text=True, check=True).stdout
    rows = [[fields[0]] + [float(field) for field in fields[1:]] for fields in csv.reader(said.splitlines()[1:])]
    print("\nlargest value 3 to 8 minutes ahead, below its upper quantiles:")
    for name, *shares in rows:
        print(coverage_line(f"  {name}, trusted {100 * shares[0]:.0f} %", shares[1:]))
    print(coverage_line("  all", [mean([row[2 + index] for row in rows]) for index in range(len(UPPER))]))


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("benchmark")
    options.add_argument("--series", type=int, default=23, help="how many series AutoARIMA sees; 0 for all")
    options.add_argument("--skip", type=int, default=0, help="points at the end that nobody sees")
    options.add_argument("--folder", default=os.path.join(ROOT, "..", "shared", "traces", "m4_hourly"))
    options.add_argument("--without-peers", action="store_true")
    options = options.parse_args()
    series = read_series(options.folder)
    holdouts = []
    for _, values in series:
        values = values[:len(values) - options.skip]
        known, truth = values[:-HORIZON], values[-HORIZON:]
        holdouts.append((known, truth, scale(known)))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "m4.csv")
        with open(file, "w") as out:
            for name, values in series:
                out.write(name + "," + ",".join(repr(value) for value in values) + "\n")
        start = os.times()
        said = subprocess.run([options.benchmark, "holdout", file, str(HORIZON), str(options.skip)],
                              capture_output=True, text=True, check=True).stdout
        spent = os.times().children_user - start.children_user
    ours = {}
    for fields in csv.reader(said.splitlines()[1:]):
        ours.setdefault(fields[0], {})[fields[1]] = [float(value) for value in fields[2:]]
    print(f"{'':34}{'series':>7}{'sMAPE':>9}{'MASE':>8}{'OWA':>8}{'80 %':>8}{'95 %':>8}{'>1.5 n.':>8}{'ms CPU':>9}")
    row("flyball", holdouts,
        [(q["mean"], q["0.1"], q["0.9"], q["0.025"], q["0.975"]) for q in (ours[name] for name, _ in series)],
        spent)
    below = [mean([sum(y <= f for y, f in zip(h[1], ours[n][quantile])) / HORIZON
                   for h, (n, _) in zip(holdouts, series)]) for quantile in UPPER]
    print(coverage_line("  below its upper quantiles", below))
    naive = [seasonal_naive(h[0]) for h in holdouts]
    shifted = lambda p, b, sign: [value + sign * width for value, width in zip(p, b)]
    row("seasonal naive", holdouts,
        [(p, shifted(p, a, -1), shifted(p, a, 1), shifted(p, b, -1), shifted(p, b, 1)) for p, a, b in naive])
    python = None if options.without_peers else environment()
    for model in ("Theta", "MSTL", "AutoARIMA") if python else ():
        step = max(1, len(series) // options.series) if model == "AutoARIMA" and options.series else 1
        chosen = holdouts[::step]
        answer = peer(python, model, [known for known, _, _ in chosen])
        if answer is None:
            continue
        rows = [r and (r["mean"], r["lo-80"], r["hi-80"], r["lo-95"], r["hi-95"]) for r in answer[0]]
        row(f"statsforecast {model}" + (f" (every {step}th)" if step > 1 else ""), chosen, rows,
            answer[1])
        if step > 1:
            names = [name for name, _ in series][::step]
            row(f"flyball (the same)", chosen,
                [(q["mean"], q["0.1"], q["0.9"], q["0.025"], q["0.975"]) for q in (ours[n] for n in names)])
    peaks(options.benchmark, os.path.join(options.folder, "..", "crane_production"))
    print("\n14 days of one-minute data, CPU time:", flush=True)
    subprocess.run([options.benchmark, "time"], check=True)


if __name__ == "__main__":
    main()
