"""The rules of EventBridge that call functions by the clock."""

from pointsmanctl.doctor.model import ControlContext


def rule_state(control: ControlContext, function: str) -> str | None:
    """The state of the rule that calls a function, such as ENABLED; None: there is no such rule."""
    client = control.client("events")
    try:
        return str(client.describe_rule(Name=f"{control.stack_name}-{function}")["State"])
    except client.exceptions.ResourceNotFoundException:
        return None
