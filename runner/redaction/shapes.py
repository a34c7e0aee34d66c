"""Secrets that are known by their shape, and that gitleaks has no rule for or knows only whole, in a file.

`known_tokens.py` has the tokens of services. The tests hold both against the rules of detect-secrets, too. Every
repetition is bounded or cannot overlap what follows it, so that the time is linear in the text.
"""

import re

from redaction.appearance import is_digest, is_path
from redaction.rules import Rule, compiled

MARKER = "[redacted]"

BLOCKS = Rule(
    ("-----begin", "---- begin", "$ansible_vault;", "putty-user-key-file-"),
    (
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----.*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----|\Z)"
        r"|\$ANSIBLE_VAULT;[^\n\"']*(?:(?:\n|\\n)[+\- \t]*[0-9a-f]{2,}(?=\s|\\n|[\"']|\Z))*"
        r"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----.*?(?:---- END SSH2 ENCRYPTED PRIVATE KEY ----|\Z)"
        r"|-----BEGIN OpenVPN Static key V1-----.*?(?:-----END OpenVPN Static key V1-----|\Z)"
        r"|PuTTY-User-Key-File-.*?(?:Private-MAC:[^\n]*|\Z)"
    ),
    flags=re.DOTALL,
)
# The end of a key whose beginning is outside of the text, as in a diff that somebody else made.
BLOCK_TAIL = "-----END "
BLOCK_END = re.compile(r"[+\- ]?[ \t]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
BLOCK_BODY = re.compile(r"[+\- ]?[ \t]*[A-Za-z0-9+/=]{1,76}")

# What stands before a secret in an Authorization header.
SCHEMES = (
    "(?:token|api-?key|bearer|basic|digest|negotiate|ntlm|kerberos|splunk|geniekey|bot|ssws|oauth2?|hawk|mac|hmac|jwt"
    "|dpop|vapid|ghost|signature|sharedkey(?:lite)?|scram-sha-(?:1|256)|aws|aws4-hmac-sha256|zoho-oauthtoken)"
)

# Each is replaced whole, or in its group, where it has one.
TOKENS = (
    Rule(
        ("a3t", "akia", "asia", "abia", "acca"),
        r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",
        in_long_word=True,
    ),
    Rule(
        ("akc", "sq0csp-", "xox"),
        r"\bAKC[A-Za-z0-9]{10,}|\bsq0csp-[\w-]{12,}|(?i:\bxox[a-z]-)(?=[a-zA-Z-]{0,40}\d)[\w-]{8,}",
    ),
    Rule(
        ("sk-", "aiza", "ac", "sk", "-us"),
        r"\bsk-[\w-]{20,}|\bAIza[\w-]{30,}|\b(?:AC|SK)[a-z0-9]{32}\b|\b[0-9a-z]{32}-us\d{1,2}\b",
        in_long_word=True,
    ),
    Rule((":",), r"\b\d{8,10}:[\w-]{35}(?![\w-])", in_long_word=True),
    Rule(("eyj",), r"\beyJ[\w=-]{8,}\.[\w=-]{4,}(?:\.[\w.+/=-]*)?"),
    Rule((".",), r"\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}", in_long_word=True),
    Rule(
        ("$", "{sha", "{ssha"),
        (
            r"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|scrypt|argon2(?:i|d|id))\$[./\w$=,+-]{8,}"
            r"|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{20,}"
        ),
    ),
    Rule(("bearer ",), r"(?i:\bbearer )(?=\S*[A-Z0-9])([\w.~+/=-]{6,})"),
    Rule(
        ("basic ",),
        r"(?i:\bbasic )(?=[a-z]*[A-Z0-9+/=])([A-Za-z0-9+/]{8,}={0,2})(?![\w-])",
    ),
    Rule(
        ("authorization",),
        (
            rf"(?i:authorization\\{{0,4}}[\"']?[:=]\s{{0,3}}\\{{0,4}}[\"'\[]?{SCHEMES}[ \t]{{1,8}}"
            r"(?=\S{0,200}?(?:[0-9=]|[a-z](?-i:[A-Z])|[a-z]{20}))"  # a title may be about tokens
            r"(?:[\w-]{1,64}=\\{0,4}[\"'])?)(?![\w-]{1,64}=\\{0,4}[\"'])([^\s\"'\\\[\]]{6,})"
        ),
    ),
    Rule(("response=",), r"(?i:\bdigest [^\n]{0,400}?\bresponse=\\{0,4}[\"']?)([0-9A-Fa-f]{32,128})"),
    Rule(
        ("hooks.slack.com/",),
        r"(?i:https?://hooks\.slack\.com/(?:services|workflows|triggers)/)([\w/-]{6,})",
    ),
    Rule(("/api/webhooks/",), r"https?://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/([\w/-]{10,})"),
    Rule(("webhook.office.com/",), r"https?://[\w.-]{1,100}webhook\.office\.com/(\S{10,})"),
    Rule(
        ("accountkey=", "sharedaccess"),
        r"\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%]{20,})",
    ),
    Rule(
        ("sig=", "signature=", "-signature=", "-token="),
        r"[?&](?:sig|signature|X-Amz-Signature|X-Amz-Security-Token)=([\w%+/=.-]{16,})",
    ),
    Rule(("auth",), r"[\"']auth[\"']\s{0,3}[:=]\s{0,3}[\"']([A-Za-z0-9+/=]{8,})[\"']"),
    Rule(("://",), r"(?i:://)([^\s:/@\"'<>{}]{8,200})@(?=[\w.-]+)"),
    Rule(("://",), r"://[^\s:/@]{0,200}:(?!\d{1,5}(?:/|$))(\S{1,500})@"),
    # kubeadm's. Not a module's name, nor that of a file with its digest or its date.
    Rule(
        (".",),
        (
            r"\b[a-z0-9]{6}\.(?!\d{16})[a-z0-9]{16}\b(?!\.[a-z])"
            r"(?<!/[a-z0-9]{6}\.[a-z0-9]{16})(?<![a-z]{6}\.[a-z]{16})"
        ),
        in_long_word=True,
    ),
    Rule(
        ("-hash ", "token "), r"\b(?:discovery-token-ca-cert-hash|token) ([a-z0-9]{6}\.[a-z0-9]{16})", in_long_word=True
    ),
    Rule(("eu01xx", "nral"), r"\beu01xx\w{30,}|\b\w{36}NRAL\b", in_long_word=True),
    Rule(
        ("=",),
        r"(?<=[ \t\"'=:])([A-Za-z0-9+/]{43}=)(?=[\s\"',;]|$)",
        unless=r"(?:public[ _-]?key|pubkey|\bpeer|sha-?256)[\"']?\s{0,8}[=:-]{0,2}\s{0,8}[\"':]?",
    ),
    Rule(
        ("aws",),
        r"(?i:aws.{0,20}(?:secret|key).{0,20}?)(?<![\w/+])([A-Za-z0-9/+]{40})(?![\w/+=])",
    ),
    Rule(("==",), r"(?<![\w/+])[A-Za-z0-9+/]{86,88}==", unless=r"sha-?512[\"']?\s{0,8}[=:-]{1,2}\s{0,8}[\"':]?"),
)

# A whole line of base64 or hexadecimal: a key's or a certificate's body, a vault's text.
BODY_LINE = Rule((), r"^([+\- ]?[ \t]*)(?=[A-Za-z+/=]*[0-9])[A-Za-z0-9+/=]{48,}$")
_PUBLIC = r"(?i:sha\d{1,3}|md5|[a-z0-9]{0,20}(?:publickey|pubkey))="


def hide_body(found: re.Match[str]) -> str:
    """A BODY_LINE hidden, unless it is a checksum, a public key or a file's path."""
    lead = found[1]
    body = found[0][len(lead) :]
    shown = is_digest(body) or is_path(body) or compiled(_PUBLIC).match(body)
    return found[0] if shown else f"{lead}{MARKER}"


def hide_span(found: re.Match[str], group: str | int) -> str:
    """A match with one of its groups hidden."""
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return f"{found[0][:start]}{MARKER}{found[0][end:]}"
