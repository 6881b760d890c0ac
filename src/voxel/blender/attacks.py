# An attack is one string a line; wrapped, it could not be read.
# ruff: noqa: E501
"""The published list of attacks that the box must hold.

An attack is a script that prints REACHED when it got through; it is held when that word does not appear, its verdict is one of
those allowed, and `truth` (where given) is what the scene's counts say. Most things are forbidden by more than one layer. So
that each layer is shown to hold by itself, an attack names the protection it tests and the layers above it that are taken
away while it runs.

`{secret}`, `{port}` and `{host_pid}` stand for a value in the caller's environment, a port that the caller listens on
at 127.0.0.1, and the caller's process id.
"""

from __future__ import annotations

from typing import NamedTuple

PASSED = ("passed",)
NOT_PASSED = ("failed", "timeout", "crashed", "blocked")
ANY = (*PASSED, *NOT_PASSED)

AUDIT = frozenset({"audit"})
BARE = frozenset({"audit", "syscalls"})


class Attack(NamedTuple):
    """One attack."""

    name: str
    protection: str
    """What holds it; see `PROTECTIONS`."""
    script: str
    verdicts: tuple[str, ...] = ANY
    lifted: frozenset[str] = frozenset()
    """Layers that are taken away, so that the one in question is alone."""
    truth: tuple[tuple[str, int], ...] = ()
    """Counts that the judge must report."""
    before: str = ""
    """A script that runs as a unit of its own before."""


PROTECTIONS = {
    "audit": "the audit hook of the unit's Python",
    "syscalls": "the system-call filter of the unit",
    "network": "a network namespace with nothing in it",
    "processes": "a process namespace of its own",
    "proc": "no /proc",
    "files": "a file system of system libraries and the runtime only",
    "read-only": "everything but /tmp is read-only",
    "user": "a user id that owns nothing",
    "capabilities": "no capabilities",
    "environment": "an environment of six fixed variables",
    "tmp-size": "a /tmp of limited size",
    "file-size": "a limit on the size of a file",
    "memory": "a limit on memory",
    "threads": "a limit on threads",
    "open-files": "a limit on open files",
    "core": "no core dumps",
    "cpu": "a limit on processor time",
    "wall": "a limit on wall time, kept by the parent",
    "output": "a limit on what is kept of the output",
    "sweep": "an empty /tmp for each unit",
    "leftovers": "the end of every process that a unit started",
    "nonce": "a report that only the runner can sign",
    "judge": "a scene that another process dumps from the saved file",
    "scripts": "scripts in a .blend file are off",
}

_TRY = """
def attempt(action):
    try:
        action()
        print("REACHED")
    except Exception as error:
        print("held:", type(error).__name__, error)
"""

