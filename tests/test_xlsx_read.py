from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import ironcalc
import openpyxl
import pytest
import rawbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from sheetcnn.errors import WorkbookError
from sheetcnn.xlsx.read import CellError, SheetCells, Value, open_workbook

INLINE = '<c r="{}" t="inlineStr"><is>{}</is></c>'


def read(tmp_path: Path, data: str, *, strings: str | None = None) -> SheetCells:
    """The cells of a sheet that holds `data`."""
    with open_workbook(rawbook.book(tmp_path / "book.xlsx", {"map_1": data}, strings=strings)) as workbook:
        return workbook.sheet("map_1")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("<v>1.5</v>", 1.5),
        ("<v>-1E-05</v>", -1e-05),
        ("<v> 7\n</v>", 7.0),
        ('" t="n"><v>0.1</v>', 0.1),
        ('" t="s"><v>1</v>', "rich text"),
        ('" t="str"><f>"a"&amp;"b"</f><v>a&amp;b</v>', "a&b"),
        ('" t="str"><f>""</f><v></v>', ""),
        ('" t="b"><v>1</v>', True),
        ('" t="b"><v>0</v>', False),
        ('" t="e"><f>1/0</f><v>#DIV/0!</v>', CellError("#DIV/0!")),
        ('" t="inlineStr"><is><t>cat</t></is>', "cat"),
        ('" t="inlineStr"><is><r><t>ca</t></r><r><rPr><b/></rPr><t>t</t></r></is>', "cat"),
        ('" t="inlineStr"><is><t xml:space="preserve"> cat </t></is>', " cat "),
        ('" t="inlineStr"><is><t/></is>', ""),
        ('" t="str"><v>a_x000D_b_x005F_x0041_</v>', "a\rb_x0041_"),
        ('" t="inlineStr"><is><t>_xD83D__xDE00_</t></is>', "\N{GRINNING FACE}"),
        ('" t="d"><v>2024-02-29</v>', "2024-02-29"),
    ],
)  # fmt: skip
def test_each_type_of_cell(tmp_path: Path, cell: str, value: Value) -> None:
    opening = cell if cell.startswith('"') else f'">{cell}'
    strings = '<si><t>plain</t></si><si><r><t>rich</t></r><r><t xml:space="preserve"> text</t></r></si>'
    cells = read(tmp_path, f'<row r="3"><c r="AB3{opening}</c></row>', strings=strings)
    assert cells.values == {(3, 28): value}
    assert type(cells.values[3, 28]) is type(value)


def test_phonetic_hints_are_left_out(tmp_path: Path) -> None:
    text = '<t>東京</t><rPh sb="0" eb="2"><t>とうきょう</t></rPh>'
    cells = read(
        tmp_path,
        f'<row r="1"><c r="A1" t="s"><v>0</v></c>{INLINE.format("B1", text)}</row>',
        strings=f"<si>{text}</si>",
    )
    assert cells.values == {(1, 1): "東京", (1, 2): "東京"}


def test_formulas(tmp_path: Path) -> None:
    cells = read(
        tmp_path,
        '<row r="1"><c r="A1"><f>SUM(map_1!B1:C1)&gt;0</f><v>1</v></c><c r="B1"><f>C1</f></c>'
        '<c r="C1"><f t="array" ref="C1:D1">TRANSPOSE(F1:F2)</f><v>3</v></c><c r="D1"><v>4</v></c></row>'
        '<row r="2"><c r="A2"><f t="shared" ref="A2:A4" si="0">B2*2</f><v>2</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="0"/><v>4</v></c></row>'
        '<row r="4"><c r="A4"><f t="shared" si="0"></f><v>6</v></c></row>',
    )
    assert cells.formulas == {
        (1, 1): "SUM(map_1!B1:C1)>0",
        (1, 2): "C1",
        (1, 3): "TRANSPOSE(F1:F2)",
        (2, 1): "B2*2",
        (3, 1): "",
        (4, 1): "",
    }
    assert cells.values == {(1, 1): 1, (1, 3): 3, (1, 4): 4, (2, 1): 2, (3, 1): 4, (4, 1): 6}


