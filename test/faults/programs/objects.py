"""Makes and uses objects that outlive it, as its arguments say one after the other, and then does what the last one says.

  sem NAME | segment NAME BYTES | map NAME | open-sem NAME | file NAME | folder NAME | unlink NAME
  shm KEY | semset KEY | queue KEY [both] | attach KEY      System V
  shared-memory BYTES | semaphores N                         as multiprocessing makes them, with its tracker
  listen                        on a socket in a folder as multiprocessing makes it; a child goes on with it
  deleted-file                  open, without a name
  deaf                          says `asked` instead of ending by SIGTERM
  heir                          a copy goes on, and the one that made all this ends
  ready | wait | exit | kill-group | daemon
"""
import ctypes, json, mmap, os, signal, sys
import _multiprocessing, _posixshmem

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
IPC_CREAT = 0o1000
made, kept = {}, []
words = sys.argv[1:]


def checked(number):
    if number == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return number


def map_segment(fd):
    kept.append(mmap.mmap(fd, 0))
    os.close(fd)


while words:
    word = words.pop(0)
    if word == 'sem':
        kept.append(_multiprocessing.SemLock(1, 1, 1, '/' + words.pop(0), False))
    elif word == 'open-sem':
        kept.append(_multiprocessing.SemLock._rebuild(0, 1, 1, '/' + words.pop(0)))
    elif word == 'segment':
        fd = _posixshmem.shm_open('/' + words.pop(0), os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
        os.ftruncate(fd, int(words.pop(0)))
        map_segment(fd)
    elif word == 'map':
        map_segment(_posixshmem.shm_open('/' + words.pop(0), os.O_RDWR, mode=0o600))
    elif word == 'file':
        open('/dev/shm/' + words.pop(0), 'w').close()
    elif word == 'folder':
        folder = '/dev/shm/' + words.pop(0)
        os.mkdir(folder)
        with open(folder + '/array', 'w') as file:
            file.write('x' * 100000)
    elif word == 'unlink':
        os.unlink('/dev/shm/' + words.pop(0))
    elif word == 'shm':
        made['shm'] = checked(libc.shmget(int(words.pop(0)), 4321, IPC_CREAT | 0o600))
    elif word == 'attach':
        if libc.shmat(checked(libc.shmget(int(words.pop(0)), 0, 0)), None, 0) == ctypes.c_void_p(-1).value:
            raise OSError('shmat')
    elif word == 'semset':
        made['sem'] = checked(libc.semget(int(words.pop(0)), 2, IPC_CREAT | 0o600))
        checked(libc.semctl(made['sem'], 0, 16, 1))  # SETVAL
    elif word == 'queue':
        queue = checked(libc.msgget(int(words.pop(0)), IPC_CREAT | 0o600))
        made.setdefault('msg', []).append(queue)
        message = ctypes.create_string_buffer(b'\x01' + b'\0' * 7 + b'hello')
        checked(libc.msgsnd(queue, message, 5, 0))
        if words[0] == 'both':
            words.pop(0)
            checked(libc.msgrcv(queue, message, 5, 0, 0))
    elif word == 'shared-memory':
        from multiprocessing import shared_memory
        kept.append(shared_memory.SharedMemory(create=True, size=int(words.pop(0))))
        made.setdefault('names', []).append(kept[-1].name)
    elif word == 'semaphores':
        import multiprocessing
        context = multiprocessing.get_context('spawn')
        for _ in range(int(words.pop(0))):
            kept.append(context.Lock())
            made.setdefault('names', []).append('sem.' + kept[-1]._semlock.name[1:])
    elif word == 'listen':
        import socket, tempfile
        made['socket'] = tempfile.mkdtemp(prefix='pymp-') + '/listener'
        kept.append(socket.socket(socket.AF_UNIX))
        kept[-1].bind(made['socket'])
        kept[-1].listen()
        if not os.fork():
            signal.pause()
    elif word == 'deleted-file':
        import tempfile
        kept.append(tempfile.NamedTemporaryFile())
        kept[-1].write(b'x' * 100000)
        kept[-1].flush()
        made['deleted'] = kept[-1].name
        os.unlink(kept[-1].name)
    elif word == 'deaf':
        signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))
    elif word == 'heir':
        if os.fork():
            os._exit(0)
    elif word == 'ready':
        print('ready', json.dumps({'pid': os.getpid(), **made}), flush=True)
    elif word == 'wait':
        sys.stdin.readline()
    elif word == 'exit':
        os._exit(0)
    elif word == 'kill-group':
        os.killpg(0, signal.SIGKILL)
    elif word == 'daemon':
        # A copy that goes on in a session of its own, and holds nobody's output.
        if os.fork():
            os._exit(0)
        os.setsid()
        for fd in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
        signal.pause()
os._exit(0)
