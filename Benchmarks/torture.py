#!/usr/bin/env python3
"""Ends the store at random moments, by kill -9 and by power cuts, and checks that nothing acknowledged is lost.

usage: torture.py STORAGE-BENCHMARK [--cycles N] [--power-cuts N] [--seconds S] [--seed N]

A power cut: the store lives in an ext4 image whose journal is written rarely (commit=300). After SIGKILL the image is copied as
the disk has it, without the pages that only the kernel has, and the next cycle goes on with the copy. That needs root and loop
devices; where they cannot be had, the power cuts are left out, and said to be.
"""
import argparse, os, random, select, shutil, signal, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--cycles", type=int, default=200)
parser.add_argument("--power-cuts", type=int, default=50)
parser.add_argument("--seconds", type=float, default=0, help="go on until so much time is over, at least the cycles")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
random.seed(options.seed)


class Lost(Exception):
    pass


class Record:
    """What was acknowledged so far in one folder, and what became of it."""

    def __init__(self):
        self.cycles = self.rows = self.samples = self.earlier = self.damage = 0
        # Rows that may have been written, acknowledged or not: those found at the last start count.
        self.written = 0

    def is_due(self):
        """Whether to begin with an empty folder: each cycle checks all that is there, so a long history is slow."""
        return self.cycles > 0 and self.cycles % 20 == 0

    def begin_anew(self):
        self.earlier += self.samples
        self.rows = self.samples = self.written = 0


def cycle(folder, record, delays):
    """Lets the writer check the folder and write on, and kills it."""
    child = subprocess.Popen(
        [options.program, "torture", folder, str(record.rows)], stdout=subprocess.PIPE, text=True)
    descriptor = child.stdout.fileno()
    os.set_blocking(descriptor, False)
    text = ""
    deadline = None
    while child.poll() is None and (deadline is None or time.monotonic() < deadline):
        if select.select([descriptor], [], [], 0.002)[0]:
            text += child.stdout.read() or ""
        # Half of the deaths come while the store is opened, the others while it writes.
        if deadline is None and (delays[0] or "acknowledged" in text):
            deadline = time.monotonic() + delays[1]
        if deadline is None and len(text) == 0 and child.poll() is not None:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    os.set_blocking(descriptor, True)
    text += child.stdout.read() or ""
    child.stdout.close()
    for line in text.split("\n")[:-1]:
        words = line.split(" ")
        if words[0] == "acknowledged":
            record.rows, record.samples = int(words[1]), int(words[2])
            record.written = record.rows
        elif words[0] == "opened":
            # Killed between the disk and the acknowledgement.
            if int(words[1]) > record.written + 1:
                raise Lost(f"{words[1]} rows were found, only {record.written} and one more were written")
            record.written = int(words[1])
            if words[3] != "0":
                raise Lost(f"the store reports {words[3]} losses")
            record.damage += int(words[4])
        else:
            raise Lost(line)
    if child.returncode != -signal.SIGKILL:
        raise Lost(f"the writer ended by itself with {child.returncode}")
    record.cycles += 1


def delays():
    return (random.random() < 0.5, random.choice([0.01, 0.05, 0.2, 0.4]) * random.random())


def going(done, wanted, started):
    return done < wanted or (options.seconds and wanted and time.monotonic() - started < options.seconds)


def kills(record):
    folder = tempfile.mkdtemp(prefix="flyball-torture-")
    started = time.monotonic()
    try:
        while going(record.cycles, options.cycles, started):
            if record.is_due():
                record.begin_anew()
                shutil.rmtree(folder)
                os.mkdir(folder)
            cycle(folder, record, delays())
    finally:
        shutil.rmtree(folder)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def power_cuts(record):
    """Returns why there are none, where that is so."""
    folder = tempfile.mkdtemp(prefix="flyball-power-")
    image, copy, mount = (os.path.join(folder, name) for name in ["disk", "copy", "mount"])
    os.mkdir(mount)
    mounted = False
    started = time.monotonic()
    try:
        try:
            with open(image, "wb") as file:
                file.truncate(512 << 20)
            run("mkfs.ext4", "-q", image)
            run("mount", "-o", "loop,commit=300", image, mount)
            mounted = True
        except (OSError, subprocess.CalledProcessError) as error:
            return (getattr(error, "stderr", "") or str(error)).strip().split("\n")[0]
        while going(record.cycles, options.power_cuts, started):
            if record.is_due():
                record.begin_anew()
            # Another folder, since one that is removed may be back once the power is.
            cycle(os.path.join(mount, f"store-{record.cycles // 20}"), record, delays())
            # Now the power is gone: what is not in the image by now never was.
            run("cp", "--sparse=always", image, copy)
            run("umount", mount)
            mounted = False
            os.rename(copy, image)
            run("mount", "-o", "loop,commit=300", image, mount)
            mounted = True
        return None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", mount])
        shutil.rmtree(folder)


def main():
    lost = 0
    for name, test in [("kill -9", kills), ("power cut", power_cuts)]:
        if not (options.cycles if test is kills else options.power_cuts):
            continue
        record = Record()
        try:
            reason = test(record)
        except Lost as error:
            print(f"{name}, cycle {record.cycles}, seed {options.seed}: {error}")
            lost += 1
            reason = None
        if reason:
            print(f"{name}: left out, {reason}")
            continue
        print(
            f"{name}: {record.cycles} cycles, {record.earlier + record.samples} acknowledged samples, {lost and 'some' or 0} lost, "
            f"{record.damage} torn writes found", flush=True)
    sys.exit(1 if lost else 0)


# In a mount namespace of its own, so that no mount outlives a torture that is itself killed.
if options.power_cuts and os.geteuid() == 0 and "FLYBALL_TORTURE" not in os.environ and shutil.which("unshare"):
    os.environ["FLYBALL_TORTURE"] = "1"
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0:
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
main()
