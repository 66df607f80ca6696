"""Leaves one of each behind: semaphore, segment, three System V objects, temporary folder, daemon. Its argument names them."""

import ctypes
import mmap
import os
import subprocess
import sys
import tempfile
import time

tag, key = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
IPC_CREAT = 0o1000


def check(result, what):
    if result in (None, -1):
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


check(libc.sem_open(f"/{tag}".encode(), os.O_CREAT, ctypes.c_uint(0o600), ctypes.c_uint(1)), "sem_open")
with open(f"/dev/shm/{tag}", "w+b") as segment:
    segment.truncate(4096)
    mmap.mmap(segment.fileno(), 4096)
check(libc.shmget(key, 4096, IPC_CREAT | 0o600), "shmget")
check(libc.semget(key, 1, IPC_CREAT | 0o600), "semget")
check(libc.msgget(key, IPC_CREAT | 0o600), "msgget")
tempfile.mkdtemp(prefix=f"{tag}-", dir="/tmp")
daemon = subprocess.Popen(
    ["setsid", "env", "-i", "sh", "-c", f"trap '' TERM; while :; do sleep 1; done # {tag}"],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
time.sleep(0.2)
print("littered", flush=True)
if sys.argv[3:] == ["stay"]:
    time.sleep(1000)
