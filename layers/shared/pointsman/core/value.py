"""The base of every noun: a frozen value that is read and written in one form by all machines."""

from typing import Any, Final, Self

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
    kind = type(value)
    if kind in _LEAVES:
        return value
    if kind is tuple or kind is list:
        return [_plain(each) for each in value]
    if isinstance(value, Value):
        return _plain_fields(value)
    if kind is dict:
        return {name: _plain(each) for name, each in value.items()}
    return msgspec.to_builtins(value)


def _plain_fields(value: Value) -> dict[str, Any]:
    config = value.__struct_config__
    fields: dict[str, Any] = {} if config.tag is None else {str(config.tag_field): config.tag}
    for name in value.__struct_fields__:
        each = getattr(value, name)
        if each is not None:
            # Most fields are leaves, and a call for each of them would take half of the time.
            fields[name] = each if type(each) in _LEAVES else _plain(each)
    return fields


# A subclass, such as an enumeration, is not its own JSON type.
_LEAVES: Final = frozenset({str, int, float, bool, type(None)})
