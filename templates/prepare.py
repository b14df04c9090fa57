"""How the digits of 8x8 pixels become the image that a starter takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def prepare(images: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Scale images to another size, by Pillow's bilinear filter.

    Args:
        images: `(N, h, w)`, grey levels from 0 to 255.
        height: of the network's input.
        width: of the network's input.

    Returns:
        `(N, height, width)`, grey levels; images that have this size already are left as they are.
    """
    scaled = (Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR) for image in images)
    return np.stack([np.asarray(image) for image in scaled])
