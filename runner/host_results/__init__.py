"""The results of a run on each host: recorded, redacted, kept on disk, and sent as events.

    callback plugin ─▶ Recorder ─▶ spool file ─▶ HostResultRecorded events ─▶ the control bus
                                       └──────── bin/send-results, if sending failed

Needs only the standard library and boto3. It runs in the build, in Ansible's process and the runner's.
"""
