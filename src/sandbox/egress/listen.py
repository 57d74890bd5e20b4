"""
Listens at 127.0.0.1:3128 in a jail's network namespace, hands the socket to the service and ends.

Descriptor 4 is the namespace, descriptor 3 the service's line: Node's own, on which a message of this form carries a
descriptor. This process joins nothing else of the jail, so that the jail does not see it.
"""

import ctypes
import fcntl
import os
import socket

LINE, NAMESPACE = 3, 4
PR_SET_DUMPABLE = 4
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NS_GET_USERNS = 0xB701
# The jail may not have brought its loopback interface up yet.
IP_FREEBIND = 15
BACKLOG = 128

libc = ctypes.CDLL(None, use_errno=True)


def require(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


# Nobody traces it, whoever they are.
require(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
if os.geteuid() != 0:
    # Only within the user namespace that owns it may anybody but root join a network namespace.
    require(libc.setns(fcntl.ioctl(NAMESPACE, NS_GET_USERNS), CLONE_NEWUSER))
require(libc.setns(NAMESPACE, CLONE_NEWNET))

listener = socket.socket()
listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
listener.bind(("127.0.0.1", 3128))
listener.listen(BACKLOG)
message = b'{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}\n'
socket.send_fds(socket.socket(fileno=LINE), [message], [listener.fileno()])
# The service has the socket; nothing here is worth tidying up.
os._exit(0)
