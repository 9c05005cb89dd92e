"""Tell the demo: through the deeds that people do, so that all that follows from them is there.

In three steps, each of them one transaction. One that was interrupted is gone on with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import worker as workers
from app.accounts import service as accounts
from app.accounts.models import Account
from app.accounts.passwords import hash_password
from app.accounts.permissions import Role
from app.accounts.schemas import AccountIn, OrganizationIn
from app.bundles import service as bundles
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.settings import Env, settings
from app.demo.films import film
from app.demo.hearing import Hearing
from app.demo.stories import Known, Stories, filename, films, load, where
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import MEDIA, QUEUES
from app.media import service as media
from app.operations.failures import Failure
from app.operations.service import operator
from app.releases import deliveries, releases_of_demo

PASSWORD = "paroles-d-avenir"
