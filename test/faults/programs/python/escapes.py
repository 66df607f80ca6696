"""Leaves a process behind in one of the forms of the table of escapes: `escapes.py FORM HOLD_MS FILE`.

It says `ready {"left": PID}` when that process is what it will be, and ends with 0 when it is sent a line. The processes
between it and that one live for HOLD_MS; with 0 they are gone before anybody could look.
"""
import json
import os
import signal
import sys
import time

form, hold_ms, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
DOUBLE = ("double fork", "descriptors closed", "environment cleared", "setuid nobody")


def stay():
    """Becomes the process that is left: it has told its number, and sleeps."""
    environment = dict(os.environ)
    if form in ("descriptors closed", "environment cleared", "setuid nobody"):
        os.chdir("/")
        os.closerange(0, 64)
        for number in (0, 1, 2):
            os.open("/dev/null", os.O_RDWR)
    with open(file + ".new", "w") as out:
        out.write(str(os.getpid()))
    os.rename(file + ".new", file)
    if form in ("environment cleared", "setuid nobody"):
        environment = {}
    if form == "setuid nobody":
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    os.execve("/bin/sleep", ["sleep", "1000"], environment)


def fork_and_leave():
    child = os.fork()
    if child == 0:
        return
    time.sleep(hold_ms / 1000)
    os._exit(0)


child = os.fork()
if child == 0:
    if form == "own group":
        os.setpgid(0, 0)
    elif form == "own session":
        os.setsid()
    elif form in DOUBLE:
        os.setsid()
        fork_and_leave()
    stay()

if form in DOUBLE:
    os.waitpid(child, 0)
deadline = time.monotonic() + 20
while not os.path.exists(file) or open(f"/proc/{open(file).read()}/comm").read() != "sleep\n":
    if time.monotonic() > deadline:
        sys.exit("what is left has not come so far")
    time.sleep(0.002)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
print("ready", json.dumps({"left": int(open(file).read())}), flush=True)
sys.stdin.readline()
