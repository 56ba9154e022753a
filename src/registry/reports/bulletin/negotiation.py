"""In which form a bulletin is answered: by `format`, else by what `Accept` likes best."""

from dataclasses import dataclass

from registry.reports.bulletin.schemas import Format


@dataclass(frozen=True, slots=True)
class Form:
    """A form's media type, and the ending of a file's name."""

    media: str
    ending: str

    def headers(self, name: str) -> dict[str, str]:
        """To be shown rather than saved, under a name of its own when saved; and nothing is loaded or run from it."""
        headers = {"Content-Disposition": f'inline; filename="{name}.{self.ending}"'}
        if self.ending == "html":
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return headers


FORMS: dict[Format, Form] = {
    Format.JSON: Form("application/json", "json"),
    Format.TEXT: Form("text/plain", "txt"),
    Format.MARKDOWN: Form("text/markdown", "md"),
    Format.HTML: Form("text/html", "html"),
}


def chosen(accept: str) -> Format:
    """The form that an Accept header likes best (RFC 9110 §12.5.1); JSON among equals, and where it likes none."""
    ranges = [_range(each) for each in accept.split(",") if each.strip()]
    if not ranges:
        return Format.JSON
    return max(FORMS, key=lambda form: _quality(FORMS[form].media, ranges))


def _range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    """What the most exact range that covers a media type says of it; 0 where none does."""
    kind = media.partition("/")[0]
    for wanted in (media, f"{kind}/*", "*/*"):
        for name, quality in ranges:
            if name == wanted:
                return quality
    return 0.0
