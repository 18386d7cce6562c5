"""What all tests share: the development data folder, Hypothesis profiles, and no network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# A deadline would make a slow machine fail a correct property. HOPENOW_HYPOTHESIS picks the profile.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("quick", deadline=None, print_blob=True, max_examples=20)
settings.register_profile(
    "fuzz",
    deadline=None,
    print_blob=True,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HOPENOW_HYPOTHESIS", "default"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data folder: ``HOPENOW_SHARED``, by default ``shared`` beside the repository.

    It holds publishers' files that may not be copied into the project; without it the test is skipped.
    """
    folder = Path(os.environ.get("HOPENOW_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(
            f"no development data in {folder}; set HOPENOW_SHARED to the folder that has data/ and cases/"
        )
    return folder


def _is_local(address: object) -> bool:
    """Whether a socket address stays on this machine (a path, a loopback address or the name localhost)."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"localhost", ""}


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse connections to other machines: no test may need the internet."""
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise RuntimeError(f"a test tried to reach {address}; tests work without a network")
        real_connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield
