"""The published document (OpenAPI 3.1), made from the contracts and from msgspec's own schemas: it says what is enforced."""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from registry import __version__
from registry.core.fields import personal_paths
from registry.core.principals import Purpose
from registry.core.register import RegisterName
from registry.core.validation import as_patch
from registry.errors import RegistryError
from registry.web.contract import Contract
from registry.web.glossary import about_parameter, described, tags
from registry.web.problems import MEDIA_TYPE, Problem

Schema = dict[str, Any]

PURPOSE: Schema = {
    "schema": {"type": "string", "enum": list(Purpose)},
    "description": "What personal data is looked at for (查阅目的); recorded with who saw it. Patients and visits are shown in plain only "
    "with it, and to an auditor only under a break-glass.",
}
HEADERS: dict[str, Schema] = {
    "If-Match": {
        "required": True,
        "schema": {"type": "string", "pattern": r'^(\*|"[1-9][0-9]{0,8}(-masked|-erased)?")$'},
        "description": 'The version that the change starts from: `"3"`, as in ETag; `*` for whichever stands.',
    },
    "If-None-Match": {"schema": {"type": "string"}, "description": "An ETag that the client has; 304 if it still holds."},
    "Purpose-Of-Use": PURPOSE,
    "Last-Event-ID": {
        "schema": {"type": "string", "maxLength": 28, "pattern": "^wm_[0-9]{6}_[0-9]{1,18}$"},
        "description": "The `id` of the last event that the client has; it goes before `after`.",
    },
    "Idempotency-Key": {
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]+$"},
        "description": "Sent again with the same body, the same answer and no second entry.",
    },
}  # fmt: skip
PART: Schema = {
    "type": "object",
    "title": "Part",
    "description": "What `fields` leaves of an entry: `id`, `meta`, and the fields that were asked for, each as in the whole.",
    "properties": {
        "id": {"type": "string", "description": "The entry's id."},
        "meta": {"$ref": "#/components/schemas/Header"},
    },
    "required": ["id", "meta"],
}
CREATE_ONLY = {"schema": {"type": "string", "const": "*"}, "description": "`*`: only if there is no such entry yet."}
ANSWER_HEADERS: Schema = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "The version; of what is no version (a list, a part, a day) a hash of its bytes.",
    },
    "Registry-Watermark": {
        "schema": {"type": "string"},
        "description": "How long the log was; as `as_of` it gives this answer again.",
    },
}
DAY_HEADER: Schema = {
    "Registry-On": {
        "schema": {"type": "string", "format": "date"},
        "description": "The day that `on` asked for; absent without it.",
    },
}


def build(app: Litestar) -> Schema:
    """The document."""
    operations = sorted(_operations(app), key=lambda each: (each[0], each[1]))
    inputs = {c.body for _, _, _, c in operations if c.body}
    outputs = {Problem} | {c.answer for _, _, _, c in operations if c.answer}
    paths: dict[str, Schema] = {}
    for path, method, handler, contract in operations:
        paths.setdefault(path, {})[method] = _operation(path, handler, contract)
    components = _components(inputs, outputs)
    for _, _, _, contract in operations:
        if contract.many and contract.answer:
            components[contract.answer.__name__ + "Page"] = _page(contract.answer.__name__)
        if contract.patch and contract.body:
            components[contract.body.__name__ + "Patch"] = as_patch(components[contract.body.__name__])
        if contract.corrects:
            components[contract.corrects.__name__ + "Correction"] = _correction(components, contract.corrects.__name__)
    components |= {"Part": PART, "PartPage": _page("Part")}
    used = {tag for methods in paths.values() for operation in methods.values() for tag in operation["tags"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Registry 综治台账",
            "version": __version__,
            "description": "Registers of land disputes, home visits and cancelled gatherings. Nothing is ever rubbed out: "
            "every write adds a version, every read takes `as_of`.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": list(tags(used, app.state.registers)),
        "paths": paths,
        "components": {
            "schemas": {name: described(schema) for name, schema in sorted(components.items())},
            "responses": _problem_responses(contract for _, _, _, contract in operations),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: `rk_…`"}},
        },
    }


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler, Contract]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if contract := handler.opt.get("contract"):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
                    yield path, method.lower(), handler, contract


