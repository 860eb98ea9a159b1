"""What the settings say of the digest is what is built."""

from __future__ import annotations

from pathlib import Path

from service.bootstrap.telling import channels, rounds
from service.bootstrap.wall_clock import WallClock
from service.duties.channels import Mail, Webhook
from service.http.transport import Transport
from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.ledger.migrate import migrate
from service.settings import Settings
from service.telemetry.metrics import Metrics

GIVEN = {
    "every_h": 4,
    "webhook_url": "https://x.example/hook",
    "webhook_secret": "s3cret",
    "chat_url": "https://chat.example/x",
    "smtp_host": "mail.x.example",
    "smtp_password": "pw",
    "mail_from": "a@x.example",
    "mail_to": ["b@x.example"],
}


async def test_every_way_that_is_set_is_a_channel(tmp_path: Path) -> None:
    settings = Settings.model_validate({"digest": GIVEN})
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    await migrate(url)
    async with Transport() as transport, Database(url) as database:
        found = channels(settings, transport=transport, clock=WallClock())
        hook, chat, mail = found["webhook"], found["chat"], found["mail"]
        assert isinstance(hook, Webhook)
        assert (hook.form, hook.secret) == ("data", "s3cret")
        assert isinstance(chat, Webhook)
        assert (chat.form, chat.secret) == ("chat", "")
        assert isinstance(mail, Mail)
        assert (mail.port, mail.security, mail.password, mail.recipients) == (587, "starttls", "pw", ("b@x.example",))
        desk, metrics = SqlDesk(database), Metrics(version="", processes=False)
        (round_,) = rounds(settings, desk, metrics, transport=transport, clock=WallClock())
        await round_.do()  # a channel that is new waits for the next time
        assert await desk.last_told() == 0
        assert rounds(Settings(), desk, metrics, transport=transport, clock=WallClock()) == []
