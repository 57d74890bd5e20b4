"""Asks the kernel for everything that no code needs; answers with what it got. Numbers are those of x86-64."""
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0), "umount2": (166, b"/tmp", 2), "pivot_root": (155, b"/tmp", b"/tmp"),
    "chroot": (161, b"/tmp"), "ptrace": (101, 0, 0, 0, 0), "keyctl": (250, 0, -3, 1), "add_key": (248, b"user", b"x", b"y", 1, -3),
    "bpf": (321, 5, 0, 0), "perf_event_open": (298, 0, 0, -1, -1, 0), "userfaultfd": (323, 0), "io_uring_setup": (425, 1, b"\0" * 120),
    "unshare user": (272, 0x10000000), "unshare net": (272, 0x40000000), "unshare mount": (272, 0x20000), "setns": (308, 0, 0),
    "clone3": (435, b"\0" * 64, 64), "process_vm_readv": (310, os.getpid(), 0, 0, 0, 0, 0), "kexec_load": (246, 0, 0, 0, 0),
    "init_module": (175, b"", 0, b""), "finit_module": (313, 0, b"", 0), "delete_module": (176, b"x", 0), "reboot": (169, 0, 0, 0, 0),
    "swapon": (167, b"/tmp/x", 0), "sethostname": (170, b"x", 1), "settimeofday": (164, b"\0" * 16, 0), "iopl": (172, 3),
    "open_by_handle_at": (304, 0, 0, 0), "name_to_handle_at": (303, -100, b"/", 0, 0, 0), "fsopen": (430, b"tmpfs", 0),
    "move_mount": (429, -1, b"", -1, b"", 0), "syslog": (103, 3, b"\0" * 100, 100), "acct": (163, 0), "quotactl": (179, 0, 0, 0, 0),
    "setuid": (105, 0), "setgid": (106, 0), "setgroups": (116, 0, 0), "capset": (126, 0, 0),
}


def Run(engine):
    got = []
    for name, (number, *arguments) in CALLS.items():
        ctypes.set_errno(0)
        if libc.syscall(number, *(ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments)) >= 0:
            got.append(name)
    if libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0:
        got.append("clone with a user namespace")
    return got
