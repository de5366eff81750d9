#!/usr/bin/env python3
"""Runs the shipped policies on queues beside KEDA, tuned by grid search in hindsight, over recorded demand.

usage: queue.py SCALING-BENCHMARK [--policies FILE] [--startup 60,180] [--allowed 30,120] [--all] [--traces FOLDER]

Jobs arrive at random as often as the recording says and take 5 s in the mean. --all adds lognormal times to exponential
ones.
"""
import argparse, os, subprocess, tempfile
from scaling import CRANE, ROOT, text


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("benchmark")
    options.add_argument("--policies", default=os.path.join(ROOT, "docs", "policies", "queue.policies.yml"))
    options.add_argument("--startup", default="60,180")
    options.add_argument("--allowed", default="30,120")
    options.add_argument("--all", action="store_true")
    options.add_argument("--traces", default=os.path.join(ROOT, "..", "shared", "traces"))
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        traces = []
        for number, group, days in CRANE:
            if group == "constant":
                continue
            file = os.path.join(folder, f"{number}.csv")
            open(file, "w").write(text(os.path.join(options.traces, f"crane_production/input{number}.csv.xz")))
            traces.append(f"#{number}={file}:{group}:{days}")
        services = "exponential,lognormal" if options.all else "exponential"
        subprocess.run([options.benchmark, "queue", options.policies, options.startup, options.allowed, services,
                        *traces], check=True)


if __name__ == "__main__":
    main()
