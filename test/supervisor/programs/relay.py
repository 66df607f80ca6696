"""Never the same processes for long: each forks the next and ends, 2 ** N of them at once, until the file is there.

relay.py FILE N    waits for a line, and then says that it has begun
"""

import os
import sys

stop, doublings = sys.argv[1], int(sys.argv[2])
sys.stdin.readline()
if os.fork():
    os._exit(0)
os.setsid()
for _ in range(doublings):
    os.fork()
os.write(1, b"begun\n")
for fd in range(3):
    os.dup2(os.open(os.devnull, os.O_RDWR), fd)
while not os.path.exists(stop):
    if os.fork():
        os._exit(0)
