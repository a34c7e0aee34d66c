"""Runs Ansible for one build, and reports how it ended.

    bin/run-playbook ─▶ settings ─▶ supervise ─▶ ansible-playbook, with the callback
                                        └─▶ report: results as they come, and the end

Needs the standard library, Ansible and boto3.
"""
