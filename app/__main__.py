"""Start the chat page: python -m app [--port 7860] [--host 127.0.0.1] [--checkpoint PATH]; see docs/serving.md."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The options of the page."""
    parser = argparse.ArgumentParser(prog="python -m app", description="The anyecg chat page. Not a medical device.")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    parser.add_argument("--checkpoint", help="folder of a trained model (default: the embedded one)")
    serving = parser.add_argument_group("for several people", "see docs/serving.md")
    serving.add_argument("--auth-file", type=Path, metavar="FILE", help="ask for a name and a password")
    serving.add_argument("--add-user", metavar="NAME", help="add NAME to the auth file, ask for the password, and end")
    serving.add_argument("--root-path", metavar="PATH", help="the path that a reverse proxy shows the page under")
    serving.add_argument(
        "--max-upload-mb", type=_positive, default=100, metavar="MB", help="largest file (default 100)"
    )
    serving.add_argument(
        "--queue", type=_positive, default=64, metavar="N", help="questions that may wait (default 64)"
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    """Load the model and serve the page until Ctrl+C."""
    parser = make_parser()
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        if args.add_user is not None:
            _add_user(args.auth_file, args.add_user)
        else:
            _serve_privately(args)
    except (ValueError, OSError) as error:  # no checkpoint there, or the port is taken
        parser.error(str(error))


def _add_user(path: Path | None, name: str) -> None:
    from .access import add_user

    if path is None:
        raise ValueError("--add-user needs the file to add to; give --auth-file FILE as well.")
    add_user(path, name, getpass.getpass(f"Password for {name}: "))
    print(f"{name} can log in; start the page with --auth-file {path}")


def _serve_privately(args: argparse.Namespace) -> None:
    """Serve with a folder for uploads that goes with the page."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = os.environ.get("HF_HUB_OFFLINE", "1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the folder goes then, too
    uploads = tempfile.mkdtemp(prefix="anyecg-uploads-")  # Gradio's own folder would be shared with other programs
    os.environ["GRADIO_TEMP_DIR"] = uploads
    try:
        serve(args)
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def serve(args: argparse.Namespace) -> None:
    """Load the model, then the page."""
    from .access import Accounts

    accounts = Accounts.read(args.auth_file) if args.auth_file else None
    import torch  # torch and gradio only when needed, so that --help is instant

    from anyecg.chat import EcgChat

    from .serve import Options, launch

    torch.set_num_threads(1)  # fastest for one short request at a time
    chat = EcgChat.from_pretrained(args.checkpoint)
    print(f"anyecg is at http://{args.host}:{args.port} (Ctrl+C ends it)", flush=True)
    launch(chat, Options(args.host, args.port, args.root_path, accounts, args.max_upload_mb, args.queue))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not allowed; give a whole number from 1 on")
    return number


if __name__ == "__main__":
    main()
