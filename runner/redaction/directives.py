"""Secrets that a setting takes behind mere space: directives of servers, of routers and of databases.

A form that plain words can have too hides only what looks drawn.
"""

import re
from collections.abc import Callable
from functools import partial

from redaction.appearance import is_plain, looks_drawn, looks_random
from redaction.rules import ByWord, Rule, lower_case
from redaction.shapes import MARKER, hide_span

_START = r"(?i:^[+\- ]?[ \t]{0,40}(?:#[ \t]{0,4})?"
_VALUE = r"(?:\"([^\"\n]{1,400})\"|'([^'\n]{1,400})'|([^\s\"';]{1,400}))"
_QUOTED = r"(?:\"([^\"\n]{1,400})\"|'([^'\n]{1,400})')"

# Before each pattern, the words of which a text must have one, in lower case: most patterns are not even compiled.
_SURE = (
    ("pass:", r"\bpass:([^\s\"']{4,})"),
    # SQL
    ("identified", rf"(?i:\bidentified (?:with \S+ )?(?:by|as) (?:password )?){_QUOTED}"),
    ("password ", rf"(?i:\b(?:with|role|user|login)\b[^\n]{{0,80}}\bpassword ){_QUOTED}"),
    ("set password", rf"(?i:\bset password\b[^\n]{{0,80}}?(?:=|by|to) ){_QUOTED}"),
    ("password(", rf"(?i:\bpassword\(){_QUOTED}\)"),
    # HAProxy, SNMP, netrc
    ("stats auth", _START + r"stats auth )[^\s:]{1,64}:(\S+)"),
    ("community", _START + rf"(?:(?:ro|rw)community6?|(?:auth)?trapcommunity) ){_VALUE}"),
    ("com2sec", _START + rf"com2sec6?(?: -Cn \S{{1,64}})? \S{{1,64}} \S{{1,64}} ){_VALUE}"),
    ("sink ", _START + rf"(?:trap2?|inform)sink \S{{1,100}} ){_VALUE}"),
    ("createuser", _START + rf"createUser (?:-e \S{{1,64}} )?\S{{1,64}} (?:MD5|SHA[\w-]{{0,6}}) ){_VALUE}"),
    ("createuser", _START + rf"createUser [^\n]{{1,200}}? (?:DES|AES[\w-]{{0,6}}) ){_VALUE}"),
    ("community", rf"(?i:\b(?:snmp-server|set snmp|add snmp) community ){_VALUE}"),
    (
        "snmp-server host",
        _START
        + r"snmp-server host \S{1,100} (?:(?:traps|informs|version (?:1|2c)|vrf \S{1,64}) ){0,4})"
        + rf"(?!version ){_VALUE}",
    ),
    ("community", _START + rf"community ){_VALUE}(?=\s+(?:ro|rw|RO|RW|\{{)(?:\s|$))"),
    ("machine", r"(?i:\bmachine \S{1,200} login \S{1,200} password )(\S+)"),
    # routers
    ("-server", rf"(?i:\b(?:tacacs|radius)-server\b[^\n]{{0,100}}? key (?:[0-9] )?){_VALUE}"),
    ("isakmp key", rf"(?i:\bcrypto isakmp key (?:[0-9] )?){_VALUE}"),
    ("key-string", _START + rf"key-string (?:[0-9] )?){_VALUE}"),
    # Debian's package settings, IPsec
    (
        "password",
        _START + rf"[\w.+-]{{1,64}}\s{{1,8}}[\w.+-]{{1,64}}/[\w./+-]{{1,64}}\s{{1,8}}password\s{{1,8}}){_VALUE}",
    ),
    (
        "psk",
        "eap",
        "xauth",
        "ntlm",
        "pin",
        "rsa",
        "ecdsa",
        "p12",
        "pkcs8",
        (
            r"^[^\n:]{0,200}:\s{1,8}(?:PSK|EAP|XAUTH|NTLM|PIN\s{1,4}\S{1,100}|(?:RSA|ECDSA|P12|PKCS8)\s{1,4}\S{1,200})"
            rf"\s{{1,8}}{_QUOTED}"
        ),
    ),
    # PowerShell, kickstart, iSCSI, Redis, Dovecot
    ("convertto", rf"(?i:\bConvertTo-SecureString\s{{1,4}}(?:-String\s{{1,4}})?){_QUOTED}"),
    ("rootpw", _START + rf"rootpw (?:--\w{{1,20}} ){{1,3}}){_VALUE}"),
    ("inguser", _START + rf"(?:incoming|outgoing)user \S{{1,64}} ){_VALUE}"),
    ("user ", r"(?i:\b(?:user|setuser) \S{1,64} (?:on|off|reset\w{0,8}) )[^\n]{0,200}?(?<=\s)[>#<](\S+)"),
    ("}", r"(?i:\{(?:plain|clear|cleartext|crypt|plain-md5|s?md5|ssha\d{0,3})\})([^\s:\"']{4,})"),
)
_DRAWN = (
    ("password", r"(?i:(?:^|\s)(?:insecure-)?password )(?=\S*[\d!@#$%^&*+=])(?![\[/])(\S{6,})(?=\s|$)"),
    # routers: "password 7 x" says in which form the password is written
    ("password ", "secret ", "key ", rf"(?i:\b(?:password|secret|key) [0-9] ){_VALUE}"),
    ("enable", _START + rf"enable (?:secret|password) (?:level \d{{1,2}} )?){_VALUE}"),
    ("username", _START + rf"username \S{{1,64}} (?:privilege \d{{1,2}} )?(?:secret|password) ){_VALUE}"),
    (
        "shared-key",
        "authentication",
        "wpa-psk",
        "password",
        "digest-key",
        (
            r"(?i:\b(?:pre-shared-key|authentication-key|authentication text|wpa-psk|plain-text-password-value"
            r"|encrypted-password|message-digest-key)\s"
            rf"(?:(?:ascii-text|ascii|hex|hexadecimal|local|remote|md5|\d{{1,3}})\s){{0,4}}){_VALUE}"
        ),
    ),
    ("authentication", rf"(?i:\b(?:standby|vrrp|glbp) \d{{1,4}} authentication ){_VALUE}"),
    ("snmp-server user", _START + rf"snmp-server user [^\n]{{1,100}}? auth \S{{1,10}} ){_VALUE}"),
    ("snmp-server user", _START + rf"snmp-server user [^\n]{{1,100}}? priv \S{{1,10}} (?:\d{{3}} )?){_VALUE}"),
    # "bob" * "x" *, of PPP
    (
        " *",
        "\t*",
        "pptpd",
        "l2tpd",
        "pppd",
        (
            r"^[+\- ]?[\"']?[\w.@\\-]{1,64}[\"']?[ \t]{1,40}(?:\*|pptpd|l2tpd|pppd|xl2tpd)[ \t]{1,40}"
            rf"{_VALUE}(?=[ \t]{{1,40}}(?:\*|[\d.]{{7,15}})[ \t]{{0,8}}$)"
        ),
    ),
    # [mail.example.org]:587 bob:x, of Postfix; 10.0.0.1:1812 x 3, of PAM's RADIUS
    (
        ":",
        r"^[+\- ]?(?:\[[\w.-]{1,200}\](?::\d{1,5})?|[\w.-]{1,200}:\d{2,5})[ \t]{1,40}[^\s:/]{1,100}:([^\s/]\S{0,199})$",
    ),
    (".", r"^[+\- ]?(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?[ \t]{1,40}(\S{6,200})[ \t]{1,40}\d{1,2}[ \t]{0,8}$"),
    (
        "auth",
        (
            r"(?i:\b(?:auth|auth_basic|[\w-]{0,20}[_-]auth)[\"']?(?:\s{0,4}[:=]\s{0,4}|\s)[\"']?)"
            r"[\w.@\\-]{1,64}:([^\s\"'/:]{6,200})(?=[\"'\s,]|$)"
        ),
    ),
    # host:port:database:user:x, of PostgreSQL; the hashes of Samba and of old shadow files
    (":", r"^[+\- ]?[\w.*-]{1,200}:(?:\d{2,5}|\*):[\w.*-]{1,64}:[\w.@*-]{1,64}:([^\s:]{6,200})$"),
    (":", r":[0-9A-Fa-fX]{32}:([0-9A-Fa-f]{32}):"),
    (":", r"^[+\- ]?[\w.-]{1,64}:([./\w]{13}):\d{4,5}:"),
    ("identified", r"(?i:\b(?:user|role|grant|alter)\b[^\n]{0,200}? identified by )([^\s\"'`;]{6,200})"),
    ("grub.", r"(\bgrub\.pbkdf2\.\S{10,})"),
)
# What looks like speech or names in every respect but the value.
_RANDOM = (
    ('" "', r"^[+\- ]?\"[\w.@-]{1,64}\" \"([^\"\s]{8,400})\"$"),  # the users of pgbouncer
    ("send", r"\bsend(?:_user)?\s{1,4}(?:--\s{1,4})?\\{0,2}\"([^\"\s\\]{6,200})\\{1,2}[rn]"),  # expect
    (
        # the arguments of a login, as in many languages
        "auth",
        "login",
        "connect",
        "pdo",
        "password",
        "crypt",
        (
            r"(?i:\b\w{0,30}(?:auth|login|connect|pdo|password|crypt)\s?=?\s?\((?:[^\n()]{0,200}?[ ,(])?)"
            rf"{_QUOTED}\s?\)"
        ),
    ),
    ("psk", "eap", "xauth", rf"^[^\n:]{{0,200}}:\s{{1,8}}(?:PSK|EAP|XAUTH)\s{{1,8}}{_VALUE}$"),
)


def _hide(is_secret: Callable[[str], bool], found: re.Match[str]) -> str:
    group = found.lastindex or 0
    value = found[group]
    if MARKER in value or is_plain(value) or not is_secret(value):
        return found[0]
    return hide_span(found, group)


_RULES = tuple(
    (Rule(tuple(words), pattern), partial(_hide, is_secret))
    for rules, is_secret in ((_SURE, bool), (_DRAWN, looks_drawn), (_RANDOM, looks_random))
    for *words, pattern in rules
)
_BY_WORD = ByWord((rule.words, (rule, hide)) for rule, hide in _RULES)


def redact_directives(text: str) -> str:
    """The text without the secrets of directives."""
    for rule, hide in _BY_WORD.concerning(lower_case(text)):
        text = rule.expression.sub(hide, text)
    return text
