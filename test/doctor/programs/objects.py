"""Makes objects of Python's libraries, says their names, and waits, or ends so that its tracker cannot clean up.

usage: objects.py die|wait|heir KIND...     KIND: loky, mp, psm, joblib, pymp, shm (System V without a key)

`heir` dies too, and a child of it goes on holding what was made. Both wait for the end of standard input.
"""
import _multiprocessing
import ctypes
import os
import random
import string
import sys
import tempfile
from multiprocessing import shared_memory

kept = []


def suffix():
    return "".join(random.choices(string.ascii_lowercase, k=8))


def semaphore(name):
    # What loky and multiprocessing do; without a tracker, as if that had been killed too.
    kept.append(_multiprocessing.SemLock(1, 1, 1, name, False))
    return "sem." + name[1:]


def make(kind):
    if kind == "loky":
        return semaphore(f"/loky-{os.getpid()}-{suffix()}")
    if kind == "mp":
        return semaphore(f"/mp-{suffix()}")
    if kind == "psm":
        segment = shared_memory.SharedMemory(create=True, size=100_000)
        kept.append(segment)
        return segment.name
    if kind == "joblib":
        folder = f"/dev/shm/joblib_memmapping_folder_{os.getpid()}_{suffix()}"
        os.mkdir(folder, 0o700)
        with open(f"{folder}/array.pkl", "wb") as file:
            file.write(b"x" * 50_000)
        return os.path.basename(folder)
    if kind == "pymp":
        return os.path.basename(tempfile.mkdtemp(prefix="pymp-"))
    if kind == "shm":
        return f"shm {ctypes.CDLL(None).shmget(0, 5000, 0o1600)}"
    raise SystemExit(f"{kind}?")


how, *kinds = sys.argv[1:]
names = [make(kind) for kind in kinds]
print(os.getpid(), *names, sep=",", flush=True)
if how == "wait" or (how == "heir" and os.fork() == 0):
    sys.stdin.read()
    os._exit(0)
# The tracker of shared_memory must not remove what its maker leaves.
try:
    from multiprocessing.resource_tracker import _resource_tracker

    if _resource_tracker._pid:
        os.kill(_resource_tracker._pid, 9)
finally:
    os.kill(os.getpid(), 9)
