"""Start the chat page: python -m app [--port 7860] [--host 127.0.0.1] [--checkpoint PATH]"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import tempfile


def make_parser() -> argparse.ArgumentParser:
    """The options of the page."""
    parser = argparse.ArgumentParser(prog="python -m app", description="The anyecg chat page. Not a medical device.")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    parser.add_argument("--checkpoint", help="folder of a trained model (default: the embedded one)")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Load the model and serve the page until Ctrl+C."""
    args = make_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = os.environ.get("HF_HUB_OFFLINE", "1")
    uploads = tempfile.mkdtemp(prefix="anyecg-uploads-")  # Gradio's own folder would be shared with other programs
    os.environ["GRADIO_TEMP_DIR"] = uploads

    from anyecg.chat import EcgChat  # torch and gradio only when needed, so that --help is instant

    from .ui import launch

    print(f"anyecg starts on http://{args.host}:{args.port} (Ctrl+C ends it)", flush=True)
    try:
        launch(EcgChat.from_pretrained(args.checkpoint), host=args.host, port=args.port)
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


if __name__ == "__main__":
    main()
