"""Ids whose data keys are kept in advance: no key ever serves two cases, whatever is refused, fails, is rotated or restored in between."""

import shutil
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy.exc import OperationalError

from registry.core import sealing
from registry.core.register import Register
from registry.core.sealing import Sealer, begin_rotation, end_rotation, rewrap_data_keys
from registry.db.key_store import KeyStore
from registry.divisions.register import DIVISION_REGISTER
from registry.errors import Refused
from registry.followups.register import VISIT_REGISTER
from registry.gatherings.register import GATHERING_REGISTER
from registry.ledger.ids import new_id
from registry.settings import Settings
from tests import factories
from tests.api import Api
from tests.conftest import COUNTY, Template, running

FEW = 8
GATHERINGS = "/v1/gatherings"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stock that is used up within a test."""
    monkeypatch.setattr(sealing, "STOCK", FEW)


@pytest.fixture
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    home = tmp_path_factory.mktemp("home")
    store = KeyStore(f"sqlite:///{home}/keys.db")
    store.prepare()
    return Sealer(home / "keys.json", store)


def record(sealer: Sealer, register: Register = GATHERING_REGISTER) -> tuple[str, bool]:
    """The id of a new case, sealed as a batch of one would; whether the key store was needed."""
    with sealer.new_id(COUNTY, register) as entry_id:
        new = sealer.seal(COUNTY, f"{register.name}/{entry_id}", entry_id, {}, (), known=False).new_key
    if new:
        new.keep([new.row])
    return entry_id, new is not None


def plain_keys(sealer: Sealer, entries: Sequence[str]) -> list[bytes]:
    """The data keys of gatherings as they stand in the store, unwrapped."""
    fresh = Sealer(sealer._path, sealer.store)
    fresh.learn(COUNTY, [f"gatherings/{each}" for each in entries])
    return list(fresh._data_keys.values())


def test_one_commit_of_the_key_store_does_for_many_new_cases(sealer: Sealer) -> None:
    made = [record(sealer) for _ in range(3 * (FEW + 1))]
    assert [kept for _, kept in made] == 3 * [True, *FEW * [False]]
    assert len({entry_id for entry_id, _ in made}) == len(made)
    assert len(set(plain_keys(sealer, [entry_id for entry_id, _ in made]))) == len(made)


def test_an_id_whose_write_was_refused_is_the_next_ones(sealer: Sealer) -> None:
    record(sealer)
    refused = []
    for _ in range(5 * FEW):
        with suppress(Refused), sealer.new_id(COUNTY, GATHERING_REGISTER) as entry_id:
            refused.append(entry_id)
            raise Refused(faults=[])
    assert len(set(refused)) == FEW
    assert record(sealer) == (refused[0], False)


@pytest.mark.parametrize("register", [DIVISION_REGISTER, VISIT_REGISTER])
def test_what_has_no_data_key_of_its_own_is_kept_none(sealer: Sealer, register: Register) -> None:
    for _ in range(FEW):
        with sealer.new_id(COUNTY, register):
            pass
        record(sealer)
    assert {subject.partition("/")[0] for subject in kept(sealer)} == {"gatherings"}


def test_none_is_kept_for_who_chooses_ids(sealer: Sealer) -> None:
    chosen = f"gatherings/{new_id()}"
    new = sealer.seal(COUNTY, chosen, "here", {}, (), known=False).new_key
    assert new
    new.keep([new.row])
    assert kept(sealer) == [chosen]


def test_a_key_that_was_not_kept_is_never_used(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(sealer.store, "keep", full)
        for _ in range(FEW):
            with pytest.raises(OperationalError):
                record(sealer)
    assert kept(sealer) == []
    assert [record(sealer)[1] for _ in range(FEW)] == [True, *(FEW - 1) * [False]]


def test_a_key_in_stock_is_rotated_with_the_others(sealer: Sealer) -> None:
    record(sealer)
    rotated = begin_rotation(sealer._path)
    assert rewrap_data_keys(sealer.store, rotated) == FEW + 1
    end_rotation(sealer._path, rotated)
    made = [record(sealer) for _ in range(2 * FEW)]
    assert sum(kept for _, kept in made) == 1
    assert sealer.store.masters() == {rotated.current}
    assert len(set(plain_keys(sealer, [entry_id for entry_id, _ in made]))) == len(made)


def test_where_the_cache_was_emptied_a_case_gets_another_key(sealer: Sealer) -> None:
    record(sealer)
    sealer._data_keys.clear()
    entry_id, kept_anew = record(sealer)
    assert kept_anew
    assert len(plain_keys(sealer, [entry_id])) == 1


def kept(sealer: Sealer) -> list[str]:
    """The subjects in the store."""
    return [row.subject for row in sealer.store.wrapped_under_others("none")]


def test_refused_creates_leave_no_keys_behind(api: Api, settings: Settings) -> None:
    """Nor do repeated ones: whoever sends the same again and again lets nothing grow."""
    api.made(GATHERINGS, factories.gathering())
    before = subjects(settings)
    for _ in range(3 * FEW):
        assert api.post(GATHERINGS, factories.gathering(decided_on="2099-01-01")).status_code == 422
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [api.post(GATHERINGS, factories.gathering(), headers=key) for _ in range(3 * FEW)]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert subjects(settings) == before


def test_a_restored_key_store_gives_new_cases_keys_of_their_own(
    app: Litestar, settings: Settings, template: Template
) -> None:
    """An older one lacks the keys of what was recorded since; what is recorded afterwards shares none with anything."""

    def create(**who: Any) -> list[str]:
        with running(app, settings, template.keys) as api:
            return [api.made(GATHERINGS, factories.gathering(), **who)["id"] for _ in range(2 * FEW)]

    store, old = settings.home / "keys.db", settings.home / "old.db"
    before = create()
    shutil.copy(store, old)
    lost = create()
    shutil.copy(old, store)
    after = create()
    assert not set(lost) & set(after)
    sealer = Sealer(settings.key_file, KeyStore(settings.key_store))
    assert len(set(plain_keys(sealer, before + after))) == len(before + after)
    assert plain_keys(sealer, lost) == []
    with running(app, settings, template.keys) as api:
        assert {api.get(f"{GATHERINGS}/{each}").status_code for each in before + after} == {200}


def subjects(settings: Settings) -> list[str]:
    return kept(Sealer(settings.key_file, KeyStore(settings.key_store)))
