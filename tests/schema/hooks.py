"""What Schemathesis cannot know: which refusals are right although the description allows the request, which records there
are, and which of them a run must not lose.

Owns: reading exceptions.toml. Must not: excuse anything that is not listed there.
"""

import atexit
import collections
import datetime
import json
import os
import pathlib
import random
import re
import tomllib
import uuid

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

listed = tomllib.loads((pathlib.Path(__file__).parent / "exceptions.toml").read_text())
LISTED, TAKEN = listed["exception"], listed["taken"]
# What there is: ids by the names of lists. Of those to keep nothing is changed.
THERE = json.loads(os.environ.get("SCHEMA_THERE", "{}"))
KEPT = set(THERE.pop("kept", []))
# Requests differ, and are the same each time.
chance = random.Random(int(os.environ.get("SEED", "1")))
used = collections.Counter()

# Of the years that are tried by themselves most are not taken, so that few dates would be left.
FIRST, LAST = datetime.datetime(1971, 1, 2), datetime.datetime(2200, 12, 30)
schemathesis.openapi.format("date", st.dates(FIRST.date(), LAST.date()).map(str))
schemathesis.openapi.format(
    "date-time",
    st.builds("{}{}".format, st.datetimes(FIRST, LAST).map(datetime.datetime.isoformat), st.sampled_from(["Z", "+02:00"])),
)


@atexit.register
def write_used():
    path = os.environ.get("SCHEMA_USED")
    if path:
        rows = [{"uses": used[at], **one} for at, one in enumerate(LISTED)]
        pathlib.Path(path).write_text(json.dumps(rows, indent=1))


def excuse(operation, error):
    """The place in the list of what excuses this one error, if anything does."""
    for at, one in enumerate(LISTED):
        if (
            re.fullmatch(one.get("operation", ".*"), operation)
            and re.fullmatch(one.get("field", ".*"), error["field"])
            and re.fullmatch(one["detail"], error["detail"], re.DOTALL)
        ):
            return at
    return None


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A refusal is right if all that it names is listed: what no schema can say."""
    if isinstance(failure, AcceptedNegativeData):
        return not (only_body_is_wrong(case) and any(taken(case, one) for one in TAKEN))
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in (400, 422):
        return True
    problem = response.json()
    errors = problem.get("errors") or [{"field": "", "detail": problem["detail"]}]
    found = [excuse(case.operation.label, error) for error in errors]
    if None in found:
        return True
    used.update(found)
    return False


def taken(case, one):
    return re.fullmatch(one["operation"], case.operation.label) and re.fullmatch(one["media"], str(case.media_type))


def only_body_is_wrong(case):
    return all(at == ParameterLocation.BODY for at, one in case.meta.components.items() if one.mode.is_negative)


def known(name):
    """The records that a field of this name names, such as `assignee_user_ids`."""
    for kind, ids in THERE.items():
        if re.fullmatch(rf"(.*_)?{kind}_ids?", name) and ids:
            return ids
    return None


def name_what_is_there(fields):
    """Puts records that there are in place of ids of nothing, mostly."""
    for name, value in fields.items():
        ids = known(name)
        if ids and isinstance(value, str) and chance.random() < 0.8:
            fields[name] = chance.choice(ids)
        elif ids and isinstance(value, list) and chance.random() < 0.8:
            fields[name] = chance.sample(ids, min(len(ids), len(value)))


@schemathesis.hook
def before_call(context, case, kwargs):
    changes = case.method.upper() in ("DELETE", "PATCH", "PUT")
    for name, value in (case.path_parameters or {}).items():
        kind = case.path.removeprefix("/api/v1/").split("/")[0].removesuffix("s").replace("-", "_")
        ids = known(f"{kind}_id") if name == "id" else known(name)
        if ids and case.method.upper() != "DELETE" and right(case) and chance.random() < 0.8:
            value = case.path_parameters[name] = chance.choice(ids)
        # The people who send the requests, their token and the companies stay as they are.
        if changes and str(value) in KEPT:
            case.path_parameters[name] = str(uuid.UUID(int=7))
    if right(case):
        for fields in (case.query, case.body):
            if isinstance(fields, dict):
                name_what_is_there(fields)


def right(case):
    """Whether the request is one that fits the description."""
    return case.meta is not None and case.meta.generation.mode.is_positive
