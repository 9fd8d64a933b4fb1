"""What is known of ECGs in general, in written and sourced passages, and what no ECG can tell.

No weights and no record are needed for it: `answer_from_knowledge` and `answer_back` give a passage word for word,
`beyond` the sentence for a question outside its scope.
"""

from .beyond import beyond
from .passages import Knowledge, answer_back, answer_from_knowledge, concept_named, passage

__all__ = ["Knowledge", "answer_back", "answer_from_knowledge", "beyond", "concept_named", "passage"]
