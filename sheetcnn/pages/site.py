"""What a page is made from: the layout, the network's origin, and the sheets that it can lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import SheetPlan


@dataclass(frozen=True)
class Provenance:
    """From what a workbook is built: SHA-256 digests, empty where only its sizes matter.

    Attributes:
        weights: of all trained arrays.
        images: of the images that can be chosen.
    """

    weights: str = ""
    images: str = ""


@dataclass(frozen=True)
class PageSite:
    """The surroundings of a page about the whole network.

    Attributes:
        layout: of the workbook.
        spec: the network's layer spec, as JSON.
        provenance: of its weights and images.
        sheets: all the other sheets, for a cover that leads to them.
    """

    layout: Layout
    spec: str
    provenance: Provenance
    sheets: Sequence[SheetPlan] = ()