def test_blank_cells_hold_nothing(tmp_path: Path) -> None:
    cells = read(
        tmp_path,
        '<row r="1"/><row r="2"><c r="A2" s="0"/><c r="B2"><v/></c><c r="C2" t="s"><v></v></c></row>',
        strings="",
    )
    assert cells == SheetCells("map_1")


def test_positions_that_are_not_written_follow_the_last_one(tmp_path: Path) -> None:
    cells = read(
        tmp_path,
        "<row><c><v>1</v></c><c><v>2</v></c></row>"
        '<row r="5"><c r="C5"><v>3</v></c><c><v>4</v></c></row>'
        "<row><c><v>5</v></c></row>"
        '<row r="1048576"><c r="XFD1048576"><v>6</v></c></row>',
    )
    assert cells.values == {(1, 1): 1, (1, 2): 2, (5, 3): 3, (5, 4): 4, (6, 1): 5, (1048576, 16384): 6}


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("namespace", [rawbook.MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_prefixes_strict_files_and_encodings(
    tmp_path: Path, prefix: str, namespace: str, encoding: str
) -> None:
    declared = f'xmlns:{prefix[:-1]}="{namespace}"' if prefix else f'xmlns="{namespace}"'
    xml = f"""<?xml version="1.0" encoding="{encoding}"?>
        <!-- a comment --><P:worksheet {declared}>
          <P:sheetData>
            <P:row r="1"> <P:c r="A1"> <P:f> <![CDATA[B1<2]]></P:f> <P:v>1</P:v> </P:c>
            <P:c r="B1" t="inlineStr"> <P:is> <P:t>é</P:t> </P:is> </P:c> </P:row>
          </P:sheetData>
          <P:conditionalFormatting><P:c r="A1"><P:v>9</P:v></P:c></P:conditionalFormatting>
        </P:worksheet>""".replace("P:", prefix)
    replaced = {"xl/worksheets/sheet1.xml": xml.encode(encoding)}
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {"map_1": ""}, replaced=replaced)) as workbook:
        cells = workbook.sheet("map_1")
    assert cells.values == {(1, 1): 1, (1, 2): "é"}
    assert cells.formulas == {(1, 1): " B1<2"}


@pytest.mark.parametrize(
    "target",
    [
        "worksheets/sheet1.xml",
        "/xl/worksheets/sheet1.xml",
        "../xl/worksheets/Sheet1.XML",
        "./worksheets/%73heet1.xml",
    ],
)
def test_targets_of_relationships(tmp_path: Path, target: str) -> None:
    texts = rawbook.parts({"map_1": '<row r="1"><c r="A1"><v>1</v></c></row>'})
    rels = "xl/_rels/workbook.xml.rels"
    texts[rels] = texts[rels].replace("worksheets/sheet1.xml", target)
    with open_workbook(rawbook.write(tmp_path / "a.xlsx", texts)) as workbook:
        assert workbook.sheet("map_1").values == {(1, 1): 1}


def test_the_workbook_part_may_have_any_name(tmp_path: Path) -> None:
    texts = rawbook.parts(
        {"map_1": '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'}, strings="<si><t>x</t></si>"
    )
    texts = {
        name.replace("xl/", "book/").replace("workbook.xml", "b.xml"): text for name, text in texts.items()
    }
    texts["_rels/.rels"] = texts["_rels/.rels"].replace("xl/workbook.xml", "/book/b.xml")
    with open_workbook(rawbook.write(tmp_path / "a.xlsx", texts)) as workbook:
        assert workbook.sheet("map_1").values == {(1, 1): "x"}


def test_sheets_keep_their_order_and_are_parsed_once(tmp_path: Path) -> None:
    names = ("conv1_f02", "conv1_f01", "a&amp;b")
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", dict.fromkeys(names, ""))) as workbook:
        assert workbook.sheet_names == ("conv1_f02", "conv1_f01", "a&b")
        assert workbook.sheet("a&b") is workbook.sheet("a&b")


