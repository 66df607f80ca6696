"""Makes a shared memory segment, says its name, and ends without removing it when its input ends."""
import os
import sys
from multiprocessing import resource_tracker, shared_memory

segment = shared_memory.SharedMemory(create=True, size=4096)
# Else the tracker of this process removes it.
resource_tracker.unregister(segment._name, "shared_memory")
print(segment.name, flush=True)
sys.stdin.read()
os._exit(0)
