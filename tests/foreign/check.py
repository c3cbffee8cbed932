"""Reads the channels' output for hostile titles with third-party parsers.

Usage: check.py FOLDER, where FOLDER holds what the test `fixtures` of the crate notify wrote. Fixture 000 is made of
"plain title"; every other one must have its shape.
"""

import datetime
import email
import email.policy
import html.parser
import json
import pathlib
import re
import sys
import urllib.parse

import slack_sdk.models.blocks as blocks
import standardwebhooks

folder = pathlib.Path(sys.argv[1])
titles = json.loads((folder / "titles.json").read_text())
checks = []


def check(function):
    checks.append(function)
    return function


def each(kind):
    files = sorted((folder / kind).iterdir())
    assert len(files) == len(titles) > 100, f"{len(files)} {kind} fixtures for {len(titles)} titles"
    return zip(titles, files)


def leaf(value):
    """A block's parts by their types, without their texts."""
    if isinstance(value, dict):
        kinds = {name: leaf(part) for name, part in sorted(value.items())}
        return {"type": value.get("type"), **{name: part for name, part in kinds.items() if part is not None}}
    if isinstance(value, list):
        return [leaf(part) for part in value]
    return None


@check
def slack_models_read_every_payload_alike():
    plain = None
    for title, file in each("slack"):
        payload = json.loads(file.read_text())
        parsed = blocks.Block.parse_all(payload["blocks"])
        assert len(parsed) == len(payload["blocks"]), title
        for block in parsed:
            block.validate_json()
        # What the models parsed is what was sent.
        understood = [block.to_dict() for block in parsed]
        shape = leaf(understood)
        plain = plain or shape
        assert shape == plain, f"{title!r}: {shape}"
        assert leaf(payload["blocks"]) == leaf(understood), title
        urls = [element["url"] for block in payload["blocks"] for element in block.get("elements", []) if "url" in element]
        assert len(urls) == 1 and urls[0].startswith("https://campanile.example/findings/"), urls


@check
def standard_webhooks_verifies_every_signature():
    for title, file in each("webhook"):
        post = json.loads(file.read_text())
        envelope = standardwebhooks.Webhook(post["secret"]).verify(post["body"], post["headers"])
        assert envelope["type"] == "finding.status_changed", title
        assert envelope["data"]["title"].startswith("Status changed: "), title


@check
def standard_webhooks_refuses_what_was_changed():
    _, file = next(each("webhook"))
    post = json.loads(file.read_text())
    webhook = standardwebhooks.Webhook(post["secret"])
    for body, headers in [
        (post["body"] + " ", post["headers"]),
        (post["body"], {**post["headers"], "webhook-id": "other"}),
        (post["body"], {**post["headers"], "webhook-timestamp": str(int(post["headers"]["webhook-timestamp"]) + 1)}),
    ]:
        try:
            webhook.verify(body, headers)
        except standardwebhooks.WebhookVerificationError:
            continue
        raise AssertionError("it was accepted")


@check
def standard_webhooks_verifies_with_either_secret_during_a_rotation():
    post = json.loads((folder / "rotated.json").read_text())
    assert len(post["secrets"]) == len(set(post["secrets"])) == 2
    for secret in post["secrets"]:
        assert standardwebhooks.Webhook(secret).verify(post["body"], post["headers"])["type"]
    stranger = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    try:
        standardwebhooks.Webhook(stranger).verify(post["body"], post["headers"])
    except standardwebhooks.WebhookVerificationError:
        return
    raise AssertionError("it was accepted")


@check
def a_cloud_event_is_verified_and_has_the_attributes_of_the_specification():
    post = json.loads((folder / "cloudevent.json").read_text())
    assert post["headers"]["content-type"] == "application/cloudevents+json"
    event = standardwebhooks.Webhook(post["secret"]).verify(post["body"], post["headers"])
    assert event["specversion"] == "1.0" and event["datacontenttype"] == "application/json"
    for name in ("id", "source", "type", "subject", "company"):
        assert isinstance(event[name], str) and event[name], name
    assert urllib.parse.urlparse(event["source"]).scheme == "https"
    assert datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).tzinfo
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in event), list(event)
    assert isinstance(event["data"], dict)


class Tags(html.parser.HTMLParser):
    """The tags of a page with the names of their attributes, and its links."""

    def __init__(self):
        super().__init__()
        self.tags, self.links = [], []

    def handle_starttag(self, tag, attributes):
        if tag != "br":  # a comment of several lines has them
            self.tags.append((tag, [name for name, _ in attributes]))
        self.links += [value for name, value in attributes if name in ("href", "src", "action", "background")]

    def handle_endtag(self, tag):
        self.tags.append(("/" + tag, []))


@check
def pythons_mail_parser_reads_every_mail_alike():
    plain = None
    for title, file in each("mail"):
        data = file.read_bytes()
        mail = email.message_from_bytes(data, policy=email.policy.default)
        defects = list(mail.defects) + [defect for part in mail.walk() for defect in part.defects]
        defects += [defect for value in mail.values() for defect in getattr(value, "defects", [])]
        assert not defects, f"{title!r}: {defects}"
        body = mail.get_body(("html",))
        tags = Tags()
        tags.feed(body.get_content())
        shape = (mail.keys(), [part.get_content_type() for part in mail.walk()], tags.tags)
        plain = plain or shape
        assert shape == plain, f"{title!r}: {shape}\n{plain}"
        assert len(tags.links) == 1 and tags.links[0].startswith("https://campanile.example/findings/"), tags.links
        assert [address.addr_spec for address in mail["to"].addresses] == ["mara@example.com"], title
        assert len(mail["subject"]) <= 200 and not any(ord(char) < 32 for char in mail["subject"]), title
        if len(title) < 40:
            assert title in mail["subject"], f"{title!r} in {mail['subject']!r}"
            assert title in mail.get_body(("plain",)).get_content(), title


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
