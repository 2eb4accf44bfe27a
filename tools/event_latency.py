"""How long after it was written an event reaches a front end that polls as ``jobs.client`` asks.

``python tools/event_latency.py`` starts a process that writes events at random moments, polls from
this one every ``POLL_EVERY_MS`` milliseconds as a viewer's timer would, and prints milliseconds.
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from omniseg_backend.jobs.client import POLL_EVERY_MS, JobClient
from omniseg_backend.jobs.events import Event, Measured
from omniseg_backend.jobs.kinds.evaluate import EvaluateSpec

_WRITER = """
import random, sys, time
from pathlib import Path
from omniseg_backend.jobs.event_log import EventLog
from omniseg_backend.jobs.events import Measured
log = EventLog(Path(sys.argv[1]))
for step in range(int(sys.argv[2])):
    time.sleep(random.uniform(0.0, 0.2))
    log.append(Measured(group="loss", step=step, values={"loss": 0.5}))
"""


def main() -> int:
    """Measure; gives the exit code, 1 where an event took 300 ms or more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    options = parser.parse_args()
    taken: list[float] = []

    def tell(_job: str, event: Event) -> None:
        if isinstance(event, Measured):
            written = datetime.datetime.fromisoformat(event.time).timestamp()
            taken.append(1000 * (time.time() - written))

    with tempfile.TemporaryDirectory(prefix="omniseg-latency-") as name:
        client = JobClient(Path(name))
        settings = {"bundle": "cardiac-mri-compact", "dataset": "nowhere"}
        record = client.store.create(EvaluateSpec.model_validate({"settings": settings}))
        client.follow(record.id, tell)
        command = [sys.executable, "-c", _WRITER, str(record.folder.events), str(options.events)]
        with subprocess.Popen(command) as writer:
            while len(taken) < options.events and (writer.poll() is None or client.poll()):
                client.poll()
                time.sleep(POLL_EVERY_MS / 1000)
    middle, late, worst = np.percentile(taken, (50, 99, 100))
    sys.stdout.write(
        f"{len(taken)} events, polled every {POLL_EVERY_MS} ms: median {middle:.0f} ms, "
        f"99 % within {late:.0f} ms, worst {worst:.0f} ms\n"
    )
    return 0 if worst < 300 and len(taken) == options.events else 1


if __name__ == "__main__":
    sys.exit(main())
