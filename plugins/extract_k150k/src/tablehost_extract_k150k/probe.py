"""What a clip says about itself before it is measured."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from tablehost import ItemFailed

if TYPE_CHECKING:
    import av

PQ, HLG = 16, 18
_NO_TRANSFER = {0, 2}
_BT2020 = 9
_HDR_BITS = 10
_QUARTER_TURN = 90
_LOCAL_FILES = {"protocol_whitelist": "file,pipe"}


@frozen
class Probed:
    """A clip as it is shown.

    Args:
        width: of the displayed picture, rotation applied.
        height: of the displayed picture.
        fps: average frame rate; None where it is unknown.
        bit_depth: of a sample in the file.
        is_hdr: whether it is made for a high dynamic range.
        frames: how many frames the file promises.
        promised_by: what promises them, for messages.
    """

    width: int
    height: int
    fps: float | None
    bit_depth: int
    is_hdr: bool
    frames: int
    promised_by: str

    @property
    def scored_bits(self) -> int:
        """Return the bit depth at which the clip is compared."""
        return 8 if self.bit_depth <= 8 else 10  # noqa: PLR2004 - the two formats there are

    @property
    def pixel_format(self) -> str:
        """Return the pixel format in which the clip is compared."""
        return "yuv420p" if self.scored_bits == 8 else "yuv420p10le"  # noqa: PLR2004

    @property
    def motion_fps_weight(self) -> float:
        """Return the weight of motion: 1 at the usual rates, less for faster ones."""
        usual_from, usual_to, at = 24, 32, 30
        if self.fps is None or usual_from <= self.fps <= usual_to:
            return 1.0
        return min(4.0, max(0.25, at / self.fps))


def probe(path: Path) -> Probed:
    """Read a clip's shape from its container and its first frame.

    Args:
        path: the clip.

    Raises:
        ItemFailed: `unreadable`, `no-video` or `damaged`.
    """
    import av  # 60 ms, and only workers need it

    try:
        with av.open(f"file:{path}", options=_LOCAL_FILES) as container:
            return _probe(container)
    except (av.FFmpegError, UnicodeError) as error:
        reason, detail = "unreadable", getattr(error, "strerror", None) or str(error)
        raise ItemFailed(reason, detail) from None


def _probe(container: av.container.InputContainer) -> Probed:
    from av.stream import Disposition

    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not videos:
        reason, detail = "no-video", "the file has no video stream"
        raise ItemFailed(reason, detail)
    stream = videos[0]
    frames, promised_by = _declared(container, stream)
    picture, packets = _first_picture(container, stream, count=not frames)
    rate = stream.average_rate
    bits = max(component.bits for component in picture.format.components)
    transfer = _known(picture.color_trc, stream.codec_context.color_trc)
    primaries = _known(picture.color_primaries, stream.codec_context.color_primaries)
    hdr = transfer in {PQ, HLG} or (transfer in _NO_TRANSFER and primaries == _BT2020)
    turned = round(picture.rotation / _QUARTER_TURN) % 2 == 1
    sides = (picture.width, picture.height)
    width, height = reversed(sides) if turned else sides
    return Probed(
        width=width,
        height=height,
        fps=float(Fraction(rate)) if rate else None,
        bit_depth=bits,
        is_hdr=bits >= _HDR_BITS and hdr,
        frames=frames or packets,
        promised_by=promised_by,
    )


def _declared(container: Any, stream: Any) -> tuple[int, str]:
    """Return how many frames the container declares; 0 where it declares none.

    An edit list hides frames: the index still says which, even where the file was cut short.
    """
    if "mov" in container.format.name.split(","):
        index = stream.index_entries
        shown = sum(1 for entry in index if not entry.is_discard)
        if stream.frames and len(index) and shown != stream.frames:
            return shown, "the container's index, cut by its edit list"
    return stream.frames, "the container" if stream.frames else "its packets"


def _first_picture(container: Any, stream: Any, *, count: bool) -> tuple[Any, int]:
    """Return the first picture that decodes, and the number of packets if they are wanted."""
    import av

    picture = None
    packets = 0
    for packet in container.demux(stream):
        packets += bool(packet.size) and not packet.is_discard
        if packet.is_corrupt:
            reason, detail = "damaged", f"packet {packets} is not whole"
            raise ItemFailed(reason, detail)
        if picture is None:
            try:
                picture = next(iter(packet.decode()), None)
            except av.FFmpegError:
                continue  # the engine has the last word about damage
        if picture is not None and not count:
            break
    if picture is None:
        reason, detail = "damaged", "no picture can be decoded"
        raise ItemFailed(reason, detail)
    return picture, packets


def _known(of_picture: int, of_stream: int) -> int:
    """Return the picture's own value, or the container's where the picture has none."""
    return of_stream if of_picture in _NO_TRANSFER else of_picture
