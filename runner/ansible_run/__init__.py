"""Runs Ansible for one build, and reports the results.

    bin/run-playbook ─▶ command, settings ─▶ supervise ─▶ ansible-playbook, with the callback
                                                 └─▶ report: host results during the run, and the end

`Project` is the team's: where its playbooks are. Everything else is Pointsman's, in a directory of its own. Needs the
standard library, Ansible and boto3.
"""
