"""Applies a JSON Patch (RFC 6902), as a client would: the three operations that we send."""

import copy
from typing import Any


def apply(document: Any, patch: list[dict[str, Any]]) -> Any:
    """The document after the patch. Fails where a step names what is not there."""
    result = copy.deepcopy(document)
    for step in patch:
        if step["path"] == "":
            result = step["value"]
            continue
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        target = result
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target[part]
        _step(target, int(last) if isinstance(target, list) else last, step)
    return result


def _step(target: Any, at: Any, step: dict[str, Any]) -> None:
    if step["op"] == "add" and isinstance(target, dict):
        target[at] = step["value"]
    elif step["op"] == "remove":
        del target[at]
    else:
        assert step["op"] == "replace"
        target[at]
        target[at] = step["value"]
