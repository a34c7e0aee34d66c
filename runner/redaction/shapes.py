"""Secrets that are known by their shape alone, whatever stands beside them.

The prefixes are the vendors' own (GitHub, GitLab, Slack, AWS, Stripe, ... document theirs); the tests hold this table
against the rules of detect-secrets, which others maintain. Every repetition is bounded or cannot overlap what follows
it, so that the time is linear in the text.
"""

import re

MARKER = "[redacted]"

BLOCKS = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----|\Z)"
    r"|\$ANSIBLE_VAULT;[^\n\"']*(?:(?:\n|\\n)[+\- \t]*[0-9a-f]{2,}(?=\s|\\n|[\"']|\Z))*"
    r"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----.*?(?:---- END SSH2 ENCRYPTED PRIVATE KEY ----|\Z)"
    r"|-----BEGIN OpenVPN Static key V1-----.*?(?:-----END OpenVPN Static key V1-----|\Z)"
    r"|PuTTY-User-Key-File-.*?(?:Private-MAC:[^\n]*|\Z)",
    re.DOTALL,
)
# The end of a key whose beginning is outside of the text, as in a diff that somebody else made.
BLOCK_END = re.compile(r"[+\- ]?[ \t]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
BLOCK_BODY = re.compile(r"[+\- ]?[ \t]*[A-Za-z0-9+/=]{1,76}")

_PREFIXES = (
    r"gh[pousr]_|github_pat_|gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent)-|gloas-|GR1348941",  # GitHub, GitLab
    r"(?i:xox[a-z]-)|xapp-|[spr]k_(?:live|test)_|sq0(?:atp|csp)-|EAAA|shp(?:at|ca|pa|ss)_|SG\.",  # Slack, payments
    r"npm_|pypi-|rubygems_|AKC|pul-|hf_|PMAK-|lin_api_|NRAK-|glsa_|dapi",  # registries and services
    r"hv[sbr]\.|do[op]_v1_|AGE-SECRET-KEY-|tfp_",  # vaults and clouds
)
# Each is replaced whole, or in its group, where it has one.
_TOKENS = (
    r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",
    rf"\b(?:{'|'.join(_PREFIXES)})[\w.=-]{{8,}}",
    r"\bsk-[\w-]{20,}|\bAIza[\w-]{30,}|\b(?:AC|SK)[a-z0-9]{32}\b|\b[0-9a-z]{32}-us\d{1,2}\b|\b\d{8,10}:[\w-]{35}(?![\w-])",
    r"\beyJ[\w=-]{8,}\.[\w=-]{4,}(?:\.[\w.+/=-]*)?",
    r"\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}",
    r"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|scrypt|argon2(?:i|d|id))\$[./\w$=,+-]{8,}|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{20,}",
    r"(?i:\bbearer )(?=\S*[A-Z0-9])([\w.~+/=-]{6,})",
    r"(?i:\bbasic )(?=[a-z]*[A-Z0-9+/=])([A-Za-z0-9+/]{8,}={0,2})(?![\w-])",
    r"(?i:authorization[\"']?[:=]\s{0,3}[\"']?(?:token|apikey|digest|negotiate) )([^\s\"']{6,})",
    r"(?i:https?://hooks\.slack\.com/(?:services|workflows|triggers)/)([\w/-]{6,})",
    r"https?://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/([\w/-]{10,})",
    r"https?://[\w.-]{1,100}webhook\.office\.com/(\S{10,})",
    r"\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%]{20,})",
    r"[?&](?:sig|signature|X-Amz-Signature|X-Amz-Security-Token)=([\w%+/=.-]{16,})",
    r"[\"']auth[\"']\s{0,3}[:=]\s{0,3}[\"']([A-Za-z0-9+/=]{8,})[\"']",
    r"(?i:://)([^\s:/@\"'<>{}]{8,200})@(?=[\w.-]+)",
    r"://[^\s:/@]{0,200}:(?!\d{1,5}(?:/|$))(\S{1,500})@",
    r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
    r"\b(?:discovery-token-ca-cert-hash|token) ([a-z0-9]{6}\.[a-z0-9]{16})",
    r"\beu01xx\w{30,}|\b\w{36}NRAL\b",
    r"(?<=[ \t\"'=:])([A-Za-z0-9+/]{43}=)(?=[\s\"',;]|$)",
    r"(?i:aws.{0,20}(?:secret|key).{0,20}?)(?<![\w/+])([A-Za-z0-9/+]{40})(?![\w/+=])",
    r"(?<![\w/+])[A-Za-z0-9+/]{86,88}==",
)
TOKENS = tuple(re.compile(pattern, re.MULTILINE) for pattern in _TOKENS)

# A whole line of base64 or hexadecimal: a key's or a certificate's body, a vault's text. Not a checksum with its file.
BODY_LINE = re.compile(
    r"^([+\- ]?[ \t]*)(?![0-9a-f]{40}$|[0-9a-f]{64}$)(?=[A-Za-z+/=]*[0-9])[A-Za-z0-9+/=]{48,}$", re.MULTILINE
)


def hide_span(found: re.Match[str], group: str | int) -> str:
    """A match with one of its groups hidden."""
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return f"{found[0][:start]}{MARKER}{found[0][end:]}"
