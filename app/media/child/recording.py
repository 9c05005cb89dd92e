"""Read a recording to its end, packet by packet, since its header may lie."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from app.media.child.detect import FORMATS, Rejected, content_type_of

INDEXED = ("mov", "matroska", "flac")  # their headers know how long they are
LOST_SECONDS, LOST_SHARE = 0.5, 0.05  # how much less than announced is no harm
COVERS = Disposition.attached_pic | Disposition.timed_thumbnails
HDR = (16, 18)  # transfer functions: PQ (SMPTE ST 2084), HLG (ARIB STD-B67)
QUARTER_TURNS = (90, 270)
FLATTEST, LONGEST_PIXEL = Fraction(1, 4), 4  # shapes of pixels that are believed
TRIED = 300  # packets of a stream before it is said not to decode

Found = dict[str, Any]


class Track:
    """The packets of one stream: how many, from when to when, and whether one decodes."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.count, self.frame = stream, 0, None
        self.start: Fraction | None = None
        self.last, self.end = Fraction(0), Fraction(0)  # seconds
        stream.codec_context.thread_count = 1

    def take(self, packet: Any) -> None:
        if self.frame is None and self.count < TRIED:
            with suppress(av.error.FFmpegError, ValueError):  # perhaps the next one
                self.frame = next(iter(packet.decode()), None)
        if packet.pts is None or packet.is_discard:
            return
        at = packet.pts * packet.time_base
        self.count += 1
        self.start = at if self.start is None else min(self.start, at)
        self.last = max(self.last, at)
        self.end = max(self.end, at + (packet.duration or 0) * packet.time_base)

    @property
    def reach(self) -> int:
        """Where the last packet of the index ends, in bytes, when the file has an index."""
        return max((entry.pos + entry.size for entry in self.stream.index_entries), default=0)

    @property
    def rate(self) -> float:
        """Packets per second, measured."""
        start = self.start or Fraction(0)
        if self.end > self.last:
            return float(self.count / (self.end - start))
        return float((self.count - 1) / (self.last - start)) if self.last > start else 0.0


class Recording:
    """A file of sound, or of pictures and sound."""

    def __init__(self, name: str, head: bytes, format_: str, limits: Found) -> None:
        self.limits, self.head, self.size = limits, head, Path(name).stat().st_size
        options = {
            "protocol_whitelist": "file",
            "format_whitelist": limits["formats"],
        }
        try:
            self.container = av.open(f"file:{name}", mode="r", options=options)
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise Rejected("corrupt") from None
        if not self.container.format.name.startswith(FORMATS[format_]):
            raise Rejected("type-mismatch")

    def read(self) -> Found:
        """What is in it. Raises Rejected."""
        self._check_head()
        video, audio = self._tracks()
        self._demux([track for track in (video, audio) if track])
        self._check(video, audio)
        has_audio = bool(audio and audio.frame)
        found = {
            "kind": "video" if video else "audio",
            "duration_ms": round(self.seconds * 1000),
            "has_audio": has_audio,
            "content_type": content_type_of(
                self.container.format.name,
                self.head,
                self.container.metadata.get("major_brand", ""),
                bool(video),
            ),
        }
        return found | (self._shown(video) if video else {})

    def _check_head(self) -> None:
        if len(self.container.streams) > self.limits["streams"]:
            raise Rejected("too-many-streams")
        if (self.container.duration or 0) / 1000 > self.limits["longest_ms"]:
            raise Rejected("too-long")

    def _tracks(self) -> tuple[Track | None, Track | None]:
        """The first stream of pictures that is no cover, the first one of sound."""
        videos = [s for s in self.container.streams.video if not s.disposition & COVERS]
        audios = self.container.streams.audio
        if not videos and not audios:
            raise Rejected("no-av")
        for stream in self.container.streams.video:
            self._check_size(stream)
        return Track(videos[0]) if videos else None, Track(audios[0]) if audios else None

    def _check_size(self, picture: Any) -> None:
        if picture.width * picture.height > self.limits["pixels"]:
            raise Rejected("too-large-picture")

    def _demux(self, tracks: list[Track]) -> None:
        """Read every packet, as far as they can be read."""
        by_index = {track.stream.index: track for track in tracks}
        start, end = None, Fraction(0)
        try:
            for packet in self.container.demux([track.stream for track in tracks]):
                track = by_index[packet.stream.index]
                track.take(packet)
                end = max(end, track.end)
                if track.start is not None:
                    start = track.start if start is None else min(start, track.start)
                    if (end - start) * 1000 > self.limits["longest_ms"]:
                        raise Rejected("too-long")
        except (av.error.InvalidDataError, av.error.EOFError):
            pass  # what is missing is found out by `_check`
        self.seconds = float(end - (start or 0))

    def _check(self, video: Track | None, audio: Track | None) -> None:
        if (video and not video.frame) or not (video or (audio and audio.frame)):
            raise Rejected("corrupt")
        told = (self.container.duration or 0) / 1_000_000
        indexed = self.container.format.name.startswith(INDEXED)
        reach = max(track.reach for track in (video, audio) if track)
        lost = told - self.seconds > max(LOST_SECONDS, told * LOST_SHARE)
        if indexed and (lost or reach > self.size):
            raise Rejected("corrupt")
        if self.seconds * 1000 < self.limits["shortest_ms"]:
            raise Rejected("no-av")
        if video:
            self._check_size(video.frame)
            if video.rate > self.limits["fps"]:
                raise Rejected("frame-rate")

    def _shown(self, video: Track) -> Found:
        frame: Any = video.frame
        pixel = video.stream.sample_aspect_ratio or Fraction(1)
        if not FLATTEST <= pixel <= LONGEST_PIXEL:
            pixel = Fraction(1)
        width, height = max(1, round(frame.width * pixel)), frame.height
        if round(frame.rotation) % 360 in QUARTER_TURNS:
            width, height = height, width
        found = {"width": width, "height": height, "fps": round(video.rate, 3)}
        return found | {"is_hdr": int(frame.color_trc) in HDR}
