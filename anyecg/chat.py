"""`EcgChat`: questions about ECGs in, streamed and checked answers out.

    chat = EcgChat.from_pretrained()
    for answer in chat.stream([read_record("ecg.hea")], "What does this ECG show?"):
        print(answer.text)

Text is decoded greedily, one token at a time, in the calling thread; a set `stop` event ends it at the next token.
The number of torch threads is the caller's business: commands and the page set one thread, which is fastest for one
short request. The encoder reads the whole record; the language model sees at most `MAX_SHOWN_S` seconds of each.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .answer import (
    Answer,
    abstention,
    as_dicts,
    changes_of,
    checked,
    critical_of,
    in_paragraphs,
    of_each,
    warnings_of,
)  # fmt: skip
from .asked import as_taught, given, in_words
from .asked.relations import each_apart
from .conversation import refers_back
from .decoding import batched, greedy, inputs_of
from .evidence import Evidence, gather
from .loading import load
from .measured_numbers import MeasuredNumbers, known_values
from .mending import mended
from .named_places import kind_of, named_intervals
from .record import EcgRecord
from .shown import MAX_SHOWN_S, Shown, prompt_of

REPORT_QUESTION = "Write a report for this ECG."
COMPARE_QUESTION = "Describe the changes between these ECGs."
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
        threshold, over the whole record.

        Returns:
            {"finding", "present", "intervals": [{"start_s", "end_s", "leads"}], "answer", "probability", "abstained",
            "reason"}.

        Raises:
            ValueError: when nothing of that name can be located; the sentence lists what can.
        """
        kind = kind_of(finding)
        evidence = self.evidence(record)
        if not evidence.can_locate(kind):
            return {"finding": kind, "present": False, "intervals": [], "answer": abstention([evidence]),
                    "probability": None, "abstained": True, "reason": evidence.unjudgeable}  # fmt: skip
        events = evidence.locate(kind)
        return {
            "finding": kind, "present": bool(events), "answer": in_words(kind, events),
            "intervals": [{key: event[key] for key in ("start_s", "end_s", "leads")} for event in events],
            "probability": evidence.probability(kind), "abstained": False, "reason": None,
        }  # fmt: skip

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
        if not records and (general := given(question, ()))[0]:
            yield Answer(text=general[0], origin=general[1], done=True)
            return
        evidences, shown, messages = self._prepare(records, question, history, with_measurements)
        answer = Answer(
            evidence=as_dicts(evidences), warnings=warnings_of(evidences, MAX_SHOWN_S),
            critical=critical_of(evidences), changes=changes_of(evidences),
        )  # fmt: skip
        text, origin = self._given(question, evidences, history, with_measurements)
        if text:
            places = named_intervals(text, question, len(evidences)) if origin == "evidence" else []
            answer = replace(answer, warnings=warnings_of(evidences, math.inf))  # no text of the model's 30 s
            total = time.perf_counter() - started
            yield replace(answer, text=text, origin=origin, intervals=places, total_s=total, done=True)
            return
        if with_measurements and (apart := each_apart(question, evidences)):
            for part in self._each(answer, apart, records, question, max_new_tokens, stop):
                yield replace(part, total_s=time.perf_counter() - started)
            return
        numbers = MeasuredNumbers(self.processor.tokenizer, [known_values(evidences) if with_measurements else {}])
        for text, tokens in self._decode(messages, shown, numbers, max_new_tokens, stop):
            now = time.perf_counter() - started
            answer = replace(answer, text=text, tokens=tokens, first_token_s=answer.first_token_s or now, total_s=now)
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
                yield of_each(answer, said)
            if said[k].stopped:
                break
        yield replace(of_each(answer, said), done=True)

    # ---- for evaluation

    def texts(
        self,
        conversations: Sequence[tuple[Sequence[EcgRecord], Sequence[Turn]]],
        *,
        max_new_tokens: int = 160,
        with_measurements: bool = True,
    ) -> list[str]:
        """The texts that `ask` would give to the last turn of many conversations, those of the model in one batch."""
        options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "with_measurements": with_measurements}
        texts, for_model = [], []
        for k, (records, turns) in enumerate(conversations):
            question, history = turns[-1]["text"], turns[:-1]
            evidences, shown, messages = self._prepare(records, question, history, with_measurements)
            text = self._given(question, evidences, history, with_measurements)[0]
            apart = each_apart(question, evidences) if with_measurements and not text else []
            if apart:
                alone = self.texts([([records[one]], turns[-1:]) for one in apart], **options)
                text = in_paragraphs(dict(zip(apart, alone, strict=True)))
            elif not text:
                for_model.append((k, question, evidences, shown, messages))
            texts.append(text)
        if for_model:
            at, questions, known, shown_ones, of_all = zip(*for_model, strict=True)
            inputs = inputs_of(self.processor, of_all, shown_ones, self._tokenizing).to(self.model.device)
            values = [known_values(evidences) if with_measurements else {} for evidences in known]
            numbers = MeasuredNumbers(self.processor.tokenizer, values, inputs["input_ids"].shape[1])
            said = batched(self.model, self.processor, inputs, numbers, max_new_tokens)
            for k, question, evidences, text in zip(at, questions, known, said, strict=True):
                texts[k] = mended(text, question, evidences)[0] if with_measurements else text
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
        asked = as_taught(question.strip()) if self._is_small and len(records) == 1 else question.strip()
        if len(records) == 1 and not refers_back(question):
            history = ()  # an earlier question must not colour the answer to one that needs none
        evidences = [self.evidence(record) for record in records]
        tells_heads = with_measurements and self.model.config.evidence_in_prompt
        shown, messages = prompt_of(
            evidences, asked, history, self.processor.feature_extractor, with_measurements, tells_heads
        )
        return evidences, shown, messages

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
