"""Secrets that a command is given: behind an option, as one of its words, or on its standard input.

The table is written as a manual would write it: <X> is the secret, <U> any text, * more short options in the same
word, ``... <X>`` the last word. What stands before a colon and a space must stand somewhere in the command.
"""

import re
from functools import cache, partial
from typing import NamedTuple

from redaction.appearance import is_plain, looks_drawn
from redaction.rules import compiled
from redaction.shapes import MARKER, hide_span

_WITH_LOGIN = ("login: -p <X>", "login: -p<X>")
_PROGRAMS = (
    ("sshpass", "-p <X>", "-p<X>"),
    ("mysql* mariadb* mycli", "-p<X>", "password <X>"),
    ("curl wget", "-*u <U>:<X>", "-*u<U>:<X>", "-*U <U>:<X>", "--user <U>:<X>", "--proxy-user <U>:<X>"),
    ("curl", "--oauth2-bearer <X>"),
    ("mount*", "-o <U>=<U>%<X>"),
    ("http https httpie xh ncat", "-a <U>:<X>", "--auth <U>:<X>", "--proxy-auth <U>:<X>"),
    ("lftp", "-u <U>,<X>"),
    ("smb* rpcclient winexe wmic net", "-U <U>%<X>", "-U<U>%<X>", "--user <U>%<X>"),
    ("smbpasswd", "-w <X>"),
    ("smbclient", r"//<U> <X>"),
    ("net NET", "/u*:<U> <X>", r"\\<U> <X>", "user <U> <X>"),
    ("schtasks", "/rp <X>"),
    ("xfreerdp* wlfreerdp*", "/p:<X>"),
    (
        "psexec* rdesktop evil-winrm netexec nxc crackmapexec ncftp* twine rabbitmqadmin smbmap hydra cqlsh influx",
        "-p <X>",
    ),
    ("mongo*", "-p <X>"),
    ("docker podman nerdctl buildah skopeo crane helm az oc", *_WITH_LOGIN),
    ("htpasswd mosquitto_passwd", "-*b* ... <X>"),
    ("htdigest", "... <X>"),
    ("openssl", "-k <X>", "-hmac <X>", "-psk <X>", "-macopt key:<X>", "-macopt hexkey:<X>", "passwd ... <X>"),
    ("openssl", "passwd <X>", "passwd: -1 <X>", "passwd: -5 <X>", "passwd: -6 <X>", "passwd: -apr1 <X>"),
    ("openssl", "passwd: -salt <U> <X>"),
    ("redis-cli valkey-cli keydb-cli", "-a <X>", "auth <X>", "auth <U> <X>", "requirepass <X>"),
    ("rabbitmqctl", "add_user <U> <X>", "change_password <U> <X>", "authenticate_user <U> <X>"),
    ("ldap* slappasswd", "-w <X>", "-w<X>"),
    ("ldappasswd slappasswd", "-s <X>", "-a <X>"),
    ("ipmitool", "-P <X>", "-P<X>", "password <U> <X>"),
    ("sqlcmd bcp isql isql-fb gbak gfix tsql", "-P <X>", "-P<X>"),
    ("sqlplus expdp impdp sqlldr rman", "<U>/<X>"),
    ("zip unzip", "-*P <X>"),
    ("7z* rar unrar", "-p<X>", "-hp<X>"),
    ("mosquitto_pub mosquitto_sub mosquitto_rr", "-P <X>", "-pw <X>"),
    ("ssh-keygen", "-N <X>", "-P <X>"),
    ("useradd usermod adduser", "-p <X>"),
    ("snmp*", "-c <X>", "-A <X>", "-X <X>", "-c<X>"),
    ("kadmin* addprinc cpw ank plink pscp psftp putty kitty", "-pw <X>"),
    ("kadmin*", "-w <X>"),
    ("vault bao", "login <X>", "unseal <X>", "kv put: <U>=<X>"),
    ("kubectl oc", "secret: --from-literal <U>=<X>"),
    ("consul", "set-agent-token <U> <X>"),
    ("npm pnpm yarn", "_auth <X>", "_password <X>"),
    ("composer", "http-basic.<U> <U> <X>"),
    ("mc", "alias set <U> <U> <U> <X>"),
    ("wpa_passphrase", "<U> <X>"),
    ("iwconfig", "key s:<X>", "key <X>"),
    ("rclone", "obscure <X>", "pass <X>"),
    ("ansible-vault", "encrypt_string <X>"),
    ("cloudflared", "install <X>"),
    ("aws", "SecureString: --value <X>"),
    ("gh", "secret: --body <X>", "secret: -b <X>"),
    ("fly flyctl", "secrets: <U>=<X>"),
    ("gitlab-runner", "register: -r <X>"),
    ("grafana-cli grafana", "reset-admin-password <X>"),
    ("drush", "user-password <U> <X>", "upwd <U> <X>"),
    ("mkpasswd", "... <X>"),
    ("nmcli wpa_cli", "password <X>", "psk <X>", "<U>.psk <X>"),
    ("ip", "key <U> <X>"),
    ("iw", "key <U>:<X>"),
    ("doveadm", "pw: -p <X>", "auth test <U> <X>"),
)
_NO_SUBSTITUTION = r"(?!\$\(|`)"
_VALUE = (
    r"(?:\\{0,3}\"(?P<double>[^\"\n]{1,400}?)\\{0,3}\"|'(?P<single>[^'\n]{1,400})'"
    rf"|{_NO_SUBSTITUTION}(?P<bare>[^\s\"'\\=<>-][^\s\"']{{0,400}}))"
)
_GAP = r"[\"',]{0,3}(?:\s|\\\n){1,20}"
_PLACES = {"<X>": _VALUE, "<U>": r"[^\s-]\S{0,100}?", "*": "[A-Za-z]{0,6}"}
_WORDS = r"(?:\S{1,400}+\s{1,20}+){0,30}?"
_END = r"(?=[\"')\]},;]{0,4}\s{0,8}(?:\d?>[^\n]{0,200})?$)"
# What is left of a command: to the end of its line, or to the next command.
_REST = r"(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\\\n|[^\n|;&]|(?<=\S)[|;&](?=\S)){1,1000}+"
# Beside the name of a program, find's -perm is no -p, and /add is a switch of Windows.
_NO_SECRET = re.compile(r"erm|rint0?|rune|ath|/[A-Za-z]{1,12}(?::\S*)?")


