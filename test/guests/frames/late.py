"""Goes on writing after its answer, on every line there is."""
import os
import threading


def Run(engine):
    def write():
        while True:
            os.write(1, b"late\n")

    threading.Timer(0.01, write).start()
    return "answered"
