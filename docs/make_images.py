"""Renders the pictures of the README and of docs/ from workbooks as they really look.

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
HEADER = 0.09  # the page's header is above this share of its shorter side
FOOTER = 0.9  # its footer is below this share of its height
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
        # The header alone: the sheet's name.
        part = ["-r", dpi, "-x", 0, "-y", 0, "-W", width, "-H", int(min(width, height) * HEADER)]
        command = ["pdftotext", *map(str, part), "-f", str(number), "-l", str(number), str(pdf), "-"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        sheet = next(word for word in text.split() if word in names)
        found.setdefault(sheet, picture)
    return found


def trimmed(page: Path, width: int) -> Image.Image:
    """A page without its header, its footer and its white borders, at most `width` pixels wide."""
    with Image.open(page) as opened:
        image = opened.convert("RGB")
    image = image.crop((0, int(min(image.size) * HEADER), image.width, int(image.height * FOOTER)))
    box = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    image = ImageOps.expand(image.crop(box), EDGE, "white")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    return image


# Workbook: (sheet, picture, most pixels across).
PICTURES = {
    "digits": (
        ("overview", "overview", 1600),
        ("input_image", "input_image", 900),
        ("conv2_w", "weights", 1000),
        ("conv2_gallery", "gallery", 1100),
        ("conv2_trace", "trace", 1300),
        ("pool1_trace", "trace_pool", 900),
        ("fc_trace", "trace_dense", 1100),
        ("softmax_trace", "trace_softmax", 900),
        ("receptive_field", "receptive_field", 1100),
        ("as_built", "as_built", 1200),
        ("notes", "notes", 1100),
    ),
    "separate": (("conv1_f1", "feature_map", 1100),),
    "tiny_vgg": (("conv_1_2_gallery", "gallery_tiny_vgg", 1100),),
}


def main() -> None:
    """Build the workbooks, render them and keep some of their sheets."""
    images = sorted((EXAMPLE / "images").glob("*.png"))
    samples = [images[7], *images[::2]]
    digits = sheetcnn.load(EXAMPLE / "digits.yaml")
    starter = ROOT / "templates" / "tiny_vgg"
    with tempfile.TemporaryDirectory() as name:
        for book, pictures in PICTURES.items():
            directory = Path(name) / book
            directory.mkdir()
            path = directory / f"{book}.xlsx"
            if book == "digits":
                sheetcnn.build(digits, samples[0], path, samples=samples[1:])
            elif book == "separate":
                sheetcnn.build(digits, samples[0], path, relu="separate", pages=())
            else:
                image = sorted((starter / "images").glob("*.png"))[3]
                sheetcnn.build(sheetcnn.load(starter / "tiny_vgg.yaml"), image, path)
            rendered = pages(path, directory, 130)
            for sheet, picture, width in pictures:
                shown = trimmed(rendered[sheet], width).quantize(128)  # a third of the bytes
                shown.save(IMAGES / f"{picture}.png", optimize=True)


if __name__ == "__main__":
    main()
