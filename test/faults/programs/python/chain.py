"""A chain that never stands still: each process forks, ends, and its child goes on in a session of its own.

`chain.py FOLDER LIMIT_S [clear]`: it is at the end when FOLDER/stop is there, or after that many seconds; with `clear` each
link has an empty environment. FOLDER/link holds the number of the last one. The first process says `ready` when the chain
is ten links long, and ends with 0 when it is sent a line.
"""
import os
import sys
import time

folder, limit_s, *rest = sys.argv[1:]
link_file = os.path.join(folder, "link")


def main():
    if rest and rest[0] == "link":
        run(int(rest[1]), float(rest[2]))
        return
    deadline = time.monotonic() + float(limit_s)
    child = os.fork()
    if child == 0:
        devnull = os.open("/dev/null", os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(devnull, number)
        if "clear" in rest:
            words = [sys.executable, "-I", "-S", __file__, folder, limit_s, "link", "0", str(deadline)]
            os.execve(sys.executable, words, {})
        run(0, deadline)
    while last() < 10:
        if time.monotonic() > deadline:
            sys.exit("the chain has not come so far")
        time.sleep(0.005)
    print("ready {}", flush=True)
    sys.stdin.readline()


def last():
    try:
        with open(link_file) as file:
            return int(file.read() or "0")
    except FileNotFoundError:
        return 0


def run(count, deadline):
    """One link after the other: this function goes on in the child."""
    while time.monotonic() < deadline and not os.path.exists(os.path.join(folder, "stop")):
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        count += 1
        with open(link_file, "w") as file:
            file.write(str(count))
        # A link that lives no time at all would be a fork bomb of one process, and nobody's daemon.
        time.sleep(0.001)
    os._exit(0)


main()
