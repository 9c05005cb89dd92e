"""Files that people deposit, and what machines make of them.

Owns: media and their renditions. Uses: storage, jobs, audit, accounts.
For features above: `service.receive` and `service.ask_clip` in the transaction of their deed,
`service.find`, `service.deliver` once they have decided that somebody may see it, `urls.sign` and
`urls.check`.
It has no routes that read: `gate` does.

A file is said to be what its content is (`child/probe.py`). Accepted: recordings in MP4, QuickTime,
3GP, Matroska, WebM, Ogg, WAV, MP3, AAC, FLAC; pictures in JPEG, PNG, WebP; documents in PDF, which
are stored as they are, for evidence on paper. Of a recording, `web.mp4` and `poster.jpg` or
`audio.m4a` are made; of a picture, `image.jpg` and `poster.jpg`: always from what was decoded. Of a
passage that was chosen, `clip-<start_ms>-<end_ms>.mp4` and `.jpg`, or `.m4a`, from the original.
"""
