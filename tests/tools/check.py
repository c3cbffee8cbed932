"""Runs scanners on a small source tree and follows each finding from one scan report to the next on a real server.

Usage: check.py INSTALLED REPORTS BINARY [TOOL…]. INSTALLED holds the tools, REPORTS gets what they wrote, BINARY is the
server. The tree is scanned as it is, then with three lines of comment on top of every file, then with one problem
fixed, each time in another folder: nothing is created anew, and exactly the fixed one is closed.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import sys
import tempfile

import product
from produce import HERE, TOOLS, reports
from server import Server

installed, folder, binary = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
names = sys.argv[4:] or [tool.name for tool in TOOLS]
SAMPLES = HERE.parent.parent / "crates/formats/tests/samples/tools"
passed = failed = 0


def check(name, function, *arguments):
    global passed, failed
    try:
        function(*arguments)
        passed += 1
        print(f"ok      {name}")
    except Exception as error:  # noqa: BLE001 - any error is a failure
        failed += 1
        print(f"FAILED  {name}: {type(error).__name__}: {error}"[:4000])


def results(report):
    found = [result for run in json.loads(report.read_text())["runs"] for result in run["results"]]
    assert len(found) > 3, f"{report.name} has only {len(found)} results"
    return found


def counted(server, project, report, **expected):
    """Imports a scan report; omitted counts are 0, and `unchanged` may be `updated` if lines moved."""
    answer = server.bring(project, report)
    counts = dict(answer["counts"])
    assert answer["whole"], f"{report.name}: {answer['not_whole']}"
    kept = counts.pop("unchanged") + counts.pop("updated")
    wanted = {"read": len(results(report)), "created": 0, "reopened": 0, "closed": 0, "skipped": 0} | expected
    wanted_kept = wanted["read"] - wanted["created"]
    assert counts == wanted and kept == wanted_kept, f"{report.name}: {answer['counts']} for {wanted}"
    again = server.bring(project, report)["counts"]
    same = {"read": wanted["read"], "unchanged": wanted["read"]}
    assert again == dict.fromkeys(again, 0) | same, f"{report.name} again: {again}"


def seen(server, project, tool):
    """The findings of one tool, open and closed."""
    found = server.findings(project).values()
    mine = [one for one in found if one["tool"].lower().startswith(tool.name)]
    return (
        {one["id"]: one for one in mine if one["status"] != "closed"},
        {one["id"]: one for one in mine if one["status"] == "closed"},
    )


def place(rule, path, line):
    return rule, path.rsplit("/", 1)[-1], line


def listed(report):
    """Rule, file and line of each result of the report."""
    places = []
    for result in results(report):
        physical = result["locations"][0]["physicalLocation"]
        places.append(place(result["ruleId"], physical["artifactLocation"]["uri"], physical["region"]["startLine"]))
    return collections.Counter(places)


def shown(findings):
    """Rule, file and line of each finding."""
    places = []
    for one in findings.values():
        path, _, line = one["location"].rpartition(":")
        assert not path.startswith("/"), f"{path} is not seen from the top of the tree"
        places.append(place(one["rule_id"], path, int(line)))
    return collections.Counter(places)


def on_the_list(server, project, tool, report):
    """Checks that exactly the report's results are open, line by line."""
    is_open, closed = seen(server, project, tool)
    assert shown(is_open) == listed(report), f"open but not in {report.name}: {shown(is_open) - listed(report)}"
    return is_open, closed


def story(server, project, tool, made, fix, states):
    """Imports the reports of these states, then the one with the problem fixed."""
    for number, state in enumerate(states):
        counted(server, project, made[state], **({} if number else {"created": len(results(made[state]))}))
    before, closed = on_the_list(server, project, tool, made[states[-1]])
    assert not closed
    last = made[f"fixed-{fix.name}"]
    counted(server, project, last, closed=1)
    after, closed = on_the_list(server, project, tool, last)
    (one,) = closed.values()
    assert set(before) == set(after) | set(closed)
    assert one["rule_id"].endswith(fix.rule), f"closed: {one['rule_id']}"
    assert fix.file.endswith(one["location"].rpartition(":")[0]), f"closed: {one['location']}"
    # It keeps the line where it was last seen.
    line = fix.line and fix.line - (3 if states[-1] == "first" else 0)
    assert line in (None, int(one["location"].rpartition(":")[2])), f"closed: {one['location']}, not line {line}"


def stories(server, made):
    # All tools in one project: none affects another one's findings.
    shared = server.project("Shared")
    for tool in TOOLS:
        if tool.name not in made:
            continue
        for number, fix in enumerate(tool.fixes):
            project = shared if number == 0 else server.project(f"{tool.name} {fix.name}")
            name = f"{tool.name}: {fix.name}"
            check(name, story, server, project, tool, made[tool.name], fix, ["first", "commented"])
            project = server.project(f"{tool.name} {fix.name} at once")
            check(f"{name}, with the comments at once", story, server, project, tool, made[tool.name], fix, ["first"])
    for tool in TOOLS:
        if tool.name in made:
            last = made[tool.name][f"fixed-{tool.fixes[0].name}"]
            check(f"{tool.name}: its findings after all tools' reports", on_the_list, server, shared, tool, last)


def keep(made):
    """Writes the files that the Rust tests import: the three states of each tool."""
    for tool in TOOLS:
        if tool.name in made:
            for state, name in [("first", "first"), ("commented", "commented"), (f"fixed-{tool.fixes[0].name}", "fixed")]:
                shutil.copy(made[tool.name][state], SAMPLES / f"{tool.name}.{name}.sarif")


def main():
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = {}
    chosen = [tool for tool in TOOLS if tool.name in names]
    with tempfile.TemporaryDirectory(prefix="campanile-tree-") as work, concurrent.futures.ThreadPoolExecutor(2) as pool:
        # The slow ones first, and two at once: each uses one core.
        waiting = {
            tool.name: pool.submit(reports, tool, pathlib.Path(work) / tool.name, installed, folder)
            for tool in reversed(chosen)
        }
        for tool in chosen:
            check(f"{tool.name} writes its reports", lambda tool=tool: made.update({tool.name: waiting[tool.name].result()}))
    if os.environ.get("UPDATE"):
        keep(made)
    with Server(binary) as server:
        stories(server, made)
        check("the product's own bill of materials is imported", product.is_imported, server)
        check("the product's notices are served", product.is_served, server)
    check("the product's notices list every component", product.lists_every_crate)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
