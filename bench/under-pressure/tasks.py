# The mixed work of test/faults/pressure/tasks.cjs, with the same results.
import hashlib
import os
import subprocess
import tempfile
import time

KINDS = ["cpu", "cpu", "wait", "memory", "memory", "large", "file", "child"]
MIB = 2**20
ROUNDS = 24
HOLD = 0.1


def run(index):
    drawn = hashlib.sha256(f"task {index}".encode()).digest()
    kind, amount = KINDS[drawn[0] % len(KINDS)], drawn[1]
    letter = chr(97 + amount % 26)
    if kind == "cpu":
        return chain((1 + amount % 20) * ROUNDS, index)
    if kind == "wait":
        time.sleep((5 + amount % 21) / 1000)
        return f"waited for {index}"
    if kind == "memory":
        return held(20 + amount % 41, amount)
    if kind == "large":
        return letter * MIB
    if kind == "file":
        return through_file(letter * ((1 + amount % 16) * (MIB // 16)))
    return f"true ended with {subprocess.run(['true']).returncode}"


def chain(rounds, seed):
    block = bytes(2**16)
    digest = hashlib.sha256(f"chain {seed}".encode()).digest()
    for _ in range(rounds):
        hashed = hashlib.sha256(digest)
        hashed.update(block)
        digest = hashed.digest()
    return digest.hex()


def held(mebibytes, value):
    pages = bytes([value]) * (mebibytes * MIB)
    time.sleep(HOLD)
    return f"pages add up to {sum(pages[::4096])}"


def through_file(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "w") as file:
            file.write(text)
        with open(path) as file:
            return file.read()
