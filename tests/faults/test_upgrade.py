"""From an earlier commit of ours to this one, process by process, while everything goes on."""

import asyncio
import io
import os
import subprocess
import tarfile
from itertools import takewhile
from pathlib import Path

import pytest

from notify.models import Batch
from tests.faults.world import World
from tests.harness.database import orm
from tests.harness.server import ROOT, manage

pytestmark = pytest.mark.django_db(transaction=True)

PARTS = ("config", "notify", "templates", "tests", "manage.py")
MIGRATIONS = Path("notify/migrations")


def git(*words: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=True).stdout


def migrations_of(commit: str) -> dict[str, str]:
    """The hash of each, by its name."""
    lines = git("ls-tree", commit, f"{MIGRATIONS}/").decode().splitlines()
    entries = (line.split() for line in lines)
    return {Path(path).name: blob for *_, blob, path in entries if Path(path).match("0*.py")}


def oldest_commit() -> str:
    """The oldest commit from which the database can be migrated to here: its migrations are the
    first of ours. HEAD, if an earlier one has others, or is not in a shallow clone."""
    files = sorted((ROOT / MIGRATIONS).glob("0*.py"))
    hashes = git("hash-object", *map(str, files)).decode().split()
    ours = [(file.name, blob) for file, blob in zip(files, hashes, strict=True)]

    def leads_here(commit: str) -> bool:
        its = sorted(migrations_of(commit).items())
        return bool(its) and its == ours[: len(its)]

    commits = git("rev-list", "--first-parent", "HEAD").decode().split()
    return ["HEAD", *takewhile(leads_here, commits)][-1]


def earlier_tree(to: Path) -> Path:
    """Extracts an earlier commit: FAULT_UPGRADE_FROM, or the oldest that leads here."""
    commit = os.environ.get("FAULT_UPGRADE_FROM") or oldest_commit()
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, *PARTS))) as files:
        files.extractall(to, filter="data")
    return to


def last_migration(tree: Path) -> str:
    """Of that tree; all of them must be ours too, or there is no way from there to here."""
    names = sorted(file.name for file in (tree / MIGRATIONS).glob("0*.py"))
    for name in names:
        assert (tree / MIGRATIONS / name).read_text() == (ROOT / MIGRATIONS / name).read_text()
    return names[-1].removesuffix(".py")


@pytest.mark.fault(31, "An earlier commit upgraded under live sockets and pending batches")
async def test_an_upgrade_under_live_sockets_and_pending_batches_loses_nothing(
    world: World, tmp_path: Path
) -> None:
    tree = await asyncio.to_thread(earlier_tree, tmp_path / "earlier")
    await asyncio.to_thread(manage, "migrate", "notify", last_migration(tree))
    try:
        await world.people(60)
        # Nobody carries out what is for more than ten: it waits for the servers of after.
        idle = {"NOTIFY_SERVER_WORKERS": "0", "NOTIFY_BATCH_SIZE": "10"}
        await world.serve(2, tree=tree, **idle)
        await world.follow(100, haste=1.0)
        old = await world.send(rate=20, all_every=10, tree=tree, variables=idle)
        await world.sent(50)
        waiting = await orm(Batch.objects.filter(state=Batch.State.PENDING).count)
        await asyncio.to_thread(manage, "migrate")
        for server in world.servers:
            await asyncio.to_thread(server.terminate, 60)
            server.cwd = None
            server.env |= {"PYTHONPATH": str(ROOT), "NOTIFY_SERVER_WORKERS": "1"}
            await asyncio.to_thread(server.start)
            await world.until_serving(server)
            await world.sent(20)  # old and new side by side
        new = await world.send(rate=20, all_every=10)
        await world.sent(40)
        assert old.alive
        assert new.alive
        await world.stop_senders()
        world.outcome.note = f"{waiting} batches were waiting"
        await world.judge(90)
        assert waiting >= 10
    finally:
        await asyncio.to_thread(manage, "migrate")
