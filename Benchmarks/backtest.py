#!/usr/bin/env python3
"""Times `flyball backtest` with many policies over four weeks of minutes.

usage: backtest.py FLYBALL [--policies 100] [--startup 180s] [--json FILE]

The demand has a day, a week and noise. Of a hundred policies 60 predict (15 risks with holds of 10 to 40 minutes), 18 follow
utilisation as HorizontalPodAutoscaler does, 15 follow the load, and seven are the comparators.
"""
import argparse, json, math, os, resource, subprocess, tempfile, time

COMPARATORS = ["hpa-v2", "keda", "nomad-target-value", "aws-target-tracking+predictive", "crane-ehpa", "static",
               "clairvoyant"]
LOAD = "{ name: load, query: 'sum(rate(http_requests_total[1m]))', per_replica: 50 }"


def demand(minutes):
    noise, rows = 1, ["t_s,value"]
    for minute in range(minutes):
        noise = (noise * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        day = math.sin(2 * math.pi * (minute % 1440) / 1440)
        week = 1.0 if minute // 1440 % 7 < 5 else 0.6
        rows.append(f"{60 * minute},{round(week * (1000 + 600 * day) + 200 * (noise >> 40) / 2 ** 24, 3)}")
    return "\n".join(rows) + "\n"


def policies(count):
    texts = []
    for index in range(count):
        head = f"- name: p{index}\n  workload: w{index}\n  replicas: {{ min: 1, max: 150 }}\n"
        kind, place = ("predict", index) if index < 60 else ("mean", index - 60) if index < 78 else ("load", index - 78)
        if kind == "predict":
            risk, hold = (1 + 2 * (place % 15), 10 * (1 + place // 15 % 4))
            texts.append(f"{head}  signals:\n  - {LOAD}\n  predict: {{ signal: load, risk: {risk}%, hold: {hold}m }}\n")
        elif kind == "mean":
            texts.append(f"{head}  signals:\n  - {{ name: cpu, query: 'avg(cpu)', mean: {50 + place}% }}\n  behaviour:\n"
                         "    scale_up: { limit: 100% per 15s or 4 per 15s }\n"
                         "    scale_down: { window: 5m, limit: 100% per 15s }\n")
        else:
            texts.append(f"{head}  signals:\n  - {LOAD}\n  behaviour:\n    scale_down: {{ window: {1 + place}m }}\n")
    return "policies:\n" + "".join(texts)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("flyball")
    options.add_argument("--policies", type=int, default=100)
    options.add_argument("--startup", default="180s")
    options.add_argument("--json", help="where the results go")
    options = options.parse_args()
    own = max(1, options.policies - len(COMPARATORS))
    with tempfile.TemporaryDirectory() as folder:
        trace, file = os.path.join(folder, "demand.csv"), os.path.join(folder, "many.policies.yml")
        open(trace, "w").write(demand(28 * 1440))
        open(file, "w").write(policies(own))
        names = [word for name in [f"p{index}" for index in range(own)] + COMPARATORS for word in ("--policy", name)]
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        output = subprocess.run(
            [options.flyball, "backtest", "--policies", file, *names, "--trace", trace, "--startup", options.startup,
             "--evaluate-after", "8d", "--output", "json"], check=True, stdout=subprocess.PIPE).stdout
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if options.json:
        open(options.json, "wb").write(output)
    count = len(json.loads(output)["policies"])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{count} policies over 28 days of minutes in ticks of 15 s: {wall:.1f} s, {cpu:.1f} s of CPU time, "
          f"{wall / count / 161277 * 1e6:.2f} microseconds a policy's tick with all forecasts "
          f"(goal: 100 policies under 60 s: {'met' if count < 100 or wall < 60 else 'not'})")


if __name__ == "__main__":
    main()
