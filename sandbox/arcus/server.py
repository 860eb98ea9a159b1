"""The HTTP front: a bare aiohttp server in front of one world."""

from typing import Self

from aiohttp import web

from sandbox.arcus.control import Control
from sandbox.arcus.errors import Doc
from sandbox.arcus.exchange import Exchange
from sandbox.arcus.world import Config, World

BACKLOG = 1024
GRACE = 0.2  # seconds that open requests get when the sandbox stops


class Sandbox:
    """A running server; use it as an async context manager, or start and stop it."""

    def __init__(self, config: Config) -> None:
        self.world = World(config)
        self.control = Control(self.world)
        self.port = 0
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on the loopback and return the port."""
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=BACKLOG, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self.port

    async def stop(self) -> None:
        """Close the socket and the journal."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self.world.webhooks.close()
        self.world.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def keys(self) -> dict[str, str]:
        """API key of each entity."""
        return {code: key.secret for code, key in self.world.keys.by_code.items()}

    def announcement(self) -> Doc:
        """Return what the process prints once it listens."""
        world = self.world
        return {
            "ready": True,
            "port": self.port,
            "keys": self.keys,
            "entities": {code: entity.id for code, entity in world.entities.items()},
            "profile": world.profile.name,
            "tier": world.config.tier,
        }

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/_sandbox/"):
            return await self.control.handle(request)
        self.world.stats.begin()
        try:
            return await Exchange(self.world, request).run()
        finally:
            self.world.stats.end()
