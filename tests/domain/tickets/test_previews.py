"""A stranger's picture reaches nobody: its pixels do, drawn anew by a process with little memory and time."""

import io
import struct
import zlib
from hashlib import sha256

import pytest
from PIL import Image

from portal.domain.tickets import preview_worker, previews
from portal.domain.tickets.attachments import ARRIVING, path_of

GPS = 0x8825


@pytest.fixture
def put(tmp_path):
    def put(data: bytes) -> str:
        digest = sha256(data).hexdigest()
        path_of(tmp_path, digest).parent.mkdir(exist_ok=True)
        path_of(tmp_path, digest).write_bytes(data)
        return digest

    return put


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo(size=(40, 20)) -> Image.Image:
    return Image.radial_gradient("L").resize(size).convert("RGB")


def test_nothing_but_pixels_goes_over(put, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "XQCAMERAQX"
    exif.get_ifd(GPS)[2] = (50.0, 5.0, 14.0)
    data = saved(photo(), "JPEG", exif=exif, comment=b"XQCOMMENTQX") + b"<script>alert(1)</script>"
    drawn = previews.drawn(tmp_path, put(data))
    assert b"XQ" not in drawn.read_bytes()
    assert b"script" not in drawn.read_bytes()
    with Image.open(drawn) as picture:
        assert (picture.format, picture.size) == ("WEBP", (40, 20))
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & picture.info.keys()


def test_a_picture_held_sideways_stands_upright(put, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by a quarter
    with Image.open(previews.drawn(tmp_path, put(saved(photo(), "JPEG", exif=exif)))) as picture:
        assert picture.size == (20, 40)


def test_a_screen_keeps_its_letters_and_its_holes(put, tmp_path):
    screen = Image.effect_noise((64, 64), 80).convert("RGBA")
    screen.putpixel((0, 0), (0, 0, 0, 0))
    with Image.open(previews.drawn(tmp_path, put(saved(screen, "PNG")))) as picture:
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0
        assert picture.convert("RGB").crop((1, 1, 64, 64)).tobytes() == (
            screen.convert("RGB").crop((1, 1, 64, 64)).tobytes()
        )


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_what_moves_is_shown_as_its_first_frame(put, tmp_path, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=10)
    with Image.open(previews.drawn(tmp_path, put(data))) as picture:
        assert getattr(picture, "n_frames", 1) == 1
        red, green, blue = picture.convert("RGB").getpixel((4, 4))
        assert red > 250
        assert green + blue < 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_drawn(put, tmp_path, mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = Image.new(mode, (8, 8)) if mode == "I;16" else photo((8, 8)).convert(mode)
    assert previews.drawn(tmp_path, put(saved(picture, kind)))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has so many pixels, and does."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    rows = b"".join([packer.compress(bytes(width // 8 + 1)) for _ in range(height)] + [packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        saved(photo(), "TIFF"),
        saved(photo(), "ICO"),
        saved(photo(), "PNG")[:-40],
        bomb(20_000, 20_000),
    ],
    ids=["nothing", "text", "svg", "postscript", "tiff", "icon", "cut", "bomb"],
)
def test_what_is_no_picture_we_draw_is_refused_once_and_for_ever(put, tmp_path, data, monkeypatch):
    digest = put(data)
    assert previews.drawn(tmp_path, digest) is None
    monkeypatch.setattr(previews, "_draw", lambda *paths: pytest.fail("tried again"))
    assert previews.drawn(tmp_path, digest) is None


def test_a_picture_is_drawn_once_and_nothing_half_done_is_left(put, tmp_path, monkeypatch):
    digest = put(saved(photo(), "PNG"))
    first = previews.drawn(tmp_path, digest)
    monkeypatch.setattr(previews, "_draw", lambda *paths: pytest.fail("drawn again"))
    assert previews.drawn(tmp_path, digest) == first
    assert list((tmp_path / ARRIVING).iterdir()) == []
    assert first.parent == path_of(tmp_path, digest).parent


def test_a_huge_picture_is_drawn_smaller(put, tmp_path):
    with Image.open(previews.drawn(tmp_path, put(saved(Image.new("1", (9_000, 100)), "PNG")))) as picture:
        assert picture.size == (preview_worker.LONGEST_SIDE, 91)


def test_the_process_that_draws_has_little_memory(tmp_path, monkeypatch):
    """Even if the count of pixels were not looked at: the limit is the system's."""
    import subprocess
    import sys

    (tmp_path / "bomb").write_bytes(bomb(40_000, 40_000))
    loose = (
        "import runpy, sys; names = runpy.run_path(sys.argv[1]); main = names['main'];"
        "main.__globals__['MOST_PIXELS'] = 10**12; main.__globals__['Image'].MAX_IMAGE_PIXELS = None;"
        "sys.exit(main(sys.argv[2], sys.argv[3]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loose, preview_worker.__file__, tmp_path / "bomb", tmp_path / "drawn"],
        capture_output=True,
    )
    assert done.returncode in (preview_worker.REFUSED, -9, -24, -6)
    assert not (tmp_path / "drawn").exists()
