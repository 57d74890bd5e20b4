"""Starts threads until there are no more. The group's limit counts them."""
import threading


def Run(engine):
    wait = threading.Event()
    count = 0
    try:
        while count < 1000:
            threading.Thread(target=wait.wait, daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    wait.set()
    return "fewer than 64" if count < 64 else count
