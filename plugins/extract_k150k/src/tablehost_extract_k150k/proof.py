"""The audits of a run: which clips are compared, and which are left out without a comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256

from attrs import Factory, define, frozen

from tablehost import Checksums, ItemFailed, Run
from tablehost_extract_k150k.audit import AuditResult, audit_clip
from tablehost_extract_k150k.clips import Clip, clip_name, clip_path
from tablehost_extract_k150k.process import EngineSettings
from tablehost_extract_k150k.score import ClipRow


class AuditFailed(Exception):
    """A value that would be filled in is not what the engine measures."""


@frozen
class Unaudited:
    """The result class that `run.map` needs; none is made, as an unaudited clip always fails."""

    clip_name: str


@define(kw_only=True)
class Proof:
    """The audits of a run and what they found.

    Args:
        run: does the work.
        settings: how the engine is called.
        recipe: the item recipe, which makes the order of the clips this run's own.
        checksums: that clips are checked against, if any.
        compared: the audits in which everything agreed.
        passed_over: those that could not be made.
        lost: names of the clips that failed while they were audited.
        unproven: names of the clips of a bit depth that no audit has proven.
    """

    run: Run
    settings: EngineSettings
    recipe: str
    checksums: Checksums | None = None
    compared: list[AuditResult] = Factory(list)
    passed_over: list[AuditResult] = Factory(list)
    lost: set[str] = Factory(set)
    unproven: set[str] = Factory(set)

    @property
    def bit_depths(self) -> frozenset[int]:
        """Return the bit depths of which a clip was compared."""
        return frozenset(result.bit_depth for result in self.compared)

    @property
    def refused(self) -> frozenset[str]:
        """Return the names of the clips that may not become rows."""
        return frozenset(self.lost | self.unproven)

    def audit(self, clips: Iterable[Clip], wanted: int, depth: int | None = None) -> None:
        """Audit clips in the order of a hash until enough were compared.

        The batches depend only on the results so far: any number of workers audits the same clips.

        Args:
            clips: of the run.
            wanted: how many to compare; fewer if there are no more.
            depth: the bit depth of those that count; any if None.

        Raises:
            AuditFailed: something differs.
        """
        queue = sorted(clips, key=self._place)
        start, passed_over = 0, 0
        while wanted > 0 and start < len(queue):
            batch = queue[start : start + max(wanted, passed_over)]
            start += len(batch)
            good = self._audit_batch(batch)
            wanted -= sum(1 for result in good if depth in {None, result.bit_depth})
            passed_over += len(batch) - len(good)

    def audit_bit_depths(self, clips: Iterable[Clip], rows: Iterable[ClipRow]) -> None:
        """Audit a clip of every bit depth that was met, and fail the clips where none can be.

        Args:
            clips: of the run.
            rows: the results of scoring.

        Raises:
            AuditFailed: something differs.
        """
        proven = self.bit_depths
        met: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            if row.bit_depth not in proven:
                met[row.bit_depth].add(row.clip_name)
        open_names = frozenset[str]().union(*met.values())
        by_name = {clip.name: clip for clip in clips if clip.name in open_names}
        tried = {result.clip_name for result in self.passed_over}
        for depth, names in sorted(met.items()):
            untried = [by_name[name] for name in names - tried]
            self.audit(untried, 1, depth)
            if depth not in self.bit_depths:
                self._refuse([by_name[name] for name in sorted(names)], depth)

    def _refuse(self, clips: Sequence[Clip], depth: int) -> None:
        self.run.log.warning(
            "no clip of %d bits can be audited: %d clips are left out", depth, len(clips)
        )
        self.unproven.update(clip.name for clip in clips)
        self.run.map(
            refuse_unaudited, clips, key=clip_name, settings=self.settings, input=clip_path
        )

    def _audit_batch(self, batch: Sequence[Clip]) -> list[AuditResult]:
        """Audit clips and return the audits in which everything agreed."""
        results = list(
            self.run.map(
                audit_clip,
                batch,
                key=clip_name,
                settings=self.settings,
                input=clip_path,
                checksums=self.checksums,
            )
        )
        for result in results:
            if result.status == "differs":
                msg = (
                    f"the audit of {result.clip_name} found {result.detail}: what would be "
                    "filled in is not what this engine measures; use --measure all"
                )
                raise AuditFailed(msg)
        good = [result for result in results if result.status == "compared"]
        self.compared += good
        self.passed_over += [result for result in results if result.status != "compared"]
        self.lost |= {clip.name for clip in batch} - {result.clip_name for result in results}
        return good

    def _place(self, clip: Clip) -> bytes:
        return sha256((self.recipe + clip.name).encode("utf-8", "surrogateescape")).digest()


def refuse_unaudited(item: Clip, settings: EngineSettings) -> Unaudited:
    """Fail a clip whose bit depth no audit has proven.

    Raises:
        ItemFailed: always.
    """
    reason = "unaudited"
    detail = (
        f"no clip of the bit depth of {item.name} can be audited with {settings.ffmpeg.name}; "
        "use --measure all or --audit-clips 0"
    )
    raise ItemFailed(reason, detail)
