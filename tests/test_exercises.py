"""Exercises: answers recomputed from what is shown, checks driven in three calculators, a class graded."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from math import exp
from pathlib import Path

import digits_reference as digits
import numpy as np
import package_edit as pe
import pytest
from conftest import Cli
from openxml import validate
from requirements import require

import sheetcnn
from sheetcnn import calculators
from sheetcnn.calculators import get
from sheetcnn.model.graph import Model
from sheetcnn.teaching.exercises.classset import file_names, read_roster, seed_of
from sheetcnn.teaching.exercises.fingerprint import Salt
from sheetcnn.teaching.exercises.grading import EMPTY, NO_NUMBER, RIGHT, WRONG
from sheetcnn.teaching.exercises.kinds import KINDS, draw
from sheetcnn.teaching.exercises.question import MISTAKES, Question
from sheetcnn.teaching.exercises.workbook import RIGHT as RIGHT_WORDS
from sheetcnn.teaching.exercises.workbook import SHEET, AnswerCell, student_workbook
from sheetcnn.teaching.exercises.workbook import WRONG as WRONG_WORDS
from sheetcnn.teaching.paper.document import Figure, Figures, Table

SEEDS = range(25)


@pytest.fixture(scope="module")
def model() -> Model:
    return sheetcnn.load(digits.SPEC)


def questions_of(model: Model, kind: str) -> list[Question]:
    return [draw(model, [kind], 1, [seed])[0] for seed in SEEDS]


def figures(question: Question) -> list[Figure]:
    return [f for part in question.exhibits if isinstance(part, Figures) for f in part.figures]


def numbers(words: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", words.replace("−", "-").replace(",", ""))]


# --- Each answer and each mistake, from what the student sees ------------------------------------


def pixel(question: Question) -> list[tuple[float, dict[str, float]]]:
    one, two, first, second = (f.values for f in figures(question))
    bias = numbers(question.words[0])[-1]
    row, col = (int(n) for n in numbers(question.words[1])[:2])

    def total(x: np.ndarray, k: np.ndarray, off: int = 0, flip: bool = False) -> float:
        found = 0.0
        for u in range(3):
            for v in range(3):
                # The last window reaches beyond the map; the mistaken one stops there.
                y, z = min(row - 1 + off, 3) + u - 1, min(col - 1 + off, 3) + v - 1
                if 0 <= y < 4 and 0 <= z < 4:
                    found += x[y, z] * (k[2 - u, 2 - v] if flip else k[u, v])
        return found

    a, b = total(one, first), total(two, second)
    return [
        (
            max(0.0, a + b + bias),
            {
                "bias": max(0.0, a + b),
                "relu": a + b + bias,
                "relu_each": max(0.0, max(0.0, a) + max(0.0, b) + bias),
                "one_channel": max(0.0, a + bias),
                "flipped": max(0.0, total(one, first, flip=True) + total(two, second, flip=True) + bias),
                "padding": max(0.0, total(one, first, 1) + total(two, second, 1) + bias),
            },
        )
    ]


def size(question: Question) -> list[tuple[float, dict[str, float]]]:
    n, _, k, _, s, p = (int(x) for x in numbers(question.words[0]))
    places = [x for x in range(-p, n + p, s) if x + k <= n + p]
    return [
        (
            float(len(places)),
            {
                "padding_once": float(len([x for x in range(0, n + p, s) if x + k <= n + p])),
                "padding": float(len([x for x in range(0, n, s) if x + k <= n])),
                "stride": float(n + 2 * p - k + 1),
                "plus_one": float(len(places) - 1),
                "rounded_up": float(-((k - n - 2 * p) // s) + 1),
            },
        )
    ]


def counting(question: Question) -> list[tuple[float, dict[str, float]]]:
    maps, filters, kh, kw, high, wide = (int(n) for n in numbers(question.words[0])[-6:])
    weights = sum(1 for _ in range(filters) for _ in range(maps) for _ in range(kh) for _ in range(kw))
    shared = filters * kh * kw
    return [
        (
            weights + filters,
            {"bias": weights, "one_channel": shared + filters, "bias_each": weights + filters * maps},
        ),
        (weights * high * wide, {"pixels": weights, "one_channel": shared * high * wide}),
    ]


def field(question: Question) -> list[tuple[float, dict[str, float]]]:
    (table,) = [b for b in question.exhibits if isinstance(b, Table)]
    layers = [(int(row[1].split("×")[0]), int(row[2])) for row in table.rows]

    def rows(strides: bool) -> int:
        low = high = 0  # of the one pixel of the last layer, back to the input
        for k, s in reversed(layers):
            step = s if strides else 1
            low, high = low * step, high * step + k - 1
        return high - low + 1

    return [(rows(True), {"stride": rows(False), "last_only": layers[-1][0]})]


def which(question: Question) -> list[tuple[float, dict[str, float]]]:
    x, made, *kernels = (f.values for f in figures(question))

    def apply(k: np.ndarray) -> np.ndarray:
        return np.array(
            [
                [sum(x[i + u, j + v] * k[u, v] for u in range(3) for v in range(3)) for j in range(6)]
                for i in range(6)
            ]
        )

    fits = [n for n, k in enumerate(kernels, 1) if np.array_equal(apply(k), made)]
    turned = [n for n, k in enumerate(kernels, 1) if np.array_equal(apply(k), -made)]
    assert len(fits) == len(turned) == 1
    return [(fits[0], {"flipped": turned[0]})]


def pool(question: Question) -> list[tuple[float, dict[str, float]]]:
    (x,) = (f.values for f in figures(question))
    found = []
    for i in (0, 2):
        for j in (0, 2):
            four = [x[i, j], x[i, j + 1], x[i + 1, j], x[i + 1, j + 1]]
            best, mean = max(four), sum(four) / 4
            if "max pooling" in question.words[0]:
                found.append((best, {"mean": mean, "whole_map": x.max()}))
            else:
                found.append((mean, {"greatest": best, "whole_map": x.sum() / 16}))
    return found


def formula(question: Question) -> list[tuple[float, dict[str, float]]]:
    letter, top = re.search(r"input_f1!([A-Z])(\d+)", question.words[0]).groups()  # type: ignore[union-attr]
    stride = int(numbers(question.words[0])[-1])
    row, col = (int(n) for n in numbers(question.words[1])[:2])
    first, left = int(top), ord(letter) - 64
    for _ in range(row - 1):
        first += stride
    for _ in range(col - 1):
        left += stride
    start, begin = int(top), ord(letter) - 64
    return [
        (
            first,
            {"stride": start + row - 1, "swapped": start + (col - 1) * stride, "padding": first + stride},
        ),
        (left, {"stride": begin + col - 1, "swapped": begin + (row - 1) * stride, "padding": left + stride}),
    ]


def softmax(question: Question) -> list[tuple[float, dict[str, float]]]:
    values = numbers(question.words[0])
    printed = {0: 1.0, -1: 0.37, -2: 0.14, -3: 0.05}
    assert all(abs(exp(k) - v) < 0.006 for k, v in printed.items())
    exps = [printed[int(v - max(values))] for v in values]
    exact = [exp(v - max(values)) for v in values]
    found = []
    for e, x, v in zip(exps, exact, values, strict=True):
        # Who computes with exact exponentials is right too.
        assert abs(e / sum(exps) - x / sum(exact)) < 0.0149
        found.append((e / sum(exps), {"no_sum": e, "no_exp": v / sum(values) if sum(values) else 0.0}))
    return found


def model_pixel(question: Question) -> list[tuple[float, dict[str, float]]]:
    pairs = [f.values for f in figures(question)]
    bias = numbers(question.words[0])[-1]
    parts, flipped = [], 0.0
    for x, k in zip(pairs[::2], pairs[1::2], strict=True):
        high, wide = k.shape
        parts.append(sum(float(x[u, v] * k[u, v]) for u in range(high) for v in range(wide)))
        flipped += sum(
            float(x[u, v] * k[high - 1 - u, wide - 1 - v]) for u in range(high) for v in range(wide)
        )
    z = sum(parts) + bias
    assert "after ReLU" in question.words[1]
    mistakes = {
        "bias": max(0.0, z - bias),
        "flipped": max(0.0, flipped + bias),
        "relu": z,
        "relu_each": max(0.0, sum(max(0.0, p) for p in parts) + bias),
        "one_channel": max(0.0, parts[0] + bias),
    }
    return [(max(0.0, z), mistakes)]


ORACLES: dict[str, Callable[[Question], Sequence[tuple[float, dict[str, float]]]]] = {
    "pixel": pixel,
    "size": size,
    "counting": counting,
    "field": field,
    "which": which,
    "pool": pool,
    "formula": formula,
    "softmax": softmax,
    "model_pixel": model_pixel,
}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_and_mistakes_follow_from_what_is_shown(kind: str, model: Model) -> None:
    seen: set[str] = set()
    for question in questions_of(model, kind):
        expected = ORACLES[kind](question)
        assert len(expected) == len(question.numbers)
        for asked, (answer, mistakes) in zip(question.numbers, expected, strict=True):
            assert asked.answer == pytest.approx(answer, abs=1e-9)
            assert asked.judge(answer) == "right"
            assert {name for name, _ in asked.mistakes} <= set(MISTAKES)
            for name, value in asked.mistakes:
                assert value == pytest.approx(mistakes[name], abs=1e-9), (question, name)
            for name, value in asked.distinct:
                assert asked.judge(value) == name
                seen.add(name)
            strange = max(abs(v) for v in (answer, *mistakes.values())) * 3 + 17
            assert asked.judge(strange) == "wrong"
    assert len(seen) >= {"which": 1}.get(kind, 2)


def test_every_kind_has_an_oracle() -> None:
    assert set(ORACLES) == set(KINDS)


# --- The workbook in the calculators ------------------------------------------------------------------


def typed(path: Path, target: Path, cells: dict[str, object]) -> Path:
    """A copy in which these were typed: numbers, texts or formulas."""
    edits = {}
    for cell, value in cells.items():
        if isinstance(value, str):
            edits[SHEET, cell] = computed(value[1:]) if value.startswith("=") else pe.text(value)
        else:
            edits[SHEET, cell] = pe.number(float(value))  # type: ignore[arg-type]
    return pe.edit(path, target, edits)


def computed(formula: str) -> pe.Change:
    """A sum typed as a formula, with the value that a spreadsheet program saves with it."""

    def change(xml: str) -> str:
        return pe.formula(formula)(xml).replace("</f>", f"</f><v>{sum(map(float, formula.split('+')))!r}</v>")

    return change


def attempts(placed: list[AnswerCell]) -> list[dict[str, tuple[object, str]]]:
    """What is typed into each cell in one copy after the other, and what the cell beside must say."""
    rounds: list[dict[str, tuple[object, str]]] = []
    for n in range(max(len(p.asked.distinct) for p in placed) + 5):
        cells: dict[str, tuple[object, str]] = {}
        for p in placed:
            a = p.asked
            cases: list[tuple[object, str]] = [
                (a.answer, RIGHT_WORDS),
                (987.25, WRONG_WORDS),
                (-1e300, WRONG_WORDS),
            ]
            cases += [("three", "type a number"), (f"={a.answer!r}+0", RIGHT_WORDS)]
            cases += [(value, f"✗ {MISTAKES[name]}") for name, value in a.distinct]
            if n < len(cases):
                cells[p.cell] = cases[n]
        rounds.append(cells)
    return rounds


@pytest.mark.parametrize("calculator", calculators.NAMES)
def test_what_is_typed_is_judged_in_the_workbook(calculator: str, model: Model, tmp_path: Path) -> None:
    require(calculator, any(c.name == calculator for c in calculators.installed()))
    path = tmp_path / "exercise.xlsx"
    questions = draw(model, list(KINDS), len(KINDS), [3])
    placed = student_workbook(path, "Exercises", "Ann", "id", questions, [3])
    rounds = attempts(placed)
    books = [
        typed(path, tmp_path / f"{n}.xlsx", {cell: what for cell, (what, _) in cells.items()})
        for n, cells in enumerate(rounds)
    ]
    seen = set()
    for values, cells in zip(get(calculator).recalculate([path, *books]), [{}, *rounds], strict=True):
        with values:
            for p in placed:
                found = values.block(SHEET, p.row, p.col + 2, 1, 1)[0][0]
                expected = cells.get(p.cell, (None, ""))[1]
                assert (found or "") == expected, (calculator, p.asked.label, cells.get(p.cell))
                seen.add(expected)
    hints = {f"✗ {MISTAKES[name]}" for p in placed for name, _ in p.asked.distinct}
    assert seen == {"", RIGHT_WORDS, WRONG_WORDS, "type a number"} | hints
    assert len(hints) >= 12


def test_grading_recognises_what_the_workbook_does(model: Model, tmp_path: Path) -> None:
    """Of every kind: the answer, every mistake, and numbers that are neither."""
    made = sheetcnn.exercise(model, tmp_path / "set", seed=3)
    placed = student_workbook(
        tmp_path / "same.xlsx", "t", "", "id", draw(model, list(KINDS), len(KINDS), seed_of(3, "")), [1]
    )
    (student,) = json.loads((made.directory / "key.json").read_text())["students"]
    assert [a["cell"] for a in student["asked"]] == [p.cell for p in placed]
    words = {RIGHT_WORDS: RIGHT, WRONG_WORDS: WRONG, "type a number": NO_NUMBER}
    for n, cells in enumerate(attempts(placed)):
        back = tmp_path / f"back{n}"
        back.mkdir()
        typed(made.workbooks[0], back / "a.xlsx", {cell: what for cell, (what, _) in cells.items()})
        (row,) = sheetcnn.grade(back, made.directory / "key.json").rows
        expected = [
            words.get(said, said.removeprefix("✗ "))
            for said in (cells.get(p.cell, ("", EMPTY))[1] for p in placed)
        ]
        assert list(row.marks) == expected
        assert row.right == expected.count(RIGHT)


def test_the_answers_do_not_stand_in_the_file(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "exercise.xlsx"
    kinds = ["counting", "model_pixel", "size"]
    placed = student_workbook(path, "Exercises", "", "id", draw(model, kinds, 3, [8]), [8])
    parts = pe.read_parts(path)
    sheets = {name: parts[part].decode() for name, part in pe.sheet_parts(parts).items()}
    for one in placed:
        if one.asked.answer < 20:
            continue
        for text in (
            f"{one.asked.answer:g}",
            f"{one.asked.units(one.asked.answer)}",
            f"{one.asked.answer!r}",
        ):
            for name, xml in sheets.items():
                plain = re.sub(r'\b(r|s|ref|sqref|width|ht|spans|count)="[^"]*"', "", xml)
                assert not re.search(rf"(?<![\d.]){re.escape(text)}(?![\d.])", plain), (name, text)
    assert b'state="veryHidden"' in parts["xl/workbook.xml"]
    assert "<sheetProtection" in sheets[SHEET]


def test_fingerprints_are_different(model: Model) -> None:
    salt = Salt.drawn(np.random.default_rng(1))
    assert len({salt.fingerprint(n) for n in range(-5000, 5000)}) > 9990
    assert salt.fingerprint(10**15) == salt.fingerprint(10**16)


# --- A class ----------------------------------------------------------------------------------------

NAMES = [f"Student {n:02d}" for n in range(1, 28)] + ["=cmd|' /C calc'!A0", "Zoë Ångström", "李 明"]


@pytest.fixture(scope="module")
def class_set(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class") / "set"
    sheetcnn.exercise(model, folder, seed=5, roster=NAMES, kinds=["pixel", "size", "pool"], count=3)
    return folder


def test_every_student_has_a_variant(class_set: Path) -> None:
    book = json.loads((class_set / "key.json").read_text())
    assert [s["name"] for s in book["students"]] == NAMES
    answers = [tuple(a["answer"] for a in s["asked"]) for s in book["students"]]
    assert len(set(answers)) == 30
    assert len({s["id"] for s in book["students"]}) == 30
    workbooks = sorted(class_set.glob("*.xlsx"))
    assert len(workbooks) == len(list(class_set.glob("*.pdf"))) - 1 == 30
    assert len({pe.sheet_xml(path, SHEET) for path in workbooks}) == 30
    assert validate(workbooks[:2]) == []


def test_a_class_is_graded(class_set: Path, tmp_path: Path, cli: Cli) -> None:
    """All right, mistakes, a damaged file, an empty one, another student's, a stranger; the rest missing."""
    book = json.loads((class_set / "key.json").read_text())
    students = book["students"]
    back = tmp_path / "back"
    back.mkdir()

    def answered(n: int, name: str, change: dict[int, object] | None = None) -> None:
        asked = students[n]["asked"]
        cells = {a["cell"]: a["answer"] for a in asked} | {
            asked[m]["cell"]: v for m, v in (change or {}).items()
        }
        typed(class_set / students[n]["file"], back / name, cells)

    answered(0, "all right.xlsx")
    mistakes = students[1]["asked"][0]["mistakes"]
    answered(1, students[1]["file"], {0: mistakes[0][1], 1: 12345.0, 2: "ten"})
    (back / students[2]["file"]).write_bytes(b"PK\x03\x04 no workbook at all")
    (back / students[3]["file"]).write_bytes((class_set / students[3]["file"]).read_bytes())
    answered(4, students[5]["file"])  # sent in under the name of the next
    answered(6, students[6]["file"])
    answered(6, "copy of it.xlsx", {0: 5555.0})
    sheetcnn.build(sheetcnn.load(digits.SPEC), digits.IMAGES[0], back / "network.xlsx", pages=())
    answered(7, students[7]["file"], {1: f"={students[7]['asked'][1]['answer']}+0"})
    done = cli("grade", back, "--key", class_set / "key.json")
    assert done.status == 0, done.err
    with (back / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    count = len(students[0]["asked"])
    marks = [list(row.values())[4:-1] for row in rows]
    assert [row["name"].lstrip("'") for row in rows[:30]] == NAMES
    assert (rows[0]["file"], rows[0]["right"], rows[0]["note"]) == ("all right.xlsx", str(count), "")
    assert marks[0] == [RIGHT] * count
    assert marks[1][:3] == [MISTAKES[mistakes[0][0]], WRONG, NO_NUMBER]
    assert rows[1]["right"] == str(count - 3)
    assert rows[2]["right"] == "0"
    assert "cannot be read" in rows[2]["note"]
    assert marks[3] == [EMPTY] * count
    assert (rows[4]["right"], rows[4]["file"]) == (str(count), students[5]["file"])
    assert f"{students[5]['file']} is the exercise of {NAMES[4]}" in rows[5]["note"]
    assert rows[5]["right"] == "0"
    assert (rows[6]["right"], rows[6]["note"]) == (str(count), "not counted: copy of it.xlsx")
    assert "answers given as formulas" in rows[7]["note"]
    assert all(row["note"] == "no submission" for row in rows[8:30])
    assert [(row["file"], row["name"]) for row in rows[30:]] == [("network.xlsx", "")]
    assert "is not an exercise of sheetcnn" in rows[30]["note"]
    assert rows[27]["name"] == "'" + NAMES[27]
    assert validate([back / "grades.xlsx"]) == []
    again = cli("grade", back, "--key", class_set / "key.json")  # its own table is not taken for a student's
    assert again.status == 0
    assert "=cmd" in again.out


def test_the_same_seed_gives_the_same_bytes(model: Model, tmp_path: Path) -> None:
    for n in range(2):
        sheetcnn.exercise(model, tmp_path / f"{n}", seed=4, roster=["Ann", "Bob"], kinds=["pixel", "which"])
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / f"{n}").iterdir()} for n in range(2))
    assert first == second
    sheetcnn.exercise(model, tmp_path / "other", seed=5, roster=["Ann"], kinds=["pixel", "which"])
    assert (tmp_path / "other" / "Ann.pdf").read_bytes() != first["Ann.pdf"]


