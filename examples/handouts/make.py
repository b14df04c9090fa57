"""Makes the samples in this directory: a handout, an exercise with its key, the page of a lesson.

Needs the extra `sheetcnn[handouts]`. Run it from anywhere: `python examples/handouts/make.py`. With
`--pictures` it also renders some pages for the documentation (needs pdftoppm).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

import sheetcnn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DIGITS = ROOT / "examples" / "digits"
IMAGES = ROOT / "docs" / "images"
# Sample: (page, picture).
PICTURES = {
    "handout_digits.pdf": (3, "handout"),
    "worksheet.pdf": (1, "worksheet"),
    "key.pdf": (1, "key"),
    "lesson_readings.pdf": (1, "lesson"),
}


def main() -> None:
    """Write the samples and, if asked, the pictures."""
    image = sorted((DIGITS / "images").glob("*.png"))[7]
    sheetcnn.handout(DIGITS, HERE / "handout_digits.pdf", image=image)
    sheetcnn.handout(DIGITS, HERE / "handout_digits_de.md", image=image, language="de", pixel="conv2:6,4,3")
    with tempfile.TemporaryDirectory() as folder:
        made = sheetcnn.exercise(DIGITS, Path(folder) / "set", seed=3)
        for path, name in (
            (made.worksheets[0], "worksheet.pdf"),
            (made.key, "key.pdf"),
            (made.workbooks[0], "exercise.xlsx"),
        ):
            (HERE / name).write_bytes(path.read_bytes())
    for name in ("readings", "relu"):
        sheetcnn.lesson(name, HERE / f"lesson_{name}.pdf")
    sheetcnn.lesson("readings", HERE / "lesson_readings.xlsx")
    if "--pictures" in sys.argv[1:]:
        for sample, (page, picture) in PICTURES.items():
            render(HERE / sample, page, IMAGES / f"{picture}.png")


def render(path: Path, page: int, picture: Path) -> None:
    """A page without its white borders."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page"
        command = ["pdftoppm", "-r", "90", "-png", "-singlefile", "-f", str(page), "-l", str(page)]
        subprocess.run([*command, str(path), str(target)], check=True)
        with Image.open(target.with_suffix(".png")) as opened:
            image = opened.convert("RGB")
    box = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    ImageOps.expand(image.crop(box), 12, "white").quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main()
