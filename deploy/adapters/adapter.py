#!/usr/bin/env python3
"""Forwards DefectDojo's webhooks and Dependency-Track's notifications to Campanile, as CloudEvents.

    ADAPTER_TARGET=https://campanile.example ADAPTER_TOKEN=cmp_… ADAPTER_COMPANY=UUID ADAPTER_KEY=… adapter.py

listens on ADAPTER_LISTEN (127.0.0.1:8090) for POST /defectdojo?key=… and POST /dependency-track?key=…, the key being
ADAPTER_KEY. Python 3.9 or newer, nothing else. See docs/adapters.md.
"""

import hashlib
import hmac
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST_BYTES = 8_000_000
BATCH = 200
SEVERITIES = {"info": "informational", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}
# Dependency-Track's messages about itself and its users, not about a finding, a scan or a project: ignored on purpose.
SILENT = {
    *("ANALYZER", "BOM_CONSUMED", "BOM_VALIDATION_FAILED", "CONFIGURATION", "DATASOURCE_MIRRORING", "FILE_SYSTEM"),
    *("INDEXING_SERVICE", "INTEGRATION", "NEW_VULNERABILITIES_SUMMARY", "NEW_POLICY_VIOLATIONS_SUMMARY", "NONE"),
    *("POLICY_VIOLATION", "PROJECT_VULN_ANALYSIS_COMPLETE", "REPOSITORY", "USER_CREATED", "USER_DELETED"),
    *("VEX_CONSUMED", "VEX_PROCESSED", "VULNERABILITY_RETRACTED"),
}
KINDS = {
    "PROJECT_CREATED": "project.created",
    "BOM_PROCESSED": "scan.completed",
    "BOM_PROCESSING_FAILED": "scan.failed",
}
# At most this many names are counted: the names are untrusted.
COUNTED = 100


class Unknown(ValueError):
    """An unknown group. The sender gets 422 and logs that."""


class Counts:
    """How often each unknown group was received since the adapter's start."""

    def __init__(self):
        self.lock, self.counts = threading.Lock(), Counter()

    def add(self, name):
        with self.lock:
            name = name if name in self.counts or len(self.counts) < COUNTED else "other"
            self.counts[name] += 1
            return self.counts[name]

    def all(self):
        with self.lock:
            return dict(self.counts)


UNKNOWN = Counts()


def severity(word):
    return SEVERITIES.get(str(word).lower().removeprefix("severity_"), "informational")


def event(kind, source, event_id, subject, data, time=None):
    """One CloudEvent; the company is added when it is sent."""
    made = {"specversion": "1.0", "type": kind, "source": source, "id": event_id, "subject": subject}
    made["data"] = {key: value for key, value in data.items() if value is not None}
    if time:
        made["time"] = time
    return made


def named(body, key):
    value = body.get(key) or {}
    return value.get("name") or value.get("title")


def from_defectdojo(name, instance, body):
    """DefectDojo names the event in X-DefectDojo-Event, without an id: the body's hash is used, so that a repeated
    post is one event."""
    mark = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
    source = instance or "urn:defectdojo"
    product = named(body, "product")
    if name == "engagement_added":
        number = body["engagement"]["id"]
        data = {"name": named(body, "engagement"), "project_name": product}
        return [event("project.created", source, f"engagement-{number}", f"engagement/{number}", data)]
    if name == "product_added":
        number = body["product"]["id"]
        return [event("asset.created", source, f"product-{number}", f"product/{number}", {"name": product})]
    if name not in ("test_added", "scan_added", "scan_added_empty"):
        return []  # ping, product types, and unknown events
    test = body["test"]
    data = {"name": test.get("title"), "project_name": product, "tool": "DefectDojo"}
    if name == "test_added":
        return [event("scan.started", source, f"test-{test['id']}", f"test/{test['id']}", data)]
    findings = {key: value or [] for key, value in (body.get("findings") or {}).items()}
    counts = {"created": "new", "reopened": "reactivated", "closed": "mitigated", "unchanged": "untouched"}
    data["counts"] = {count: len(findings.get(key, [])) for count, key in counts.items()}
    data["counts"]["read"] = body.get("finding_count") or sum(data["counts"].values())
    events = [event("scan.completed", source, f"scan-{mark}", f"test/{test['id']}", data)]
    for key, kind, status in (
        ("new", "finding.created", None),
        ("reactivated", "finding.reopened", "reopened"),
        ("mitigated", "finding.status_changed", "mitigated"),
    ):
        for finding in findings.get(key, []):
            said = {"title": finding["title"], "severity": severity(finding["severity"]), "status": status}
            said.update(project_name=product, tool="DefectDojo")
            number = finding["id"]
            events.append(event(kind, source, f"{key}-{number}-{mark}", f"dojo-finding/{number}", said))
    return events


def plain(word, prefix):
    """A name as in Dependency-Track 4: version 5 uses its protobuf names, `GROUP_NEW_VULNERABILITY`."""
    return str(word).upper().removeprefix(prefix)


