"""Have espeak-ng (of `espeakng_loader`) say a sentence into a WAV: `speak.py TEXT FILE`."""

import ctypes
import sys
import wave
from importlib import import_module
from typing import Any

SYNCHRONOUS, UTF_8 = 2, 1
HEARD = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main(text: str, path: str) -> None:
    loader: Any = import_module("espeakng_loader")
    espeak = ctypes.CDLL(loader.get_library_path())
    sound = bytearray()

    def keep(samples: Any, count: int, _: Any) -> int:
        if samples and count:
            sound.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = HEARD(keep)
    rate = espeak.espeak_Initialize(SYNCHRONOUS, 0, loader.get_data_path().encode(), 0)
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_SetVoiceByName(b"en")
    said = text.encode() + b"\0"
    size = ctypes.c_size_t(len(said))
    espeak.espeak_Synth(said, size, 0, 1, 0, UTF_8, None, None)
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(sound))


if __name__ == "__main__":
    main(*sys.argv[1:])
