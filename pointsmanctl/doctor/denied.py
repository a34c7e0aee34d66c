"""What the credentials of a command may not read."""


def is_denied(error: BaseException) -> bool:
    """Return whether AWS refused a call because of the caller's permissions. Services differ in the code."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    return code.startswith(("AccessDenied", "NotAuthorized", "UnauthorizedOperation", "AuthorizationError"))
