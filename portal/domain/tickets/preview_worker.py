"""Drawing: a process of its own that opens a stranger's picture and draws its pixels anew. `pictures` starts it.

    python drawing.py ORIGINAL DRAWN

Nothing but pixels goes over: no place, no name of a camera, no second frame, no bytes hidden behind the picture. What
the picture does to the libraries that open it, it does to a process with little memory and time and nothing to steal.
"""

import resource
import sys

from PIL import Image, ImageOps

REFUSED = 3  # exit code: this is no picture we draw, now or later

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MOST_PIXELS = 64_000_000  # of the original: a phone's camera, not a bomb
LONGEST_SIDE = 8_192  # pixels of the drawn one
MOST_MEMORY = 2**30  # bytes of addresses
MOST_SECONDS = 20  # of computing
MOST_BYTES = 2**26  # of the drawn file
EXACT = ("PNG", "GIF", "BMP")  # screens and letters: drawn without loss, unless that would take long
MOST_EXACT = 8_000_000  # pixels


def main(original: str, drawn: str) -> int:
    _limit()
    try:
        picture, exact = _opened(original)
    except Exception:  # whatever a library says about a hostile file, it means the same
        return REFUSED
    picture.save(drawn, "WEBP", lossless=exact, quality=50 if exact else 85, method=1 if exact else 3)
    return 0


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _opened(path: str) -> tuple[Image.Image, bool]:
    """The first frame the right way up, as bare pixels; and whether it is drawn without loss."""
    with Image.open(path, formats=FORMATS) as source:
        if source.width * source.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        exact = source.format in EXACT
        has_holes = source.has_transparency_data
        source.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(source)
        upright = upright.convert("RGBA" if has_holes else "RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new(upright.mode, upright.size)
    bare.paste(upright)
    return bare, exact and bare.width * bare.height <= MOST_EXACT


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
