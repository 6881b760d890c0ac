"""The system-call filter of a unit: classic BPF, built here and handed to the kernel through prctl.

A unit may compute, read what the box shows and write to its own /tmp. It may not start processes, reach other
processes, open sockets, or touch the kernel's larger surfaces. Denied calls return EPERM, so that ordinary code sees an
ordinary error. Numbers are those of the Linux system-call tables of x86_64 and aarch64. On other machines there is no
filter, and `program` says so with None; the box is then refused by `voxel.blender.box`.

Runs inside Blender's Python: standard library only.
"""

from __future__ import annotations

import ctypes
import platform
import struct

_LD, _JEQ, _JSET, _RET, _AND = 0x20, 0x15, 0x45, 0x06, 0x54
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_NR, _ARCH = 0, 4
_X32 = 0x40000000

# name: (x86_64, aarch64); -1 where the machine has no such call
_DENIED: dict[str, tuple[int, int]] = {
    "fork": (57, -1),
    "vfork": (58, -1),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "fanotify_init": (300, 262),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "personality": (135, 92),
    "acct": (163, 89),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, -1),
    "iopl": (172, -1),
    "ioperm": (173, -1),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_KILL_CALL, _TGKILL, _PRLIMIT = (62, 129), (234, 131), (302, 261)
_FCNTL, _IOCTL = (72, 25), (16, 29)
# F_SETOWN, F_SETSIG, F_SETOWN_EX: they make the kernel send a signal to any process of the same user
_FCNTL_DENIED = (8, 10, 15)
# TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP
_IOCTL_DENIED = (0x5412, 0x541C, 0x8901, 0x8902)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _ins(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jt, jf, k)


def _arg(index: int) -> int:
    """Offset of the low half of an argument in struct seccomp_data; both machines are little-endian."""
    return 16 + 8 * index


def program(pid: int, machine: str | None = None) -> bytes | None:
    """The filter for the process `pid`, or None where its machine is not known."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    column, arch = known
    deny, out = _ins(_RET, _ERRNO | _EPERM), bytearray()
    out += _ins(_LD, _ARCH) + _ins(_JEQ, arch, 1, 0) + _ins(_RET, _KILL) + _ins(_LD, _NR)
    if column == 0:
        out += _ins(_JSET, _X32, 0, 1) + deny
    for pair in _DENIED.values():
        if pair[column] >= 0:
            out += _ins(_JEQ, pair[column], 0, 1) + deny
    # clone3 hides its flags in memory that a filter cannot read; ENOSYS makes the C library fall back to clone
    out += _ins(_JEQ, _CLONE3[column], 0, 1) + _ins(_RET, _ERRNO | _ENOSYS)
    allow = _ins(_RET, _ALLOW)
    out += _ins(_JEQ, _CLONE[column], 0, 4) + _ins(_LD, _arg(0)) + _ins(_JSET, _CLONE_THREAD, 1, 0) + deny + allow
    for call in (_KILL_CALL, _TGKILL):
        out += _ins(_JEQ, call[column], 0, 4) + _ins(_LD, _arg(0)) + _ins(_JEQ, pid, 1, 0) + deny + allow
    out += _ins(_JEQ, _PRLIMIT[column], 0, 5) + _ins(_LD, _arg(0)) + _ins(_JEQ, 0, 2, 0) + _ins(_JEQ, pid, 1, 0)
    out += deny + allow
    for call, denied in ((_FCNTL, _FCNTL_DENIED), (_IOCTL, _IOCTL_DENIED)):
        body = _ins(_LD, _arg(1)) + b"".join(_ins(_JEQ, value, 0, 1) + deny for value in denied) + allow
        out += _ins(_JEQ, call[column], 0, len(body) // 8) + body
    return bytes(out + allow)


def install(code: bytes) -> None:
    """Puts the filter on the calling thread and everything it starts; there is no way back.

    Raises OSError where the kernel refuses.
    """

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    if libc.prctl(38, 1, None, 0, 0):  # PR_SET_NO_NEW_PRIVS
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    block = _Program(len(code) // 8, code)
    if libc.prctl(22, 2, ctypes.addressof(block), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")
