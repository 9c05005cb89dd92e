"""The datasets: which rows, what is read of them, and the columns it becomes.

Never here: identities, pseudonyms, signatures, receipt codes, real ids, days, birth years, what the
team writes for itself (notes, guides, memos, comments of decisions), and who decided.
"""

from app.exports.datasets.base import UNREADABLE, Dataset
from app.exports.datasets.bundles import BUNDLES
from app.exports.datasets.decisions import DECISIONS
from app.exports.datasets.excerpts import EXCERPTS
from app.exports.datasets.propositions import PROPOSITIONS
from app.exports.datasets.reactions import REACTIONS
from app.exports.datasets.releases import RELEASES
from app.exports.datasets.testimonies import TESTIMONIES
from app.exports.datasets.themes import THEMES_OF_CODEBOOKS
from app.exports.datasets.witnesses import WITNESSES
from app.exports.datasets.workshops import WORKSHOPS

__all__ = [
    "BUNDLES",
    "DATASETS",
    "DECISIONS",
    "EXCERPTS",
    "PROPOSITIONS",
    "REACTIONS",
    "RELEASES",
    "TESTIMONIES",
    "THEMES_OF_CODEBOOKS",
    "UNREADABLE",
    "WITNESSES",
    "WORKSHOPS",
    "Dataset",
]

ALL = (
    *(TESTIMONIES, EXCERPTS, WITNESSES, WORKSHOPS),
    *(THEMES_OF_CODEBOOKS, DECISIONS, REACTIONS, PROPOSITIONS, BUNDLES, RELEASES),
)
DATASETS = {dataset.name: dataset for dataset in ALL}