# --- Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no name"),
        ("name\n", "holds no name"),
        ("name\nAnn\nann\n", "ann occurs twice"),
        ("id,name\n1,Ann\n2,\n", "line 3 has no name"),
        ("name\nZo\xeb\n", "is not UTF-8"),
    ],
)
def test_a_faulty_roster_is_refused(text: str, words: str, tmp_path: Path, cli: Cli) -> None:
    roster = tmp_path / "r.csv"
    roster.write_bytes(text.encode("latin-1"))
    done = cli("exercise", digits.SPEC, "-o", tmp_path / "x", "--roster", roster)
    assert (done.status, (tmp_path / "x").exists()) == (2, False)
    assert words in done.err


def test_rosters_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes("\ufeffclass;name\r\n7a;Ann  Lee\r\n\r\n7b;Zoë\r\n".encode())
    assert read_roster(path) == ["Ann Lee", "Zoë"]
    path.write_text("Ann\nBob\n")
    assert read_roster(path) == ["Ann", "Bob"]
    assert file_names(["../a", "A", "key", "=x", "??"]) == ["a", "A_2", "key_2", "x", "student"]


def test_the_command_refuses_what_it_cannot_do(cli: Cli, tmp_path: Path, digits_workbook: Path) -> None:
    out = tmp_path / "x"
    assert cli("exercise", digits.SPEC, "-o", out, "--kinds", "size", "--count", "2").status == 0
    assert "exists already; name a new directory" in cli("exercise", digits.SPEC, "-o", out).err
    unknown = cli("exercise", digits.SPEC, "-o", tmp_path / "y", "--kinds", "size,colour")
    assert f"there is no kind 'colour'; there are {', '.join(KINDS)}" in unknown.err
    assert (
        "0 questions cannot be asked" in cli("exercise", digits.SPEC, "-o", tmp_path / "y", "--count", 0).err
    )
    assert not (tmp_path / "y").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert "name the teacher's key.json with --key" in cli("grade", tmp_path).err
    (tmp_path / "key.json").write_text('{"format": 1}')
    assert "is damaged or not a key of sheetcnn exercise" in cli("grade", tmp_path).err
    assert "is not a directory" in cli("grade", tmp_path / "none").err
    refused = cli("verify", out / "exercise.xlsx")
    assert (refused.status, "is an exercise, which holds no network" in refused.err) == (2, True)


def test_a_model_without_small_convolutions_has_the_other_kinds(tmp_path: Path) -> None:
    from test_interleaved import network

    net = network(
        [{"name": "f", "kind": "flatten"}, {"name": "d", "kind": "dense", "units": 2}], (1, 3, 3), ["d"]
    )
    made = sheetcnn.exercise(net, tmp_path / "x")
    book = json.loads((made.directory / "key.json").read_text())
    assert [q["kind"] for q in book["students"][0]["questions"]] == [k for k in KINDS if k != "model_pixel"]
