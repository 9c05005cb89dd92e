"""Files that people deposit, and what machines make of them.

Owns: media and their renditions. Uses: storage, jobs, audit, accounts.
For features above: `service.receive` and `service.ask_clip` in the transaction of their deed,
`service.find`, `service.deliver` once they have decided that somebody may see it, `urls.sign` and
`urls.check`.
It has no routes that read: `gate` does.

A file is said to be what its content is (`child/probe.py`). Accepted: recordings in MP4, QuickTime,
3GP, Matroska, WebM, Ogg, WAV, MP3, AAC, FLAC; pictures in JPEG, PNG, WebP; documents in PDF, which
are stored as they are, for evidence on paper. Always from what was decoded are made: of a video
`poster.jpg`, `web.mp4`, `audio.m4a` and `peaks.json` if it has sound, `preview.webp`; of a sound
`audio.m4a` and `peaks.json`; of a picture `poster.jpg`, `image.jpg`, `preview.webp`; of a passage
that was chosen `clip-<start_ms>-<end_ms>.jpg` and `.mp4`, or `.m4a`, from the original.
"""
