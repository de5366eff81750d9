#!/usr/bin/env python3
"""Kills the store at random moments and checks that nothing acknowledged is lost.

usage: torture.py STORAGE-BENCHMARK [CYCLES] [SEED]
"""
import os, random, select, shutil, signal, subprocess, sys, tempfile, time

program = sys.argv[1]
cycles = int(sys.argv[2]) if len(sys.argv) > 2 else 200
random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
folder = tempfile.mkdtemp(prefix="flyball-torture-")
acknowledged = kills = damaged = 0
try:
    for cycle in range(cycles):
        child = subprocess.Popen([program, "torture", folder, str(acknowledged)], stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + random.choice([0.02, 0.1, 0.3, 0.8]) * random.random() + 0.01
        os.set_blocking(child.stdout.fileno(), False)
        rest = ""
        while time.monotonic() < deadline and child.poll() is None:
            if select.select([child.stdout], [], [], 0.005)[0]:
                rest += child.stdout.read() or ""
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += 1
        os.set_blocking(child.stdout.fileno(), True)
        rest += child.stdout.read() or ""
        lines = rest.split("\n")[:-1]
        for line in lines:
            word, _, number = line.partition(" ")
            if word == "acknowledged":
                acknowledged = max(acknowledged, int(number))
            elif word == "opened":
                damaged += int(number.split()[3])
            else:
                print(f"cycle {cycle}: {line}")
                sys.exit(1)
        if child.returncode != -signal.SIGKILL:
            print(f"cycle {cycle}: the writer ended by itself with {child.returncode}")
            sys.exit(1)
finally:
    shutil.rmtree(folder)
print(f"{kills} kills, {acknowledged * 81} acknowledged samples, 0 lost, {damaged} torn writes found")
