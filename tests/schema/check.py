"""Starts the server with its demo company and sends it what Schemathesis makes of the API's description.

Usage: check.py FOLDER BINARY [OPERATION-ID…]. FOLDER gets the reports. The environment says how many requests (CASES),
which ones (SEED), and which phases of Schemathesis (PHASES).
"""

import json
import math
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from server import Server  # noqa: E402

folder, binary = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
named = sys.argv[3:]
CASES = int(os.environ.get("CASES", "0"))
SEED = os.environ.get("SEED", "1")
# Operations that end sessions: a session that sent them would be gone. A token sends them, which does not end with one.
ENDING = ["logout", "end_others", "delete_session"]
# Of a run that is to take a minute or two, the administrator sends what lies at the edges of each schema, and both send
# a few at random; a long one has everything from everybody.
SHORT, EVERY = "coverage,fuzzing", "examples,coverage,fuzzing,stateful"
EXAMPLES = math.ceil(CASES / 250) if CASES else 4
passed = failed = cases = 0
broken = []


LISTS = {
    "company": "companies",
    "user": "users",
    "event": "activity",
} | {
    name.replace("-", "_"): f"{name}s"
    for name in (
        *("team", "project", "finding", "asset", "scan", "agreement", "approval", "report", "target"),
        *("notification-rule", "delivery", "notification", "destination", "announcement"),
    )
}
LISTS["delivery"] = "deliveries"


def ids(server, path):
    """The first records of a list."""
    items = server.call("GET", f"/{path}?limit=20")["items"]
    return [one.get("id") or one["destination_id"] for one in items]


def sign_in(server, email):
    answer = server.post("/auth/login", {"email": email, "password": "campanile-demo"})
    return answer["token"], answer["user"]["id"]


def run(server, name, token, there, phases, operations):
    """One run of Schemathesis, with its report."""
    global passed, failed, cases
    report = folder / f"{name}.json"
    report.unlink(missing_ok=True)
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis",
        *("--config-file", HERE / "schemathesis.toml"),
        "run",
        f"{server.url}/api/v1/openapi.json",
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", os.environ.get("PHASES", phases if not CASES else EVERY)),
        *("--checks", "all", "--seed", SEED, "--max-examples", str(EXAMPLES)),
        *("--report", "json", "--report-json-path", report),
        *operations,
    ]
    environment = os.environ | {
        "SCHEMA_HOOKS": str(HERE / "hooks.py"),
        "SCHEMA_THERE": json.dumps(there),
        "SEED": SEED,
        "SCHEMA_USED": str(folder / f"{name}.used"),
    }
    print(f"==> as {name}", flush=True)
    # It writes what it keeps into the folder it stands in.
    outcome = subprocess.run([*map(str, command)], cwd=folder, env=environment)
    told = json.loads(report.read_text()) if report.exists() else {"test_cases": {}, "complete": False}
    counts = told["test_cases"]
    bad = counts.get("with_failures", 0) + counts.get("errored", 0)
    if outcome.returncode != 0 and bad == 0:
        bad = 1
    cases += counts.get("generated", 0)
    passed += counts.get("generated", 0) - counts.get("with_failures", 0)
    failed += bad
    if bad:
        broken.append(name)


def main():
    with Server(binary, demo=True) as server:
        admin, admin_id = sign_in(server, "admin@demo.test")
        analyst, analyst_id = sign_in(server, "analyst@demo.test")
        server.token = admin
        token = server.post("/tokens", {"name": "Schema"})
        there = {kind: ids(server, path) for kind, path in LISTS.items()}
        there["kept"] = [admin_id, analyst_id, token["id"], *there["company"]]
        chosen = [f"--include-operation-id={name}" for name in named]
        others = chosen or [f"--exclude-operation-id={name}" for name in ENDING]
        ending = [f"--include-operation-id={name}" for name in ENDING]
        run(server, "administrator", admin, there, SHORT, others)
        run(server, "analyst", analyst, there, "fuzzing", others)
        if not chosen:
            run(server, "token", token["token"], there, SHORT, ending)
    print(f"{cases} requests, seed {SEED}; reports in {folder}")
    for name in broken:
        print(f"FAILED  as {name}: see above")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
