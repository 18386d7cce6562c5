"""The compact protocol of Thrift, as far as the headers and the footer of a Parquet file need it.

See https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_I32_TYPE: Final = 5
_I64_TYPE: Final = 6
_BINARY_TYPE: Final = 8
_LIST_TYPE: Final = 9
_STRUCT_TYPE: Final = 12
_LONG_LIST: Final = 15
_LONGEST_STEP: Final = 15


class I32(int):
    """A 32-bit number."""

    code = _I32_TYPE


class Enum(I32):
    """A choice, stored as its number."""


class I64(int):
    """A 64-bit number."""

    code = _I64_TYPE


class Binary(bytes):
    """Bytes, or text in UTF-8."""

    code = _BINARY_TYPE


class List:
    """Values of one kind."""

    code = _LIST_TYPE

    def __init__(self, items: Sequence[Value], of: type[Value] | None = None) -> None:
        """Hold the items; ``of`` is their kind where there may be none."""
        self.items = items
        self.kind = of.code if of is not None else items[0].code


class Struct:
    """Fields by their number, in ascending order."""

    code = _STRUCT_TYPE

    def __init__(self, fields: Mapping[int, Value]) -> None:
        """Hold the fields."""
        self.fields = fields


Value = I32 | I64 | Binary | List | Struct


def serialized(value: Value) -> bytes:
    """Return a value's bytes."""
    out = bytearray()
    _put(value, out)
    return bytes(out)


def _varint(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _put(value: Value, out: bytearray) -> None:
    if isinstance(value, int):
        _varint(value << 1 if value >= 0 else (-value << 1) - 1, out)
    elif isinstance(value, bytes):
        _varint(len(value), out)
        out += value
    elif isinstance(value, List):
        length = len(value.items)
        out.append(min(length, _LONG_LIST) << 4 | value.kind)
        if length >= _LONG_LIST:
            _varint(length, out)
        for item in value.items:
            _put(item, out)
    else:
        last = 0
        for number, item in value.fields.items():
            if number - last <= _LONGEST_STEP:
                out.append((number - last) << 4 | item.code)
            else:
                out.append(item.code)
                _put(I32(number), out)
            _put(item, out)
            last = number
        out.append(0)
