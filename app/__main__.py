"""Start the chat page: python -m app [--port 7860] [--host 127.0.0.1] [--checkpoint PATH]"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the folders below go with the page
    uploads = tempfile.mkdtemp(prefix="anyecg-uploads-")  # Gradio's own folder would be shared with other programs
    os.environ["GRADIO_TEMP_DIR"] = uploads

    try:
        serve(args.checkpoint, args.host, args.port)
    except (ValueError, OSError) as error:  # no checkpoint there, or the port is taken
        make_parser().error(str(error))
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def serve(checkpoint: str | None, host: str, port: int) -> None:
    """Load the model, then the page."""
    import torch  # torch and gradio only when needed, so that --help is instant

    from anyecg.chat import EcgChat

    from .ui import launch

    torch.set_num_threads(1)  # fastest for one short request at a time
    chat = EcgChat.from_pretrained(checkpoint)
    print(f"anyecg is at http://{host}:{port} (Ctrl+C ends it)", flush=True)
    launch(chat, host=host, port=port)


if __name__ == "__main__":
    main()
