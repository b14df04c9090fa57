"""The table of pages: what is said of a page anywhere comes from its row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import Cli
from test_pages import colors

from sheetcnn.errors import SpecError
from sheetcnn.formulas.expr import Number
from sheetcnn.model.graph import Node
from sheetcnn.pages import registry
from sheetcnn.pages.registry import OPTIONAL, PAGES, LayerPage, NetworkPage, check_pages, fitting_pages
from sheetcnn.pages.site import PageSite
from sheetcnn.sheets import theme
from sheetcnn.sheets.layout import Layout, Options
from sheetcnn.sheets.sheet_plan import Computed, SheetPlan
from sheetcnn.workbook import plan as planning
from sheetcnn.workbook.plan import make_plan
from sheetcnn.xlsx.book import Highlight


def test_names_are_different_and_summaries_short() -> None:
    assert len({page.name for page in PAGES}) == len(PAGES)
    for page in PAGES:
        assert page.name.isidentifier()
        assert 10 < len(page.summary) < 80
        assert not page.summary.endswith(".")


def test_every_page_brings_its_sheets_and_none_comes_unasked() -> None:
    graph = colors().graph
    bare = {sheet.name for sheet in make_plan(graph, Options(pages=())).sheets}
    whole = make_plan(graph)
    assert whole.layout.options.pages == OPTIONAL == fitting_pages(graph)
    added = {sheet.name for sheet in whole.sheets} - bare
    alone = [{s.name for s in make_plan(graph, Options(pages=(name,))).sheets} - bare for name in OPTIONAL]
    assert all(alone)
    assert sum(map(len, alone)) == len(added)  # no sheet belongs to two pages
    assert set().union(*alone) == added


@pytest.mark.parametrize("name", ["overview", "about", "galery", ""])
def test_a_page_that_cannot_be_chosen(name: str, cli: Cli) -> None:
    with pytest.raises(SpecError, match=rf"no page '{name}' to choose; there are {', '.join(OPTIONAL)}"):
        check_pages(["trace", name])
    with pytest.raises(SpecError, match="to choose"):
        make_plan(colors().graph, Options(pages=(name,)))
    done = cli("inspect", "nowhere.yaml", "--pages", f"trace,{name}")
    assert done.status == 2
    assert all(known in done.err for known in (*OPTIONAL, "all", "none"))


def test_the_help_lists_every_page(cli: Cli) -> None:
    for command in ("build", "inspect"):
        shown = " ".join(cli(command, "--help").out.split())
        assert ", ".join(OPTIONAL) in shown


def test_a_new_row_is_all_that_a_page_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of the network and one of each layer, with a name and a frame, through the planner alone."""

    def whole(site: PageSite) -> list[SheetPlan]:
        sheet = SheetPlan("toy", page=True)
        count = len(site.layout.graph.nodes)
        sheet.computed.append(Computed(1, 1, Number(count), theme.WHOLE, lambda context: count))
        return [sheet]

    def each(layout: Layout, node: Node) -> list[SheetPlan]:
        return [SheetPlan(f"{layout.bases[node.name]}_toy", node.name, page=True)]

    def names(layout: Layout) -> list[tuple[str, str]]:
        return [("toys", "toy!$A$1")]

    def frames(layout: Layout) -> list[tuple[str, Highlight]]:
        return [(layout.sheet_of_first[layout.graph.source], Highlight(("A1",), "TRUE", theme.ACCENT))]

    toy = NetworkPage(name="toy", summary="how many layers there are", sheets=whole, names=names)
    toys = LayerPage(name="toys", summary="a toy for each layer", sheets=each, frames=frames)
    monkeypatch.setattr(registry, "PAGES", (*PAGES, toy, toys))
    monkeypatch.setattr(registry, "OPTIONAL", (*OPTIONAL, "toy", "toys"))
    for module in (planning,):
        monkeypatch.setattr(module, "PAGES", (*PAGES, toy, toys))
        monkeypatch.setattr(module, "NETWORK_PAGES", (*registry.NETWORK_PAGES, toy))
        monkeypatch.setattr(module, "LAYER_PAGES", (*registry.LAYER_PAGES, toys))
    plan = make_plan(colors().graph)
    sheets = [sheet.name for sheet in plan.sheets]
    assert sheets[-1] == "toy"
    for node in plan.graph.nodes:
        own = [sheet.name for sheet in plan.sheets if sheet.layer == node.name]
        if own:
            assert own[-1] == f"{plan.layout.bases[node.name]}_toy"
    assert ("toys", "toy!$A$1") in plan.names
    source = next(s for s in plan.sheets if s.name == plan.layout.sheet_of_first[plan.graph.source])
    assert source.format.highlights[-1].formula == "TRUE"
    assert any(cell.link == "toy!A1" for cell in plan.sheets[0].cells)
    assert replace(plan.layout.options, pages=None) == Options()
