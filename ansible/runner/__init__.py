"""Runs Ansible for one build, and reports the results.

    bin/run-playbook ─▶ settings ─▶ supervise ─▶ ansible-playbook, with the callback
                                        └─▶ report: host results during the run, and the end

Needs the standard library, Ansible and boto3.
"""
