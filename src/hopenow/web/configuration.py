"""How the platform is configured: every variable it reads, what it means, and what production demands.

The list `VARIABLES` is the only place that names them; the parser, the refusals and the reference page are all
made from it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from hopenow.errors import InputError

DEVELOPMENT, DEMO, PRODUCTION = "development", "demo", "production"
MODES = (DEVELOPMENT, DEMO, PRODUCTION)
_LEAST_SECRET = 50
_LEAST_TOKEN = 20
_KEY_BYTES = 32


@dataclasses.dataclass(frozen=True)
class Variable:
    """One environment variable.

    Attributes:
        name: as it stands in the environment.
        meaning: what it is for, in a sentence or two.
        default: what holds when it is not set, in words.
        secret: its value is never shown.
        production: production does not start without it.
    """

    name: str
    meaning: str
    default: str
    secret: bool = False
    production: bool = False


VARIABLES = (
    Variable(
        "HOPENOW_MODE",
        "development, demo (one-click sign-in as made-up people, shown as such) or production.",
        "development",
    ),
    Variable("HOPENOW_DATA", "Folder for the embedded database, files and keys.", "the user's data folder"),
    Variable(
        "HOPENOW_ADDRESS",
        "The public address, such as https://help.example.org. Links in messages start with it.",
        "http://localhost:8000",
        production=True,
    ),
    Variable(
        "HOPENOW_HOSTS",
        "Further host names that may be asked for, separated by commas.",
        "none but the host of HOPENOW_ADDRESS",
    ),
    Variable(
        "HOPENOW_SECRET_KEY",
        "Signs sessions and links; at least 50 random characters.",
        "made once and kept in the data folder",
        secret=True,
        production=True,
    ),
    Variable(
        "HOPENOW_FIELD_KEYS",
        "Keys that protect sensitive fields and files: name:key, separated by commas; each key is 32 bytes in "
        "base64. The first one encrypts, all of them decrypt, so a new key goes to the front.",
        "made once and kept in the data folder",
        secret=True,
        production=True,
    ),
    Variable(
        "DATABASE_URL",
        "PostgreSQL for the application, as a role that owns no table and cannot pass row-level security.",
        "embedded PostgreSQL in the data folder",
        secret=True,
        production=True,
    ),
    Variable(
        "HOPENOW_OWNER_DATABASE_URL",
        "The same database as the role that owns the tables; used by migrations alone.",
        "embedded PostgreSQL in the data folder",
        secret=True,
    ),
    Variable(
        "HOPENOW_EMAIL",
        "Mail server, such as smtp+tls://name:password@mail.example.org:587; console: writes to the log.",
        "console: outside production",
        secret=True,
        production=True,
    ),
    Variable("HOPENOW_EMAIL_FROM", "Sender of messages.", "help@ the host of HOPENOW_ADDRESS"),
    Variable("HOPENOW_PROXIES", "How many trusted proxies stand before the server.", "0"),
    Variable(
        "HOPENOW_VIRUS_SCANNER",
        "Command that reads a file on standard input and exits with 0 when it is clean and 1 when it is not.",
        "none; uploads are marked as not scanned",
    ),
    Variable("HOPENOW_LOG", "Format of the log: text or json.", "text; json in production"),
    Variable(
        "HOPENOW_METRICS_TOKEN",
        "Whoever asks for /metrics must send it as `Authorization: Bearer ...`; at least 20 characters.",
        "none; /metrics answers on this machine alone, and not through a proxy",
        secret=True,
    ),
)


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What was read; see `VARIABLES` for the meaning of each.

    Attributes:
        database: URL of the application's role; empty means embedded.
        owner_database: URL of the owning role; empty means embedded.
        field_keys: name to key of 32 bytes, the encrypting one first.
    """

    mode: str
    data: Path
    address: str
    hosts: tuple[str, ...]
    secret_key: str = dataclasses.field(repr=False)
    field_keys: Mapping[str, bytes] = dataclasses.field(repr=False)
    database: str = dataclasses.field(repr=False)
    owner_database: str = dataclasses.field(repr=False)
    email: str = dataclasses.field(repr=False)
    email_from: str
    proxies: int
    virus_scanner: str
    log: str
    metrics_token: str = dataclasses.field(repr=False)

    @property
    def production(self) -> bool:
        """Whether real people's homes depend on this installation."""
        return self.mode == PRODUCTION

    @property
    def embedded(self) -> bool:
        """Whether PostgreSQL runs from the data folder."""
        return not self.database


