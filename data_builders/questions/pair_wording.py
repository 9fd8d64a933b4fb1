"""How two ECGs are asked about: phrasings by whether they are of one patient, and by relation.

{x} is a statement or a kind of noise, {of} a group of them, {f} a numeric feature.
"""

from __future__ import annotations

ASKED = {
    True: {
        "new": ("Does ECG 2 newly show {x}?", "Is {x} new in ECG 2?", "Has {x} appeared since ECG 1?",
                "Compared with the earlier ECG, does ECG 2 now show {x}?", "Did {x} come up between the two ECGs?",
                "ECG 2 against ECG 1: is there new {x}?"),
        "gone": ("Does ECG 2 no longer show {x}?", "Has {x} resolved in ECG 2?", "Has {x} gone since ECG 1?",
                 "Compared with the earlier ECG, is {x} gone in ECG 2?", "Did {x} disappear between the two ECGs?",
                 "ECG 2 against ECG 1: has {x} gone?"),
        "still": ("Does ECG 2 still show {x}?", "Is {x} still there in ECG 2?", "Has {x} remained since ECG 1?",
                  "As in the earlier ECG, does ECG 2 show {x}?", "Did {x} stay from ECG 1 to ECG 2?",
                  "ECG 2 against ECG 1: is {x} still present?"),
        "absent": ("Is {x} absent from ECG 2 as it was from ECG 1?", "Is the patient still without {x} in ECG 2?",
                   "Does ECG 2 still show no {x}?", "Is {x} missing in both ECGs of this patient?",
                   "Has {x} stayed away since ECG 1?", "Is ECG 2 still free of {x}?"),
    },
    False: {
        "new": ("Does ECG 2 show {x}, unlike ECG 1?", "Is {x} in ECG 2 only?", "Does only the second ECG show {x}?",
                "In contrast to ECG 1, does ECG 2 show {x}?", "Is {x} a finding of ECG 2 and not of ECG 1?",
                "ECG 2 against ECG 1: does only ECG 2 show {x}?"),
        "gone": ("Does ECG 1 show {x}, unlike ECG 2?", "Is {x} in ECG 1 only?", "Does only the first ECG show {x}?",
                 "In contrast to ECG 2, does ECG 1 show {x}?", "Is {x} a finding of ECG 1 and not of ECG 2?",
                 "ECG 2 against ECG 1: does only ECG 1 show {x}?"),
        "still": ("Do both ECGs show {x}?", "Is {x} in both ECGs?", "Is {x} common to the two ECGs?",
                  "Does ECG 2 show {x} as ECG 1 does?", "Do the two ECGs share {x}?",
                  "ECG 2 against ECG 1: do both show {x}?"),
        "absent": ("Is {x} absent from both ECGs?", "Does neither ECG show {x}?", "Do both ECGs lack {x}?",
                   "Is {x} in neither of the two ECGs?", "Are both ECGs free of {x}?",
                   "ECG 2 against ECG 1: is {x} in neither?"),
    },
}  # fmt: skip
QUERIES = {
    True: {
        "new": ("Which {of} are new in ECG 2?", "Which {of} have appeared since ECG 1?",
                "Name the {of} that ECG 2 newly shows.", "What is new among the {of}?",
                "List the {of} that came up after ECG 1.", "Compared with ECG 1, which {of} are new?"),
        "gone": ("Which {of} are gone in ECG 2?", "Which {of} have resolved since ECG 1?",
                 "Name the {of} that ECG 2 no longer shows.", "What has gone among the {of}?",
                 "List the {of} that disappeared after ECG 1.", "Compared with ECG 1, which {of} have gone?"),
        "still": ("Which {of} are still there in ECG 2?", "Which {of} have remained since ECG 1?",
                  "Name the {of} that ECG 2 still shows.", "What is unchanged among the {of}?",
                  "List the {of} that stayed from ECG 1 to ECG 2.", "Compared with ECG 1, which {of} are still there?"),
    },
    False: {
        "new": ("Which {of} are in ECG 2 only?", "Which {of} does only the second ECG show?",
                "Name the {of} of ECG 2 that ECG 1 lacks.", "What has ECG 2 that ECG 1 has not, among the {of}?",
                "List the {of} that are in ECG 2 and not in ECG 1.", "In contrast to ECG 1, which {of} has ECG 2?"),
        "gone": ("Which {of} are in ECG 1 only?", "Which {of} does only the first ECG show?",
                 "Name the {of} of ECG 1 that ECG 2 lacks.", "What has ECG 1 that ECG 2 has not, among the {of}?",
                 "List the {of} that are in ECG 1 and not in ECG 2.", "In contrast to ECG 2, which {of} has ECG 1?"),
        "still": ("Which {of} are in both ECGs?", "Which {of} do the two ECGs share?",
                  "Name the {of} that both ECGs show.", "What do the ECGs have in common among the {of}?",
                  "List the {of} that are in ECG 1 and in ECG 2.", "In which {of} do the two ECGs agree?"),
    },
}  # fmt: skip
NUMERIC = {
    True: {
        "new": ("Has the {f} become abnormal in ECG 2?", "Is the {f} newly outside its normal range in ECG 2?",
                "Has the {f} left its normal range since ECG 1?", "Did the {f} turn abnormal after ECG 1?",
                "Is an abnormal {f} new in ECG 2?", "Compared with ECG 1, is the {f} now abnormal?"),
        "gone": ("Has the {f} become normal in ECG 2?", "Is the {f} back in its normal range in ECG 2?",
                 "Has the {f} returned to normal since ECG 1?", "Did the {f} turn normal after ECG 1?",
                 "Is the {f} no longer abnormal in ECG 2?", "Compared with ECG 1, is the {f} now normal?"),
        "still": ("Is the {f} still abnormal in ECG 2?", "Is the {f} still outside its normal range in ECG 2?",
                  "Has the {f} stayed abnormal since ECG 1?", "Did the {f} remain outside its limits after ECG 1?",
                  "Does an abnormal {f} persist in ECG 2?", "As in ECG 1, is the {f} abnormal in ECG 2?"),
        "absent": ("Is the {f} still normal in ECG 2?", "Is the {f} still within its normal range in ECG 2?",
                   "Has the {f} stayed normal since ECG 1?", "Did the {f} remain within its limits after ECG 1?",
                   "Does a normal {f} persist in ECG 2?", "As in ECG 1, is the {f} normal in ECG 2?"),
    },
    False: {
        "new": ("Is the {f} abnormal in ECG 2 only?", "Is only the {f} of ECG 2 outside its normal range?",
                "In contrast to ECG 1, is the {f} of ECG 2 abnormal?", "Is the {f} normal in ECG 1 and not in ECG 2?",
                "Does ECG 2 have an abnormal {f}, unlike ECG 1?", "Is ECG 2 alone abnormal in its {f}?"),
        "gone": ("Is the {f} abnormal in ECG 1 only?", "Is only the {f} of ECG 1 outside its normal range?",
                 "In contrast to ECG 1, is the {f} of ECG 2 normal?", "Is the {f} normal in ECG 2 and not in ECG 1?",
                 "Does ECG 2 have a normal {f}, unlike ECG 1?", "Is ECG 1 alone abnormal in its {f}?"),
        "still": ("Is the {f} abnormal in both ECGs?", "Is the {f} outside its normal range in both ECGs?",
                  "Do both ECGs have an abnormal {f}?", "Is the {f} abnormal in ECG 2 as in ECG 1?",
                  "Do the two ECGs share an abnormal {f}?", "Is neither {f} normal?"),
        "absent": ("Is the {f} normal in both ECGs?", "Is the {f} within its normal range in both ECGs?",
                   "Do both ECGs have a normal {f}?", "Is the {f} normal in ECG 2 as in ECG 1?",
                   "Do the two ECGs share a normal {f}?", "Is the {f} abnormal in neither ECG?"),
    },
}  # fmt: skip
