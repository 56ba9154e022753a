"""`python seed.py N` makes N gatherings from the JSON on its input, as Kinto's own views store them; prints their ids."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import transaction
from pyramid.paster import bootstrap

OWNER = "account:admin"
BUCKET = "/buckets/registry"
COLLECTION = f"{BUCKET}/collections/gatherings"


def main(count: int) -> None:
    """One transaction: a bucket, a collection, and in it the records, each with its entry of history."""
    registry = bootstrap(os.environ["KINTO_INI"], options={"http_port": "0"})["registry"]
    data = json.load(sys.stdin)
    make(registry, "", "bucket", BUCKET, {"id": "registry"})
    make(registry, BUCKET, "collection", COLLECTION, {"id": "gatherings"})
    ids = [record(registry, data) for _ in range(count)]
    transaction.commit()
    print("\n".join(ids))


def make(registry: Any, parent: str, kind: str, uri: str, data: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = registry.storage.create(parent_id=parent, resource_name=kind, obj=dict(data))
    registry.permission.add_principal_to_ace(uri.format(**made), "write", OWNER)
    return made


def record(registry: Any, data: dict[str, Any]) -> str:
    made = make(registry, COLLECTION, "record", f"{COLLECTION}/records/{{id}}", data)
    entry = {
        "uri": f"{COLLECTION}/records/{made['id']}",
        "date": datetime.now(UTC).isoformat(),
        "action": "create",
        "target": {"data": made, "permissions": {"write": [OWNER]}},
        "user_id": OWNER,
        "record_id": made["id"],
        "collection_id": "gatherings",
        "resource_name": "record",
    }
    registry.storage.create(parent_id=BUCKET, resource_name="history", obj=entry)
    return str(made["id"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
