"""Reads calendar feeds with third-party parsers, the library icalendar and the program khal, and compares with
the JSON of the same entries, both ways.

Usage: feeds.py FOLDER, where FOLDER holds what the test `fixtures` of the crate calendar wrote.
"""

import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import icalendar

folder = pathlib.Path(sys.argv[1])
known = json.loads((folder / "items.json").read_text())
items = {f"{item['kind']}-{item['entity_id']}@campanile": item for item in known["items"]}
raw = (folder / "feed.ics").read_bytes()
checks = []

WORDS = {
    "sla_due": "SLA deadline",
    "retest_due": "Retest due",
    "scan": "Scan",
    "project_start": "Project",
    "project_end": "Project ends",
    "agreement_expiry": "Agreement expires",
}


def check(function):
    checks.append(function)
    return function


def summary(item):
    name = known["names"][item["entity_id"]]
    return f"{WORDS[item['kind']]}: {name}" if name else WORDS[item["kind"]]


def start(item):
    """A date for whole days, else the instant to the second."""
    if item["all_day"]:
        return datetime.date.fromisoformat(item["date"])
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d+)?Z$", "+00:00", item["at"]))


def last_day(item):
    return datetime.date.fromisoformat(item["ends_on"] or item["date"])


def parsed(data):
    calendar = icalendar.Calendar.from_ical(data)
    assert not calendar.errors, calendar.errors
    return calendar


@check
def lines_are_short_and_end_as_they_should():
    for data in [raw, (folder / "minimal.ics").read_bytes()]:
        assert data.endswith(b"END:VCALENDAR\r\n")
        assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
        for line in data.split(b"\r\n"):
            assert len(line) <= 75, line
            line.decode()  # no character is split
            assert not re.search(rb"[\x00-\x1f\x7f]", line), line


@check
def icalendar_finds_every_entry_and_no_other():
    calendar = parsed(raw)
    for name in ["x-wr-calname", "name"]:
        # The library treats neither as a text, and leaves both unchanged.
        assert re.sub(r"\\(.)", r"\1", str(calendar[name])) == known["name"], calendar[name]
    assert str(calendar["method"]) == "PUBLISH" and str(calendar["version"]) == "2.0"
    assert calendar["refresh-interval"].dt == datetime.timedelta(hours=1)
    assert str(calendar["x-published-ttl"]) == "PT1H"
    assert {part.name for part in calendar.subcomponents} == {"VEVENT"}
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    assert len(events) == len(calendar.walk("VEVENT")) == len(items) > 250, (len(events), len(items))
    assert events.keys() == items.keys()
    assert {item["kind"] for item in items.values()} == WORDS.keys()
    for uid, event in events.items():
        item = items[uid]
        assert not event.errors, (uid, event.errors)
        assert str(event["summary"]) == summary(item), uid
        assert event["dtstart"].dt == start(item), uid
        if item["all_day"]:
            # It ends the day after the last one.
            assert event["dtend"].dt == last_day(item) + datetime.timedelta(days=1), uid
        else:
            assert "dtend" not in event, uid
        assert str(event["url"]).startswith("https://campanile.example/"), uid
        assert event["dtstamp"].dt == event["last-modified"].dt and int(event["sequence"]) >= 0, uid
        assert str(event["status"]) == "CONFIRMED" and "company: ours" in str(event["description"]).lower(), uid


@check
def icalendar_finds_nothing_in_an_event_that_is_not_ours():
    ours = set(
        "UID DTSTAMP CREATED LAST-MODIFIED SEQUENCE DTSTART DTEND SUMMARY DESCRIPTION CATEGORIES STATUS TRANSP URL".split()
    )
    for event in parsed(raw).walk("VEVENT"):
        assert set(event.keys()) <= ours, event.keys()
        assert {part.name for part in event.subcomponents} == {"VALARM"}, event


@check
def icalendar_finds_the_reminders():
    for event in parsed(raw).walk("VEVENT"):
        before = [-alarm["trigger"].dt for alarm in event.walk("VALARM")]
        assert before == [datetime.timedelta(minutes=minutes) for minutes in known["alarms"]], before
        assert all(str(alarm["action"]) == "DISPLAY" for alarm in event.walk("VALARM"))


@check
def a_company_that_keeps_its_details_has_none_in_its_feed():
    allowed = {"SLA deadline: a high finding", "Retest due: a high finding", "Scan", "Project", "Project ends"}
    allowed.add("Agreement expires")
    found = {str(event["summary"]) for event in parsed((folder / "minimal.ics").read_bytes()).walk("VEVENT")}
    assert found == allowed, found


CONFIG = """
[calendars]
[[all]]
path = {path}/calendar
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = UTC
default_timezone = UTC
[default]
default_calendar = all
[sqlite]
path = {path}/khal.db
"""


def khal(*arguments):
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home)
        (path / "calendar").mkdir()
        (path / "config").write_text(CONFIG.format(path=path))
        run = lambda *more: subprocess.run(
            ["khal", "-c", path / "config", *more],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            env={"HOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        ).stdout
        run("import", "--batch", folder / "feed.ics")
        return run(*arguments)


@check
def khal_imports_and_lists_every_entry_and_no_other():
    form = "{uid}\x1f{start-long-full}\x1f{end-long-full}\x1f{title}\x1e"
    listed = khal("list", "--once", "--notstarted", "--day-format", "", "--format", form, "2026-03-01", "2026-07-01")
    rows = [row.strip("\n").split("\x1f") for row in listed.split("\x1e") if row.strip()]
    found = {row[0]: row[1:] for row in rows}
    assert found.keys() == items.keys(), (len(found), len(items))
    for uid, (begins, ends, title) in found.items():
        item = items[uid]
        # The library in khal 0.10 unescapes backslashes twice: such titles cannot be compared.
        if "\\" not in summary(item):
            assert title.strip() == summary(item), (uid, title, summary(item))
        if item["all_day"]:
            assert begins[:10] == item["date"], (uid, begins)
            assert ends[:10] == str(last_day(item)), (uid, ends)
        else:
            assert begins == start(item).strftime("%Y-%m-%d %H:%M"), (uid, begins)


passed = failed = 0
for function in checks:
    try:
        function()
        passed += 1
        print(f"ok      {function.__name__}")
    except Exception as error:  # noqa: BLE001 - any parser error is a failure
        failed += 1
        print(f"FAILED  {function.__name__}: {type(error).__name__}: {error}"[:4000])
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
