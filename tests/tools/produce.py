"""Runs real scanners on a small source tree in several states and saves their reports.

Owns: the tree's states, and how each tool is called. Must not: know a server.
"""

import dataclasses
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
COMMENTS = {".js": "//"}
CONFIGS = ["semgrep.yml", "eslint.config.mjs", "ruff.toml"]


@dataclasses.dataclass
class Fix:
    """Fixes one problem: `old` becomes `new` in a file, and the finding of this rule at this place is closed.

    The line is that of the second state. Where nothing in the report can say which of several equal ones was fixed,
    there is no line, and only the counts are exact.
    """

    name: str
    file: str
    old: str
    new: str
    rule: str
    line: int | None


@dataclasses.dataclass
class Tool:
    """A scanner: its name, its command (with {out} for the report and {bin} for its folder), its fixes."""

    name: str
    command: list[str]
    fixes: list[Fix]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


SHELL = '    name = archive.strip()\n    subprocess.call("tar xf " + name, shell=True)\n'
TWIN = 'def clean(folder):\n    subprocess.call("rm -rf " + folder, shell=True)\n'
RELEASE = "    return eval(text)\n"

TOOLS = [
    Tool(
        "bandit",
        ["{bin}/lint/bin/bandit", "-q", "-r", ".", "-f", "sarif", "-o", "{out}"],
        [
            Fix("lines-gone", "app/jobs.py", SHELL, "    return archive\n", "B602", 16),
            Fix("one-of-two-alike", "app/jobs.py", TWIN, "def clean(folder):\n    return folder\n", "B602", 20),
            Fix("last-of-its-folder", "scripts/release.py", RELEASE, "    return text\n", "B307", 5),
        ],
    ),
    Tool(
        "ruff",
        ["{bin}/lint/bin/ruff", "check", "--no-cache", "--config", "../ruff.toml", "--output-format", "sarif", "-o", "{out}", "."],
        [
            Fix("same-message", "app/jobs.py", SHELL.splitlines(True)[1], "    return name\n", "S602", 16),
            Fix("lines-gone", "app/jobs.py", SHELL, "    return archive\n", "S602", None),
            Fix("last-of-its-folder", "scripts/release.py", RELEASE, "    return text\n", "S307", 5),
        ],
    ),
    Tool(
        "eslint",
        ["{bin}/node/node_modules/.bin/eslint", "-c", "../eslint.config.mjs", "-f",
         "{bin}/node/node_modules/@microsoft/eslint-formatter-sarif/sarif.js", "-o", "{out}", "."],
        [
            Fix("same-message", "web/cart.js", "  total -= eval(item.price);\n", "  total -= item.price;\n", "no-eval", 16),
            Fix("lines-gone", "web/page.js", "  debugger;\n", "", "no-debugger", 23),
            Fix("last-of-its-folder", "scripts/build.js", "  return eval(text);\n", "  return text;\n", "no-eval", 5),
        ],
    ),
    Tool(
        "semgrep",
        ["{bin}/semgrep/bin/semgrep", "scan", "--config", "../semgrep.yml", "--metrics", "off", "--disable-version-check",
         "--oss-only", "--jobs", "1", "--quiet", "--sarif", "--sarif-output", "{out}", "."],
        [Fix("one-of-two-alike", "app/jobs.py", TWIN, "def clean(folder):\n    return folder\n", "shell-call", 20)],
    ),
    Tool(
        "checkov",
        ["{bin}/checkov/bin/checkov", "--directory", ".", "--framework", "dockerfile", "kubernetes", "terraform", "--compact",
         "--quiet", "--skip-download", "--soft-fail", "--output", "sarif", "--output-file-path", "{out}.d"],
        [Fix("a-setting", "deploy/main.tf", "  publicly_accessible = true\n", "  publicly_accessible = false\n", "CKV_AWS_17", None)],
        {"CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "LOG_LEVEL": "ERROR"},
    ),
]


def commented(folder):
    """Three lines of comment on top of every file."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            mark = COMMENTS.get(file.suffix, "#")
            lines = "".join(f"{mark} Line {n} of a notice.\n" for n in (1, 2, 3))
            file.write_text(lines + file.read_text())


def fixed(folder, fix):
    file = folder / fix.file
    text = file.read_text()
    assert text.count(fix.old) == 1, f"{fix.name}: {fix.file} holds {fix.old!r} {text.count(fix.old)} times"
    file.write_text(text.replace(fix.old, fix.new))


def checkout(work, name, *changes):
    """A changed copy of the tree in its own folder; the tools' settings are next to it."""
    folder = work / name
    shutil.copytree(HERE / "tree", folder)
    for config in CONFIGS:
        shutil.copy(HERE / config, folder.parent)
    for change in changes:
        change(folder)
    return folder


def run(tool, folder, installed, out):
    """The tool's report on what is in the folder."""
    command = [part.format(bin=installed, out=out) for part in tool.command]
    # As if called manually: without environment variables of Python or Node, or folders of the current user.
    binary = pathlib.Path(command[0]).parent
    environment = {"PATH": f"{binary}:{os.environ['PATH']}", "HOME": str(folder.parent), **tool.environment}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False)
    written = out.with_name(out.name + ".d") / "results_sarif.sarif"
    if written.exists():
        written.rename(out)
        written.parent.rmdir()
    # 1: it found something.
    if done.returncode not in (0, 1) or not out.exists():
        raise RuntimeError(f"{tool.name} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def reports(tool, work, installed, folder):
    """Creates the tool's reports: first, commented, and for each fix commented-FIX and plain-FIX."""
    made = {}

    def make(state, name, *changes):
        made[state] = folder / f"{tool.name}.{state}.sarif"
        run(tool, checkout(work, name, *changes), installed, made[state])

    make("first", "checkout")
    make("commented", "runner/work/tree-2", commented)
    for fix in tool.fixes:
        make(f"fixed-{fix.name}", f"w{len(made)}/another folder", commented, lambda folder, fix=fix: fixed(folder, fix))
    return made