def _operation(path: str, handler: HTTPRouteHandler, contract: Contract) -> Schema:
    summary, _, more = (handler.description or inspect.getdoc(handler.fn) or "").partition("\n")
    operation: Schema = {
        "operationId": handler.operation_id,
        "tags": [path.split("/")[2] if path.startswith("/v1/") else "server"],
        "summary": summary.rstrip("."),
        **({"description": more.strip()} if more.strip() else {}),
        "parameters": [*_path_parameters(path), *_query_parameters(contract.query), *_header_parameters(contract)],
        "responses": _responses(contract),
    }
    if contract.body is not None:
        operation["requestBody"] = _request_body(contract)
    if contract.sends is not None:
        operation["requestBody"] = {"required": True, "content": {contract.sends: {"schema": {"type": "string"}}}}
    if contract.public:
        operation["security"] = []
    return operation


def _path_parameters(path: str) -> Iterator[Schema]:
    for name in re.findall(r"\{(\w+)\}", path):
        schema: Schema = {"type": "string", "format": "uuid"}
        if name == "number":
            schema = {"type": "integer", "minimum": 1, "maximum": 2_147_483_647}
        elif name == "register":
            schema = {"type": "string", "enum": list(get_args(RegisterName))}
        elif name in {"code", "place"}:
            schema = {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "description": about_parameter(name), "schema": schema}


def _query_parameters(query: type[msgspec.Struct]) -> Iterator[Schema]:
    (_,), components = msgspec.json.schema_components([query], ref_template="#/components/schemas/{name}")
    for name, field in components[query.__name__]["properties"].items():
        schema = _inline(_without_null(field), components)
        about = schema.pop("description", None) or about_parameter(name)
        yield {
            "name": name,
            "in": "query",
            "required": name in components[query.__name__].get("required", ()),
            "schema": schema,
            **({"description": about} if about else {}),
        }


def _without_null(field: Schema) -> Schema:
    """A parameter is there or it is not; there is no null in a URL."""
    field = {key: value for key, value in field.items() if not (key == "default" and value is None)}
    branches = [branch for branch in field.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        field.pop("anyOf")
        field |= branches[0]
    return field


def _inline(schema: Schema, components: dict[str, Schema]) -> Schema:
    ref = schema.get("$ref", "").rpartition("/")[2]
    if not ref:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**components[ref], **rest}


def _header_parameters(contract: Contract) -> Iterator[Schema]:
    if contract.answer is not None and personal_paths(contract.answer):
        yield {"name": "Purpose-Of-Use", "in": "header", "required": False, **PURPOSE}
    for name in contract.headers:
        spec = CREATE_ONLY if name == "If-None-Match" and contract.body else HEADERS[name]
        yield {"name": name, "in": "header", "required": False, **spec}


def _correction(components: dict[str, Schema], name: str) -> Schema:
    """The body of a correction, whose changes are a patch of the register's own shape."""
    general = components["Correction"]
    properties = {**general["properties"], "changes": {"$ref": f"#/components/schemas/{name}Patch"}}
    return {**general, "title": name + "Correction", "properties": properties}


def _request_body(contract: Contract) -> Schema:
    name = contract.body.__name__ if contract.body else ""
    if contract.corrects:
        name = contract.corrects.__name__ + "Correction"
    elif contract.patch:
        name += "Patch"
    content = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    media = ("application/merge-patch+json", "application/json") if contract.patch else ("application/json",)
    return {"required": True, "content": dict.fromkeys(media, content)}


