"""The whole platform as one command: it starts, answers, does not leak, and stops cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def get(address: str) -> tuple[int, str, dict[str, str]]:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310  (our own server)
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    with tempfile.TemporaryDirectory(prefix="hopenow-") as folder:
        port, log = free_port(), Path(folder) / "log"
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("PGHOST", "DJANGO", "HOPENOW"))
        }
        command = [
            sys.executable,
            "-m",
            "hopenow",
            "serve",
            "--port",
            str(port),
            "--workers",
            "1",
            "--data",
            f"{folder}/data",
        ]
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, text=True, env=environment)
        try:
            end = time.monotonic() + 90
            while True:
                try:
                    if get(f"http://127.0.0.1:{port}/health/ready")[0] == 200:
                        break
                except (urllib.error.URLError, ConnectionError):
                    pass
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}", process, log
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (0, 130)


def test_it_answers_and_says_its_version(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    import hopenow

    status, body, _ = get(f"{served[0]}/health/live")
    assert status == 200
    assert hopenow.__version__ in body


def test_pages_carry_their_protection(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    status, _, headers = get(f"{served[0]}/accounts/login/")
    assert status == 200
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Request-Id"]


def test_the_log_holds_routes_and_never_what_was_typed(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    get(f"{served[0]}/accounts/login/?email=ana.ruiz@example.org")
    get(f"{served[0]}/nothing/ana.ruiz")
    text = served[2].read_text()
    assert "route=accounts/login/" in text
    assert "ruiz" not in text


def test_an_unknown_host_is_refused(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    request = urllib.request.Request(f"{served[0]}/accounts/login/", headers={"Host": "evil.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)  # noqa: S310
    assert caught.value.code == 400
    caught.value.close()


def test_nothing_is_left_running(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    """A second installation beside it starts, and stops when it is asked to."""
    with tempfile.TemporaryDirectory(prefix="hopenow-") as folder:
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("PGHOST", "DJANGO", "HOPENOW"))
        }
        command = [
            sys.executable,
            "-m",
            "hopenow",
            "serve",
            "--port",
            str(free_port()),
            "--workers",
            "1",
            "--data",
            folder,
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                if "Hope Now runs at" in line:
                    break
            process.send_signal(signal.SIGTERM)
            lines.read()
        assert process.wait(60) in (0, 143)
        left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True).stdout
        assert left == ""
        assert not (Path(folder) / "postgresql" / "postmaster.pid").exists()
