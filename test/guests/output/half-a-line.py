"""Is killed in the middle of a line. What was written is in the log."""
import os
import signal


def Run(engine):
    os.write(1, b"half a line")
    os.kill(os.getpid(), signal.SIGKILL)
