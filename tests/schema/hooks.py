"""What Schemathesis cannot know: which refusals are right although the OpenAPI document allows the request, which records
are, and which of them a run must not lose.

Owns: reading exceptions.toml, and the count of answers. Must not: excuse anything that is not listed there.
"""

import atexit
import collections
import json
import os
import pathlib
import random
import re
import tomllib

import fill
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

listed = tomllib.loads((pathlib.Path(__file__).parent / "exceptions.toml").read_text())
LISTED, TAKEN = listed["exception"], listed["taken"]
# Requests vary, but are reproducible.
filling = fill.Filling(json.loads(os.environ.get("SCHEMA_THERE", "{}")), random.Random(int(os.environ.get("SEED", "1"))))
used = collections.Counter()
used_taken = collections.Counter()
# For each operation: how often each status was returned for valid and for invalid requests.
answers = collections.defaultdict(lambda: {"right": collections.Counter(), "wrong": collections.Counter()})

fill.formats()


@atexit.register
def write_used():
    path = os.environ.get("SCHEMA_USED")
    if path:
        rows = [{"uses": used[at], **one} for at, one in enumerate(LISTED)]
        rows += [{"uses": used_taken[at], **one} for at, one in enumerate(TAKEN)]
        pathlib.Path(path).write_text(json.dumps({"exceptions": rows, "answers": answers}, indent=1))


def fits(pattern, text):
    return re.fullmatch(pattern, text, re.DOTALL)


def excuse(operation, error):
    """The index of the exception for this error, if any."""
    for at, one in enumerate(LISTED):
        if (
            fits(one.get("operation", ".*"), operation)
            and fits(one.get("field", ".*"), error["field"])
            and fits(one["detail"], error["detail"])
        ):
            return at
    return None


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A refusal is right if all its errors are listed: those that no schema can describe."""
    if isinstance(failure, AcceptedNegativeData):
        return not is_taken(case)
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in (400, 422):
        return True
    problem = response.json()
    errors = problem.get("errors") or [{"field": "", "detail": problem["detail"]}]
    found = [excuse(case.operation.label, error) for error in errors]
    if None in found:
        return True
    used.update(found)
    return False


def is_taken(case):
    """Whether an invalid body was rightly accepted: it was sent as text, and any text is valid."""
    wrong = [at for at, one in case.meta.components.items() if one.mode.is_negative]
    if wrong != [ParameterLocation.BODY] or isinstance(case.body, (str, bytes)) or case.media_type is None:
        return False
    for at, one in enumerate(TAKEN):
        if fits(one["operation"], case.operation.label) and fits(one["media"], case.media_type):
            used_taken[at] += 1
            return True
    return False


@schemathesis.hook
def before_call(context, case, kwargs):
    filling.keep(case)
    if fill.is_right(case):
        filling.fill(case)


@schemathesis.hook
def after_call(context, case, response):
    right = fill.is_right(case)
    answers[case.operation.label]["right" if right else "wrong"][response.status_code] += 1
    if right:
        filling.learn(case, response)
