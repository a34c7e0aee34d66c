"""Which names say that their value is a secret, and which leave it to the value.

A name is read as words (`dbPassword`, `DB_PASSWORD` and `db-password` are one): it is secret when one of its words is,
and its last words do not say that it is about a secret (`password_file`, `token_ttl`, `passwordAuthentication`).
Some names are in doubt, and their value decides: `stripe_key` holds a secret, `menu_key` does not.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from redaction.appearance import is_plain, looks_drawn, looks_random
from redaction.rules import holds_any

Hides = Callable[[str], bool]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    """
    password passwd passwort passphrase passcode pwd secret secrets token tokens credential credentials cookie psk
    authtoken authorization apikey accesskey secretkey privatekey requirepass masterauth rootpw bindpw webhook community
    passwords keyphrase pass pw authpass presharedkey
    """.split()  # noqa: SIM905
)
_KEY_OF = frozenset(
    """
    access account api auth client encryption hmac license master preshared private recovery salt secret service session
    shared signing ssh storage unseal webhook encrypt decrypt nonce
    """.split()  # noqa: SIM905
)
# The end of a name that is about a secret, and does not hold one.
_ABOUT = frozenset(
    """
    age alg algorithm algorithms allowed attempts aud audience auth authentication backend bucket check class
    command complexity count days default depth description dir directory disabled domain enabled encoding
    encryption endpoint env expiration expired expires expiry field file filename filenames files format group hash
    header headers helper history host httponly id ids in interval issuer kind label len length lifespan lifetime
    limit lines location manager max method min minimum mode name names needed number only option options owner
    param parameter path paths per period plugin policy port prefix prompt provider quality read ref refresh regex
    region required reset retries role rotation samesite scope second seconds secure server service size source
    store strength suffix supported tries ttl type types update uri url usage user username validation valid verify
    version window write less
    """.split()  # noqa: SIM905
)
# nginx and its kin pass requests on to where these point: `proxy_pass` is an address, `proxy_password` is a secret.
_PASSES_ON = frozenset({"proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "bypass", "by"})
# Keys that are no secrets, however they look: they are public, or find something.
_KEY_TO = frozenset(
    """
    public pub gpg pgp apt rpm recv kms dnssec trusted verification fingerprint
    partition sort primary foreign cache row hash range index unique composite shard group order
    object s3 routing lookup registry etcd dict map json yaml meta tag label annotation topology
    idempotency dedup deduplication message translation issue project shortcut hot
    """.split()  # noqa: SIM905
)
# Every name that hides a value has one of these.
_PARTS = ("pass", "pw", "secret", "token", "credential", "cookie", "psk", "auth", "key", "webhook", "community")
_PART = re.compile("|".join(_PARTS), re.IGNORECASE)
LONGEST_INDEX = 70  # characters of a name that are in brackets
_STRONG_ENDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "pass", "pwd")
_NOT_STRONG = ("compass", "bypass", "trespass", "encompass", "surpass")


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether a variable's, key's or option's name says that its value is a secret."""
    words = _words(name)
    if not words or words[-1] in _ABOUT or _is_directory(words):
        return False
    secret = {word for word in words if _is_secret_word(word)}
    if secret == {"pass"} and _PASSES_ON & set(words):
        return False
    return bool(secret) or _is_key(words)


@lru_cache(maxsize=8192)
def hides(name: str) -> Hides | None:
    """Which values a name hides; None for a name that hides no value."""
    if is_secret_name(name):
        return _is_not_plain
    words = _words(name)
    if words[-1:] == ["auth"]:
        return looks_random
    if not words or words[-1] in _ABOUT:
        return None
    if _is_directory(words):
        return _is_no_directory
    if _may_be_key(words) or ("pass" in words and _PASSES_ON & set(words)):
        return looks_random
    return None


def may_hide(text: str) -> bool:
    """Whether a text can have a name that hides a value: for most texts this answers before any name is read."""
    return holds_any(text.lower(), _PARTS)


def next_name(line: str, position: int) -> int:
    """Where to look for the next name that hides a value: at it or before it; -1 if the line has no more of them."""
    part = _PART.search(line, position)
    if not part:
        return -1
    place = part.start()
    start = max(line.rfind(" ", position, place) + 1, position)
    bracket = line.rfind("[", position, place)  # a name may have one, with spaces in it
    return position if bracket >= 0 and start < bracket + LONGEST_INDEX else start


def hides_below(name: str) -> Hides | None:
    """The same for a name below a secret's, as in ``api_keys: {stripe: x}``."""
    words = _words(name)
    return hides(name) or (looks_random if words and words[-1] not in _ABOUT else None)


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(name[:200])]
    while words and words[-1].isdigit():
        words.pop()
    return words


def _is_not_plain(value: str) -> bool:
    return not is_plain(value)


def _is_no_directory(value: str) -> bool:
    if re.match(r"[\"']?(?:[/~.$]|[A-Za-z]:\\|[\w.]+\()", value):
        return False
    return looks_random(value) if "/" in value else looks_drawn(value)


def _is_directory(words: list[str]) -> bool:
    """`PWD` is the directory one is in, and in a connection's settings the password."""
    return words in (["pwd"], ["oldpwd"])


def _may_be_key(words: list[str]) -> bool:
    """`stripe_key`, `MAPS_KEY_LIVE`, `deploykey`: a key of something unknown."""
    if _KEY_TO & set(words):
        return False
    return bool({"key", "keys"} & set(words[1:])) or any(
        len(word) > 4 and word.endswith("key") and not word.endswith(("pubkey", "publickey")) for word in words
    )


def _is_key(words: list[str]) -> bool:
    """`api_key`, `SECRET_KEY_BASE`, `client-key-data`: a key, and of what."""
    return any(
        words[place] in ("key", "keys") and words[place - 1] in _KEY_OF for place in range(1, len(words))
    ) and not {"public", "pub"} & set(words)


def _is_secret_word(word: str) -> bool:
    return word in _SECRET or (word.endswith(_STRONG_ENDS) and not word.endswith(_NOT_STRONG) and word[:2] != "no")
