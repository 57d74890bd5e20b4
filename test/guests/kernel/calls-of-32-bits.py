"""Calls the kernel by its old door, `int 0x80`, where every number means something else. It answers that there is none."""
import ctypes
import errno
import mmap

GETPID_OF_32_BITS = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"


def Run(engine):
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(GETPID_OF_32_BITS)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    answer = call()
    return errno.errorcode[-answer] if answer < 0 else "answered"