def read(environ: Mapping[str, str] | None = None) -> Configuration:
    """Read and check the configuration.

    Args:
        environ: the environment; by default the process's own.

    Raises:
        InputError: with everything that is wrong, each with what to do.
    """
    values = os.environ if environ is None else environ
    wrong: list[str] = []
    mode = values.get("HOPENOW_MODE", DEVELOPMENT)
    if mode not in MODES:
        wrong.append(f"HOPENOW_MODE is {mode!r}; it must be one of {', '.join(MODES)}")
    known = {variable.name for variable in VARIABLES}
    wrong += [
        f"{name} is not a variable of Hope Now; see the configuration reference"
        for name in sorted(values)
        if name.startswith("HOPENOW_") and name not in known and name not in _OTHERS
    ]
    if mode == PRODUCTION:
        wrong += [
            f"{variable.name} is not set; production needs it. {variable.meaning}"
            for variable in VARIABLES
            if variable.production and not values.get(variable.name)
        ]
    data = folder(values)
    address = values.get("HOPENOW_ADDRESS") or "http://localhost:8000"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        wrong.append(f"HOPENOW_ADDRESS is {address!r}; it must look like https://help.example.org")
    elif mode == PRODUCTION and values.get("HOPENOW_ADDRESS") and parts.scheme != "https":
        wrong.append("HOPENOW_ADDRESS must start with https:// in production")
    host = parts.hostname or "localhost"
    hosts = (host, *_split(values.get("HOPENOW_HOSTS", "")), *(() if mode == PRODUCTION else _LOCAL))
    if mode == PRODUCTION and "*" in hosts:
        wrong.append("HOPENOW_HOSTS must name hosts; * is not allowed in production")
    secret_key = values.get("HOPENOW_SECRET_KEY") or _kept(mode, data, "secret_key", _new_secret)
    if values.get("HOPENOW_SECRET_KEY") and len(secret_key) < _LEAST_SECRET:
        wrong.append(f"HOPENOW_SECRET_KEY has {len(secret_key)} characters; it needs at least {_LEAST_SECRET}")
    keys = _keys(values.get("HOPENOW_FIELD_KEYS") or _kept(mode, data, "field_keys", _new_key), wrong)
    databases = [values.get(name, "") for name in ("DATABASE_URL", "HOPENOW_OWNER_DATABASE_URL")]
    for name, url in zip(("DATABASE_URL", "HOPENOW_OWNER_DATABASE_URL"), databases, strict=True):
        if url and urlsplit(url).scheme not in ("postgres", "postgresql"):
            wrong.append(f"{name} must start with postgresql://; Hope Now runs on PostgreSQL alone")
    if databases[0] and databases[0] == databases[1]:
        wrong.append("DATABASE_URL and HOPENOW_OWNER_DATABASE_URL must name different roles")
    email = values.get("HOPENOW_EMAIL") or "console:"
    if urlsplit(email).scheme not in ("console", "smtp", "smtp+tls", "smtps"):
        wrong.append("HOPENOW_EMAIL must start with smtp+tls://, smtps://, smtp:// or console:")
    elif mode == PRODUCTION and values.get("HOPENOW_EMAIL") and urlsplit(email).scheme == "console":
        wrong.append("HOPENOW_EMAIL is console:, so nobody would get a message; name a mail server")
    proxies = values.get("HOPENOW_PROXIES") or "0"
    if not proxies.isdecimal():
        wrong.append(f"HOPENOW_PROXIES is {proxies!r}; it must be a whole number")
    log = values.get("HOPENOW_LOG") or ("json" if mode == PRODUCTION else "text")
    if log not in ("text", "json"):
        wrong.append(f"HOPENOW_LOG is {log!r}; it must be text or json")
    metrics_token = values.get("HOPENOW_METRICS_TOKEN", "")
    if metrics_token and len(metrics_token) < _LEAST_TOKEN:
        wrong.append(f"HOPENOW_METRICS_TOKEN has {len(metrics_token)} characters; it needs at least {_LEAST_TOKEN}")
    if wrong:
        raise InputError("Hope Now does not start with this configuration", wrong)
    return Configuration(
        mode=mode,
        data=data,
        address=address.rstrip("/"),
        hosts=hosts,
        secret_key=secret_key,
        field_keys=keys,
        database=databases[0],
        owner_database=databases[1],
        email=email,
        email_from=values.get("HOPENOW_EMAIL_FROM") or f"Hope Now <help@{host}>",
        proxies=int(proxies),
        virus_scanner=values.get("HOPENOW_VIRUS_SCANNER", ""),
        log=log,
        metrics_token=metrics_token,
    )


def folder(values: Mapping[str, str]) -> Path:
    """Return the data folder that an environment names."""
    return Path(values.get("HOPENOW_DATA") or platformdirs.user_data_dir("hopenow", appauthor=False))


def reference() -> str:
    """Return every variable as a page of the documentation."""
    lines = [
        "# Configuration",
        "",
        "The platform reads these variables of the environment. It starts with none of them set; in production it says",
        "at once everything that is missing or wrong, and does not start. A misspelled `HOPENOW_` variable is refused.",
        "",
        "| variable | meaning | when not set | secret | needed in production |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{each.name}` | {each.meaning} | {each.default} | {'yes' if each.secret else ''} |"
        f" {'yes' if each.production else ''} |"
        for each in VARIABLES
    ]
    return "\n".join(lines)


_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_OTHERS = frozenset({"HOPENOW_DEBUG", "HOPENOW_SHARED", "HOPENOW_HYPOTHESIS"})
"""Variables of the command line and the tests; they are not the platform's."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _new_secret() -> str:
    return secrets.token_urlsafe(_LEAST_SECRET)


def _new_key() -> str:
    return f"first:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"


def _kept(mode: str, data: Path, name: str, make: Callable[[], str]) -> str:
    """Return a secret kept in the data folder, made at the first need; never in production."""
    if mode == PRODUCTION:
        return ""
    path = data / "keys" / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{name}.{secrets.token_hex(4)}")
        partial.touch(mode=0o600)
        partial.write_text(make(), encoding="ascii")
        try:
            # Two processes that start together must end with the same key: the first link wins.
            os.link(partial, path)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text(encoding="ascii")


def _keys(text: str, wrong: list[str]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for part in _split(text):
        name, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not name or len(key) != _KEY_BYTES:
            wrong.append(f"HOPENOW_FIELD_KEYS: the entry {name!r} is not name:key with a key of 32 bytes in base64")
        elif name in keys:
            wrong.append(f"HOPENOW_FIELD_KEYS names {name!r} twice")
        keys[name] = key
    return keys
