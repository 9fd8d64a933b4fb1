"""`EcgChat`: questions about ECGs in, streamed and checked answers out.

    chat = EcgChat.from_pretrained()
    for answer in chat.stream([read_record("ecg.hea")], "What does this ECG show?"):
        print(answer.text)

Text is decoded greedily, one token at a time, in the calling thread; a set `stop` event ends it at the next token.
The number of torch threads is the caller's business: commands and the page set one thread, which is fastest for one
short request. The encoder reads the whole record; the language model sees at most `MAX_SHOWN_S` seconds of each.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from .answer import (
    Answer,
    abstention,
    as_dicts,
    changes_of,
    checked,
    critical_of,
    kind_of,
    named_intervals,
    presence,
    warnings_of,
)  # fmt: skip
from .asked import given, in_words
from .asked.relations import each_apart
from .conversation import refers_back, to_messages
from .decoding import greedy, inputs_of
from .events import LOCATABLE
from .evidence import Evidence, gather
from .loading import load
from .measured_numbers import MeasuredNumbers, values_of, values_of_two
from .mending import mended
from .record import EcgRecord
from .shown import MAX_SHOWN_S, Shown, show

REPORT_QUESTION = "Write a report for this ECG."
COMPARE_QUESTION = "Describe the changes between these ECGs."
LOCATE_QUESTION = "Locate the {plural}."
SMALL = 50_000_000
"""A language model of fewer parameters was taught reports, not to converse: it is asked only what it was taught."""

Turn = Mapping[str, Any]
"""{"role": "user" or "assistant", "text", "ecgs": indices into the records, shown before the text}."""


class EcgChat:
    """A chat model with its processor; see `from_pretrained`."""

    def __init__(self, model: Any, processor: Any):
        self.model, self.processor = model.eval(), processor
        self._evidence: dict[int, tuple[weakref.ref[EcgRecord], Evidence]] = {}
        self._lock = threading.Lock()
        self._is_small = model.model.language_model.num_parameters() < SMALL
        # A fast tokenizer that pads in one thread while another uses it raises "Already borrowed".
        self._tokenizing = threading.Lock()

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        adapter: str | Path | None = None,
        load_in_4bit: bool = False,
        device: str | None = None,
    ) -> EcgChat:
        """Load a checkpoint; weights are read from safetensors only, and no code of the checkpoint is run.

        Args:
            path: folder or hub name; None for the embedded `nano`.
            adapter: folder of a LoRA adapter (peft) to put on the language model.
            load_in_4bit: load the language model's linear layers in NF4 by bitsandbytes.
            device: "cpu", "cuda", …; None takes a GPU if there is one.

        Raises:
            ValueError: when there is no checkpoint at `path`.
        """
        return cls(*load(path, adapter, load_in_4bit, device))

    # ---- what users ask

    def ask(self, records: Sequence[EcgRecord], question: str, **options: Any) -> Answer:
        """The finished answer; takes the options of `stream`."""
        answer = Answer()
        for answer in self.stream(records, question, **options):  # noqa: B007
            pass
        return answer

    def report(self, record: EcgRecord, **options: Any) -> Answer:
        """A report of one ECG."""
        return self.ask([record], REPORT_QUESTION, **options)

    def compare(self, records: Sequence[EcgRecord], **options: Any) -> Answer:
        """What differs between ECGs, in the order given; the evidence holds the measured differences.

        Raises:
            ValueError: with fewer than two records.
        """
        if len(records) < 2:
            raise ValueError(f"{len(records)} ECG was given; a comparison needs at least two.")
        return self.ask(records, COMPARE_QUESTION, **options)

    def findings(self, record: EcgRecord) -> dict[str, Any]:
        """Calibrated probabilities: {"findings", "superclasses", "subclasses", "rhythms", "abstained", "reason"}."""
        return self.evidence(record).summary()

    def locate(self, record: EcgRecord, finding: str) -> dict[str, Any]:
        """Where a kind of beat or episode lies.

        Beats are placed at their measured R peaks and episodes at time steps, where the event head is above its
        threshold, over the whole record. For a record the language model can see whole, its own answer is held
        against that.

        Returns:
            {"finding", "present", "intervals": [{"start_s", "end_s", "leads"}], "answer", "probability",
            "contradictions", "abstained", "reason"}.

        Raises:
            ValueError: when nothing of that name can be located; the sentence lists what can.
        """
        kind = kind_of(finding)
        evidence = self.evidence(record)
        result: dict[str, Any] = {"finding": kind, "present": False, "intervals": [], "probability": None,
                                  "contradictions": [], "abstained": False, "reason": None}  # fmt: skip
        if evidence.unjudgeable:
            answer = abstention([evidence])
            return result | {"answer": answer, "abstained": True, "reason": evidence.unjudgeable}
        events = evidence.locate(kind)
        result["intervals"] = [{key: e[key] for key in ("start_s", "end_s", "leads")} for e in events]
        result["present"] = bool(events)
        result["probability"] = evidence.probability(kind)
        if record.duration_s <= MAX_SHOWN_S and kind in _ASKED:
            said = self.ask([record], LOCATE_QUESTION.format(plural=LOCATABLE[kind]))
            result["contradictions"] = [*said.contradictions, *presence(kind, bool(events), bool(said.intervals))]
        return result | {"answer": in_words(kind, events)}

    def stream(
        self,
        records: Sequence[EcgRecord],
        question: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 256,
        stop: threading.Event | None = None,
        with_measurements: bool = True,
    ) -> Iterator[Answer]:
        """Answer a question about ECGs, piece by piece.

        Args:
            records: all ECGs of the conversation, also those shown in earlier turns.
            question: the user's words; ECGs that the history has not shown are put before them.
            history: earlier turns.
            max_new_tokens: longest answer in tokens.
            stop: ends the answer when set.
            with_measurements: whether the language model is told the measured numbers and what the heads say.

        Yields:
            Answers with growing text; the last one is `done` and checked.

        Raises:
            ValueError: without a question, or without a record for a question that needs one.
        """
        started = time.perf_counter()
        if not records and (general := given(question, ())[0]):
            yield Answer(text=general, origin=given(question, ())[1], done=True)
            return
        evidences, shown, messages = self._prepare(records, question, history, with_measurements)
        answer = Answer(
            evidence=as_dicts(evidences), warnings=warnings_of(evidences, MAX_SHOWN_S),
            critical=critical_of(evidences), changes=changes_of(evidences),
        )  # fmt: skip
        text, origin = self._given(question, evidences, history, with_measurements)
        if text:
            places = named_intervals(text, question, len(evidences)) if origin == "evidence" else []
            total = time.perf_counter() - started
            yield replace(answer, text=text, origin=origin, intervals=places, total_s=total, done=True)
            return
        if with_measurements and (apart := each_apart(question, evidences)):
            for part in self._each(answer, apart, records, question, max_new_tokens, stop):
                yield replace(part, total_s=time.perf_counter() - started)
            return
        numbers = self._numbers([evidences], with_measurements)
        for text, tokens in self._decode(messages, shown, numbers, max_new_tokens, stop):
            first = answer.first_token_s or time.perf_counter() - started
            answer = replace(answer, text=text, tokens=tokens, first_token_s=first)
            answer.total_s = time.perf_counter() - started
            yield answer
        yield replace(
            checked(answer, question, evidences, mend=with_measurements),
            total_s=time.perf_counter() - started,
            done=True,
            stopped=bool(stop and stop.is_set()),
        )

    def _each(
        self,
        answer: Answer,
        apart: Sequence[int],
        records: Sequence[EcgRecord],
        question: str,
        max_new_tokens: int,
        stop: threading.Event | None,
    ) -> Iterator[Answer]:
        """A question that relates no ECG to another, answered for each of `apart` by itself."""
        said: dict[int, Answer] = {}
        for k in apart:
            for growing in self.stream([records[k]], question, max_new_tokens=max_new_tokens, stop=stop):
                said[k] = growing
                text = "\n\n".join(f"ECG {number + 1}: {part.text}" for number, part in said.items())
                answer = replace(answer, text=text, tokens=sum(part.tokens for part in said.values()))
                answer.first_token_s = next(iter(said.values())).first_token_s
                yield answer
            if said[k].stopped:
                break
        yield replace(
            answer,
            intervals=[place | {"ecg": k + 1} for k, part in said.items() for place in part.intervals],
            contradictions=[f"ECG {k + 1}: {told}" for k, part in said.items() for told in part.contradictions],
            done=True,
            stopped=any(part.stopped for part in said.values()),
        )

    # ---- for evaluation

    def texts(
        self,
        conversations: Sequence[tuple[Sequence[EcgRecord], Sequence[Turn]]],
        *,
        max_new_tokens: int = 160,
        with_measurements: bool = True,
    ) -> list[str]:
        """The texts that `ask` would give to the last turn of many conversations, in one batch."""
        prepared = [
            self._prepare(records, turns[-1]["text"], turns[:-1], with_measurements) for records, turns in conversations
        ]
        questions = [turns[-1]["text"] for _, turns in conversations]
        texts = [
            self._given(question, parts[0], turns[:-1], with_measurements)[0]
            for question, parts, (_, turns) in zip(questions, prepared, conversations, strict=True)
        ]
        open_ones = [k for k, text in enumerate(texts) if not text]
        if open_ones:
            messages, shown = [prepared[k][2] for k in open_ones], [prepared[k][1] for k in open_ones]
            inputs = inputs_of(self.processor, messages, shown, self._tokenizing).to(self.model.device)
            prompt = inputs["input_ids"].shape[1]
            numbers = self._numbers([prepared[k][0] for k in open_ones], with_measurements, prompt)
            with torch.inference_mode():
                out = self.model.generate(
                    **inputs, max_new_tokens=max_new_tokens, do_sample=False, logits_processor=[numbers]
                )
            fresh = out[:, prompt:]
            decoded = self.processor.batch_decode(fresh, skip_special_tokens=True)
            for k, text in zip(open_ones, decoded, strict=True):
                texts[k] = mended(text.strip(), questions[k], prepared[k][0])[0] if with_measurements else text.strip()
        return texts

    def evidence(self, record: EcgRecord) -> Evidence:
        """Measurements, findings and events of a record; kept as long as the record object lives."""
        key = id(record)
        with self._lock:
            kept = self._evidence.get(key)
        if kept and kept[0]() is record:
            return kept[1]
        evidence = gather(self.model, self.processor.feature_extractor, record)
        # The evidence must not keep its own key alive, so it holds a copy of the (cheap) record object.
        evidence = replace(evidence, record=replace(record))
        with self._lock:
            self._evidence[key] = (weakref.ref(record, lambda _: self._evidence.pop(key, None)), evidence)
        return evidence

    # ---- parts

    def _given(
        self, question: str, evidences: Sequence[Evidence], history: Sequence[Turn], with_measurements: bool
    ) -> tuple[str, str]:
        """The answer that needs no language model, and its origin; see `asked.given`."""
        last = {turn["role"]: turn["text"] for turn in history}
        return given(
            question, evidences, last.get("assistant", ""), with_measurements,
            last_question=last.get("user", ""), for_small_model=self._is_small,
        )  # fmt: skip

    def _prepare(
        self, records: Sequence[EcgRecord], question: str, history: Sequence[Turn], with_measurements: bool
    ) -> tuple[list[Evidence], list[Shown], list[dict[str, Any]]]:
        if not records:
            raise ValueError("no ECG was given; pass at least one record.")
        if not question.strip():
            raise ValueError("the question is empty; ask something about the ECG.")
        if len(records) == 1 and not refers_back(question):
            history = ()  # an earlier question must not colour the answer to one that needs none
        evidences = [self.evidence(record) for record in records]
        shown = [show(record, self.processor.feature_extractor) for record in records]
        seen = {k for turn in history for k in turn.get("ecgs") or ()}
        unseen = [k for k in range(len(records)) if k not in seen]
        turns = [*history, {"role": "user", "text": question.strip(), "ecgs": unseen}]
        order = [k for turn in turns for k in turn.get("ecgs") or ()]
        measured = [e.measurements if with_measurements else None for e in evidences]
        tells = with_measurements and self.model.config.evidence_in_prompt
        said = [None if e.unjudgeable or not tells else e.said() for e in evidences]
        messages = to_messages(turns, [s.record for s in shown], measured, said)
        return evidences, [shown[k] for k in order], messages

    def _numbers(
        self, groups: Sequence[Sequence[Evidence]], with_measurements: bool, prompt_tokens: int = 0
    ) -> MeasuredNumbers:
        """What each conversation may state of measured numbers and places: those of its ECG when it is about one."""
        known = [_values(group) if with_measurements else {} for group in groups]
        return MeasuredNumbers(self.processor.tokenizer, known, prompt_tokens)

    def _decode(
        self,
        messages: Sequence[Any],
        shown: Sequence[Shown],
        numbers: MeasuredNumbers,
        max_new_tokens: int,
        stop: threading.Event | None,
    ) -> Iterator[tuple[str, int]]:
        inputs = inputs_of(self.processor, [messages], [shown], self._tokenizing).to(self.model.device)
        return greedy(self.model, self.processor.tokenizer, inputs, numbers, max_new_tokens, stop, self._tokenizing)


_ASKED = ("premature ventricular contraction", "premature atrial contraction", "atrial fibrillation", "atrial flutter",
          "left bundle branch block beat", "right bundle branch block beat", "noise")  # fmt: skip


def _values(group: Sequence[Evidence]) -> dict[str, str]:
    if len(group) == 1:
        return values_of(group[0].measurements, group[0].events)
    return values_of_two(group[0].measurements, group[1].measurements) if len(group) == 2 else {}
