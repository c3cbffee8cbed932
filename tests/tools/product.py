"""The bill of materials of the product and its notices, as they are shipped.

Owns: what of them must hold. Must not: start a server.
"""

import json
import pathlib
import re
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def is_imported(server):
    """Campanile imports the list of its own components, and follows a vulnerability of one of them."""
    document = json.loads(subprocess.run([ROOT / "scripts/components"], check=True, stdout=subprocess.PIPE).stdout)
    purls = [one["purl"] for one in document["components"]]
    assert len(set(purls)) == len(purls) > 200, f"{len(set(purls))} of {len(purls)} components"
    names = {purl.rpartition("@")[0] for purl in purls}
    inside = {"pkg:cargo/tokio", "pkg:cargo/libsqlite3-sys", "pkg:npm/svelte", "pkg:npm/%40fontsource-variable/inter"}
    assert inside <= names, f"missing: {inside - names}"
    outside = {"pkg:cargo/reqwest", "pkg:cargo/proptest", "pkg:cargo/store", "pkg:npm/vite"}
    assert not outside & names, f"not in the product: {outside & names}"
    known = set(purls) | {document["metadata"]["component"]["bom-ref"]}
    for one in document["dependencies"]:
        unknown = {one["ref"], *one.get("dependsOn", [])} - known
        assert not unknown, f"unknown: {unknown}"
    assert {one["ref"] for one in document["dependencies"]} == known

    project = server.project("Campanile")
    kind = "application/vnd.cyclonedx+json"
    answer = server.bring(project, json.dumps(document).encode(), kind)
    assert answer["counts"]["read"] == 0 and not server.findings(project), answer
    affected = next(purl for purl in purls if purl.startswith("pkg:cargo/tokio@"))
    vulnerability = {"id": "CVE-2099-0001", "ratings": [{"severity": "high"}], "affects": [{"ref": affected}]}
    answer = server.bring(project, json.dumps(document | {"vulnerabilities": [vulnerability]}).encode(), kind)
    assert answer["counts"]["created"] == 1, answer
    (finding,) = server.findings(project).values()
    assert "tokio" in finding["location"] and finding["rule_id"] == "CVE-2099-0001", finding
    assert finding["severity"] == "high", finding


def is_served(server):
    """The console serves the notices: each text with the packages and the font that it applies to."""
    with urllib.request.urlopen(f"{server.url}/notices.txt") as answer:
        assert answer.headers.get_content_type() == "text/plain"
        notices = answer.read().decode()
    # Head and text in turns, after the introduction.
    parts = re.split(r"^-{78}\n", notices, flags=re.M)[1:]
    for name, words in [("svelte", "Permission is hereby granted"), ("@fontsource-variable/inter", "SIL OPEN FONT LICENSE")]:
        mine = [text for head, text in zip(parts[::2], parts[1::2], strict=True) if f"\n{name} " in f"\n{head}"]
        assert len(mine) == 1 and words in mine[0], f"{name}: {mine}"


def lists_every_crate():
    """The notices that are shipped have a text for every component."""
    script = [ROOT / "scripts/components"]
    document = json.loads(subprocess.run(script, check=True, stdout=subprocess.PIPE).stdout)
    script = ["node", ROOT / "scripts/notices.mjs", "crates"]
    notices = subprocess.run(script, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True).stdout.splitlines()
    listed = {line.partition(" (")[0] for line in notices}
    wanted = {f"{one['name']} {one['version']}" for one in document["components"]}
    assert wanted <= listed, f"without a license: {wanted - listed}"
    for text in ["Apache License", "SIL OPEN FONT LICENSE Version 1.1 - 26 February 2007"]:
        assert any(text in line for line in notices), text
