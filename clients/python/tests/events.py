"""Messages that the tests of both clients let a service send."""

from __future__ import annotations

from codeactions import v1


def entry(cursor: str, number: int) -> v1.TailLogsResponse:
    batch = v1.LogBatch(entries=[v1.LogEntry(sequence=number)])
    return v1.TailLogsResponse(event=v1.LogEvent(cursor=cursor, batch=batch))


STARTED = v1.TailLogsResponse(event=v1.LogEvent(cursor="0", started=v1.TailStarted()))
ENDED = v1.TailLogsResponse(event=v1.LogEvent(cursor="9", ended=v1.Run(id="the-run")))

RUN_STARTED = v1.RunCodeStreamResponse(event=v1.RunEvent(cursor="0", started=v1.Run(id="the-run")))
RUN_FINISHED = v1.WatchRunResponse(event=v1.RunEvent(cursor="1", finished=v1.Run(id="the-run")))
