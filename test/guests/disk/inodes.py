"""Makes empty files without end. They take memory too, and it counts."""


def Run(engine):
    n = 0
    while True:
        open(f"/tmp/{n}", "w").close()
        n += 1
