"""A speech engine: print what is said in a WAV as SRT, with faster-whisper (the extra `asr`).

    python -m app.transcripts.whisper --model FOLDER --language fr sound.wav

The model is a folder in CTranslate2's format. It is never fetched: without it, this ends with one
line on standard error. It is also run by its path, without the rest of the application.
"""

import argparse
import os
import sys
from pathlib import Path

THREADS = 2
NO_HUB = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_OFFLINE": "1"}


def main() -> None:
    """Print a cue as soon as it is heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--language", required=True)
    parser.add_argument("wav", type=Path)
    asked = parser.parse_args()
    if not (asked.model / "model.bin").is_file():
        sys.exit(f"There is no speech model in {asked.model}.")
    os.environ |= NO_HUB | {"OMP_NUM_THREADS": str(THREADS)}
    try:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - after its environment
    except ImportError:
        sys.exit("faster-whisper is not installed: it comes with the extra `asr`.")
    model = WhisperModel(
        str(asked.model.resolve()), device="cpu", compute_type="int8", cpu_threads=THREADS
    )
    heard, _ = model.transcribe(str(asked.wav), language=asked.language, vad_filter=True)
    for number, cue in enumerate(heard, 1):
        times = f"{clock(cue.start)} --> {clock(cue.end)}"
        sys.stdout.write(f"{number}\n{times}\n{cue.text.strip()}\n\n")
        sys.stdout.flush()


def clock(seconds: float) -> str:
    """`00:01:02,500`."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


if __name__ == "__main__":
    main()
