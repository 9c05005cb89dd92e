"""Files that come in pieces, over lines that break: the tus protocol, 1.0.0 (https://tus.io).

Owns: uploads, and the pieces of those that are not whole yet. Uses: media, workshops, storage.
For features above: `service.forget` when media are erased, `service.known_keys`.

Each PATCH is one object, `uploads/<id>/<offset>-<random>`: on disk, then a row, then the answer.
When the line breaks, what came is kept in the same way. The last PATCH makes a media of the pieces,
in its own transaction; a job of `media` joins them. No session is open while bytes flow.

An upload belongs to who began it: to others it is not there.
"""
