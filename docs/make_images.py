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
from sheetcnn.xlsx.read import open_workbook

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
EXAMPLE = ROOT / "examples" / "digits"
FOOTER = 0.9  # the page's footer is below this share of its height
EDGE = 12  # white pixels around a picture


def pages(book: Path, directory: Path, dpi: int) -> dict[str, Path]:
    """The first printed page of every sheet as a picture."""
    profile = (directory / "profile").as_uri()
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf",
         "--outdir", str(directory), str(book)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    pdf = directory / f"{book.stem}.pdf"
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", str(pdf), str(directory / book.stem)], check=True)
    found: dict[str, Path] = {}
    with open_workbook(book) as opened:
        names = set(opened.sheet_names)
    for number, picture in enumerate(sorted(directory.glob(f"{book.stem}-*.png")), 1):
        with Image.open(picture) as opened_page:
            width, height = opened_page.size
        # The footer alone: sheet and page number.
        part = ["-r", dpi, "-x", 0, "-y", int(height * FOOTER), "-W", width, "-H", height]
        command = ["pdftotext", *map(str, part), "-f", str(number), "-l", str(number), str(pdf), "-"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        sheet = next(word for word in text.split() if word in names)
        found.setdefault(sheet, picture)
    return found


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
    """Build the digits workbook, render it and keep some of its sheets."""
    model = sheetcnn.load(EXAMPLE / "digits.yaml")
    image = sorted((EXAMPLE / "images").glob("*.png"))[7]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        book = directory / "digits.xlsx"
        sheetcnn.build(model, image, book, relu="separate")
        rendered = pages(book, directory, 130)
        for sheet, picture, width in (
            ("overview", "overview", 1600),
            ("conv1_f1", "feature_map", 1100),
            ("conv2_w", "weights", 1000),
            ("conv2_trace", "trace", 1400),
            ("receptive_field", "receptive_field", 1200),
        ):
            trimmed(rendered[sheet], width).save(IMAGES / f"{picture}.png", optimize=True)


if __name__ == "__main__":
    main()
