"""Plays the story, the way that the first argument names: python play.py sync|asyncio."""

import asyncio
import sys

import play_asyncio
import play_sync
from stage import Settings

if sys.argv[1] == "asyncio":
    all_ok = asyncio.run(play_asyncio.play(Settings()))
else:
    all_ok = play_sync.play(Settings())
sys.exit(0 if all_ok else 1)
