"""The table that a run would replace: which ones it may, and when it need not."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, Refused
from tablehost.files.digests import file_digest
from tablehost.files.names import usual_manifest
from tablehost.manifest.read import Manifest, dig, find, read_typed
from tablehost.provenance.code import same_code

if TYPE_CHECKING:  # their modules are imported where there is a map, or a table
    from tablehost.items.recipe import ItemRecipe
    from tablehost.manifest.sections import Code

_REMEDY = "give another --out, or --overwrite to replace it"


@frozen
class Earlier:
    """The table at an output before the run.

    Args:
        output: where it is, if there is one.
        overwrite: whether it may be replaced without a check.
        place: its manifest; None where it has none that can be read.
        manifest: what that says.
        problem: why there is none.
    """

    output: Output
    overwrite: bool
    place: Path | None = None
    manifest: Manifest = field(factory=Manifest)
    problem: str | None = None

    @classmethod
    def at(cls, output: Output, *, overwrite: bool = False) -> Earlier:
        """Read the manifest of the table at an output."""
        if not output.table.exists():
            return cls(output, overwrite)
        try:
            place = output.manifest if output.manifest.is_file() else find(output.table)
            return cls(output, overwrite, place, read_typed(place))
        except ManifestError as error:
            return cls(output, overwrite, problem=str(error))

    def refusals(self, builder: str) -> list[str]:
        """Return why a builder may not replace the table.

        Without `--overwrite` a table is replaced only by a run of the same builder, and only while
        it still matches its manifest. `check_recipe` compares the item recipes later.
        """
        if self.overwrite:
            return []
        return [*self._table_refusals(builder), *self._manifest_refusals()]

    def _table_refusals(self, builder: str) -> list[str]:
        table = self.output.table
        if not table.exists():
            return []
        made_by = self.manifest.builder
        if self.problem is not None:
            why = f"exists and its origin is unknown ({self.problem})"
        elif made_by != builder:
            why = f"was made by {made_by or 'another tool'}"
        elif not self._recipes:
            why = "exists"
        elif not self._matches():
            why = "is no longer what its manifest describes"
        else:
            return []
        return [f"--out: {table} {why}; {_REMEDY}"]

    def _manifest_refusals(self) -> list[str]:
        """Refuse to replace at `--manifest-out` anything but a manifest of this table."""
        place, table = self.output.manifest, self.output.table
        if place == usual_manifest(table) or not os.path.lexists(place):
            return []
        try:
            if _is_of(read_typed(place), table):
                return []
            what = "the manifest of another table"
        except ManifestError:
            what = "no manifest"
        return [f"--manifest-out: {place} is {what}; give another path, or --overwrite"]

    def check_recipe(self, recipe: ItemRecipe) -> None:
        """Let a table be replaced only by items of the same recipe, or of a raised `ITEM_VERSION`.

        Raises:
            Refused: it was made by another one.
        """
        recorded = self.manifest.recipes_of(recipe.function)
        before = recipe.before(self.manifest.item_version or 1)
        if not self.overwrite and recorded and not {recipe.digest, before} & {*recorded}:
            msg = (
                f"--out: {self.output.table} was made with other settings or tools of "
                f"{recipe.function}; {_REMEDY}"
            )
            raise Refused(msg)

    def check_functions(self, functions: Collection[str]) -> None:
        """Let a table of items be replaced only by a table of the same kind of items.

        Raises:
            Refused: it was made by other item functions.
        """
        if not self.overwrite and self._recipes and self._recipes.keys().isdisjoint(functions):
            msg = f"--out: {self.output.table} was made of other items; --overwrite replaces it"
            raise Refused(msg)

    def check_left_out(self, keys: Collection[str]) -> None:
        """Let a table be replaced only by one that has the rows of all items that are there.

        Args:
            keys: of the items that are left out; the table's key columns hold them.

        Raises:
            Refused: it has some of their rows.
        """
        if self.overwrite or not keys or not self.manifest.key or self.place is None:
            return
        import pyarrow.parquet as pq  # only where there is something to compare

        columns = pq.read_table(self.output.table, columns=self.manifest.key).columns
        lost = sorted({one for column in columns for one in column.to_pylist() if one in keys})
        if lost:
            msg = (
                f"--out: {self.output.table} has the rows of {len(lost)} items that are left "
                f"out, such as {lost[0]!r}; {_REMEDY}"
            )
            raise Refused(msg)

    def items_of(self, function: str, digest: str) -> int:
        """Return how many finished items of a recipe the table has, while it is intact."""
        known = digest in self.manifest.recipes_of(function)
        if not known or (self.overwrite and not self._matches()):
            return 0  # without --overwrite, `refusals` has compared it already
        done = [dig(self.manifest.items, name) for name in ("done_before", "ok")]
        return sum(one for one in done if isinstance(one, int))

    def is_same(
        self, table: tuple[str, str], code: Code, by_code: Sequence[Any], inputs: Any
    ) -> bool:
        """Return whether the table and its manifest are what a run has just made.

        Args:
            table: digests of the table's recipe and of its file.
            code: what made it.
            by_code: the finished items by code, as the manifest has them.
            inputs: descriptors by option; those that were moved want a manifest that names their
                new place.
        """
        return (
            not self.overwrite
            and self.place == self.output.manifest
            and table == (self.manifest.table_recipe, self.manifest.table_sha256)
            and self.manifest.version == code.plugin["version"]
            and same_code(self.manifest.modules or {}, code.plugin["modules"])
            and self.manifest.by_code in (None, [*by_code])
            and _places(self.manifest.inputs) == _places(inputs)
        )

    @property
    def _recipes(self) -> dict[str, str]:
        return self.manifest.item_recipes or {}

    def _matches(self) -> bool:
        """Return whether the table's bytes are those that its manifest describes."""
        table = self.output.table
        try:
            if table.stat().st_size != self.manifest.bytes:
                return False
            return file_digest(table).sha256 == self.manifest.table_sha256
        except OSError as error:
            msg = f"--out: {table} exists and cannot be read: {error.strerror}"
            raise Refused(msg) from error


def _places(inputs: Any) -> list[Any]:
    """Return where inputs are, in the order of their options."""
    found: list[Any] = []
    for name in sorted(inputs or {}):
        each = inputs[name] if isinstance(inputs[name], list) else [inputs[name]]
        found += [(name, dig(one, "path")) for one in each]
    return found


def _is_of(manifest: Manifest, table: Path) -> bool:
    """Return whether a manifest describes a table, which may have moved with its surroundings."""
    recorded = Path(manifest.root or "/", manifest.table_path or "")
    here = Path(os.path.abspath(table))  # noqa: PTH100  # `..` out, links kept
    if os.path.realpath(recorded) == os.path.realpath(table):
        return True
    parts = Path(manifest.table_path or "/").parts
    if not recorded.exists() and here.parts[-len(parts) :] == parts:
        return True
    return table.is_file() and file_digest(table).sha256 == manifest.sha256
