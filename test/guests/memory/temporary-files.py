"""Takes memory as files, in both places that can be written."""
import os


def Run(engine):
    for folder in ("/tmp", "/dev/shm"):
        with open(os.path.join(folder, "large"), "wb") as file:
            try:
                while True:
                    file.write(b"x" * (1 << 20))
            except OSError:
                pass
    return "there was room for all of it"
