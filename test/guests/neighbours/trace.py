"""Reads and writes other processes' memory, and takes their descriptors. Answers with what went."""
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PIDFD_OPEN, PIDFD_GETFD, PROCESS_VM_READV = 16, 434, 438, 310


def Run(engine):
    got = []
    for pid in {1, os.getppid()} - {0, os.getpid()}:
        if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
            got.append(["ptrace", pid])
        if libc.syscall(PROCESS_VM_READV, pid, None, 0, None, 0, 0) >= 0:
            got.append(["process_vm_readv", pid])
        descriptor = libc.syscall(PIDFD_OPEN, pid, 0)
        if descriptor >= 0 and libc.syscall(PIDFD_GETFD, descriptor, 0, 0) >= 0:
            got.append(["pidfd_getfd", pid])
    return got
