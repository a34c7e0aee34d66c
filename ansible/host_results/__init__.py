"""What Ansible did on each host of a run: gathered, redacted, kept on disk, and sent as events.

    callback plugin ─▶ Recorder ─▶ spool file ─▶ HostResultRecorded events ─▶ the control bus
                                       └──────── bin/send-results, for what could not be sent

Needs the standard library and boto3 alone: it runs in the build, beside Ansible.
"""
