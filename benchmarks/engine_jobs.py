"""What the workers of Celery import: ``celery -A benchmarks.engine_jobs worker``."""

import os

from benchmarks.engine_tasks import be_killed, work
from sched.engines.celery import CeleryScheduler

ACTIONS = work, be_killed  # registered by being imported
app = CeleryScheduler(name=os.environ["SCHED_BENCHMARK_NAME"]).app