ATTACKS = (
    # the verdict cannot be bought
    Attack("ends with os._exit(0)", "nonce", "import os\nos._exit(0)", NOT_PASSED),
    Attack("ends with sys.exit(0)", "nonce", "import sys\nsys.exit(0)", NOT_PASSED),
    Attack("raises SystemExit(0)", "nonce", "raise SystemExit(0)", NOT_PASSED),
    Attack("quits Blender", "nonce", "import bpy\nbpy.ops.wm.quit_blender()", NOT_PASSED),
    Attack(
        "forges a result on every open file",
        "nonce",
        "exec(\"import os\\nfor fd in range(3, 64):\\n    try:\\n"
        "        os.write(fd, b'0' * 32 + b' {\\\"t\\\": \\\"did\\\", \\\"i\\\": 0, \\\"api\\\": false, \\\"error\\\": null}\\\\n')\\n"
        "        os.write(fd, b'0' * 32 + b' {\\\"t\\\": \\\"end\\\", \\\"stopped\\\": false, \\\"saved\\\": false}\\\\n')\\n"
        "    except OSError:\\n        pass\\nos._exit(0)\")",
        NOT_PASSED,
    ),
    Attack("leaves an exit handler that ends well", "nonce", "import atexit, os\natexit.register(os._exit, 0)\n1 / 0", NOT_PASSED),
    Attack(
        "patches builtins, json, traceback and os before an error",
        "nonce",
        "import builtins, json, traceback, os, sys\n"
        "for module in (builtins, json, traceback):\n    for name in dir(module):\n"
        "        if name not in ('__import__', 'print') and not name.startswith('__') and callable(getattr(module, name)):\n"
        "            try:\n                setattr(module, name, lambda *a, **k: None)\n"
        "            except BaseException:\n                pass\n"
        "os.write = lambda *a: None\nmissing_name",
        NOT_PASSED,
    ),
    Attack(
        "hides an error from the runner by walking up the frames",
        "audit",
        "import sys\nframe = sys._getframe()\nwhile frame:\n    print('REACHED', list(frame.f_locals))\n    frame = frame.f_back",
        ("blocked",),
    ),
    Attack(
        "reaches a frame through a traceback",
        "audit",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    frame = error.__traceback__.tb_frame\nprint('REACHED', frame.f_back)",
        ("blocked",),
    ),
    Attack("searches the garbage collector's lists", "audit", "import gc\nprint('REACHED', len(gc.get_objects()))", ("blocked",)),
    Attack("traces the runner", "audit", "import sys\nsys.settrace(lambda *a: None)\nprint('REACHED')", ("blocked",)),
    Attack("makes raw byte code", "audit", "code = (lambda: 0).__code__.replace(co_consts=())\nprint('REACHED')", ("blocked",)),
    Attack("crashes through ctypes", "audit", "import ctypes\nprint('REACHED')\nctypes.string_at(0)", ("blocked",)),
    Attack(
        "patches what a dump would call, so that the scene looks otherwise",
        "judge",
        "import bpy, json, builtins, sys\nbpy.ops.mesh.primitive_cube_add()\n"
        "sys.modules['counts'] = type(sys)('counts')\nsys.modules['counts'].counts = lambda: {'vertices': 1000000}\n"
        "import types\nfor name in ('len', 'sum', 'getattr'):\n    setattr(builtins, name, lambda *a: 1000000)\n",
        ANY,
        truth=(("vertices", 8), ("objects", 1)),
    ),
    Attack(
        "adds handlers so that the saved scene differs",
        "judge",
        "import bpy\n@bpy.app.handlers.persistent\ndef lie(*a):\n"
        "    for i in range(5):\n        bpy.data.objects.new('lie', None).use_fake_user = True\n"
        "for name in ('save_pre', 'save_post', 'load_post', 'depsgraph_update_pre'):\n    getattr(bpy.app.handlers, name).append(lie)",
        ANY,
        truth=(("objects", 0),),
    ),
    # processes
    Attack("forks without end (audit hook)", "audit", "import os\nos.fork()\nprint('REACHED')", ("blocked",)),
    Attack("runs a program (audit hook)", "audit", "import subprocess\nsubprocess.run(['/usr/bin/id'])\nprint('REACHED')", ("blocked",)),
    Attack("forks without end", "syscalls", _TRY + "import os\nattempt(os.fork)", PASSED, AUDIT),
    Attack("runs a program", "syscalls", _TRY + "import os\nattempt(lambda: os.posix_spawn('/usr/bin/id', ['id'], {}))", PASSED, AUDIT),
    Attack("kills the parent", "syscalls", _TRY + "import os\nattempt(lambda: os.kill(os.getppid(), 9))", PASSED, AUDIT),
    Attack("kills everything", "syscalls", _TRY + "import os\nattempt(lambda: os.kill(-1, 9))", PASSED, AUDIT),
    Attack(
        "lets the kernel signal the parent",
        "syscalls",
        _TRY + "import fcntl, os\nr, w = os.pipe()\nattempt(lambda: fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()))",
        PASSED,
        AUDIT,
    ),
    Attack(
        "lowers the parent's limits",
        "syscalls",
        _TRY + "import os, resource\nattempt(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)))",
        PASSED,
        AUDIT,
    ),
    Attack(
        "traces the parent",
        "syscalls",
        _TRY + "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef trace():\n"
        "    libc.ptrace(16, os.getppid(), None, None)\n    if ctypes.get_errno() != 1:\n        return\n    raise PermissionError\n"
        "def read():\n    libc.syscall(310, os.getppid(), None, 0, None, 0, 0)\n    if ctypes.get_errno() == 1:\n        raise PermissionError\n"
        "attempt(read)",
        PASSED,
        AUDIT,
    ),
    Attack("takes memory that no limit counts", "syscalls", _TRY + "import os\nattempt(lambda: os.memfd_create('x'))", PASSED, AUDIT),
    Attack(
        "makes a user namespace",
        "syscalls",
        _TRY + "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\ndef unshare():\n"
        "    if libc.unshare(0x10000000):\n        raise OSError(ctypes.get_errno(), 'unshare')\nattempt(unshare)",
        PASSED,
        AUDIT,
    ),
    Attack("crashes", "nonce", "import ctypes\nctypes.string_at(0)", ("crashed",), AUDIT),
    Attack("sees the caller's processes", "processes",
           "import os\ntry:\n    os.kill({host_pid}, 0)\n    print('REACHED')\nexcept ProcessLookupError:\n    print('held')\n"
           "except PermissionError:\n    print('REACHED')", PASSED, BARE),
    Attack("looks into /proc", "proc", "import os\nprint('REACHED', os.listdir('/proc')[0])"),
    Attack("rewrites the kernel's settings", "proc",
           "for path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/sys/kernel/uevent_helper'):\n"
           "    try:\n        open(path)\n        print('REACHED', path)\n    except OSError:\n        pass", PASSED),
    Attack(
        "leaves a daemon behind",
        "leftovers",
        "import os\npid = int(open('/tmp/daemon').read())\ntry:\n    os.kill(pid, 0)\n    print('REACHED')\nexcept OSError:\n    pass",
        ANY,
        BARE | {"sweep"},
        before="import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(30)\n    os._exit(0)\n"
        "open('/tmp/daemon', 'w').write(str(pid))",
    ),
    # the network
    Attack("opens a socket (audit hook)", "audit", "import socket\nsocket.socket()\nprint('REACHED')", ("blocked",)),
    Attack("opens a socket", "syscalls", _TRY + "import socket\nattempt(socket.socket)", PASSED, AUDIT),
    Attack(
        "connects to the caller's own machine",
        "network",
        _TRY + "import socket\nattempt(lambda: socket.create_connection(('127.0.0.1', {port}), 2))",
        PASSED,
        BARE,
    ),
    # files
    Attack(
        "reads other people's files",
        "files",
        "import os\nfor path in ('/etc/passwd', '/etc/hostname', '/home', '/root/.ssh', '/var', '/mnt', '/srv'):\n"
        "    try:\n        open(path).close() if not os.path.isdir(path) else os.listdir(path)\n        print('REACHED', path)\n"
        "    except OSError:\n        pass",
        PASSED,
    ),
    Attack("reads the caller's folder", "files", "import os\ntry:\n    open({canary!r})\n    print('REACHED')\nexcept OSError:\n    pass", PASSED),
    Attack(
        "writes outside /tmp",
        "read-only",
        "import os, sys\nfor folder in ('/', '/usr', '/usr/lib', '/dev', '/dev/shm', '/etc', '/var/tmp', sys.prefix, sys.path[0], sys.path[1]):\n"
        "    try:\n        open(os.path.join(folder, 'voxel-probe'), 'w').close()\n        print('REACHED', folder)\n"
        "    except OSError:\n        pass",
        PASSED,
        frozenset({"user"}),
    ),
    Attack("is root", "user", "import os\nprint('held' if os.getuid() and os.geteuid() and os.getgid() else 'REACHED')", PASSED),
    Attack("changes the root of its file system", "capabilities", _TRY + "import os\nattempt(lambda: os.chroot('/tmp'))", PASSED,
           BARE | {"user"}),
    Attack(
        "reads the caller's environment",
        "environment",
        "import os\nif {secret!r} in os.environ.values():\n    print('REACHED')",
        PASSED,
    ),
    Attack(
        "reads another unit's files",
        "sweep",
        "import os\nfor folder in ('/tmp', '/tmp/unit', '/dev/shm'):\n    for name in os.listdir(folder) if os.path.isdir(folder) else ():\n"
        "        if 'left' in name:\n            print('REACHED')",
        PASSED,
        before="open('/tmp/left', 'w').write('x')\nopen('/tmp/unit/left', 'w').write('x')",
    ),
    # exhaustion
    Attack(
        "fills the disk",
        "tmp-size",
        "import os\ntry:\n    for number in range(8):\n        with open(f'/tmp/fill{{number}}', 'wb') as out:\n            out.write(bytes(24 << 20))\n"
        "    print('REACHED')\nexcept OSError as error:\n    print('held', error)",
        ANY,
    ),
    Attack(
        "writes one huge file",
        "file-size",
        "try:\n    with open('/tmp/huge', 'wb') as out:\n        out.seek(100 << 20)\n        out.write(b'x')\n    print('REACHED')\n"
        "except OSError as error:\n    print('held', error)",
        PASSED,
    ),
    Attack("takes all memory", "memory", _TRY + "attempt(lambda: bytearray(2 << 30))", (*PASSED, "crashed")),
    Attack(
        "starts threads without end",
        "threads",
        "import threading, time\ntry:\n    for _ in range(200):\n        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
        "    print('REACHED')\nexcept RuntimeError as error:\n    print('held', error)",
        PASSED,
        frozenset({"memory"}),
    ),
    Attack("opens files without end", "open-files", "kept = []\ntry:\n    for _ in range(2000):\n        kept.append(open('/dev/null'))\n"
           "    print('REACHED')\nexcept OSError as error:\n    kept.clear()\n    print('held', error)", PASSED),
    Attack("leaves a core dump", "core", "import resource\nif resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:\n    print('REACHED')", PASSED),
    Attack("loops without end on its own clock", "cpu", "while True:\n    pass", ("timeout",), frozenset({"wall"})),
    Attack("sleeps without end", "wall", "import time\ntime.sleep(1000)", ("timeout",)),
    Attack("prints without end", "output", "for _ in range(200):\n    print('x' * 65536)", PASSED),
    # .blend files
    Attack(
        "runs a script that lies in a .blend file",
        "scripts",
        "import bpy\ntext = bpy.data.texts.new('evil.py')\ntext.use_module = True\n"
        "text.write('import bpy\\nfor i in range(7):\\n    bpy.data.objects.new(\"EVIL\", None)\\n')\n",
        ANY,
        truth=(("objects", 0), ("texts", 1)),
    ),
)  # fmt: skip
