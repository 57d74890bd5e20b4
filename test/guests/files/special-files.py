"""Makes files that are no files: pipes, sockets, devices. Answers with the devices it got."""
import os
import socket
import stat


def Run(engine):
    os.mkfifo("/tmp/fifo")
    socket.socket(socket.AF_UNIX).bind("/tmp/socket")
    os.symlink("/dev/zero", "/tmp/zero")
    made = []
    for kind, number in ((stat.S_IFCHR, (1, 1)), (stat.S_IFCHR, (1, 3)), (stat.S_IFBLK, (8, 0)), (stat.S_IFBLK, (254, 0))):
        try:
            os.mknod(f"/tmp/device-{number}", 0o600 | kind, os.makedev(*number))
            made.append(number)
        except OSError:
            pass
    return made
