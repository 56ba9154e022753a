"""The AsyncAPI 3.0 document of what goes out: the feed by poll and stream, and webhooks. Made from the published OpenAPI
document and the registers, so that it says what is enforced. OpenAPI's schemas are of JSON Schema 2020-12 and AsyncAPI's of
draft-07: they are translated.
"""

import re
from collections.abc import Iterable
from typing import Any

from registry.core.register import Register
from registry.outbox.feed.events import LEFT, event_types

Schema = dict[str, Any]

APPLICATORS = {"items", "prefixItems", "additionalProperties", "allOf", "anyOf", "oneOf", "not"}
"""The keywords beside `properties` that hold schemas in what the registers publish."""
CURSOR: Schema = {"type": "string", "pattern": "^wm_[0-9]{6}_[0-9]{1,18}$"}
CLOUD_EVENT: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, JSON format. `sequence`, `division` and `entryversion` are extension attributes. There is no "
    "`dataschema`: the message of the event's `type` says what `data` is.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "pattern": "^wm_[0-9]{6}_[0-9]+-[0-9]+$",
            "description": "Book, position and part: stable.",
        },
        "source": {"type": "string", "pattern": "^/v1/books/[0-9]{6}$"},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "`<register>/<entry id>`"},
        "time": {"type": "string", "format": "date-time", "description": "When it was recorded."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {"type": "string", "pattern": "^[0-9]{16}$", "description": "The position in the log."},
        "division": {"type": "string", "description": "Where the entry lies."},
        "entryversion": {"type": "integer", "minimum": 1},
        "data": {"type": "object"},
    },
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "data"],
}
LEFT_DATA: Schema = {
    "type": "object",
    "description": "What left the reader's scope: an entry; a division that was taken from the key (`kept` lies in it still); or whole "
    "registers, which the key's role no longer sees.",
    "oneOf": [{"required": ["register", "entry_id"]}, {"required": ["division", "kept"]}, {"required": ["registers"]}],
    "properties": {
        "register": {"type": "string"},
        "entry_id": {"type": "string"},
        "division": {"type": "string"},
        "kept": {"type": "array", "items": {"type": "string"}},
        "registers": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
PING: Schema = {
    "type": "object",
    "description": "A CloudEvent that tries a webhook out; it is no event of the log.",
    "properties": {"type": {"const": "ping"}, "id": {"type": "string"}, "data": {"type": "object"}},
    "required": ["type", "id", "data"],
}
WEBHOOK_HEADERS: Schema = {
    "type": "object",
    "description": "Standard Webhooks: only with what is delivered to a webhook.",
    "properties": {
        "webhook-id": {"type": "string", "description": "The event's id: the same over all attempts."},
        "webhook-timestamp": {"type": "string", "description": "Seconds since 1970 of the attempt."},
        "webhook-signature": {
            "type": "string",
            "description": "`v1,` and an HMAC-SHA256 in Base64; two while the secret is rotated.",
        },
    },
}


def build(document: Schema, registers: Iterable[Register], erasable: str) -> Schema:
    """The document. `document` is the OpenAPI one, `erasable` the register whose entries can be erased by law."""
    payloads = {
        kind: register.entry.__name__
        for register in registers
        for kind in event_types(register, document["paths"], erasable)
    }
    messages = {kind: _message(kind, f"#/components/schemas/{name}") for kind, name in payloads.items()}
    messages[LEFT] = _message(LEFT, "#/components/schemas/ScopeLeft")
    schemas = {"CloudEvent": CLOUD_EVENT, "ScopeLeft": LEFT_DATA, "WebhookHeaders": WEBHOOK_HEADERS}
    schemas |= _closure(document["components"]["schemas"], payloads.values())
    page = _page(messages)
    ping = {**_message("ping", ""), "payload": PING}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Registry 综治台账: changes",
            "version": document["info"]["version"],
            "description": "One total order, the log's; what an event shows is what its reader may see when it is delivered.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "registry": {
                "host": "registry.example",
                "protocol": "https",
                "security": [{"$ref": "#/components/securitySchemes/key"}],
            }
        },
        "channels": _channels(messages),
        "operations": _operations(document["paths"]),
        "components": {
            "messages": {**messages, "changes": page, "ping": ping},
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: `rk_…`"}},
        },
    }


