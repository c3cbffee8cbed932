"""Starts the real binary on SQLite in its own folder, and calls it.

Owns: the process and the requests. Must not: know a scanner.
"""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

EMAIL, PASSWORD = "admin@example.org", "correct-horse-battery-staple"


class Server:
    """A server with a company, or with the demo's; stopped when the block ends."""

    def __init__(self, binary, demo=False, settings=None):
        self.binary = binary
        self.demo = demo
        self.settings = settings or {}
        self.token = ""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="campanile-tools-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = pathlib.Path(self.folder.name) / "log"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "CAMPANILE_LISTEN": f"127.0.0.1:{port}",
            "CAMPANILE_PUBLIC_URL": self.url,
            "CAMPANILE_DATABASE_URL": f"sqlite://{self.folder.name}/campanile.db",
        }
        if self.demo:
            environment["CAMPANILE_DEMO"] = "true"
        else:
            environment |= {"CAMPANILE_ADMIN_EMAIL": EMAIL, "CAMPANILE_ADMIN_PASSWORD": PASSWORD}
        environment |= self.settings
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve"], cwd=self.folder.name, env=environment, stdout=log, stderr=log
            )
        try:
            self.wait()
            if self.demo:
                return self
            self.token = self.post("/auth/login", {"email": EMAIL, "password": PASSWORD})["token"]
            self.company = self.post("/companies", {"name": "Tools"})["id"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def wait(self):
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/readyz"):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"campanile did not start: {self.log.read_text()[-4000:]}")

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=body, method=method)
        request.add_header("Content-Type", kind)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()[:1000]}") from None

    def post(self, path, body):
        return self.call("POST", path, json.dumps(body).encode())

    def project(self, name):
        return self.post("/projects", {"company_id": self.company, "name": name})["id"]

    def bring(self, project, report, kind="application/sarif+json"):
        """Imports a scan report: its text, or the path of one."""
        path = f"/scans/import?company_id={self.company}&project_id={project}"
        return self.call("POST", path, report if isinstance(report, bytes) else report.read_bytes(), kind)

    def findings(self, project):
        """All findings of the project by id."""
        found, cursor = {}, ""
        while True:
            page = self.call("GET", f"/findings?project_id={project}&limit=100{cursor}")
            found |= {one["id"]: one for one in page["items"]}
            if not page["next_cursor"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"