class _Form(NamedTuple):
    """How a program takes a secret."""

    pattern: str
    flags: int
    needs: str  # words that must stand in the command
    sure: bool  # what stands there is a secret, also when it is a word

    def hide(self, command: str) -> str:
        """The command without its secrets."""
        return compiled(self.pattern, self.flags).sub(self._hide, command) if self.needs in command else command

    def _hide(self, found: re.Match[str]) -> str:
        group = str(found.lastgroup)
        value = found[group]
        quoted = group != "bare" and value.strip() == value
        likely = self.sure or looks_drawn(value) or (quoted and " " not in value)
        if is_plain(value) or not likely or MARKER in value or _NO_SECRET.fullmatch(value):
            return found[0]
        return hide_span(found, group)


def _form(written: str) -> _Form:
    needs, _, form = written.rpartition(": ")
    text = ""
    for word in form.split():
        if word == "...":
            text += _WORDS
        else:
            parts = re.split(r"(<X>|<U>|\*)", word)
            text += "".join(_PLACES.get(part) or re.escape(part) for part in parts)
            text += f"(?:{_GAP}|=)" if word.startswith("--") else _GAP
    text = text.removesuffix(_GAP) + (_END if "..." in form else "")
    flags = 0 if form.startswith("-") else re.IGNORECASE
    return _Form(rf"(?:(?<=[\s\"'])|^){text}", flags, needs, form.startswith(("-", "/p:", "/rp")))


@cache
def _command(names: str) -> re.Pattern[str]:
    """A call of one of the programs, with the rest of its command in the first group."""
    alternatives = "|".join(re.escape(name).replace(r"\*", r"[\w.-]{0,20}") for name in names.split())
    return re.compile(rf"(?<![\w./-])(?:[\w./-]{{0,100}}bin/)?(?:{alternatives})(?:\.exe)?(?=[\s\"'])({_REST})")


@cache
def _forms(written: tuple[str, ...]) -> tuple[_Form, ...]:
    return tuple(map(_form, written))


# What may be the name of a program, behind any folder.
_NAME = re.compile(r"[\w.-]+")


class _Program(NamedTuple):
    place: int  # in the table
    names: str
    forms: tuple[str, ...]


def _table() -> tuple[dict[str, list[_Program]], dict[str, list[_Program]]]:
    """The programs by their name, and those with a * by the beginning of it."""
    whole: dict[str, list[_Program]] = {}
    beginnings: dict[str, list[_Program]] = {}
    for place, (names, *forms) in enumerate(_PROGRAMS):
        program = _Program(place, names, tuple(forms))
        for name in names.split():
            (beginnings if name.endswith("*") else whole).setdefault(name.rstrip("*"), []).append(program)
    return whole, beginnings


_WHOLE, _BEGINNINGS = _table()
_ANY_BEGINNING = tuple(_BEGINNINGS)


def _programs_in(text: str) -> list[_Program]:
    """The programs whose names are in the text, in the table's order."""
    words = set(_NAME.findall(text))
    if ".exe" in text:
        words |= {word.removesuffix(".exe") for word in words}
    found = {program for word in words & _WHOLE.keys() for program in _WHOLE[word]}
    for word in words:
        if word.startswith(_ANY_BEGINNING):
            found.update(*[programs for beginning, programs in _BEGINNINGS.items() if word.startswith(beginning)])
    return sorted(found)


def redact_commands(text: str) -> str:
    """The text without the secrets that commands are given."""
    for program in _programs_in(text):
        text = _command(program.names).sub(partial(_without_secrets, program.forms), text)
    return text


def _without_secrets(written: tuple[str, ...], found: re.Match[str]) -> str:
    rest = found[1]
    for form in _forms(written):
        rest = form.hide(rest)
    return found[0][: found.start(1) - found.start()] + rest
