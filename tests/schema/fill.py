"""Fills valid requests with meaningful values: existing records, allowed URLs, names of time zones.
Otherwise nearly every one would get "not found" or "not a host that the operator allows".

Owns: what a request is filled with. Must not: make one that does not fit.
"""

import datetime
import json
import re
import uuid

import schemathesis
from hypothesis import strategies as st

# Most randomly generated years are not accepted, so few dates would be left.
FIRST, LAST = datetime.datetime(1971, 1, 2), datetime.datetime(2200, 12, 30)
NOBODY = str(uuid.UUID(int=7))
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]
# Fields that refer to records without saying so in their name.
NAMED = {
    "destination": "destinations",
    "destination_of": "deliveries",
    "requested_by": "users",
    "actor_id": "users",
    "company": "companies",
}
URLS = {
    "slack": "https://hooks.slack.com/services/T0/B0/",
    "teams": "https://example.webhook.office.com/webhookb2/",
    "chat": "https://discord.com/api/webhooks/",
    "webhook": "https://hooks.campanile.test/",
}
# What the server posts to: the port is closed, so connections are refused at once.
HOSTS = ["hooks.slack.com", "example.webhook.office.com", "discord.com", "hooks.campanile.test"]
CLOSED = ",".join(f"{host}:443:127.0.0.1:9" for host in HOSTS)
SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "Sample"}},
            "results": [
                {
                    "ruleId": "rule",
                    "message": {"text": "A finding"},
                    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 3}}}],
                }
            ],
        }
    ],
}
REPORTS = {
    "application/json": SARIF,
    "application/sarif+json": SARIF,
    "text/csv": "title,severity\nA finding,high\n",
}


def formats():
    schemathesis.openapi.format("date", st.dates(FIRST.date(), LAST.date()).map(str))
    times = st.datetimes(FIRST, LAST).map(datetime.datetime.isoformat)
    schemathesis.openapi.format("date-time", st.builds("{}{}".format, times, st.sampled_from(["Z", "+02:00"])))