def _responses(contract: Contract) -> Schema:
    responses: dict[str, Schema] = {}
    if contract.answer is not None:
        page = "Page" if contract.many else ""
        schema: Schema = {"$ref": f"#/components/schemas/{contract.answer.__name__}{page}"}
        if "fields" in contract.query.__struct_fields__:
            schema = {"anyOf": [schema, {"$ref": f"#/components/schemas/Part{page}"}]}
        content: Schema = {"application/json": {"schema": schema}}
        content |= {media: {"schema": {"type": "string"}} for media in contract.also}
        headers = ANSWER_HEADERS | (DAY_HEADER if "on" in contract.query.__struct_fields__ else {})
        answer = {"description": "The answer.", "content": content, "headers": headers}
        responses[str(contract.status)] = answer
        if contract.headers and "If-None-Match" in contract.headers and not contract.body:
            responses["304"] = {"description": "What the client has still holds.", "headers": headers}
    if contract.media is not None:
        content = {contract.media: {"schema": {"type": "string"}}}
        responses[str(contract.status)] = {"description": "The answer.", "content": content}
        if "If-None-Match" in contract.headers:
            responses["304"] = {"description": "What the client has still holds.", "headers": ANSWER_HEADERS}
            responses[str(contract.status)]["headers"] = ANSWER_HEADERS
    if (other := contract.other) is not None:
        content = {other.media: {"schema": {"type": "string"}}}
        responses[str(other.status)] = {"description": other.about, "content": content}
    for status, kinds in _by_status(contract.problems).items():
        responses[status] = {"$ref": f"#/components/responses/{_response_name(kinds)}"}
    return responses


def _by_status(problems: Iterable[type[RegistryError]]) -> dict[str, list[type[RegistryError]]]:
    found: dict[str, list[type[RegistryError]]] = {}
    for kind in sorted(problems, key=lambda each: (each.status, each.code)):
        found.setdefault(str(kind.status), []).append(kind)
    return found


def _response_name(kinds: Iterable[type[RegistryError]]) -> str:
    return "Or".join(kind.__name__ for kind in kinds)


def _problem_responses(contracts: Iterable[Contract]) -> dict[str, Schema]:
    """One response for each set of errors that an endpoint may answer with one status."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {}
    for contract in contracts:
        for kinds in _by_status(contract.problems).values():
            about = "\n".join(f"`{kind.code}`: {inspect.getdoc(kind)}" for kind in kinds)
            responses[_response_name(kinds)] = {"description": about, "content": content}
    return dict(sorted(responses.items()))


def _page(name: str) -> Schema:
    return {
        "type": "object",
        "title": name + "Page",
        "description": "One page; later pages are of the same moment as the first.",
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next_cursor": {"type": ["string", "null"]},
            "watermark": {"type": "string", "description": "As `as_of`, it gives these same bytes again."},
        },
        "required": ["items", "next_cursor", "watermark"],
        "additionalProperties": False,
    }


def _components(inputs: set[type[msgspec.Struct]], outputs: set[type[msgspec.Struct]]) -> dict[str, Schema]:
    """What is sent keeps every constraint; what is answered has every field, and masks where personal data stood."""
    sent = _schemas(inputs)
    answered = {name: _as_answer(schema) for name, schema in _schemas(outputs).items()}
    shared = {name for name in sent.keys() & answered.keys() if sent[name] != answered[name]}
    renamed = {f"{name}In" if name in shared else name: _rename(schema, shared) for name, schema in sent.items()}
    return {**answered, **renamed}


def _schemas(structs: set[type[msgspec.Struct]]) -> dict[str, Schema]:
    ordered = sorted(structs, key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    return components


def _rename(schema: Any, names: set[str]) -> Any:  # noqa: ANN401 - any node of a schema
    if isinstance(schema, dict):
        ref = schema.get("$ref", "")
        changed = {"$ref": ref + "In"} if isinstance(ref, str) and ref.rpartition("/")[2] in names else {}
        return {**{key: _rename(value, names) for key, value in schema.items()}, **changed}
    if isinstance(schema, list):
        return [_rename(item, names) for item in schema]
    return schema


def _as_answer(schema: Any) -> Any:  # noqa: ANN401 - any node of a schema
    """Every field is there; its form is not promised: a personal one may be a mask, and older entries were held to older patterns."""
    if isinstance(schema, list):
        return [_as_answer(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-personal" in schema:
        return {key: value for key, value in schema.items() if key in {"type", "title", "description", "x-personal"}}
    answered = {key: _as_answer(value) for key, value in schema.items() if key not in {"default", "pattern"}}
    if schema.get("type") == "object" and "properties" in schema:
        always = set(schema.get("required", ()))
        always |= {name for name, field in schema["properties"].items() if "default" in field}
        answered["required"] = sorted(always)
        answered["additionalProperties"] = False
    return answered
