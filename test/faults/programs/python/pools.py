"""A Python program with two workers in a task: `pools.py KIND HOW FOLDER`.

KIND is a pool of Python's (see KINDS), HOW what the program does once both workers are in a task:

  wait       nothing: somebody ends it
  normal     its tasks end, and so does it
  exception  it raises, in the way of somebody who forgot to clean up
  os._exit   it leaves without a word
  rapid      it makes and closes five pools, one after the other, and ends
  for-ever   the same without an end

It says what it has come to by files in FOLDER, which everybody can look at: root-PID, busy-PID, cycle-N. Workers in a task
sleep in it, rather than loop, for the sake of what else runs on the machine.
"""
import os
import sys
import time
from multiprocessing import get_context, shared_memory

kind, how, folder = sys.argv[1:4]
WORKERS = 2
TASKS = 4
SECONDS = {"wait": 120, "os._exit": 120, "normal": 0.2, "exception": 1}


def say(name):
    open(os.path.join(folder, name), "w").close()


def task(place, seconds, *_):
    if seconds > 0:
        open(os.path.join(place, f"busy-{os.getpid()}"), "w").close()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)


def attached(name, place, seconds):
    block = shared_memory.SharedMemory(name=name)
    task(place, seconds)
    block.close()


def act():
    """In the main thread, when the tasks are with the workers."""
    if how in ("rapid", "for-ever"):
        return
    deadline = time.monotonic() + 60
    while sum(name.startswith("busy-") for name in os.listdir(folder)) < WORKERS:
        if time.monotonic() > deadline:
            sys.exit("no two workers in a task")
        time.sleep(0.01)
    if how == "exception":
        raise RuntimeError("the program fails")
    if how == "os._exit":
        os._exit(0)


def futures(method):
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(WORKERS, mp_context=get_context(method)) as executor:
        sent = [executor.submit(task, folder, seconds) for _ in range(TASKS)]
        act()
        for future in sent:
            future.result()


def pool(method):
    with get_context(method).Pool(WORKERS) as workers:
        sent = [workers.apply_async(task, (folder, seconds)) for _ in range(TASKS)]
        act()
        for result in sent:
            result.get()


def blocks():
    context = get_context("spawn")
    made = [shared_memory.SharedMemory(create=True, size=65536) for _ in range(WORKERS)]
    sent = [context.Process(target=attached, args=(block.name, folder, seconds)) for block in made]
    for process in sent:
        process.start()
    act()
    for process in sent:
        process.join()
    for block in made:
        block.close()
        block.unlink()


def loky():
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(WORKERS) as executor:
        sent = [executor.submit(task, folder, seconds) for _ in range(TASKS)]
        act()
        for future in sent:
            future.result()


def memmap():
    import numpy
    from joblib import Parallel, delayed

    array = numpy.zeros(200_000)

    def calls():
        for number in range(TASKS):
            if number == WORKERS:
                act()
            yield delayed(task)(folder, seconds, array)

    Parallel(n_jobs=WORKERS, max_nbytes=1000)(calls())


KINDS = {
    "futures-fork": lambda: futures("fork"),
    "futures-spawn": lambda: futures("spawn"),
    "futures-forkserver": lambda: futures("forkserver"),
    "pool-fork": lambda: pool("fork"),
    "pool-spawn": lambda: pool("spawn"),
    "shared_memory": blocks,
    "loky": loky,
    "joblib-memmap": memmap,
}

if __name__ == "__main__":
    seconds = SECONDS.get(how, 0)
    say(f"root-{os.getpid()}")
    cycles = {"rapid": 5, "for-ever": 10**6}.get(how, 1)
    for cycle in range(cycles):
        KINDS[kind]()
        say(f"cycle-{cycle}")
