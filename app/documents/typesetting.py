"""Typeset a template of ours with Typst. Data are values, never source: `*` stays literal."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import font_source_sans_pro
import typst

TEMPLATES = Path(__file__).with_name("templates")
STANDARDS: "list[typst.PDFStandard]" = ["ua-1", "a-2a"]  # accessible, and made to last
PPI = 144.0  # so that a page of 960 by 540 pt is a picture of 1920 by 1080


def pdf(template: str, data: dict[str, Any], at: datetime, folder: Path | None = None) -> bytes:
    """The document as PDF/UA-1 and PDF/A-2a, dated `at`; `data` is `json(bytes(...))` there.

    Pictures are read below `folder`, and from nowhere else. The same data give the same bytes.
    """
    made = _compiler(folder or TEMPLATES).compile(
        (TEMPLATES / template).read_bytes(),
        format="pdf",
        sys_inputs={"data": _told(data)},
        pdf_standards=STANDARDS,
        timestamp=int(at.timestamp()),
    )
    return cast(bytes, made)


def pictures(template: str, data: dict[str, Any], folder: Path | None = None) -> list[bytes]:
    """The pages of a document as PNG, 144 pixels an inch."""
    made = _compiler(folder or TEMPLATES).compile(
        (TEMPLATES / template).read_bytes(),
        format="png",
        ppi=PPI,
        sys_inputs={"data": _told(data)},
    )
    return made if isinstance(made, list) else [made] if made else []


def _told(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)


def _compiler(root: Path) -> typst.Compiler:
    """Without the fonts of this machine: a document does not depend on where it is made."""
    return typst.Compiler(root=root, font_paths=_fonts(), ignore_system_fonts=True)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[font_source_sans_pro.font_directory])
