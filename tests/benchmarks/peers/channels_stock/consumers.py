"""https://channels.readthedocs.io/en/stable/topics/consumers.html and …/channel_layers.html"""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from tests.benchmarks.peers.counting import Count

GROUP = "everyone"
count = Count()


class Notifications(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def notification(self, event: dict[str, Any]) -> None:
        await self.send_json(event["notification"])
        count.delivered += 1


class SignedIn(AsyncJsonWebsocketConsumer):
    """Knows its user, of AuthMiddlewareStack; joins a group of that user's and sends nothing."""

    async def connect(self) -> None:
        if self.scope["user"].is_anonymous:
            await self.close()
            return
        self.group = f"user.{self.scope['user'].pk}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def notification(self, event: dict[str, Any]) -> None:
        await self.send_json(event["notification"])
