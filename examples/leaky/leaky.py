"""A batch as many are: a pool of processes, a lock, a block of shared memory, a folder for temporary files.

When it ends normally, or by Ctrl-C, it takes everything back. Ended in any other way it leaves workers, semaphores, memory
and files behind. Needs only Python 3.8 and its standard library; ends by itself after about two seconds.
"""

import multiprocessing
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory
from pathlib import Path

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 1.5
WORKERS = 2


def attach(name, lock, folder):
    """Runs in each worker before its first task."""
    global scores, guard, notes
    scores = shared_memory.SharedMemory(name)
    guard = lock
    notes = folder


def score(sample):
    time.sleep(SECONDS / 10)
    Path(notes, f"{sample}.txt").write_text(str(sample))
    with guard:
        scores.buf[sample] = sample % 251


def main():
    # As on macOS and Windows, and on Linux for whoever has threads: each worker is a new interpreter.
    context = multiprocessing.get_context("spawn")
    folder = tempfile.mkdtemp(prefix="leaky-")
    scores = shared_memory.SharedMemory(create=True, size=4096)
    try:
        lock = context.Lock()
        arguments = (scores.name, lock, folder)
        with ProcessPoolExecutor(WORKERS, context, attach, arguments) as pool:
            list(pool.map(score, range(10 * WORKERS)))
    finally:
        scores.close()
        scores.unlink()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
