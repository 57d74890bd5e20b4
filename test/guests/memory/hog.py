"""Takes memory until there is none."""


def Run(engine):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))
