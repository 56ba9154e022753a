"""What one would write with FastAPI and SQLModel: an async session, typed rows, history rows. No keys.

The database is named by PEER_DATABASE. `python peer.py N` makes the tables and N gatherings from the JSON on its input.
"""

import asyncio
import datetime as dt
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import JSON, Column, DateTime, Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession


class GatheringBase(SQLModel):
    division: str = Field(max_length=12, index=True)
    title: str = Field(max_length=200)
    kind: str = Field(max_length=20)
    measure: str = Field(max_length=12)
    sessions: int = Field(ge=1, le=999)
    planned_from: dt.date
    planned_to: dt.date | None = None
    planned_lunar: str | None = Field(default=None, max_length=100)
    decided_on: dt.date
    hamlet: str | None = Field(default=None, max_length=100)
    venue: str | None = Field(default=None, max_length=200)
    organiser_name: str | None = Field(default=None, max_length=80)
    organiser_phone: str | None = Field(default=None, max_length=13)
    organiser_role: str | None = Field(default=None, max_length=100)
    expected_people: int | None = Field(default=None, ge=0)
    handled_by: list[str] = Field(default=[], sa_type=JSON)
    notice_issuer: str | None = Field(default=None, max_length=200)
    notice_title: str | None = Field(default=None, max_length=200)
    notice_dated: dt.date | None = None
    notice_number: str | None = Field(default=None, max_length=100)
    promise_signed: bool = False
    note: str | None = Field(default=None, max_length=2000)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Gathering(GatheringBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    version: int = 1
    created_at: dt.datetime = Field(default_factory=now, sa_type=DateTime(timezone=True), index=True)


class GatheringRead(GatheringBase):
    id: uuid.UUID
    version: int
    created_at: dt.datetime


class GatheringHistory(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    gathering_id: uuid.UUID = Field(foreign_key="gathering.id", index=True)
    version: int
    recorded_at: dt.datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    state: dict[str, Any] = Field(sa_column=Column(JSON))


DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
scheme, _, rest = os.environ["PEER_DATABASE"].partition("://")
engine = create_async_engine(f"{DRIVERS[scheme]}://{rest}", pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)

if scheme == "sqlite":

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")


async def open_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]
app = FastAPI()


@app.get("/healthz")
async def health() -> str:
    return "ok"


@app.post("/gatherings", status_code=201, response_model=GatheringRead)
async def create(data: GatheringBase, session: Session) -> Gathering:
    gathering = Gathering.model_validate(data)
    session.add(gathering)
    session.add(history(gathering))
    await session.commit()
    return gathering


@app.get("/gatherings/{gathering_id}", response_model=GatheringRead)
async def read(gathering_id: uuid.UUID, session: Session) -> Gathering:
    gathering = await session.get(Gathering, gathering_id)
    if gathering is None:
        raise HTTPException(404)
    return gathering


@app.get("/gatherings", response_model=list[GatheringRead])
async def page(session: Session, limit: int = 50, offset: int = 0) -> list[Gathering]:
    latest = select(Gathering).order_by(col(Gathering.created_at).desc()).offset(offset).limit(limit)
    return list(await session.exec(latest))


def history(gathering: Gathering) -> GatheringHistory:
    state = gathering.model_dump(mode="json")
    return GatheringHistory(gathering_id=gathering.id, version=gathering.version, state=state)


async def seed(count: int, data: dict[str, Any]) -> None:
    """Make the tables and fill them; prints the ids."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    made = [Gathering.model_validate(data) for _ in range(count)]
    async with sessions() as session:
        session.add_all([*made, *map(history, made)])
        await session.commit()
    await engine.dispose()
    print("\n".join(str(gathering.id) for gathering in made))


if __name__ == "__main__":
    asyncio.run(seed(int(sys.argv[1]), json.load(sys.stdin)))
