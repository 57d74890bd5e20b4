"""Answers while a child sleeps. The answer counts, and the worker ends with its child."""
import os
import time


def Run(engine):
    if os.fork() == 0:
        time.sleep(600)
    return "answered"
