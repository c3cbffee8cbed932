"""Starts the server with its demo company and sends it requests that Schemathesis generates from the OpenAPI document.

Usage: check.py FOLDER BINARY [OPERATION-ID…]. FOLDER gets the reports. The environment says how many requests the
administrator and the analyst each send at least (CASES), which ones (SEED), and which phases of Schemathesis (PHASES).

A failure is whatever Schemathesis finds with all its checks on, and fewer requests than CASES. fill.py puts existing records
into requests, so that they do not all end in 404; the summary says which operations took no request, and how often
each exception was used.

The exceptions are in exceptions.toml, each with its reason and the exact sentences that it covers. They are of three sorts:

- What a request depends on besides itself. Records: an id has to exist, in the right company; a cursor comes from an earlier
  answer. The clock: an expiry is in the future. What is stored or configured: the current password, the common passwords,
  the hosts that the operator allows for webhooks, the time zones, the status of a scan, the URL that a template is for.
- Fields that depend on each other where JSON Schema has no word for it, or only with one alternative per channel or kind:
  two dates in order; recipients, form and template of a rule, by its channel; what a test of a destination needs; a title
  that may come from the record that is named; two parameters of which only one is given.
- Texts in a language of their own: which texts are URLs, patterns of CODEOWNERS, the row of CSV in `columns`, and scan reports,
  whose formats belong to their tools. And 1.0, a whole number to JSON Schema alone.

The reverse, a body that was accepted although it does not fit: a number or a list as text/csv, which arrives as text.
"""

import json
import math
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]
from fill import CLOSED  # noqa: E402
from server import Server  # noqa: E402

folder, binary = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
named = sys.argv[3:]
CASES = int(os.environ.get("CASES", "0"))
SEED = os.environ.get("SEED", "1")
# Operations that end sessions or replace the password: their user sends nothing else. One list per run, each in
# its own session.
ENDING = [["delete_session"], ["logout"], ["login"], ["end_other_sessions", "change_password"]]
# In a short run the administrator sends the boundary values of each schema, and both send a few random requests; in a
# long one both send everything. The boundary values of all schemas are about 9,000 requests.
SHORT, EVERY = "coverage,fuzzing", "coverage,fuzzing,stateful"
EXAMPLES = math.ceil(CASES / 500) if CASES else 4
LEAVING, PASSWORD = "leaving@demo.test", "schema-campanile"
# So that no request is refused because of earlier ones, and none goes to another machine.
SETTINGS = {
    "CAMPANILE_LOGIN__ATTEMPTS": "1000",
    "CAMPANILE_LIMITS__SEARCHES_PER_MINUTE": "10000",
    "CAMPANILE_LIMITS__TESTS_PER_MINUTE": "10000",
    "CAMPANILE_LIMITS__RULE_PREVIEWS_PER_MINUTE": "10000",
    "CAMPANILE_REPORTS__PER_DAY": "100000",
    "CAMPANILE_OUTBOUND__RESOLVE": CLOSED,
    "CAMPANILE_OUTBOUND__WEBHOOK_TIMEOUT": "1",
    "CAMPANILE_OUTBOUND__CHAT_TIMEOUT": "1",
}
LISTS = [
    *("companies", "users", "teams", "projects", "assets", "scans", "findings", "targets", "agreements", "approvals"),
    *("reports", "notification-rules", "deliveries", "notifications", "destinations", "announcements"),
    *("activity", "tokens", "sessions", "me/views", "me/calendar-feeds"),
]
passed = failed = cases = 0
broken = []


def items(server, path):
    return server.call("GET", f"/{path}?limit=20")["items"]


def there(server, kept, mine=True):
    """What the user of the server's token may refer to; some of it belongs to them."""
    lists = {}
    for path in LISTS:
        try:
            found = items(server, path)
        except RuntimeError as refused:
            if ": 403 " not in str(refused):
                raise
            continue
        kind = {"activity": "events"}.get(path, path.rsplit("/", 1)[-1])
        lists[kind] = [one.get("id") or one["destination_id"] for one in found]
    comments = []
    for finding in lists["findings"][:5]:
        if mine:
            server.post(f"/findings/{finding}/comments", {"body": "A comment"})
        comments += [(finding, one["id"]) for one in items(server, f"findings/{finding}/comments")]
    feed = server.post("/me/calendar-feeds", {"name": "Schema"})
    return {
        "lists": lists,
        "pairs": {"comment_id": comments},
        "kept": kept,
        "standing": lists["companies"],
        "feed": feed["url"].split("key=")[1],
    }


def sign_in(server, email, password="campanile-demo"):
    # A session sent along would end.
    token, server.token = server.token, ""
    answer = server.post("/auth/login", {"email": email, "password": password})
    server.token = token
    return answer["token"], answer["user"]["id"]


