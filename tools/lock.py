"""Rewrite the lock files in ``requirements/`` (``make lock``).

Every requirement is pinned with the hashes of the released files. The resolver runs in its own small
environment, itself installed from a pinned file, and ignores the machine's resolver settings, so that two
people get the same lock. One lock serves every platform and every supported Python: the differences are
environment markers.

Options: ``--upgrade`` takes the newest releases; without it existing pins are kept where they still fit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
RESOLVER = FOLDER / "resolver.txt"
HEADER = """\
# Exact releases that are tested, with the hashes of their files. Written by `make lock`; do not edit.
# {what}
"""
LOCKS = {
    "run.txt": ("What the package and its platform need.", ["pyproject.toml", "--extra", "web"]),
    "dev.txt": ("What the package, its tests and its tools need.", ["pyproject.toml", "--extra=web", "--extra=dev"]),
}


def _resolver(folder: Path) -> Path:
    """Install the pinned resolver into ``folder`` and return its path."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    install = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    subprocess.run([*install, "--only-binary", ":all:", "--requirement", RESOLVER], check=True)
    return scripts / "uv"


def _compile(uv: Path, target: Path, what: str, source: list[str], extra: list[str], text: str = "") -> None:
    """Resolve ``source`` and write ``target``, header first."""
    # A mirror or a private index set for the resolver on this machine must not leak into the lock.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
    command = [
        *(uv, "pip", "compile", *source, "--output-file", target, "--quiet", "--no-config"),
        *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
        *("--generate-hashes", "--no-build", "--no-header", "--no-annotate"),
        *extra,
    ]
    words = [str(word) for word in command]
    subprocess.run(words, check=True, cwd=ROOT, env=environment, input=text, text=True)
    target.write_text(HEADER.format(what=what) + target.read_text(encoding="utf-8"), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Rewrite all lock files; returns the exit status."""
    unknown = [argument for argument in arguments if argument != "--upgrade"]
    if unknown:
        print(f"lock: unknown option {unknown[0]}; the only option is --upgrade")
        return 2
    with tempfile.TemporaryDirectory(prefix="hopenow-lock-") as folder:
        uv = _resolver(Path(folder))
        _compile(uv, RESOLVER, "The resolver that writes the other two.", ["-"], arguments, text="uv\n")
        for name, (what, source) in LOCKS.items():
            _compile(uv, FOLDER / name, what, source, arguments)
    print("lock: requirements/ is written; run `make test` before committing it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
