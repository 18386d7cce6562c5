"""Text files as they come: compressed, in any usual encoding, cut off; handed on as UTF-8 lines."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Final, cast

from hopenow.errors import InputError

HEAD_BYTES: Final = 1 << 20
FIRST_CHUNK: Final = 1 << 20
LARGEST_CHUNK: Final = 64 << 20
DELIMITERS: Final = (",", "|", "\t", ";")

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_FALLBACK = "cp1252"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of a file.

    ``data``        UTF-8, lines end with LF, except that the last line of the file may end without
    ``first_line``  1-based number of the first line in the file
    ``last``        nothing follows
    ``cut``         the file ends early: its compressed data break off, or its last character is half a
                    character
    ``redecoded``   1-based numbers of lines that are not in the file's encoding and were read as Windows-1252
    """

    data: bytes
    first_line: int
    last: bool = False
    cut: bool = False
    redecoded: Sequence[int] = field(default=())


def file_format(path: Path) -> str:
    """Return ``parquet``, ``gzip``, ``zip`` or ``text`` by the first bytes of the file.

    Raises:
        InputError: there is no such file, or it is empty.
    """
    head = _first_bytes(path, 4)
    if not head:
        raise InputError(f"{path} is empty: there is nothing to read")
    if head == _PARQUET:
        return "parquet"
    if head[:2] == _GZIP:
        return "gzip"
    return "zip" if head == _ZIP else "text"


def _first_bytes(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror or error}") from None


def open_bytes(path: Path) -> BufferedReader:
    """Open a text file for reading its bytes, unpacked if it is gzip.

    Raises:
        InputError: no such file, an empty one, or one that is not text.
    """
    kind = file_format(path)
    if kind == "gzip":
        # GzipFile has all that is used here of a BufferedReader.
        return cast(BufferedReader, gzip.open(path, "rb"))
    if kind == "zip":
        raise InputError(f"{path} is a ZIP archive: unpack it first, or pack the file with gzip")
    if kind == "parquet":
        raise InputError(f"{path} is a Parquet file, not text")
    return path.open("rb")


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of a text file, unpacked; fewer where its compressed data break off."""
    with open_bytes(path) as file:
        return _read(file, size)[0]


def _read(file: BufferedReader, size: int) -> tuple[bytes, bool]:
    """Read up to ``size`` bytes; tell whether compressed data broke off."""
    parts: list[bytes] = []
    left = size
    while left > 0:
        try:
            part = file.read1(min(left, 1 << 20))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return b"".join(parts), True
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts), False


def sniff_encoding(head: bytes) -> str:
    """Guess the encoding of a file from its first bytes.

    Byte-order marks decide; without one, NUL bytes in every other place mean UTF-16, valid UTF-8 means
    UTF-8, and all else is read as Windows-1252, which contains Latin-1's letters.
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:4096]
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    if sample[0::2].count(0) > len(sample) // 4:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _FALLBACK
    return "utf-8"


def decode_head(head: bytes, encoding: str) -> str:
    """Return the first bytes of a file as text with LF line ends; what cannot be decoded is replaced."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def sniff_delimiter(text: str) -> str | None:
    """Return the delimiter that splits the first lines into equally many fields; None for one column."""
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        widths = [len(row) for row in split_lines(lines, delimiter)]
        if not widths or max(widths) == 1:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        if usual == 1:
            continue
        score = (widths.count(usual) / len(widths), usual, delimiter)
        best = score if best is None or score[:2] > best[:2] else best
    return None if best is None else best[2]


def split_line(line: str, delimiter: str) -> list[str]:
    """Split one line (or one record over several lines) into fields, honoring quotes."""
    rows = split_lines([f"{part}\n" for part in line.split("\n")], delimiter)
    return rows[0] if len(rows) == 1 else line.split(delimiter)


def split_lines(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Split lines into records of fields, honoring quotes; without them where quotes are hopelessly open."""
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def read_chunks(path: Path, encoding: str | None = None, *, target_lines: int = 65_536) -> Iterator[Chunk]:
    """Yield the file in pieces of whole lines, about ``target_lines`` each; memory stays bounded.

    Raises:
        InputError: no such file, not text, or an encoding that Python does not know.
    """
    head = read_head(path)
    encoding = sniff_encoding(head) if encoding is None else _known_encoding(encoding)
    only_cr = b"\n" not in head and b"\r" in head and not encoding.startswith("utf-16")
    decoder = _Decoder(encoding)
    line, size = 1, FIRST_CHUNK
    rest = b""
    with open_bytes(path) as file:
        while True:
            raw, cut = _read(file, size)
            last = cut or len(raw) < size
            data = rest + decoder.feed(raw, last)
            if only_cr:
                data = data.replace(b"\r", b"\n")
            end = len(data) if last else data.rfind(b"\n") + 1
            data, rest = data[:end], data[end:]
            if b"\r" in data:
                data = data.replace(b"\r\n", b"\n")
            if data or last:
                text, redecoded = decoder.repair(data, line)
                yield Chunk(text, line, last, cut or (last and decoder.broken_end), redecoded)
            if last:
                return
            count = data.count(b"\n")
            line += count
            if count:
                size = min(max(len(data) // count * target_lines, FIRST_CHUNK), LARGEST_CHUNK)


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise InputError(
            f"{name!r} is not an encoding: use for example utf-8, utf-16, latin-1 or cp1252"
        ) from None


class _Decoder:
    """Turns raw pieces into UTF-8 bytes; what is UTF-8 already passes through and is only checked."""

    def __init__(self, encoding: str) -> None:
        self.utf8 = encoding in {"utf-8", "utf-8-sig", "ascii"}
        self.start = True
        self.broken_end = False
        self._decoder = None if self.utf8 else codecs.getincrementaldecoder(encoding)("replace")

    def feed(self, raw: bytes, last: bool) -> bytes:
        """Return the piece as bytes in which lines can be looked for."""
        if self._decoder is None:
            if self.start:
                raw = raw.removeprefix(codecs.BOM_UTF8)
                self.start = False
            return raw
        text = self._decoder.decode(raw, last)
        if last and text.endswith("\ufffd"):
            self.broken_end = True
        if self.start and text:
            text = text.removeprefix("\ufeff")
            self.start = False
        return text.encode()

    def repair(self, data: bytes, first_line: int) -> tuple[bytes, list[int]]:
        """Return ``data`` as valid UTF-8, with the numbers of the lines that were not."""
        if not self.utf8:
            return data, []
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return _repair_lines(data, first_line)
        return data, []


def _repair_lines(data: bytes, first_line: int) -> tuple[bytes, list[int]]:
    lines = data.split(b"\n")
    broken: list[int] = []
    for place, line in enumerate(lines):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            lines[place] = line.decode(_FALLBACK, "replace").encode()
            broken.append(first_line + place)
    return b"\n".join(lines), broken
