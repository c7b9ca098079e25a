"""From an earlier commit of ours to this one, process by process, while everything goes on."""

import asyncio
import io
import os
import subprocess
import tarfile
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


def earlier_tree(to: Path) -> Path:
    """Extracts an earlier commit: FAULT_UPGRADE_FROM, or the first one (of a shallow clone, the
    oldest)."""
    first = git("rev-list", "--max-parents=0", "HEAD").decode().split()[0]
    commit = os.environ.get("FAULT_UPGRADE_FROM") or first
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
