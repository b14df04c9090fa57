"""What the layers share whose result is cells of their inputs: they move nothing and hold no formulas."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.formulas.region import Stamp
from sheetcnn.model.ops.base import Op, Site


class Alias(Op):
    """A layer that only chooses or orders cells that exist already (see `Op.alias`)."""

    pixelwise = True

    def formula(self, site: Site) -> Iterator[Stamp]:
        """No patterns: there are no cells to fill."""
        return iter(())

    def aliases(self) -> bool:
        """The result is cells of the inputs, whatever the options."""
        return True
