"""The local cloud: the real templates, handlers and playbooks on one machine, without Docker or an AWS account.

`localcloud.cloud.LocalCloud` is the public interface; `pointsman local up` starts one.
"""
