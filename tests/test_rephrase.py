"""Rephrased answers keep findings, numbers, leads and yes or no, or are thrown away."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from data_builders.__main__ import main
from data_builders.build import Options, build
from data_builders.rephrase import RephraseError, endpoint_writer, local_writer, rephrase, why_not_the_same
from data_builders.shards import read_table

ANSWER = "Yes, this ECG shows atrial fibrillation, at a rate of 84/min, with ST depression in V5."


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Yes: there is atrial fibrillation (rate 84/min) and ST depression in V5.", None),
        (ANSWER, "nothing new was said"),
        ("", "nothing new was said"),
        ("Yes, atrial flutter at 84/min with ST depression in V5.", "the findings differ"),
        ("Yes, atrial fibrillation and ST depression in V5.", "the numbers differ"),
        ("Yes, atrial fibrillation at 85/min, ST depression in V5.", "the numbers differ"),
        ("Yes, atrial fibrillation at 84/min, ST depression in V6.", "the leads differ"),
        ("There is atrial fibrillation at 84/min and ST depression in V5.", "yes and no differ"),
        ("Yes, this is definitely atrial fibrillation at 84/min with ST depression in V5.", "it claims certainty"),
        ("Yes, no atrial fibrillation at 84/min, but ST depression in V5.", "the findings differ"),
        ("Yes, atrial fibrillation at 84/min with ST depression in V5. " + "Very much so. " * 20, "it is too long"),
    ],
)
def test_only_the_same_facts_in_other_words_pass(said, reason):
    assert why_not_the_same(ANSWER, said) == reason


@pytest.mark.parametrize(("answer", "said"), [("None.", "Well."), ("Normal axis.", "Axis."), ("Not sure.", "Well.")])
def test_a_short_judgement_is_not_lost(answer, said):
    assert why_not_the_same(answer, said) == "the judgement differs"


def test_answers_that_cannot_be_given_stay_so():
    assert why_not_the_same("The PR interval cannot be measured.", "The PR interval is fine.") is not None


@pytest.fixture
def dataset(tmp_path):
    build(Options("simulated", tmp_path, count=10))
    return tmp_path


def test_accepted_answers_become_new_conversations_once(dataset):
    def write(prompt):
        answer = prompt.split("Answer: ")[1].split("\nNew answer:")[0]
        return "In short: " + answer if not answer.lower().startswith(("yes", "no")) else "Well."

    before = len(list(read_table(dataset, "conversations")))
    done = rephrase(dataset, write, name="parrot", share=1.0)
    rows = list(read_table(dataset, "conversations"))
    new = [row for row in rows if row["conversation_id"].endswith("-r")]
    assert done.accepted == len(new) == len(rows) - before > 5
    assert all(row["provenance"][-1].endswith("; rephrased by parrot") for row in new)
    assert all(row["turns"][-1]["text"].startswith("In short: ") for row in new)
    assert sum(done.refused.values()) > 0
    assert rephrase(dataset, write, name="parrot", share=1.0).accepted == 0


def test_a_dataset_without_conversations_is_refused(tmp_path, capsys):
    with pytest.raises(RephraseError, match="holds no conversations"):
        rephrase(tmp_path, str, name="x")
    assert main(["rephrase", str(tmp_path), "--model", "m", "--endpoint", "http://127.0.0.1:9/v1"]) == 2
    assert "holds no conversations" in capsys.readouterr().err


class Endpoint(BaseHTTPRequestHandler):
    reply: object = None

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert body["model"] == "m" and self.headers["Authorization"] == "Bearer key"
        said = body["messages"][0]["content"].upper() if Endpoint.reply is None else Endpoint.reply
        message = {"choices": [{"message": {"content": said}}]} if Endpoint.reply is None else said
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(message).encode())

    def log_message(self, *_):
        pass


def test_an_openai_compatible_endpoint_is_asked_and_held_to_its_protocol():
    http = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    write = endpoint_writer(f"http://127.0.0.1:{http.server_port}/v1/", "m", key="key")
    assert write("hello") == "HELLO"
    Endpoint.reply = {"error": "no"}
    with pytest.raises(RephraseError, match="OpenAI chat protocol"):
        write("hello")
    http.shutdown()
    http.server_close()
    with pytest.raises(RephraseError, match="does not answer"):
        write("hello")


def test_a_local_model_writes(tmp_path):
    from conftest import make_tokenizer, tiny_text_config
    from transformers import AutoModelForCausalLM

    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    AutoModelForCausalLM.from_config(tiny_text_config("qwen3", len(tokenizer))).save_pretrained(tmp_path)
    assert isinstance(local_writer(str(tmp_path), max_new_tokens=4)("Say it."), str)
