"""What builder authors test with: the real host, called from a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.testing.built import Built, build

__all__ = ["Built", "build"]

__getattr__ = lazily(__name__, {"Built": "built", "build": "built"})
