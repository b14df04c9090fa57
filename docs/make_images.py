"""Renders the pictures of the README from workbooks as they really look.

Needs LibreOffice and pdftoppm (Debian: libreoffice-calc-nogui, poppler-utils). Run it from anywhere:
`python docs/make_images.py`.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

import sheetcnn

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
EXAMPLE = ROOT / "examples" / "digits"
FOOTER = 0.93  # the page's footer is below this share of its height
EDGE = 12  # white pixels around a picture


def pages(book: Path, directory: Path, dpi: int) -> list[Path]:
    """Every printed page of a workbook as a picture, in the order of the sheets."""
    profile = (directory / "profile").as_uri()
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf",
         "--outdir", str(directory), str(book)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    pdf = directory / f"{book.stem}.pdf"
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", str(pdf), str(directory / book.stem)], check=True)
    return sorted(directory.glob(f"{book.stem}-*.png"))


def trimmed(page: Path, width: int) -> Image.Image:
    """A page without its footer and its white borders, at most `width` pixels wide."""
    with Image.open(page) as opened:
        image = opened.convert("RGB")
    image = image.crop((0, 0, image.width, int(image.height * FOOTER)))
    box = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    image = ImageOps.expand(image.crop(box), EDGE, "white")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    return image


def main() -> None:
    """Build the digits workbook, render it and keep three of its sheets."""
    model = sheetcnn.load(EXAMPLE / "digits.yaml")
    image = sorted((EXAMPLE / "images").glob("*.png"))[7]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        book = directory / "digits.xlsx"
        sheetcnn.build(model, image, book, relu="separate")
        sheets = _sheet_names(book)
        rendered = pages(book, directory, 130)
        for sheet, picture, width in (
            ("overview", "overview", 1600),
            ("conv1_f1", "feature_map", 1100),
            ("conv2_w", "weights", 1000),
        ):
            # Every sheet prints on one page: they are scaled to one page's width and are not long.
            trimmed(rendered[sheets.index(sheet)], width).save(IMAGES / f"{picture}.png", optimize=True)


def _sheet_names(book: Path) -> tuple[str, ...]:
    from sheetcnn.xlsx.read import open_workbook

    with open_workbook(book) as opened:
        return opened.sheet_names


if __name__ == "__main__":
    main()
