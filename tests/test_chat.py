"""The chat streams, stops, abstains, stays bounded, places beats where they were measured, and checks its own text."""

import itertools
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from anyecg.chat import EcgChat
from anyecg.decoding import inputs_of
from anyecg.heads import CHUNK_S, encode
from anyecg.record import EcgRecord
from anyecg.shown import MAX_SHOWN_S, show
from anyecg.simulate import simulate
from tests.conftest import beats_like, make_record, make_tiny_model

QUESTION = "What is shown?"


@pytest.fixture(scope="module")
def chat():
    torch.set_num_threads(1)
    return EcgChat(*make_tiny_model())


@pytest.fixture(scope="module")
def records():
    return [sim.record for sim in simulate(3, seed=4, sampling_rate=100.0, conditions=("SR",))]


def saying(chat, monkeypatch, text):
    """Let the language model say this."""
    monkeypatch.setattr(chat, "_decode", lambda *args: iter([(text, 7)]))


def test_text_grows_and_the_last_answer_is_done_and_full(chat, records):
    answers = list(chat.stream(records[:1], QUESTION, max_new_tokens=12))
    assert all(b.text.startswith(a.text.rstrip()) for a, b in itertools.pairwise(answers))
    assert [a.done for a in answers] == [False] * (len(answers) - 1) + [True]
    last = answers[-1].to_dict()
    assert last["evidence"][0]["measurements"]["heart_rate_bpm"] > 20
    assert len(last["evidence"][0]["findings"]) == 8 and last["total_s"] >= last["first_token_s"] > 0


def test_streaming_gives_the_text_of_batched_generation(chat, records):
    conversations = [([record], [{"role": "user", "text": QUESTION}]) for record in (*records, make_record())]
    together = chat.texts(conversations, max_new_tokens=10)
    alone = [chat.ask(r, t[0]["text"], max_new_tokens=10).text for r, t in conversations]
    assert together == alone


def test_a_question_on_each_of_several_ecgs_has_the_same_text_in_a_batch(chat, records):
    two = [
        (records[:2], [{"role": "user", "text": "Write a report."}]),
        (records[:1], [{"role": "user", "text": QUESTION}]),
    ]
    (both, _), answer = chat.texts(two, max_new_tokens=10), chat.ask(records[:2], "Write a report.", max_new_tokens=10)
    assert both == answer.text and answer.origin == "model"
    assert [part[:7] for part in both.split("\n\n")] == ["ECG 1: ", "ECG 2: "]


def test_a_set_stop_event_ends_the_answer(chat, records):
    stop, seen = threading.Event(), []
    for answer in chat.stream(records[:1], QUESTION, max_new_tokens=200, stop=stop):
        seen.append(answer)
        if len(seen) == 3:
            stop.set()
    assert seen[-1].done and seen[-1].stopped and seen[-1].tokens < 20


def test_several_threads_may_ask_at_once(chat, records):
    alone = [chat.ask([record], QUESTION, max_new_tokens=8).text for record in records]
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(chat.ask, [records[k % 3]], QUESTION, max_new_tokens=8) for k in range(9)]
    assert [future.result().text for future in asked] == alone * 3


def test_a_flat_record_is_not_judged_and_the_language_model_is_not_asked(chat, monkeypatch):
    monkeypatch.setattr(chat, "_decode", lambda *args: pytest.fail("the language model was asked"))
    flat = EcgRecord(np.zeros((2, 1000)), ("I", "II"), 100.0)
    answer = chat.report(flat)
    assert answer.done and answer.text.startswith("I cannot tell") and "flat" in answer.text
    assert chat.findings(flat)["abstained"] and chat.findings(flat)["findings"] == {}
    located = chat.locate(flat, "PVC")
    assert located["abstained"] and not located["present"] and located["intervals"] == []


@pytest.mark.parametrize(
    ("question", "origin", "said"),
    [
        ("What is atrial fibrillation?", "knowledge", "(Source: "),
        ("What should I have for lunch?", "scope", "ECG"),
        ("How many milligrams of amiodarone should I give?", "scope", "ECG"),
        ("Is there atrial fibrillation?", "evidence", "atrial fibrillation"),
        ("Where are the PVCs?", "evidence", "premature ventricular contraction"),
    ],
)
def test_what_needs_no_language_model_does_not_ask_it(chat, records, monkeypatch, question, origin, said):
    monkeypatch.setattr(chat, "_decode", lambda *args: pytest.fail("the language model was asked"))
    answer = chat.ask(records[:1], question)
    assert (
        answer.done
        and answer.origin == origin
        and not answer.contradictions
        and said in answer.text.replace("Prem", "prem")
        and answer.evidence
    )
    assert chat.texts([(records[:1], [{"role": "user", "text": question}])]) == [answer.text]


