import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed

from tasks import run

if __name__ == "__main__":
    with open(os.environ["RESULTS"], "a") as results:
        with ProcessPoolExecutor(max_workers=int(os.environ.get('WORKERS') or 8)) as pool:
            futures = {pool.submit(run, index): index for index in range(int(os.environ["TASKS"]))}
            for future in as_completed(futures):
                try:
                    digest = hashlib.sha256(future.result().encode()).hexdigest()[:16]
                    outcome = {"digest": digest}
                except Exception as error:
                    outcome = {"error": f"{type(error).__name__}: {error}"[:200]}
                print(json.dumps({"index": futures[future], **outcome}), file=results, flush=True)
