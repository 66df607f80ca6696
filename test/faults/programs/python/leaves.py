"""A program that leaves something behind, whoever ends it: `leaves.py KIND HOW FOLDER`, with files in FOLDER as pools.py has.

  setsid      a child in a session of its own
  daemon      a double fork, a session of its own, an empty environment
  system-v    a segment, a set of semaphores and a queue of System V, while it works itself
"""
import ctypes
import os
import sys
import time

kind, how, folder = sys.argv[1:4]


def say(name):
    open(os.path.join(folder, name), "w").close()


def become_sleep(environment):
    devnull = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(devnull, number)
    say(f"busy-{os.getpid()}")
    os.execve("/bin/sleep", ["sleep", "1000"], environment)


def setsid():
    if os.fork() == 0:
        os.setsid()
        become_sleep(dict(os.environ))


def daemon():
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            become_sleep({})
        os._exit(0)
    os.waitpid(child, 0)


def system_v():
    libc = ctypes.CDLL(None, use_errno=True)
    private, create = 0, 0o1600
    made = [
        libc.shmget(private, 65536, create),
        libc.semget(private, 1, create),
        libc.msgget(private, create),
    ]
    if -1 in made:
        sys.exit("no System V objects here")
    say(f"busy-{os.getpid()}")


if __name__ == "__main__":
    say(f"root-{os.getpid()}")
    {"setsid": setsid, "daemon": daemon, "system-v": system_v}[kind]()
    while not any(name.startswith("busy-") for name in os.listdir(folder)):
        time.sleep(0.01)
    if how == "wait":
        time.sleep(120)