def from_dependency_track(body, source="urn:dependency-track"):
    note = body["notification"]
    group, subject, time = plain(note["group"], "GROUP_"), note.get("subject") or {}, note.get("timestamp")
    if group in SILENT:
        return []
    if time and not (time.endswith("Z") or "+" in time):
        time += "Z"  # older versions omit the zone and mean UTC
    if group in ("NEW_VULNERABILITY", "NEW_VULNERABLE_DEPENDENCY", "PROJECT_AUDIT_CHANGE"):
        projects = subject.get("affectedProjects") or [subject["project"]]
        flaws = subject.get("vulnerabilities") or [subject["vulnerability"]]
        pairs = [(project, flaw) for project in projects for flaw in flaws]
        return [vulnerable(note, group, source, time, project, flaw) for project, flaw in pairs]
    if group not in KINDS:
        raise Unknown(group[:80])
    project = subject.get("project") or subject
    if not project.get("uuid"):
        return []  # a test notification
    data = {"name": project_name(project), "tool": "Dependency-Track"}
    if group == "BOM_PROCESSING_FAILED":
        data["error"] = note.get("content")
    event_id = f"{group}-{project['uuid']}-{time}"
    return [event(KINDS[group], source, event_id, f"dt/{project['uuid']}", data, time)]


def project_name(project):
    return " ".join(filter(None, (project.get("name"), project.get("version"))))


def vulnerable(note, group, source, time, project, flaw):
    component, analysis = note["subject"]["component"], note["subject"].get("analysis") or {}
    what = "/".join((project["uuid"], component["uuid"], flaw["uuid"]))
    parts = (component.get("group"), component.get("name"), component.get("version"))
    data = {
        "title": f"{flaw['vulnId']} in {':'.join(filter(None, parts))}",
        "severity": severity(flaw.get("severity")),
        "location": component.get("purl"),
        "tool": "Dependency-Track",
        "project_name": project_name(project),
    }
    if group == "PROJECT_AUDIT_CHANGE":
        state = analysis.get("state") or analysis.get("analysisState") or ""
        data["status"] = plain(state, "ANALYSIS_STATE_").lower()
        return event("finding.status_changed", source, f"{what}-{time}", f"dt/{what}", data, time)
    return event("finding.created", source, what, f"dt/{what}", data, time)


def send(events, target, token, company):
    """Sends in batches, each accepted completely or not at all. Already accepted events count as duplicates."""
    for start in range(0, len(events), BATCH):
        batch = [{**one, "company": company} for one in events[start : start + BATCH]]
        request = urllib.request.Request(f"{target.rstrip('/')}/api/v1/events", json.dumps(batch).encode())
        request.add_header("Content-Type", "application/cloudevents-batch+json")
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


class Adapter(BaseHTTPRequestHandler):
    def do_GET(self):
        """GET /unknown?key=… : how often each unknown group was received."""
        url = urllib.parse.urlsplit(self.path)
        if not self.is_known(url):
            return self.answer(401)
        if url.path != "/unknown":
            return self.answer(404)
        self.answer(200, json.dumps(UNKNOWN.all(), sort_keys=True), "application/json")

    def do_POST(self):
        try:
            self.answer(self.bring())
        except Unknown as group:
            times = UNKNOWN.add(str(group))
            self.log_error("unknown group %r, nothing was forwarded; %d so far", str(group), times)
            self.answer(422, f"This adapter does not know the group {str(group)!r}; nothing was forwarded.")

    def answer(self, status, text="", kind="text/plain; charset=utf-8"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def is_known(url):
        key = urllib.parse.parse_qs(url.query).get("key", [""])[0]
        return hmac.compare_digest(key.encode(), os.environ["ADAPTER_KEY"].encode())

    def bring(self):
        url = urllib.parse.urlsplit(self.path)
        if not self.is_known(url):
            return 401
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            return 413
        try:
            body = json.loads(self.rfile.read(length))
            if url.path == "/defectdojo":
                name, instance = self.headers.get("X-DefectDojo-Event"), self.headers.get("X-DefectDojo-Instance")
                events = from_defectdojo(name, instance, body)
            elif url.path == "/dependency-track":
                events = from_dependency_track(body)
            else:
                return 404
        except Unknown:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.log_error("invalid request: %r", error)
            return 422
        try:
            send(events, os.environ["ADAPTER_TARGET"], os.environ["ADAPTER_TOKEN"], os.environ["ADAPTER_COMPANY"])
        except urllib.error.HTTPError as error:
            self.log_error("refused: %s %s", error.code, error.read(2000).decode("utf-8", "replace"))
            return 502
        except OSError as error:
            self.log_error("Campanile is unreachable: %s", error)
            return 502
        return 200

    def log_message(self, format, *args):
        # The path contains the key: only deliberate messages are logged.
        if format != '"%s" %s %s':
            super().log_message(format, *args)


def main():
    missing = [name for name in ("TARGET", "TOKEN", "COMPANY", "KEY") if not os.environ.get(f"ADAPTER_{name}")]
    if missing:
        raise SystemExit("missing: " + ", ".join(f"ADAPTER_{name}" for name in missing))
    host, port = os.environ.get("ADAPTER_LISTEN", "127.0.0.1:8090").rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Adapter)
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
