"""amazon.aws.aws_ec2 with one host per instance, even if instances have the same name.

An inventory identifies a host by its name. From three instances of an Auto Scaling group with the same tag `Name`, the
collection's plugin makes one host with the address of the last and the groups of all. Here each is `<name>-<id>`.
"""

from collections import Counter
from typing import Any

from ansible_collections.amazon.aws.plugins.inventory import aws_ec2  # type: ignore[import-untyped]

DOCUMENTATION = aws_ec2.DOCUMENTATION.replace("name: aws_ec2", "name: pointsman_ec2").replace(
    "choices: ['aws_ec2', 'amazon.aws.aws_ec2']", "choices: ['pointsman_ec2']"
)


class InventoryModule(aws_ec2.InventoryModule):  # type: ignore[misc]
    """One host per EC2 instance."""

    NAME = "pointsman_ec2"

    def _populate(self, groups: dict[str, list[Any]], hostnames: Any, *args: Any, **kwargs: Any) -> None:
        self._shared: frozenset[str] = frozenset()
        self._hostnames = hostnames
        names = Counter(self._get_preferred_hostname(host, hostnames) for hosts in groups.values() for host in hosts)
        self._shared = frozenset(name for name, count in names.items() if name and count > 1)
        for name in sorted(self._shared):
            self.display.warning(
                f"{names[name]} instances have the name {name}: their hosts are named {name}-<instance id>"
            )
        super()._populate(groups, hostnames, *args, **kwargs)

    def _get_preferred_hostname(self, instance: dict[str, Any], hostnames: Any) -> Any:
        name = super()._get_preferred_hostname(instance, hostnames)
        is_full_name = hostnames is self._hostnames  # the plugin also calls this for the parts of a name
        return f"{name}-{instance['InstanceId']}" if is_full_name and name in self._shared else name