def test_what_refers_back_is_answered_by_the_passage_on_what_was_said(chat, records):
    history = [
        {"role": "user", "text": QUESTION, "ecgs": [0]},
        {"role": "assistant", "text": "Sinus rhythm. Inferior myocardial infarction.", "ecgs": []},
    ]
    answer = chat.ask(records[:1], "What can cause it?", history=history)
    assert answer.origin == "knowledge" and "infarction" in answer.text.lower()


def test_the_language_model_answers_the_rest(chat, records, monkeypatch):
    saying(chat, monkeypatch, "Sinus rhythm.")
    assert chat.ask(records[:1], "What do you make of it?").origin == "model"
    assert chat.ask(records[:1], "Is there atrial fibrillation?", with_measurements=False).origin == "model"


def test_a_question_that_relates_no_ecgs_is_answered_for_each(chat, records, monkeypatch):
    def decode(messages, shown, *rest):
        yield f"Sinus rhythm, rate {len(shown)}/min. Conclusion: normal ECG.", 7

    monkeypatch.setattr(chat, "_decode", decode)
    answer = chat.ask(records, "Interpret.")
    parts = answer.text.split("\n\n")
    assert [part[:6] for part in parts] == ["ECG 1:", "ECG 2:", "ECG 3:"] and answer.tokens == 21 and answer.done
    rates = [round(chat.evidence(record).measurements["heart_rate_bpm"]) for record in records]
    assert [f"rate {rate}/min" in part for rate, part in zip(rates, parts, strict=True)] == [True] * 3
    assert chat.ask(records, "Interpret ECG 2.").text.startswith("ECG 2:")
    assert "ECG 3:" not in chat.ask(records, "Interpret the course over time.").text


def test_one_flat_ecg_among_others_is_named_in_a_warning(chat, records):
    flat = EcgRecord(np.zeros((2, 1000)), ("I", "II"), 100.0)
    answer = chat.ask([records[0], flat], QUESTION, max_new_tokens=2)
    assert any(w.startswith("ECG 2: It cannot be judged") for w in answer.warnings)


def test_few_leads_and_poor_leads_are_warned_of(chat, records):
    few = chat.ask([records[0].select(["I", "II"])], QUESTION, max_new_tokens=1)
    assert "Only leads I and II: territory findings" in few.warnings[0]
    signal = records[0].signal.copy()
    signal[records[0].leads.index("V2")] = 0.0
    poor = chat.ask([replace(records[0], signal=signal)], QUESTION, max_new_tokens=1)
    assert "V2 is flat: anterior findings cannot be judged." in poor.warnings


def test_a_long_record_is_shown_in_part_at_its_own_times(chat):
    record = beats_like(200.0)
    extractor = chat.processor.feature_extractor
    shown = show(record, extractor)
    assert shown.record.duration_s == pytest.approx(MAX_SHOWN_S)
    assert shown.starts_s == (0.0, 95.0, 190.0)
    _, groups, messages = chat._prepare([record], QUESTION, [], True)
    inputs = inputs_of(chat.processor, [messages], [groups], threading.Lock())
    assert inputs["patch_times"][:, 0].tolist() == [0.0, 95.0, 190.0]
    assert inputs["patch_times"].max() == pytest.approx(199.8)
    answer = chat.ask([record], QUESTION, max_new_tokens=1, with_measurements=False)
    assert any("30 s, evenly spread" in w and "200 s" in w for w in answer.warnings)
    of_the_evidence = chat.ask([record], QUESTION, max_new_tokens=1)
    assert of_the_evidence.text.startswith("3.3 min in") and not any("30 s" in w for w in of_the_evidence.warnings)


@pytest.mark.parametrize("rate", [100.0, 257.0, 360.36, 500.0])
def test_any_rate_and_length_gives_as_many_starts_as_excerpts(chat, rate):
    for duration in (3.0, 10.01, 30.4, 47.0):
        record = make_record(("II",), duration, rate)
        shown = show(record, chat.processor.feature_extractor)
        assert len(shown.starts_s) == len(chat.processor.feature_extractor([shown.record])["ecg_index"])


def test_pieces_of_a_long_record_keep_their_place_in_time(chat):
    record = beats_like(CHUNK_S + 25.0, rate=128.0)
    encoded = encode(chat.model, chat.processor.feature_extractor, record)
    assert len(encoded.event_logits) == round(record.duration_s / encoded.step_s)
    assert len(encoded.findings_logits) == 33
    alone = encode(chat.model, chat.processor.feature_extractor, record.excerpt(CHUNK_S))
    np.testing.assert_allclose(encoded.event_logits[1500:], alone.event_logits, atol=1e-4)


