"""Gives every play of the run the batch size of its wave. Enabled only when there is one.

It is not part of the recording, which changes nothing. Ansible sends v2_playbook_on_start before it divides the hosts
of a play into batches (PlaybookExecutor.run), and the playbook has the plays of imported playbooks, too. If the batch
size cannot be set, the run ends before its first task, since a wave must not reach more hosts at once than it says.
"""

import os
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]

DOCUMENTATION = """
name: pointsman_serial
type: notification
short_description: Sets C(serial) of every play for Pointsman
description:
  - Sets C(serial) of every play to C(POINTSMAN_SERIAL), also where the play has a C(serial) of its own, and says so.
  - Ends a run whose plays cannot be changed with exit status 1.
requirements:
  - enabled in C(callbacks_enabled)
"""
MOST_NAMES = 5


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Sets the batch size when the playbook starts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "pointsman_serial"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        serial = os.environ.get("POINTSMAN_SERIAL", "")
        try:
            replaced = _set_serial(playbook.get_plays(), serial)
        except Exception as error:
            self._display.error(
                f"pointsman: serial {serial} of the wave cannot be set ({type(error).__name__}: {error})"
            )
            sys.exit(1)  # The only way for a callback to fail a run. Ansible turns an exception into a warning.
        self._display.display(_message(serial, replaced))


def _set_serial(plays: list[Any], serial: str) -> list[str]:
    """Set the batch size of each play. Returns the names of those that had one."""
    replaced = [" ".join(str(play.get_name()).split()) for play in plays if play.serial]
    for play in plays:
        play.serial = [serial]
    return replaced


def _message(serial: str, replaced: list[str]) -> str:
    message = f"pointsman: the wave of this target sets serial: {serial} in every play"
    if not replaced:
        return message
    more = f" and {len(replaced) - MOST_NAMES} more" if len(replaced) > MOST_NAMES else ""
    return f"{message}, in place of the serial of {', '.join(replaced[:MOST_NAMES])}{more}"
