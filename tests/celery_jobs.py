"""What the workers of the Celery tests import: ``celery -A tests.celery_jobs worker``."""

import os

from sched.engines.celery import CeleryScheduler
from tests.celery_actions import NAME, VISIBLE

s = CeleryScheduler(name=os.environ[NAME], visibility_timeout=float(os.environ[VISIBLE]))
app = s.app