def is_right(case):
    """Whether the request matches the OpenAPI document."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def singular(kind):
    return {"companies": "company", "deliveries": "delivery"}.get(kind, kind.removesuffix("s")).replace("-", "_")


class Filling:
    """What a run knows of the server."""

    def __init__(self, there, chance):
        self.chance = chance
        # Ids by the names of lists, and pairs of ids of which the second is below the first.
        self.lists = there.get("lists", {})
        self.pairs = there.get("pairs", {})
        # Users who send requests and their credentials are not changed; companies are not deleted.
        self.kept, self.standing = set(there.get("kept", [])), set(there.get("standing", []))
        self.feed = there.get("feed")
        self.email, self.password = there.get("email"), there.get("password")
        # By operation, the last request that created something under a key.
        self.created = {}

    def mostly(self, share=0.8):
        return self.chance.random() < share

    def keep(self, case):
        """Replaces a change to a protected record by one without effect."""
        method = case.method.upper()
        for name, value in (case.path_parameters or {}).items():
            if method in ("DELETE", "PATCH", "PUT") and str(value) in self.kept:
                case.path_parameters[name] = NOBODY
            elif method == "DELETE" and str(value) in self.standing and case.path.endswith("/companies/{id}"):
                case.path_parameters[name] = NOBODY

    def fill(self, case):
        # A step that follows another uses the record that it created.
        if case.meta.phase.name != "stateful":
            if self.repeat(case):
                return
            self.fill_path(case)
        self.fill_query(case)
        if "Idempotency-Key" in (case.headers or {}) and self.mostly():
            case.headers["Idempotency-Key"] = f"key-{self.chance.getrandbits(64):x}"
        if case.path.endswith(("/scans/import", "/scans/table-preview")):
            self.fill_report(case)
        elif isinstance(case.body, dict):
            self.fill_fields(case.body, case.body)
            self.fill_body(case.path, case.body)
        elif isinstance(case.body, list):
            for one in case.body:
                self.fill_fields(one, one)
                self.fill_event(one)

    def fill_body(self, path, body):
        """Makes dependent fields of some bodies consistent."""
        if path.endswith("/auth/login") and self.password and self.mostly():
            body |= {"email": self.email, "password": self.password}
        elif path.endswith("/me/password") and self.password and self.mostly():
            body |= {"current_password": self.password, "new_password": f"schema {self.chance.getrandbits(64):x}"}
        elif path.endswith("/events"):
            self.fill_event(body)
        elif path.endswith("/webhook-secrets/rotate") and self.mostly():
            body.pop("url", None)
        elif path.endswith(("/notification-rules", "/dry-run")) and self.mostly():
            self.fill_rule(body)
        elif path.endswith("/destinations/test") and self.mostly():
            channel = self.chance.choice([*URLS, "email"])
            body.clear()
            body |= {"channel": channel} | ({"template": "ntfy"} if channel == "chat" else {})
            body |= {"email": "schema@demo.test"} if channel == "email" else {"url": self.url(channel)}

    def fill_event(self, event):
        if isinstance(event, dict) and isinstance(event.get("data"), dict) and self.mostly():
            event["data"]["title"] = "What happened"

    def fill_rule(self, rule):
        """Removes from a rule what its channel does not accept."""
        channel, recipients = rule["channel"], rule.setdefault("recipients", {})
        if channel != "webhook":
            rule.pop("format", None)
        if channel == "chat":
            rule["template"] = "ntfy"
        else:
            rule.pop("template", None)
        people = {"user_ids", "team_ids", "roles", "owners", "followers"}
        takes = {"in_app": people, "email": people | {"emails"}, "webhook": {"urls"}}
        for name in [name for name in recipients if name not in takes.get(channel, {"urls", "team_ids", "owners"})]:
            del recipients[name]
        if channel in URLS:
            recipients["urls"] = [self.url(channel)]

    def repeat(self, case):
        """Repeats a creation unchanged."""
        earlier = self.created.get((case.operation.label, case.media_type))
        if earlier is None or self.mostly(0.9):
            return False
        case.headers["Idempotency-Key"], case.path_parameters, case.query, case.body = earlier
        return True

    def learn(self, case, response):
        key = (case.headers or {}).get("Idempotency-Key")
        if key and response.status_code == 201 and isinstance(case.body, (dict, str)):
            sent = (key, dict(case.path_parameters or {}), dict(case.query or {}), case.body)
            self.created[(case.operation.label, case.media_type)] = sent
        if case.path.endswith("/me/password") and response.status_code == 204:
            self.password = case.body["new_password"]

    def fill_path(self, case):
        fields, path = case.path_parameters or {}, case.path
        # Deleted records no longer exist for others.
        share = 0.25 if case.method.upper() == "DELETE" else 0.85
        for name in fields:
            if name in self.pairs and self.pairs[name] and self.mostly(share):
                fields["id"], fields[name] = self.chance.choice(self.pairs[name])
                break
            kind = path.split(f"/{{{name}}}")[0].rsplit("/", 1)[-1]
            ids = self.lists.get(kind if name == "id" else self.kind(name))
            if ids and self.mostly(share):
                fields[name] = self.chance.choice(ids)
        self.keep(case)

    def fill_query(self, case):
        query = case.query if isinstance(case.query, dict) else {}
        # Only a returned value is a cursor, which other tests cover.
        if "cursor" in query and self.mostly():
            del query["cursor"]
        if "key" in query and self.feed and self.mostly():
            query["key"] = self.feed
        if "from" in query and "to" in query and self.mostly():
            query |= {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
        self.fill_fields(query, query)

    def fill_report(self, case):
        report = REPORTS.get(case.media_type)
        if report is not None and self.mostly(0.6):
            case.body = json.loads(json.dumps(report))
            for name in ("format", "columns", "encoding", "project"):
                (case.query or {}).pop(name, None)

    def kind(self, name):
        """The list of the records that a field with this name refers to, such as `assignee_user_ids`."""
        if name in NAMED:
            return NAMED[name]
        for kind in self.lists:
            if re.fullmatch(rf"(.*_)?{singular(kind)}_ids?", name):
                return kind
        return None

    def fill_fields(self, fields, whole):
        """Replaces most random ids by existing ones."""
        if not isinstance(fields, dict):
            return
        for name, value in fields.items():
            if isinstance(value, dict):
                self.fill_fields(value, whole)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                for one in value:
                    self.fill_fields(one, whole)
            elif value and self.mostly():
                fields[name] = self.filled(name, value, whole)

    def filled(self, name, value, whole):
        ids = self.lists.get(self.kind(name))
        if ids and isinstance(value, str):
            # Records in one request mostly belong to one company.
            return ids[0] if self.kind(name) == "companies" and self.mostly() else self.chance.choice(ids)
        if ids and isinstance(value, list):
            return self.chance.sample(ids, min(len(ids), len(value)))
        if name == "expires_at":
            return "2190-01-01T00:00:00Z"
        if name == "tz":
            return self.chance.choice(ZONES)
        if name == "urls" and isinstance(value, list):
            return [self.url(whole.get("channel")) for _ in value[:3]]
        if name == "url" and isinstance(value, str):
            return self.url(whole.get("channel"))
        if name.endswith("_webhook_url") and isinstance(value, str):
            return self.url(name.removesuffix("_webhook_url"))
        return value

    def url(self, channel):
        return URLS.get(channel, URLS["webhook"]) + f"{self.chance.getrandbits(32):x}"
