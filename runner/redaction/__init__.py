"""Takes secrets out of text: what a build reports, and what a commit says before it is recorded or shown.

    Redactor.redact ─▶ structures (Kubernetes secrets, name/value pairs) ─▶ lines (names beside values, headers)
                       ─▶ commands (options, standard input) ─▶ directives (settings of servers and routers)
                       ─▶ known tokens (gitleaks' rules) ─▶ shapes (keys, hashes, URLs) ─▶ learnt values

Needs the standard library alone: it runs in the build, beside Ansible, and in the functions.
"""

from redaction.appearance import is_plain
from redaction.names import is_secret_name
from redaction.redactor import MARKER, Redactor, Strictness, leaves, redact_shapes

__all__ = ["MARKER", "Redactor", "Strictness", "is_plain", "is_secret_name", "leaves", "redact_shapes"]
