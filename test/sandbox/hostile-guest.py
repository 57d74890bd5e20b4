"""A guest that is nobody's friend: it says on its three lines what each invocation's body tells it to say.

Bytes come in hex. In a frame's bytes the invocation's number is put in, moved by `to`; and wherever the placeholder
stands, the nonce that came with this very invocation.
"""

import json
import os
import signal
import struct
import sys
import threading
import time

PLACEHOLDER = b"00000000-once-0000-0000-000000000000"
INVOKE = 2


def read(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(3, count - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def say(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def play(steps: list, number: int, nonce: bytes) -> None:
    for step in steps:
        data = bytes.fromhex(step.get("hex", "")).replace(PLACEHOLDER, nonce)
        if "to" in step:
            data = data[:5] + struct.pack(">I", number + step["to"]) + data[9:]
        say(step.get("fd", 3), data)
        if "late" in step:
            threading.Thread(target=play_late, args=(step["late"], number, nonce), daemon=True).start()
        if step.get("fork") and os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
            os._exit(0)
        if "exit" in step:
            os._exit(step["exit"])
        if step.get("signal"):
            os.kill(os.getpid(), signal.SIGABRT)


def play_late(steps: list, number: int, nonce: bytes) -> None:
    for step in steps:
        time.sleep(0.0005)
        play([step], number, nonce)


say(3, bytes.fromhex(sys.argv[1]))
while True:
    (length,) = struct.unpack(">I", read(4))
    frame = read(length)
    kind, number = struct.unpack(">BI", frame[:5])
    if kind == INVOKE:
        (head,) = struct.unpack(">I", frame[5:9])
        order = json.loads(frame[9 + head :])
        play(order["steps"], number, order["nonce"].encode())
