import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor


def work(_):
    until = time.monotonic() + 5
    while time.monotonic() < until:
        pass


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(work, range(2)))