def somebody(server, company, email):
    """A user with sessions and tokens that may be ended, and their records."""
    administrator = server.token
    person = server.post("/users", {"email": email, "name": "Lea Leaving", "password": PASSWORD})["id"]
    role = json.dumps({"role": "viewer"}).encode()
    server.call("PUT", f"/companies/{company}/members/{person}", role)
    server.token, _ = sign_in(server, email, PASSWORD)
    for number in range(10):
        sign_in(server, email, PASSWORD)
        server.post("/tokens", {"name": f"Token {number}"})
    knows = there(server, [], mine=False)
    server.token = administrator
    return person, knows | {"email": email, "password": PASSWORD}


def run(name, url, token, knows, phases, operations):
    """One run of Schemathesis, with its report; returns how many requests it sent."""
    global passed, failed, cases
    report = folder / f"{name}.json"
    report.unlink(missing_ok=True)
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis",
        *("--config-file", HERE / "schemathesis.toml"),
        "run",
        f"{url}/api/v1/openapi.json",
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", os.environ.get("PHASES", phases if not CASES else EVERY)),
        *("--checks", "all", "--seed", SEED, "--max-examples", str(EXAMPLES)),
        *("--report", "json", "--report-json-path", report),
        *operations,
    ]
    environment = os.environ | {
        "PYTHONPATH": str(HERE),
        "SCHEMA_HOOKS": str(HERE / "hooks.py"),
        "SCHEMA_THERE": json.dumps(knows),
        "SEED": SEED,
        "SCHEMA_USED": str(folder / f"{name}.used"),
    }
    print(f"==> as {name}", flush=True)
    # It writes its files into the current folder.
    outcome = subprocess.run([*map(str, command)], cwd=folder, env=environment)
    result = json.loads(report.read_text()) if report.exists() else {"test_cases": {}, "complete": False}
    counts = result["test_cases"]
    sent = counts.get("generated", 0)
    bad = counts.get("with_failures", 0) + counts.get("errored", 0)
    if outcome.returncode != 0 and bad == 0:
        bad = 1
    cases += sent
    passed += sent - counts.get("with_failures", 0)
    failed += bad
    if bad:
        broken.append(f"as {name}: see above")
    return sent


def summarize(names):
    """Operations that accepted a request, those that never did, and the exceptions used."""
    taken, answered, excused = set(), set(), {}
    for name in names:
        path = folder / f"{name}.used"
        used = json.loads(path.read_text()) if path.exists() else {"answers": {}, "exceptions": []}
        for operation, answers in used["answers"].items():
            answered.add(operation)
            if any(status < "300" for status in answers["right"]):
                taken.add(operation)
        for one in used["exceptions"]:
            excused[one["why"]] = excused.get(one["why"], 0) + one["uses"]
    print(f"{len(taken)} of {len(answered)} operations accepted a request; none of {', '.join(sorted(answered - taken))}")
    for why, uses in excused.items():
        print(f"excused {uses:5}  {why}")


def main():
    with Server(binary, demo=True, settings=SETTINGS) as server:
        server.token, admin_id = sign_in(server, "admin@demo.test")
        admin = server.token
        _, analyst_id = sign_in(server, "analyst@demo.test")
        company = items(server, "companies")[0]["id"]
        leaving, known = somebody(server, company, LEAVING)
        outsider, _ = somebody(server, company, "outsider@demo.test")
        kept = [admin_id, analyst_id, leaving]
        chosen = [f"--include-operation-id={name}" for name in named]
        others = chosen or [f"--exclude-operation-id={name}" for names in ENDING for name in names]
        knows = there(server, kept)
        credentials = items(server, f"users/{outsider}/credentials")
        knows["pairs"]["credential_id"] = [(outsider, one["id"]) for one in credentials]
        sent = {"administrator": run("administrator", server.url, admin, knows, SHORT, others)}
        server.token, _ = sign_in(server, "analyst@demo.test")
        sent["analyst"] = run("analyst", server.url, server.token, there(server, kept), "fuzzing", others)
        names = [*sent]
        for operations in [] if chosen else ENDING:
            name = f"a user who sends {operations[-1]}"
            token, _ = sign_in(server, LEAVING, PASSWORD)
            run(name, server.url, token, known, SHORT, [f"--include-operation-id={one}" for one in operations])
            names.append(name)
    for name, count in sent.items():
        if not chosen and count < CASES:
            broken.append(f"as {name}: only {count} of {CASES} requests")
    summarize(names)
    print(f"{cases} requests, seed {SEED}; reports in {folder}")
    for what in broken:
        print(f"FAILED  {what}")
    print(f"{passed} passed, {failed} failed")
    return 1 if broken or not passed else 0


sys.exit(main())
