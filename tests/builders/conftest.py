"""Distributions that are not as they should be."""

import os

import pytest


@pytest.fixture
def install(project):
    """Write an installed distribution with one builder, as pip would leave it."""
    site = project.path / "site"

    def install(source, name="demo", builder=None, requires=(), module=None):
        module = module or f"mod_{name.replace('-', '_')}"
        project.write(f"site/{module}.py", source)
        needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
        info = f"site/{name.replace('-', '_')}-1.0.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: Makes {name}.\n"
        project.write(f"{info}/METADATA", metadata + needs)
        points = f"[tablehost.builders]\n{builder or name} = {module}\n"
        project.write(f"{info}/entry_points.txt", points)
        project.write(f"{info}/RECORD", "")
        return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}

    return install