def test_a_sheet_that_does_not_exist(tmp_path: Path) -> None:
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {"conv1_f01": "", "pool1": ""})) as workbook:
        with pytest.raises(
            WorkbookError, match=r'a\.xlsx: there is no sheet "conv1_f1"; did you mean "conv1_f01"'
        ):
            workbook.sheet("conv1_f1")
        with pytest.raises(WorkbookError, match='it has "conv1_f01", "pool1"'):
            workbook.sheet("zzz")


def test_a_closed_workbook_says_so(tmp_path: Path) -> None:
    with open_workbook(rawbook.book(tmp_path / "a.xlsx", {"map_1": ""})) as workbook:
        pass
    with pytest.raises(WorkbookError, match="was closed"):
        workbook.sheet("map_1")


def test_what_openpyxl_writes(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([1, "=A1+1", True, "#N/A", None, "text"])
    sheet["A3"] = CellRichText("ca", TextBlock(InlineFont(b=True), "t"))
    book.create_chartsheet("chart_1")
    book.save(tmp_path / "a.xlsx")
    with open_workbook(tmp_path / "a.xlsx") as workbook:
        assert workbook.sheet_names == ("Sheet", "chart_1")
        cells = workbook.sheet("Sheet")
        assert workbook.sheet("chart_1") == SheetCells("chart_1")
    assert cells.values == {(1, 1): 1, (1, 3): True, (1, 4): CellError("#N/A"), (1, 6): "text", (3, 1): "cat"}
    assert cells.formulas == {(1, 2): "A1+1"}


def test_what_ironcalc_writes(tmp_path: Path) -> None:
    model = ironcalc.create("book", "en", "UTC", "en")
    for col, text in enumerate(("2.5", "=A1*2", '="a"&"b"', "=1/0", "word", "=A1>1"), 1):
        model.set_user_input(0, 1, col, text)
    model.evaluate()
    model.save_to_xlsx(str(tmp_path / "a.xlsx"))
    with open_workbook(tmp_path / "a.xlsx") as workbook:
        cells = workbook.sheet(workbook.sheet_names[0])
    assert [cells.values[1, col] for col in range(1, 7)] == [2.5, 5, "ab", CellError("#DIV/0!"), "word", True]
    assert sorted(cells.formulas) == [(1, 2), (1, 3), (1, 4), (1, 6)]


# What is not a workbook.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "not an .xlsx file.*save it as .xlsx"),
        (b"PK\x03\x04 and then nothing more", "not a complete .xlsx file.*download it again"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old .xls format; save it as .xlsx"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2**20 - 20) + "EncryptedPackage".encode("utf-16-le"),
            "is encrypted; open it with its password",
        ),
    ],
)
def test_files_of_another_kind(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(WorkbookError, match=rf"a\.xlsx: .*{message}"):
        open_workbook(path)


def test_a_directory_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="is a directory; name an"):
        open_workbook(tmp_path)
    with pytest.raises(WorkbookError, match=r"none\.xlsx: cannot be read \(No such file"):
        open_workbook(tmp_path / "none.xlsx")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"readme.txt": "x"}, "not an .xlsx file .xl/workbook.xml is missing"),
        ({"mimetype": b"application/vnd.oasis", "content.xml": "<a/>"}, "OpenDocument"),
        (
            {
                "_rels/.rels": f'<Relationships xmlns="{rawbook.PACKAGE}/relationships"><Relationship Id="a" '
                f'Type="{rawbook.RELATIONS}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
                "xl/workbook.bin": b"",
            },
            "binary workbook",
        ),
    ],
)
def test_archives_of_another_kind(tmp_path: Path, texts: dict[str, str | bytes], message: str) -> None:
    with pytest.raises(WorkbookError, match=message):
        open_workbook(rawbook.write(tmp_path / "a.xlsx", texts))


# What is damaged.

