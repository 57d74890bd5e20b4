"""Makes a file of a terabyte that takes no room. No file may be larger than all its files together."""
import errno


def Run(engine):
    with open("/tmp/sparse", "wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError as error:
            return errno.errorcode[error.errno]
    return "made"