def _message(kind: str, data: str) -> Schema:
    return {
        "name": kind,
        "title": kind,
        "contentType": "application/cloudevents+json",
        "headers": {"$ref": "#/components/schemas/WebhookHeaders"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {"type": "object", "properties": {"type": {"const": kind}, "data": {"$ref": data}}},
            ]
        },
    }


def _page(messages: Schema) -> Schema:
    items = [{"$ref": f"#/components/messages/{kind}/payload"} for kind in messages]
    properties = {"events": {"type": "array", "items": {"oneOf": items}}, "next": CURSOR, "watermark": CURSOR}
    payload = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"name": "changes", "title": "A page of the feed", "contentType": "application/json", "payload": payload}


def _channels(messages: Schema) -> Schema:
    each = {kind: {"$ref": f"#/components/messages/{kind}"} for kind in messages}
    about = (
        "Server-sent events: `id` is the cursor after the event, `event` its type, `data` the CloudEvent. "
        "The header `Last-Event-ID` goes before `after`."
    )
    return {
        "changes": {
            "address": "/v1/changes",
            "description": "Asked for in pages; with `wait`, as a long poll.",
            "messages": {"changes": {"$ref": "#/components/messages/changes"}},
        },
        "stream": {"address": "/v1/changes/stream", "description": about, "messages": each},
        "webhooks": {
            "address": None,
            "description": "The address that an administrator gave for a webhook.",
            "messages": {**each, "ping": {"$ref": "#/components/messages/ping"}},
        },
    }


def _operations(paths: Schema) -> Schema:
    changes, stream = (_query(paths[path]["get"]["parameters"]) for path in ("/v1/changes", "/v1/changes/stream"))
    return {
        "sendChanges": _operation("changes", "Answer with what changed after a cursor.", _http("GET", changes)),
        "streamChanges": _operation("stream", "Send each change as it comes.", _http("GET", stream)),
        "deliverWebhook": _operation(
            "webhooks", "Post each change to the webhook's address, signed by Standard Webhooks.", _http("POST", {})
        ),
    }


def _query(parameters: Iterable[Schema]) -> Schema:
    asked = {
        each["name"]: {**as_draft_07(each["schema"]), "description": each["description"]}
        for each in parameters
        if each["in"] == "query"
    }
    return {"query": {"type": "object", "properties": asked, "additionalProperties": False}}


def _operation(channel: str, summary: str, binding: Schema) -> Schema:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary, "bindings": binding}


def _http(method: str, query: Schema) -> Schema:
    return {"http": {"method": method, **query, "bindingVersion": "0.3.0"}}


def _closure(schemas: Schema, names: Iterable[str]) -> Schema:
    """These schemas and whatever they refer to, as draft-07."""
    found: Schema = {}
    waiting = sorted(set(names))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = as_draft_07(schemas[name])
            waiting += re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(schemas[name]))
    return found


def as_draft_07(schema: Schema) -> Schema:
    """A schema of OpenAPI 3.1, which is JSON Schema 2020-12, as draft-07 says the same: that ignores `prefixItems`, and whatever
    stands beside `$ref`. AsyncAPI's `discriminator` is another one; OpenAPI's adds nothing to a `type` that differs.
    """
    said: Schema = {key: _keyword(key, value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in said:
        said["additionalItems"] = said.pop("items", True)
        said["items"] = said.pop("prefixItems")
    if "$ref" in said and len(said) > 1:
        said["allOf"] = [{"$ref": said.pop("$ref")}, *said.get("allOf", ())]
    return said


def _keyword(key: str, value: object) -> object:
    if key == "properties" and isinstance(value, dict):
        return {name: as_draft_07(field) for name, field in value.items()}
    if key in APPLICATORS and isinstance(value, dict):
        return as_draft_07(value)
    if key in APPLICATORS and isinstance(value, list):
        return [as_draft_07(each) for each in value]
    return value
