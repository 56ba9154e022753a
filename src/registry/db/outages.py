"""How to tell a database that is away from a write that is at fault."""

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_outage(failure: BaseException) -> bool:
    """Whether the database could not be reached, broke off, or has no connection free."""
    away = isinstance(failure, DBAPIError | PoolTimeout | OSError)
    return away and not isinstance(failure, IntegrityError | DataError)
