"""Which names say that their value is a secret, and which values are none whatever their name.

A name is read as words (`dbPassword`, `DB_PASSWORD` and `db-password` are one): it is secret when one of its words is,
and its last words do not say that it is about a secret (`password_file`, `token_ttl`, `passwordAuthentication`).
"""

import re
from functools import lru_cache

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
    access account api auth client encryption hmac host license master preshared private salt secret service session
    shared signing ssh storage webhook encrypt decrypt nonce
    """.split()  # noqa: SIM905
)
# The end of a name that is about a secret, and does not hold one.
_ABOUT = frozenset(
    """
    age alg algorithm allowed attempts aud audience auth authentication backend bucket check class command complexity
    count days default depth description dir directory disabled domain enabled encoding encryption endpoint env
    expiration
    expired expires expiry field file filename filenames files format group hash header headers history host httponly id
    ids in interval issuer kind label len length lifetime limit lines location manager max method min minimum mode name
    names needed number only option options owner param parameter path paths per period plugin policy port prefix prompt
    provider quality read ref refresh regex region required reset retries role rotation samesite scope second seconds
    secure server service size source store strength suffix supported tries ttl type types update uri url usage user
    username validation valid verify version window write less
    """.split()  # noqa: SIM905
)
# nginx and its kin hand requests on to where these point.
_PASSES_ON = frozenset({"proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "bypass", "by"})
_STRONG_ENDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "pass", "pwd")
_NOT_STRONG = ("compass", "bypass", "trespass", "encompass", "surpass")

_SWITCHES = frozenset(
    """
    yes no true false on off none null nil enabled disabled enable disable default defaults required requisite
    sufficient optional include substack always never auto basic digest strict lax medium high low any all files compat
    sss systemd ldap nis winbind db peer trust ident md5 sha256 sha512 bcrypt argon2 yescrypt scram-sha-256 same-origin
    omit empty random generated unset undefined changeme
    prohibit-password without-password ok is was not and or the a an to for of in by with from has have does do will be
    can must should may might been were are invalid expired missing wrong incorrect mismatch authentication auth
    """.split()  # noqa: SIM905
)
_PLAIN = re.compile(
    r"""
    -?\d{1,4}(?:\.\d+)?(?:ms|s|m|h|d|w|[kKmMgG]i?[bB]?|%)?   # a small number, a duration, a size
    | \d+(?:ms|s|m|h|d|w)
    | \[redacted\] | [*x.-]+
    | \{\{.*\}\} | \{%.*%\} | \$\{[^}]*\} | \$\([^)]*\) | \$[A-Za-z_]\w* | %\([^)]*\)s? | %[A-Za-z_]+%
    | <[A-Za-z][\w -]*>
    | !\w+(?:\s.*)? | [|>][-+]?\d?
    | (?:~|\.{1,2})?(?:/[\w.@%-]+){2,}/? | (?:~|\.{1,2})/[\w.-]+/? | [\w.-]+(?:/[\w.-]+)+\.[A-Za-z]{1,5}
    | [\w.-]+:(?:/[\w.-]+)+ | /(?:root|home|srv|opt|tmp|var|etc|usr|run|mnt)
    | [A-Za-z]:\\[\w\\ .-]+ | file:\S+ | unix:\S+
    | (?:https?|tcp|udp)://[^\s@?]+ | [\w.-]+:\d{2,5} | \d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?
    | [a-z][a-z_-]*\.(?:so|conf|cfg|ini|ya?ml|json|pem|crt|key|txt|py|sh|service|j2)\b.*
    """,
    re.VERBOSE,
)


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether a variable's, key's or option's name says that its value is a secret."""
    words = [word.lower() for word in _WORD.findall(name[:200])]
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _ABOUT or _PASSES_ON & set(words) or words in (["pwd"], ["oldpwd"]):
        return False
    return any(_is_secret_word(word) for word in words) or _is_key(words)


def _is_key(words: list[str]) -> bool:
    """`api_key`, `SECRET_KEY_BASE`, `client-key-data`: a key, and of what."""
    return any(
        words[place] in ("key", "keys") and words[place - 1] in _KEY_OF for place in range(1, len(words))
    ) and not {"public", "pub"} & set(words)


def _is_secret_word(word: str) -> bool:
    return word in _SECRET or (word.endswith(_STRONG_ENDS) and not word.endswith(_NOT_STRONG) and word[:2] != "no")


def is_plain(value: str) -> bool:
    """Whether a value is none that a secret could be: a switch, a small number, a path, a reference, an address."""
    text = value.strip().strip("\"'").strip()
    if len(text) < 3 or text.lower() in _SWITCHES:
        return True
    return _PLAIN.fullmatch(text) is not None


def looks_drawn(value: str) -> bool:
    """Whether a word looks like a secret rather than like speech: letters with digits or signs among them."""
    text = value.strip("\"'.,;:!?()")
    if len(text) < 6 or is_plain(text):
        return False
    kinds = [any(map(str.islower, text)), any(map(str.isupper, text[1:])), any(map(str.isdigit, text))]
    return sum(kinds) >= 2 or bool(re.search(r"[^\w\s.,:;/'-]", text))