def test_an_ecg_is_shown_once_in_a_conversation(chat, records):
    history = [
        {"role": "user", "text": QUESTION, "ecgs": [0]},
        {"role": "assistant", "text": "Sinus rhythm.", "ecgs": []},
    ]
    _, groups, messages = chat._prepare(records[:2], "And now?", history, True)
    assert [s.record.name for s in groups] == [r.name for r in records[:2]]
    prompt = chat.processor.apply_chat_template(messages, tokenize=False)
    assert prompt.count("<|ecg|>") == 2 and prompt.index("Sinus rhythm.") < prompt.index("ECG 2:")


def test_measured_numbers_can_be_withheld_from_the_model_but_not_from_the_evidence(chat, records):
    prompts = [
        chat.processor.apply_chat_template(chat._prepare(records[:1], QUESTION, [], told)[2], tokenize=False)
        for told in (True, False)
    ]
    assert ["Measured:" in prompt for prompt in prompts] == [True, False]
    answer = chat.ask(records[:1], QUESTION, with_measurements=False, max_new_tokens=1)
    assert answer.evidence[0]["measurements"]["heart_rate_bpm"]


def test_a_wrong_number_in_the_text_is_put_right_and_told(chat, records, monkeypatch):
    saying(chat, monkeypatch, "Sinus rhythm, rate 190/min.")
    answer = chat.ask(records[:1], QUESTION)
    rate = f"{answer.evidence[0]['measurements']['heart_rate_bpm']:.0f}/min"
    assert answer.text == f"Sinus rhythm, rate {rate}."
    assert answer.contradictions[0] == f"The text gave a heart rate of 190/min; corrected to {rate}."
    untold = chat.ask(records[:1], QUESTION, with_measurements=False)
    assert untold.text == "Sinus rhythm, rate 190/min."
    assert untold.contradictions[0].startswith("The text gives a heart rate of 190/min; measured ")


def test_places_in_the_text_become_intervals_and_are_held_against_the_events(chat, records, monkeypatch):
    saying(chat, monkeypatch, "Atrial fibrillation at 2.0-4.0 s and 55.0-56.0 s.")
    answer = chat.ask(records[:1], "Describe the atrial fibrillation.")
    assert [(i["ecg"], i["start_s"], i["end_s"], i["kind"]) for i in answer.intervals] == [
        (1, 2.0, 4.0, "atrial fibrillation"),
        (1, 55.0, 56.0, "atrial fibrillation"),
    ]
    assert any("the record lasts 10.0 s" in s for s in answer.contradictions)


def test_what_is_located_has_the_documented_keys(chat, records):
    located = chat.locate(records[0], "PVC")
    assert {"finding", "present", "intervals", "answer", "probability"} <= located.keys()
    assert all(set(i) == {"start_s", "end_s", "leads"} for i in located["intervals"])


def test_a_comparison_holds_the_measured_differences(chat, records):
    answer = chat.compare(records[:2], max_new_tokens=1)
    first, second = (e["measurements"]["heart_rate_bpm"] for e in answer.evidence)
    assert answer.evidence[1]["differences_from_ecg_1"]["heart_rate_bpm"] == pytest.approx(second - first)
    with pytest.raises(ValueError, match="at least two"):
        chat.compare(records[:1])


def test_a_question_needs_words_and_an_ecg(chat, records):
    with pytest.raises(ValueError, match="question is empty"):
        chat.ask(records[:1], "  ")
    with pytest.raises(ValueError, match="no ECG was given"):
        chat.ask([], QUESTION)


def test_a_checkpoint_is_loaded_with_or_without_an_adapter(chat, records, tmp_path):
    from peft import LoraConfig, get_peft_model

    model, processor = make_tiny_model()
    model.save_pretrained(tmp_path / "base")
    processor.save_pretrained(tmp_path / "base")
    lora = get_peft_model(model, LoraConfig(r=2, target_modules=r"model\.language_model\..*\.q_proj"))
    for name, weight in lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    lora.save_pretrained(tmp_path / "adapter")
    plain = EcgChat.from_pretrained(tmp_path / "base")
    adapted = EcgChat.from_pretrained(tmp_path / "base", adapter=tmp_path / "adapter")
    assert (
        plain.ask(records[:1], QUESTION, max_new_tokens=8).text
        == chat.ask(records[:1], QUESTION, max_new_tokens=8).text
    )
    weight = "model.language_model.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(adapted.model.state_dict()[weight], plain.model.state_dict()[weight])
    with pytest.raises(ValueError, match=r"adapter_model\.safetensors"):
        EcgChat.from_pretrained(tmp_path / "base", adapter=tmp_path / "base")


def test_a_missing_checkpoint_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"no checkpoint at .*nowhere"):
        EcgChat.from_pretrained(tmp_path / "nowhere")


def test_the_chat_needs_neither_peft_nor_bitsandbytes():
    heavy = "('peft', 'bitsandbytes', 'gradio')"
    code = f"import anyecg.chat, anyecg.modeling_anyecg, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
