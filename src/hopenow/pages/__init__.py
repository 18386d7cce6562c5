"""What every self-contained page shares: its look, its tables and pictures, its small words.

A page is one HTML file without scripts, fonts or pictures from elsewhere, so it can be mailed, printed and kept.
``document`` makes a whole page from questions, answers, pictures and tables; a room with a page of its own shape
brings its own template and uses ``environment``.
"""

from hopenow.pages.document import Headline, Section, Table, document, environment, write_whole
from hopenow.pages.words import MARKS, day, joined, number, share, words

__all__ = [
    "MARKS",
    "Headline",
    "Section",
    "Table",
    "day",
    "document",
    "environment",
    "joined",
    "number",
    "share",
    "words",
    "write_whole",
]
