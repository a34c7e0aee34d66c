"""The base of every noun: a frozen value that is read and written in one form by all machines."""

from typing import Any, Self

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every noun. Constructors refuse unknown fields; readers of stored values tolerate them.

    Readers check types and limits, constructors do not: the type checker does.
    """

    @classmethod
    def read(cls, data: Any) -> Self:
        """Read a stored or received value and drop fields that a newer version added. Raises ValidationError."""
        return read_as(cls, data)

    @classmethod
    def read_json(cls, text: str | bytes) -> Self:
        """Read it from JSON text. Raises DecodeError, of which ValidationError is one."""
        return msgspec.json.decode(text, type=cls)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values. Raises TypeError for an unknown field."""
        return msgspec.structs.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON types, without fields that are None."""
        fields: dict[str, Any] = _plain(self)
        return fields

    def to_json(self) -> str:
        """Return the value as JSON text, without fields that are None."""
        return msgspec.json.encode(self.to_dict()).decode()


def read_as[Kind](kind: type[Kind], data: Any) -> Kind:
    """Read received or stored data as `kind`, without fields that a newer version added. Raises ValidationError."""
    try:
        return msgspec.convert(data, kind)
    except UnicodeEncodeError as error:  # a limit of text is checked in UTF-8
        raise msgspec.ValidationError("a text contains half of a surrogate pair") from error


def _plain(value: Any) -> Any:
    """Return JSON types, without the fields of a Value that are None. Mappings that people write keep their None."""
    match value:
        case Value():
            fields = {
                name: _plain(each) for name in value.__struct_fields__ if (each := getattr(value, name)) is not None
            }
            tag = value.__struct_config__.tag
            return fields if tag is None else {"type": tag} | fields
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return msgspec.to_builtins(value)
