"""An evaluation pack of all testimonies: how much memory it takes."""

import csv
from io import BytesIO, TextIOWrapper
from zipfile import ZipFile

from bench.load import Server, request, send


def packed(app: Server, scheme_id: str, token: str) -> tuple[int, int]:
    """The growth of the server in bytes, and how many testimonies were packed."""
    path = f"/api/v1/exports/evaluation-pack.zip?scheme_id={scheme_id}&purpose=banc"
    with app.growth() as growth:
        answer = send(app, request("GET", path, token))
    archive = ZipFile(BytesIO(answer))
    if archive.testzip() is not None:
        raise RuntimeError("The pack is broken")
    with archive.open("donnees/testimonies.csv") as file:
        lines = csv.reader(TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=";")
        return growth[0], sum(1 for _ in lines) - 1
