"""Lints the Markdown files of folders with proselint inside this process, on one core, as the linter's bench does with its own.

    seconds.py LIMIT FOLDER_OR_FILE...

Prints `FILES FINDINGS SECONDS`: what the process has had of a core for linting, without reading files and starting up. After
LIMIT seconds it gives up and prints `0 0 LIMIT`.
"""

import signal
import sys
import time
from pathlib import Path

from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile


def main() -> None:
    limit = int(sys.argv[1])
    paths = [Path(name) for name in sys.argv[2:]]
    files = [file for path in paths for file in (sorted(path.rglob("*.md")) if path.is_dir() else [path])]
    texts = [file.read_text(encoding="utf-8") for file in files]
    CheckRegistry().register_many(__register__)
    config = {**DEFAULT, "max_errors": 10**9}

    def give_up(*_: object) -> None:
        print(0, 0, limit)
        sys.exit(0)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(limit)
    began = time.process_time()
    findings = sum(len(LintFile("text", text).lint(config)) for text in texts if text)
    print(len(texts), findings, time.process_time() - began)


main()