BOMB = (
    '<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    f'<worksheet xmlns="{rawbook.MAIN}"><sheetData><row r="1"><c r="A1" t="str"><v>&b;</v></c></row>'
    "</sheetData></worksheet>"
)
TWICE = rawbook.parts({"map_1": ""})["xl/workbook.xml"].replace(
    "</sheets>", '<sheet name="map_1" r:id="rId1"/></sheets>'
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('<row r="1"><c r="A1"><v>1</v></row>', "XML is broken: mismatched tag"),
        ('<row r="1"><c r="A1"><v>&unknown;</v></c></row>', "XML is broken: undefined entity"),
        (
            '<row r="1"><c r="A1"><v>1,5</v></c></row>',
            'sheet "map_1", row 1, column 1: "1,5" is not a number',
        ),
        ('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', '"7" is not the number of a shared string'),
        ('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', '"-1" is not the number of a shared string'),
        ('<row r="1"><c r="A1" t="q"><v>7</v></c></row>', '"q" is not a type of cell'),
        ('<row r="0"><c r="A0"><v>1</v></c></row>', 'row "0" does not exist'),
        ('<row r="1048577"/>', 'row "1048577" does not exist'),
        ('<row r="-2"/>', 'row "-2" does not exist'),
        ('<row r="2"><c r="A1"><v>1</v></c></row>', 'cell "A1" in row 2'),
        ('<row r="2"><c r="A12"><v>1</v></c></row>', 'cell "A12" in row 2'),
        ('<row r="1"><c r="XFE1"><v>1</v></c></row>', 'cell "XFE1" in row 1'),
        ('<row r="1"><c r="1"><v>1</v></c></row>', 'cell "1" in row 1'),
        ('<row r="1"><c r="XFD1"/><c><v>1</v></c></row>', "column 16385 in row 1"),
    ],
)
def test_damaged_cells(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(
        WorkbookError, match=rf"a?book\.xlsx: xl/worksheets/sheet1\.xml is damaged .*{message}.*; open it"
    ):
        read(tmp_path, data, strings="<si><t>only one</t></si>")


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("xl/worksheets/sheet1.xml", BOMB, "document type declaration"),
        ("xl/workbook.xml", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type declaration"),
        ("xl/sharedStrings.xml", "<!DOCTYPE sst><sst/>", "document type declaration"),
        ("xl/worksheets/sheet1.xml", b"", "no element found"),
        ("xl/worksheets/sheet1.xml", b"\x00\x01\x02", "XML is broken"),
        ("xl/worksheets/sheet1.xml", "<html/>", "<html> is not a sheet"),
        ("xl/worksheets/sheet1.xml", b'<?xml version="1.0" encoding="utf-7"?><a/>', "encodings are not"),
        ("xl/workbook.xml", "<workbook/>", "it lists no sheets"),
        ("xl/workbook.xml", TWICE, 'two sheets "map_1"'),
    ],
)
def test_damaged_parts(tmp_path: Path, part: str, content: str | bytes, message: str) -> None:
    data = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    path = rawbook.book(
        tmp_path / "a.xlsx", {"map_1": data}, strings="<si><t>x</t></si>", replaced={part: content}
    )
    expected = rf"a\.xlsx: {part} is damaged .*{message}.*; open it"
    with pytest.raises(WorkbookError, match=expected), open_workbook(path) as workbook:
        workbook.sheet("map_1")


def test_a_sheet_without_a_relationship(tmp_path: Path) -> None:
    replaced = {"xl/_rels/workbook.xml.rels": "<Relationships/>"}
    with pytest.raises(WorkbookError, match='it does not say where sheet "map_1" is'):
        open_workbook(rawbook.book(tmp_path / "a.xlsx", {"map_1": ""}, replaced=replaced))


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_missing_parts(tmp_path: Path, part: str) -> None:
    texts = rawbook.parts(
        {"map_1": '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'}, strings="<si><t>x</t></si>"
    )
    del texts[part]
    with (
        open_workbook(rawbook.write(tmp_path / "a.xlsx", texts)) as workbook,
        pytest.raises(WorkbookError, match=f"the part {part} is missing"),
    ):
        workbook.sheet("map_1")


