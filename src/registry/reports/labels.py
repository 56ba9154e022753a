"""What the values of dimensions are called in Chinese; no database, no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.core.measures import By, Dimension
from registry.reports.statistics.aggregation import Value


@dataclass(frozen=True)
class Labels:
    """The names and titles that labels are made of."""

    names: Mapping[str, str]
    """Of divisions by code, and of entries by id, as far as the caller may see them."""

    def label(self, dimension: Dimension, value: Value) -> str:
        """A value in Chinese."""
        if value is None:
            return "未填"
        if isinstance(value, bool):
            return "是" if value else "否"
        if dimension.by is By.MONTH:
            year, month = str(value).split("-")
            return f"{year}年{int(month)}月"
        if dimension.codes is not None:
            return "、".join(dimension.codes(code).zh for code in str(value).split(","))
        return self.names.get(str(value), str(value)) if self._is_named(dimension) else str(value)

    @staticmethod
    def _is_named(dimension: Dimension) -> bool:
        return dimension.by in {By.TOWN, By.VILLAGE} or bool(dimension.entries)
