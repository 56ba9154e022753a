"""What each rule between entries declares that it reads is what it reads: from the declarations follows which writes run it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from registry.app import CASES
from registry.core.invariants import CaseRules, CaseState, Invariant

DAY, LATER = "2020-02-03", "2020-02-05"
FULL: dict[str, dict[str, Any]] = {
    "disputes": {"id": "d", "discovered_on": DAY, "moves": [
        {"to": to, "on": LATER} for to in ("accepted", "mediating", "agreed", "performed", "withdrawn", "mediating")
    ]},
    "proceedings": {"id": "p"},
    "mediation-sessions": {"id": "s", "held_on": "2020-02-01"},
    "agreements": {
        "id": "a", "kind": "oral", "signed_on": "2020-02-01", "effective_on": "2020-02-01", "performed_on": None,
        "signatories": [{"signed_on": "2020-02-01"}],
    },
    "return-visits": {"id": "r", "visited_on": "2020-01-01", "agreement_id": "a"},
    "patients": {"id": "n", "birth_date": "2020-02-10", "in_care_since": LATER, "status": "died", "left_care_on": DAY},
    "visits": {"id": "v", "visited_on": "2020-02-04", "seen": True, "died_on": LATER, "discharged_on": DAY},
}  # fmt: skip
INVARIANTS = [(case, each) for case in CASES for each in case.invariants]


class Recording(Mapping[str, Any]):
    """An entry that notes which of its fields are looked at."""

    def __init__(self, values: dict[str, Any], path: str, read: set[str]) -> None:
        self.values_, self.path, self.read = values, path, read

    def __getitem__(self, name: str) -> Any:
        value, path = self.values_[name], f"{self.path}/{name}"
        if isinstance(value, list):
            return [Recording(each, f"{path}/*", self.read) for each in value]
        if name != "id":
            self.read.add(path)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def reads_of(case: CaseRules, invariant: Invariant) -> set[str]:
    read: set[str] = set()
    entries: dict[str, Any] = {
        register.name: [Recording(FULL[register.name], register.name, read)] for register in (case.head, *case.parts)
    }
    (head,) = entries.pop(case.head.name)
    list(invariant.broken(CaseState(head, entries)))
    return read


@pytest.mark.parametrize(("case", "invariant"), INVARIANTS)
def test_a_rule_reads_what_it_declares(case: CaseRules, invariant: Invariant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.core.invariants.values_at", look)
    assert reads_of(case, invariant) <= invariant.reads


def look(entry: Any, path: tuple[str, ...], pointer: str = "") -> Iterator[tuple[str, Any]]:
    """As `values_at`, of an entry that notes what is looked at."""
    if not path:
        if entry is not None:
            yield pointer, entry
    elif isinstance(entry, list):
        for index, item in enumerate(entry):
            yield from look(item, path[1:], f"{pointer}/{index}")
    else:
        yield from look(entry[path[0]], path[1:], f"{pointer}/{path[0]}")


def test_every_field_that_a_rule_reads_is_one_of_its_register() -> None:
    fields = {
        register.name: set(register.entry.__struct_fields__) for case in CASES for register in (case.head, *case.parts)
    }
    for _, invariant in INVARIANTS:
        for field in invariant.reads:
            register, name = field.split("/")[:2]
            assert name in fields[register], field
