"""Answers in the name of an invocation that is not its own."""
import os
import struct


def Run(engine):
    head = b'{"statusCode": 200, "contentType": "text/plain", "headers": []}'
    payload = struct.pack(">I", len(head)) + head + b"forged"
    os.write(3, struct.pack(">IBI", len(payload) + 5, 19, 999) + payload)
    return "answered"