def test_a_part_with_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:  # stored, so that a changed byte still unpacks
        for name, text in rawbook.parts({"map_1": '<row r="1"><c r="A1"><v>123456</v></c></row>'}).items():
            archive.writestr(name, text)
    path.write_bytes(path.read_bytes().replace(b"123456", b"123457"))
    with open_workbook(path) as workbook, pytest.raises(WorkbookError, match=r"sheet1\.xml is damaged .*CRC"):
        workbook.sheet("map_1")


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = rawbook.book(tmp_path / "a.xlsx", {"map_1": ""})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WorkbookError, match=r"not a complete \.xlsx file"):
        open_workbook(path)


# What is too large.


def test_the_limit_on_the_size_of_all_parts(tmp_path: Path) -> None:
    path = rawbook.book(tmp_path / "a.xlsx", {"map_1": '<row r="1"><c r="A1"><v>1</v></c></row>'})
    with pytest.raises(WorkbookError, match=r"unpacks to .* over the limit of 2,000; .*max_bytes"):
        open_workbook(path, max_bytes=2_000)
    with open_workbook(path, max_bytes=20_000) as workbook:
        assert workbook.sheet("map_1").values


def test_the_limit_on_the_compression_of_large_parts(tmp_path: Path) -> None:
    path = rawbook.book(tmp_path / "a.xlsx", {"map_1": " " * (70 * 2**20)})
    with pytest.raises(WorkbookError, match=r"sheet1.xml unpacks to [\d,]+ times its size.*max_ratio"):
        open_workbook(path)
    with open_workbook(path, max_ratio=2_000) as workbook:
        assert workbook.sheet("map_1") == SheetCells("map_1")


def test_repeated_shared_formulas_are_under_that_limit(tmp_path: Path) -> None:
    # The flattest sheet that can be built: a network of zeros. It is far from the limit of 250.
    cell = '<c r="{c}{r}" s="3"><f t="shared" si="{c}"/><v>0</v></c>'
    rows = (
        f'<row r="{r}">' + "".join(cell.format(c=c, r=r) for c in "ABCDEFGHIJ") + "</row>"
        for r in range(1, 20_001)
    )
    path = rawbook.book(tmp_path / "a.xlsx", {"map_1": "".join(rows)})
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    assert info.file_size / info.compress_size < 50


# Whatever is done to a file, reading it ends in cells or in a WorkbookError.


def sample() -> bytes:
    """A small workbook with a cell of each kind, stored so that changed bytes reach the parser."""
    data = (
        '<row r="1"><c r="A1"><v>1.5</v></c><c r="B1" t="s"><v>0</v></c><c r="C1" t="b"><v>1</v></c></row>'
        f'<row r="2"><c r="A2"><f>A1*2</f><v>3</v></c>{INLINE.format("B2", "<t>x</t>")}</row>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in rawbook.parts({"map_1": data}, strings="<si><t>s</t></si>").items():
            archive.writestr(name, text)
    return stream.getvalue()


SAMPLE = sample()


def flip(content: bytes, place: int, byte: int) -> bytes:
    return content[:place] + bytes([byte]) + content[place + 1 :]


def cut(content: bytes, place: int, _: int) -> bytes:
    return content[:place]


def drop(content: bytes, place: int, count: int) -> bytes:
    return content[:place] + content[place + count :]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    change=st.sampled_from([flip, cut, drop]),
    place=st.integers(0, len(SAMPLE) - 1),
    number=st.integers(0, 255),
)
def test_damage_anywhere(
    tmp_path: Path, change: Callable[[bytes, int, int], bytes], place: int, number: int
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(change(SAMPLE, place, number))
    try:
        with open_workbook(path) as workbook:
            for name in workbook.sheet_names:
                workbook.sheet(name)
    except WorkbookError as error:
        assert "a.xlsx: " in str(error)  # noqa: PT017 - an error is allowed, not demanded
