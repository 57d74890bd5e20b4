"""Writes until the disk is full: it is, soon, and only its own."""
import errno


def Run(engine):
    n = 0
    try:
        while True:
            n += 1
            with open(f"/tmp/{n}", "wb") as file:
                file.write(b"x" * (1 << 20))
    except OSError as error:
        return errno.errorcode[error.errno]
